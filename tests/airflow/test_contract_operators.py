"""Operators that look before they write, called directly, against a sandbox over HTTP."""

from __future__ import annotations

import json
import logging

import pandas as pd
import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSkipException

from airflow_provider_ams.ams.errors import AMSStalePlanError, AMSValidationError
from airflow_provider_ams.operators.ams import (
    AmsApplyPlanOperator,
    AmsDeleteEventDataOperator,
    AmsInsertEventDataOperator,
    AmsMirrorEventDataOperator,
    AmsPlanOperator,
    AmsUpdateEventDataOperator,
    AmsUpsertEventDataOperator,
    AmsUpsertProfileDataOperator,
    AmsValidateEventDataOperator,
)

pytestmark = pytest.mark.usefixtures("ams_connection")

FORM = "Reaction Time"
ROWS = [
    {"username": "volunteer.308", "start_date": "05/01/2026", "start_time": "9:00 AM", "Day": 1},
    {"username": "volunteer.309", "start_date": "05/01/2026", "start_time": "9:00 AM", "Day": 1},
]
KEYED = {"form": FORM, "id_col": "username", "key": ["start_date"]}


class TI:
    """Keep what a task pushes."""

    def __init__(self):
        self.values = {}
        self.task_id = "plan"

    def xcom_push(self, key, value):
        json.dumps(value, allow_nan=False)
        self.values[key] = value

    def xcom_pull(self, task_ids=None, key="return_value"):
        return self.values.get(key)


def validate(rows, ti=None, **options):
    options = {"form": FORM, "mode": "insert", "id_col": "username", **options}
    operator = AmsValidateEventDataOperator(task_id="v", data=rows, **options)
    return operator.execute({"ti": ti or TI()})


def writes(sandbox):
    names = ("eventsimport", "deleteevent", "event/deleteAll", "profileimport")
    return sum(n for name, n in sandbox.requests().items() if name in names)


@pytest.fixture
def logged(caplog, capsys):
    """Return what was logged; where it goes depends on whether Airflow's logging is set up."""
    caplog.set_level(logging.INFO)
    return lambda: caplog.text + capsys.readouterr().out


def bad_rows():
    return [ROWS[0], {**ROWS[1], "Day": "secret-value", "Dya": 1}]


def test_valid_rows_pass():
    report = validate(ROWS)
    assert (report["ok"], report["errors"], report["rows"]) == (True, 0, 2)
    json.dumps(report)


@pytest.mark.parametrize("ending", ["csv", "html"])
def test_invalid_rows_fail_with_the_report_everywhere(logged, tmp_path, ending):
    path = tmp_path / f"report.{ending}"
    ti = TI()
    with pytest.raises(AirflowFailException) as caught:
        validate(bad_rows(), ti, report_path=str(path))
    assert isinstance(caught.value.__context__, AMSValidationError)
    report = ti.values["return_value"]
    assert {f["rule"] for f in report["findings"]} == {"format", "unknown_field"}
    log = logged()
    assert "Did you mean 'Day'?" in log
    assert "unknown_field" in path.read_text()
    told = [str(caught.value), log, path.read_text(), json.dumps(report)]
    assert all("secret-value" not in text for text in told)


def test_soft_fail_skips():
    ti = TI()
    with pytest.raises(AirflowSkipException):
        validate(bad_rows(), ti, soft_fail=True)
    assert ti.values["return_value"]["errors"] == 2


@pytest.mark.airflow
@pytest.mark.parametrize("good", [True, False])
def test_branching(run_dag, good):
    from airflow.providers.common.compat.sdk import DAG, task

    with DAG(f"branch_{good}", schedule=None) as dag:

        @task
        def load():
            pass

        @task
        def complain():
            pass

        check = AmsValidateEventDataOperator(
            task_id="check",
            form=FORM,
            mode="insert",
            id_col="username",
            data=ROWS if good else bad_rows(),
            if_valid="load",
            if_invalid="complain",
        )
        check >> [load(), complain()]
    states = {ti.task_id: str(ti.state) for ti in run_dag(dag).get_task_instances()}
    went, skipped = ("load", "complain") if good else ("complain", "load")
    assert states == {"check": "success", went: "success", skipped: "skipped"}


def test_every_write_operator_validates_first(ams_sandbox):
    operators = [
        AmsInsertEventDataOperator(
            task_id="i", form=FORM, id_col="username", data=[{**ROWS[0], "Dya": 1}]
        ),
        AmsUpsertEventDataOperator(task_id="k", data=[{**ROWS[0], "Dya": 1}], **KEYED),
        AmsUpsertProfileDataOperator(
            task_id="p", form="Athlete Profile", data=[{"user_id": 1001, "heigth_cm": 1}]
        ),
    ]
    for operator in operators:
        with pytest.raises(AirflowFailException, match="is no field of the form"):
            operator.execute({})
    assert writes(ams_sandbox) == 0


def test_a_contract_that_drops(ams_sandbox):
    summary = AmsUpsertEventDataOperator(
        task_id="k", data=[{**ROWS[0], "Dya": 1}], contract="drop_unknown", **KEYED
    ).execute({})
    assert summary["inserted"] == 1
    assert "'Dya'" in summary["warnings"][0]


def test_upsert_by_key_twice(ams_sandbox):
    def run(**changes):
        rows = [{**row, **changes} for row in ROWS]
        return AmsUpsertEventDataOperator(task_id="k", data=rows, **KEYED).execute({})

    assert run()["inserted"] == 2
    ams_sandbox.clear_requests()
    assert run()["unchanged"] == 2
    assert writes(ams_sandbox) == 0
    assert run(Day=2)["updated"] == 2


def test_update_keeps_what_the_rows_lack(ams_sandbox):
    event = ams_sandbox.add_event(
        FORM, "volunteer.308", start_date="05/01/2026", values={"Subject": "308", "Day": "1"}
    )
    rows = [{"event_id": event, "username": "volunteer.308", "Day": 2}]
    operator = AmsUpdateEventDataOperator(task_id="u", form=FORM, id_col="username", data=rows)
    assert operator.execute({})["updated"] == 1
    assert ams_sandbox.events(FORM)[0]["values"] == {"Subject": "308", "Day": "2"}


def test_a_dry_run_sends_nothing(ams_sandbox, logged):
    summary = AmsUpsertEventDataOperator(task_id="k", data=ROWS, dry_run=True, **KEYED).execute({})
    assert (summary["insert"], summary["mode"]) == (2, "upsert")
    insert = AmsInsertEventDataOperator(
        task_id="i", form=FORM, id_col="username", data=ROWS, dry_run=True
    )
    assert insert.execute({})["insert"] == 2
    mirror = AmsMirrorEventDataOperator(
        task_id="m", data=ROWS, from_date="2026-01-01", to_date="2026-01-31", dry_run=True, **KEYED
    )
    assert mirror.execute({})["insert"] == 2
    profile = AmsUpsertProfileDataOperator(
        task_id="p",
        form="Athlete Profile",
        data=[{"user_id": 1001, "height_cm": 1}],
        dry_run=True,
    )
    assert profile.execute({})["update"] == 1
    assert writes(ams_sandbox) == 0
    assert "Dry run" in logged()
    assert ams_sandbox.events(FORM) == []


@pytest.mark.parametrize("kept_in", ["xcom", "file"])
def test_plan_and_apply(ams_sandbox, tmp_path, kept_in):
    AmsUpsertEventDataOperator(task_id="k", data=ROWS, **KEYED).execute({})
    rows = [{**ROWS[0], "Day": 7}, ROWS[1]]
    path = str(tmp_path / "plans" / "plan.json") if kept_in == "file" else None
    ti = TI()
    planned = AmsPlanOperator(task_id="plan", data=rows, plan_path=path, **KEYED).execute(
        {"ti": ti}
    )
    json.dumps(planned)
    assert (planned["update"], planned["unchanged"]) == (1, 1)
    assert "| `Day` | `1` → `7` |" in planned["markdown"]
    assert planned["subject"] == (
        f"{FORM} (upsert): 0 to delete, 1 to update, 0 to insert, 1 unchanged, 0 rejected"
    )
    assert ("plan" in ti.values) is (path is None)
    ti.xcom_push("return_value", planned)
    apply = AmsApplyPlanOperator(task_id="apply", plan_task_id="plan")
    assert apply.execute({"ti": ti})["updated"] == 1
    assert apply.execute({"ti": ti})["unchanged"] == 2, "a retry sends nothing"
    ams_sandbox.edit_event(ams_sandbox.events(FORM)[0]["id"], {"Day": "9"})
    with pytest.raises(AirflowFailException) as caught:
        apply.execute({"ti": ti})
    assert isinstance(caught.value.__context__, AMSStalePlanError)


def test_a_plan_may_hide_values():
    ti = TI()
    AmsUpsertEventDataOperator(task_id="k", data=ROWS, **KEYED).execute({})
    rows = [{**ROWS[0], "Day": 71234}, ROWS[1]]
    plan = AmsPlanOperator(task_id="plan", data=rows, show_values=False, **KEYED)
    assert "71234" not in plan.execute({"ti": ti})["markdown"]


def test_mirror_twice_then_less(ams_sandbox):
    def run(rows, **options):
        return AmsMirrorEventDataOperator(
            task_id="m", data=rows, from_date="2026-01-01", to_date="31/01/2026", **KEYED, **options
        ).execute({})

    assert run(ROWS)["inserted"] == 2
    ams_sandbox.clear_requests()
    assert run(ROWS)["unchanged"] == 2
    assert writes(ams_sandbox) == 0
    with pytest.raises(AirflowFailException, match="max_deletes is 0"):
        run(ROWS[:1])
    assert run(ROWS[:1], max_deletes="50%")["deleted"] == 1
    assert len(ams_sandbox.events(FORM)) == 1


def test_mirror_of_a_group(ams_sandbox):
    AmsUpsertEventDataOperator(task_id="k", data=ROWS, **KEYED).execute({})
    summary = AmsMirrorEventDataOperator(
        task_id="m",
        data=ROWS[:1],
        from_date="2026-01-01",
        to_date="2026-01-31",
        user_key="username",
        user_value="volunteer.308",
        max_deletes=5,
        **KEYED,
    ).execute({})
    assert summary["deleted"] == 0


@pytest.mark.parametrize("shape", ["list", "column", "frame", "number"])
def test_delete(ams_sandbox, shape):
    ids = ams_sandbox.add_events(
        FORM, [{"user": 1001 + i, "start_date": "05/01/2026"} for i in range(3)]
    )
    gone = {
        "list": ids[:2],
        "column": pd.Series(ids[:2]),
        "frame": pd.DataFrame({"event_id": [ids[0], ids[0], ids[1]]}),
        "number": ids[0],
    }[shape]
    operator = AmsDeleteEventDataOperator(
        task_id="d", form=FORM, event_ids=gone, from_date="2026-01-05", to_date="2026-01-05"
    )
    expected = 1 if shape == "number" else 2
    assert operator.execute({})["deleted"] == expected
    assert len(ams_sandbox.events(FORM)) == 3 - expected


def test_delete_is_guarded(ams_sandbox):
    ids = ams_sandbox.add_events(
        FORM, [{"user": 1001 + i, "start_date": "05/01/2026"} for i in range(3)]
    )
    for options in ({"max_deletes": 2}, {"form": "Training Log"}):
        options = {"form": FORM, "event_ids": ids, **options}
        with pytest.raises(AirflowFailException):
            AmsDeleteEventDataOperator(task_id="d", **options).execute({})
    assert len(ams_sandbox.events(FORM)) == 3
