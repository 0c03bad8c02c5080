"""A plan is applied only if it is the one that was made and approved, whoever can write to it."""

from __future__ import annotations

import hashlib
import json
import logging
import stat

import orjson
import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_ams.operators import approval
from airflow_provider_ams.operators.ams import AmsApplyPlanOperator, AmsPlanOperator

pytestmark = pytest.mark.usefixtures("ams_connection")

FORM = "Reaction Time"
ROWS = [
    {"username": "volunteer.308", "start_date": "05/01/2026", "start_time": "9:00 AM", "Day": 1},
    {"username": "volunteer.309", "start_date": "05/01/2026", "start_time": "9:00 AM", "Day": 1},
]
KEYED = {"form": FORM, "id_col": "username", "key": ["start_date"]}
FERNET = "q2hYlY1vPZ3m7yGkz0b0Ww1G5nX3cUe5cB8m8T9e0hE="


class TI:
    """Keep what a task pushes."""

    def __init__(self):
        self.values = {}

    def xcom_push(self, key, value):
        json.dumps(value, allow_nan=False)
        self.values[key] = value

    def xcom_pull(self, task_ids=None, key="return_value"):
        return self.values.get(key)


def writes(sandbox):
    return sandbox.requests().get("eventsimport", 0)


@pytest.fixture
def logged(caplog, capsys):
    """Return what was logged; where it goes depends on whether Airflow's logging is set up."""
    caplog.set_level(logging.INFO)
    return lambda: caplog.text + capsys.readouterr().out


def make_plan(path=None, ti=None, **options):
    rows = options.pop("rows", [{**ROWS[0], "Day": 7}, ROWS[1]])
    operator = AmsPlanOperator(
        task_id="plan", data=rows, plan_path=None if path is None else str(path), **KEYED | options
    )
    ti = ti or TI()
    ti.xcom_push("return_value", operator.execute({"ti": ti}))
    return ti


def carry_out(ti=None, **options):
    if "plan_path" not in options:
        options["plan_task_id"] = "plan"
    return AmsApplyPlanOperator(task_id="apply", **options).execute({"ti": ti or TI()})


def edited(path, forge=False):
    """Alter a plan's file as one who can write to it would; a forger mends the digest too."""
    packed = json.loads(path.read_bytes())
    packed["plan"]["batch_size"] = 7
    if forge:
        whole = {"version": packed["version"], "plan": packed["plan"]}
        packed["digest"] = hashlib.sha256(orjson.dumps(whole)).hexdigest()
    path.write_bytes(orjson.dumps(packed))
    return packed["digest"]


@pytest.fixture
def fernet(monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", FERNET)


def test_a_plans_file_is_its_owners_and_sealed(tmp_path, fernet, logged):
    path = tmp_path / "plans" / "plan.json"
    ti = make_plan(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert set(json.loads(path.read_bytes())) == {"version", "digest", "seal", "plan"}
    assert FERNET not in logged() + path.read_text()
    assert carry_out(ti)["inserted"] == 2


@pytest.mark.parametrize("forge", [False, True])
@pytest.mark.parametrize("given", ["task", "path"])
def test_an_edited_file_is_refused(ams_sandbox, tmp_path, fernet, forge, given):
    path = tmp_path / "plan.json"
    ti = make_plan(path)
    edited(path, forge)
    with pytest.raises(AirflowFailException, match="altered since it was made"):
        carry_out(ti, **({"plan_path": str(path)} if given == "path" else {}))
    assert writes(ams_sandbox) == 0


def test_keys_may_change(tmp_path, monkeypatch, fernet):
    path = tmp_path / "plan.json"
    make_plan(path)
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", f"{FERNET[::-1]},{FERNET}")
    carry_out(plan_path=str(path))
    monkeypatch.setenv("AIRFLOW__AMS__PLAN_KEY", "a secret of our own")
    with pytest.raises(AirflowFailException, match="not sealed with this key"):
        carry_out(plan_path=str(path))
    make_plan(path)
    carry_out(plan_path=str(path))
    monkeypatch.setenv("AIRFLOW__AMS__PLAN_KEY", "short")
    with pytest.raises(AirflowFailException, match="16 characters"):
        carry_out(plan_path=str(path))


@pytest.mark.parametrize("key", ["", "{FERNET_KEY}"])
def test_without_a_key_nothing_is_sealed_and_the_digest_still_counts(
    ams_sandbox, tmp_path, monkeypatch, logged, key
):
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", key)
    path = tmp_path / "plan.json"
    ti = make_plan(path)
    assert "seal" not in json.loads(path.read_bytes())
    assert "not sealed: this Airflow has no key" in logged()
    edited(path, forge=True)
    with pytest.raises(AirflowFailException, match="not the one that task 'plan'"):
        carry_out(ti)
    assert writes(ams_sandbox) == 0


def test_plans_from_elsewhere(tmp_path, fernet):
    path = tmp_path / "plan.json"
    make_plan(path)
    packed = json.loads(path.read_bytes())
    del packed["seal"]
    path.write_bytes(orjson.dumps(packed))
    with pytest.raises(AirflowFailException, match="not sealed"):
        carry_out(plan_path=str(path))
    assert carry_out(plan_path=str(path), require_seal=False)["inserted"] == 2


def test_only_the_approved_plan_is_applied(ams_sandbox):
    ti = make_plan()
    approved = ti.values["return_value"]["digest"]
    make_plan(ti=ti, rows=ROWS)
    for digest in (approved, approved[:16], "", "None"):
        with pytest.raises(AirflowFailException, match="not the one that was approved"):
            carry_out(ti, approved_digest=digest)
    operator = AmsApplyPlanOperator(task_id="a", plan_task_id="plan", approved_digest="{{ none }}")
    operator.approved_digest = None  # what a template gives where the DAG renders native objects
    with pytest.raises(AirflowFailException, match="not the one that was approved"):
        operator.execute({"ti": ti})
    assert writes(ams_sandbox) == 0
    approved = ti.values["return_value"]["digest"]
    assert carry_out(ti, approved_digest=approved)["inserted"] == 2


def test_only_a_plan_of_the_form_is_applied(ams_sandbox):
    ti = make_plan()
    with pytest.raises(AirflowFailException, match="form 'Reaction Time', not of 'Training Log'"):
        carry_out(ti, form="Training Log")
    assert writes(ams_sandbox) == 0
    assert carry_out(ti, form=FORM)["inserted"] == 2


def test_an_airflow_that_can_not_ask_says_so(monkeypatch):
    monkeypatch.setattr(approval, "CAN_ASK", False)
    with pytest.raises(RuntimeError, match=r"Airflow 3\.1"):
        approval.AmsApprovalOperator(task_id="approve", plan_task_id="plan")


def overwritten(path):
    """Another run of the same DAG plans into the same file."""
    make_plan(path, rows=ROWS)


def of_another_form(path):
    rows = [{"username": "volunteer.308", "start_date": "05/01/2026", "duration": 1}]
    make_plan(path, rows=rows, form="Training Log", validate=False)


MEDDLING = {
    "nothing": lambda path: None,
    "overwritten by another run": overwritten,
    "edited": edited,
    "forged": lambda path: edited(path, forge=True),
    "of another form": of_another_form,
}


@pytest.mark.airflow
@pytest.mark.parametrize("way", MEDDLING)
def test_in_a_real_airflow_the_planned_plan_is_applied(ams_sandbox, run_dag, tmp_path, fernet, way):
    from airflow.providers.common.compat.sdk import DAG, task

    path = tmp_path / "shared.json"
    with DAG(f"plan_{list(MEDDLING).index(way)}", schedule=None) as dag:
        rows = [{**ROWS[0], "Day": 7}, ROWS[1]]
        plan = AmsPlanOperator(task_id="plan", data=rows, plan_path=str(path), **KEYED)

        @task
        def meddle():
            MEDDLING[way](path)

        plan >> meddle() >> AmsApplyPlanOperator(task_id="apply", plan_task_id="plan")
    states = {ti.task_id: str(ti.state) for ti in run_dag(dag).get_task_instances()}
    good = way == "nothing"
    assert states == {
        "plan": "success",
        "meddle": "success",
        "apply": "success" if good else "failed",
    }
    assert writes(ams_sandbox) == (1 if good else 0)


@pytest.mark.airflow
@pytest.mark.parametrize("way", ["nothing", "of another form", "overwritten by another run"])
def test_in_a_real_airflow_a_file_from_elsewhere(ams_sandbox, run_dag, tmp_path, fernet, way):
    from airflow.providers.common.compat.sdk import DAG

    path = tmp_path / "shared.json"
    approved = make_plan(path).values["return_value"]["digest"]
    MEDDLING[way](path)
    guard = {"form": FORM} if way == "of another form" else {"approved_digest": approved}
    with DAG(f"elsewhere_{list(MEDDLING).index(way)}", schedule=None) as dag:
        AmsApplyPlanOperator(task_id="apply", plan_path=str(path), **guard)
    (ti,) = run_dag(dag).get_task_instances()
    assert str(ti.state) == ("success" if way == "nothing" else "failed")
    assert writes(ams_sandbox) == (1 if way == "nothing" else 0)


def test_the_page_calls_people_as_it_is_told(ams_sandbox):
    assert "**insert** 1001 " in page_of()
    assert "**insert** 1001 " in page_of(person="user_id")
    assert "**insert** `volunteer.308` " in page_of(person="username")


def test_people_who_are_called_the_same_keep_their_ids(ams_sandbox):
    name = {"first_name": "Kim", "last_name": "Berg"}
    ams_sandbox.add_users([{"username": "kim.1", **name}, {"username": "kim.2", **name}])
    first, second = (u["id"] for u in ams_sandbox.users() if u["username"].startswith("kim."))
    rows = [{**ROWS[0], "username": "kim.1"}, {**ROWS[0], "username": "kim.2"}]
    page = page_of(person="about", rows=rows)
    assert f"`Kim Berg ({first})`" in page
    assert f"`Kim Berg ({second})`" in page


def test_a_way_of_naming_that_there_is_not(ams_sandbox):
    with pytest.raises(AirflowFailException, match="'shoe_size'; it must be one of user_id, about"):
        page_of(person="shoe_size")
    assert ams_sandbox.requests() == {}


def page_of(**options):
    return make_plan(**options).values["return_value"]["markdown"]
