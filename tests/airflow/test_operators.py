"""Operators called directly, against a sandbox over HTTP."""

from __future__ import annotations

import dataclasses
import json
import logging
import types

import pandas as pd
import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

import airflow_provider_ams.ams as ams
from airflow_provider_ams.ams.errors import AMSImportError, AMSLoginError, AMSTransientError
from airflow_provider_ams.operators.ams import (
    AmsGetEventDataOperator,
    AmsGetProfileDataOperator,
    AmsGetUserOperator,
    AmsInsertEventDataOperator,
    AmsUpdateEventDataOperator,
    AmsUpsertEventDataOperator,
    AmsUpsertProfileDataOperator,
    AmsValidateEventDataOperator,
)

pytestmark = pytest.mark.usefixtures("ams_connection")

READINGS = [
    {"username": "volunteer.308", "start_date": "05/01/2026", "Subject": "308", "Day": 0},
    {"username": "volunteer.309", "start_date": "05/01/2026", "Subject": "309", "Day": 0},
]
ALL_DAYS = {"from_date": "2000-01-01", "to_date": "31/12/2099"}


def insert(data, **kwargs):
    operator = AmsInsertEventDataOperator(
        task_id="t", form="Reaction Time", data=data, id_col="username", **kwargs
    )
    return operator.execute({})


def test_insert_a_list_of_dicts(ams_sandbox):
    summary = insert(READINGS)
    assert summary["inserted"] == summary["rows"] == 2
    json.dumps(summary, allow_nan=False)
    stored = ams_sandbox.events("Reaction Time")
    assert [e["username"] for e in stored] == ["volunteer.308", "volunteer.309"]
    assert stored[0]["values"] == {"Subject": "308", "Day": "0"}


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_insert_from_a_file(ams_sandbox, tmp_path, ending):
    frame = pd.DataFrame(READINGS).assign(Subject="007")
    path = tmp_path / f"readings.{ending}"
    writers = {
        "csv": lambda: frame.to_csv(path, index=False),
        "parquet": lambda: frame.to_parquet(path),
        "jsonl": lambda: frame.to_json(path, orient="records", lines=True),
    }
    writers[ending]()
    assert insert(str(path))["inserted"] == 2
    assert {e["values"]["Subject"] for e in ams_sandbox.events("Reaction Time")} == {"007"}


def test_insert_from_a_european_file(ams_sandbox, tmp_path):
    path = tmp_path / "readings.csv"
    head, *lines = "username;start_date;Subject;Day", "volunteer.308;05/01/2026;é;1,5"
    path.write_bytes("\n".join([head, *lines]).encode("cp1252"))
    with pytest.raises(AirflowFailException, match=r"line 2.*cp1252"):
        insert(str(path))
    assert insert(str(path), encoding="cp1252", dry_run=True)["insert"] == 1
    assert insert(str(path), encoding="cp1252")["inserted"] == 1
    (event,) = ams_sandbox.events("Reaction Time")
    assert event["values"] == {"Subject": "é", "Day": "1.5"}


def test_one_table_is_logged_and_no_value(caplog, capfd):
    caplog.set_level(logging.DEBUG)
    insert(READINGS)
    logged = caplog.text + "".join(capfd.readouterr())
    assert logged.count("rows in") == 1
    names = ["rows in", "inserted", "updated", "rejected", "requests", "retries", "seconds"]
    assert all(name in logged for name in names)
    assert "volunteer" not in logged


def test_the_library_prints_nothing(capsys):
    insert(READINGS)
    AmsGetEventDataOperator(task_id="t", form="Training Log", **ALL_DAYS).execute({})
    shown = capsys.readouterr()
    assert "✔" not in shown.out + shown.err
    assert "it/s" not in shown.err


def test_batch_size_of_the_connection_unless_the_task_says_otherwise(ams_sandbox, ams_connection):
    ams_connection(extra={"batch_size": 1})
    insert(READINGS)
    assert sum(n for name, n in ams_sandbox.requests().items() if "import" in name) == 2
    ams_sandbox.clear_requests()
    insert(READINGS, batch_size=25)
    assert sum(n for name, n in ams_sandbox.requests().items() if "import" in name) == 1


def test_read_change_update(ams_sandbox):
    frame = AmsGetEventDataOperator(task_id="t", form="Training Log", **ALL_DAYS).execute({})
    assert frame["event_id"].nunique() == 252
    fields = ["duration", "intensity", "session_rpe", "comments"]
    table = ["activity", "distance_km"]
    changed = frame[["event_id", "user_id", *fields, *table]].assign(duration=61)
    changed = changed[changed["user_id"] == 1001]
    before = ams_sandbox.events("Training Log")
    summary = AmsUpdateEventDataOperator(
        task_id="t", form="Training Log", data=changed, table_fields=table
    ).execute({})
    assert summary["updated"] == len(changed)
    after = {e["id"]: e for e in ams_sandbox.events("Training Log")}
    assert len(after) == len(before)
    for event in before:
        expected = dict(event["values"])
        if event["user_id"] == 1001:
            expected["duration"] = "61"
        assert after[event["id"]]["values"] == expected
        assert numbers(after[event["id"]]["table"]) == numbers(event["table"])
        assert after[event["id"]]["start_time"] == event["start_time"]


def numbers(table):
    return [{**row, "distance_km": float(row["distance_km"])} for row in table]


def test_upsert_updates_and_inserts(ams_sandbox):
    event_id = ams_sandbox.add_event("Reaction Time", "volunteer.308", start_date="05/01/2026")
    rows = [
        {**READINGS[0], "event_id": event_id, "Day": 1},
        {**READINGS[1], "event_id": None},
    ]
    summary = AmsUpsertEventDataOperator(
        task_id="t", form="Reaction Time", data=rows, id_col="username"
    ).execute({})
    assert (summary["updated"], summary["inserted"]) == (1, 1)
    assert len(ams_sandbox.events("Reaction Time")) == 2


def test_profiles(ams_sandbox):
    read = AmsGetProfileDataOperator(task_id="t", form="Athlete Profile")
    frame = read.execute({})
    assert len(frame) == 18
    rows = frame[["user_id", "height_cm"]].assign(weight_kg=70.5).head(2)
    summary = AmsUpsertProfileDataOperator(task_id="t", form="Athlete Profile", data=rows).execute(
        {}
    )
    assert summary["rejected"] == summary["unknown"] == 0
    stored = {p["user_id"]: p["values"] for p in ams_sandbox.profiles("Athlete Profile")}
    assert stored[1001]["weight_kg"] == "70.5"
    assert stored[1003]["weight_kg"] == "60.0"


def test_users_with_the_columns_asked_for():
    frame = AmsGetUserOperator(
        task_id="t", columns=["user_id", "username"], user_key="group", user_value="Squad A"
    ).execute({})
    assert list(frame.columns) == ["user_id", "username"]
    assert len(frame) == 9


def test_people_may_come_from_another_tasks_column():
    ids = pd.Series([1001, 1002])
    frame = AmsGetEventDataOperator(
        task_id="t", form="Training Log", user_key="user_id", user_value=ids, **ALL_DAYS
    ).execute({})
    assert set(frame["user_id"]) == {1001, 1002}


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_output_path(tmp_path, ending):
    path = str(tmp_path / f"events.{ending}")
    operator = AmsGetEventDataOperator(
        task_id="t", form="Training Log", output_path=path, **ALL_DAYS
    )
    assert operator.execute({}) == path
    fields = ["duration", "intensity", "session_rpe", "comments"]
    table = ["activity", "distance_km"]
    frame = {"csv": pd.read_csv, "parquet": pd.read_parquet}.get(
        ending, lambda p: pd.read_json(p, lines=True)
    )(path)
    assert frame["event_id"].nunique() == 252
    assert set(fields + table) <= set(frame.columns)


def test_rejected_rows_fail_the_task_and_can_be_mended(ams_sandbox, tmp_path):
    ams_sandbox.add_form("Wellness", [{"name": "Sleep", "required": True}, "Note"])
    rows = [
        {"username": "volunteer.308", "start_date": "05/01/2026", "Sleep": "8"},
        {"username": "volunteer.309", "start_date": "05/01/2026", "Note": "no sleep given"},
    ]
    path = tmp_path / "rejected.csv"

    def send(data):
        return AmsInsertEventDataOperator(
            task_id="t", form="Wellness", data=data, id_col="username", dead_letter_path=str(path)
        ).execute({})

    with pytest.raises(AirflowFailException) as caught:
        send(rows)
    assert isinstance(caught.value.__context__, AMSImportError)
    assert "no sleep given" not in str(caught.value)
    assert len(ams_sandbox.events("Wellness")) == 1
    rejected = pd.read_csv(path)
    assert rejected["username"].tolist() == ["volunteer.309"]
    assert rejected["ams_status"].tolist() == ["rejected"]
    assert rejected["ams_reason"].notna().all()

    mended = tmp_path / "mended.csv"
    rejected.assign(Sleep=7).to_csv(mended, index=False)
    assert send(str(mended))["inserted"] == 1
    stored = ams_sandbox.events("Wellness")
    assert len(stored) == 2
    assert stored[1]["values"] == {"Note": "no sleep given", "Sleep": "7"}
    assert pd.read_csv(path).empty, "nothing is left of the rejects of the first try"


@pytest.mark.parametrize("how", [{}, {"sep": ";"}])
def test_dead_letters_for_a_spreadsheet_come_back_as_they_were(ams_sandbox, tmp_path, how):
    ams_sandbox.add_form("Wellness", [{"name": "Sleep", "required": True}, "Note"])
    row = {"username": "volunteer.309", "start_date": "05/01/2026", "Note": "=cmd|' /C calc'!A0"}
    path = tmp_path / "rejected.csv"

    def send(data):
        return AmsInsertEventDataOperator(
            task_id="t", form="Wellness", data=data, id_col="username",
            dead_letter_path=str(path), csv_safe=True, **how,
        ).execute({})  # fmt: skip

    with pytest.raises(AirflowFailException):
        send([{"username": "volunteer.308", "start_date": "05/01/2026", "Sleep": "8"}, row])
    rejected = pd.read_csv(path, dtype=str, **how)
    assert rejected["Note"].tolist() == ["'" + row["Note"]]
    mended = tmp_path / "mended.csv"
    rejected.assign(Sleep="7").to_csv(mended, index=False, **how)
    assert send(str(mended))["inserted"] == 1
    _, event = ams_sandbox.events("Wellness")
    assert event["values"]["Note"] == row["Note"]


def test_what_is_read_for_a_spreadsheet(ams_sandbox, tmp_path):
    ams_sandbox.add_form("Wellness", ["Note", "Load: Number"])
    for note in ("=1+1", "'=1"):
        ams_sandbox.add_event(
            "Wellness",
            "volunteer.308",
            start_date="05/01/2026",
            values={"Note": note, "Load": "-5"},
        )
    path = tmp_path / "events.csv"
    AmsGetEventDataOperator(
        task_id="t", form="Wellness", output_path=str(path), csv_safe=True, **ALL_DAYS
    ).execute({})
    found = pd.read_csv(path, dtype=str)
    assert sorted(found["Note"]) == ["''=1", "'=1+1"]
    assert {float(n) for n in found["Load"]} == {-5.0}


def test_a_report_for_a_spreadsheet(ams_sandbox, tmp_path):
    ams_sandbox.add_form("Wellness", ["Note"])
    path = tmp_path / "report.csv"
    rows = [{"username": "volunteer.308", "start_date": "05/01/2026", "=HYPERLINK(1)": "x"}]
    operator = AmsValidateEventDataOperator(
        task_id="t",
        form="Wellness",
        data=rows,
        id_col="username",
        report_path=str(path),
        csv_safe=True,
    )
    pushed = types.SimpleNamespace(xcom_push=lambda **what: None)
    with pytest.raises(AirflowFailException):
        operator.execute({"ti": pushed})
    assert pd.read_csv(path)["field"].tolist() == ["'=HYPERLINK(1)"]


def test_tolerated_rejects_do_not_fail_the_task(ams_sandbox):
    ams_sandbox.add_form("Wellness", [{"name": "Sleep", "required": True}, "Note"])
    rows = [
        {"username": "volunteer.308", "start_date": "05/01/2026", "Sleep": "8"},
        {"username": "volunteer.309", "start_date": "05/01/2026", "Note": "none"},
    ]
    summary = AmsInsertEventDataOperator(
        task_id="t", form="Wellness", data=rows, id_col="username", tolerance="50%"
    ).execute({})
    assert (summary["inserted"], summary["rejected"]) == (1, 1)


OPERATORS = {
    "get": lambda: AmsGetEventDataOperator(task_id="t", form="Training Log", **ALL_DAYS),
    "users": lambda: AmsGetUserOperator(task_id="t"),
    "insert": lambda: AmsInsertEventDataOperator(
        task_id="t", form="Reaction Time", data=READINGS, id_col="username"
    ),
}


@pytest.mark.parametrize("operator", OPERATORS)
def test_a_wrong_password_fails_at_once(ams_connection, operator):
    ams_connection(password="wrong")
    with pytest.raises(AirflowFailException) as caught:
        OPERATORS[operator]().execute({})
    assert isinstance(caught.value.__context__, AMSLoginError)


@pytest.mark.parametrize("operator", OPERATORS)
def test_a_busy_server_is_left_to_airflows_retries(ams_sandbox, operator):
    ams_sandbox.faults(
        script=[{"endpoint": "*", "nth": 1, "times": 0, "fault": "503", "retry_after": 300}]
    )
    with pytest.raises(AMSTransientError) as caught:
        OPERATORS[operator]().execute({})
    assert caught.value.retry_after == 300
    ams_sandbox.faults(None)


@pytest.mark.parametrize(
    ("form", "data"),
    [
        ("Reaction Times", READINGS),
        ("Reaction Time", [{"username": "volunteer.308", "Day": 1}]),
        ("Reaction Time", [{**READINGS[0], "username": "no.body"}]),
    ],
)
def test_wrong_input_fails_at_once_and_sends_nothing(ams_sandbox, form, data):
    operator = AmsInsertEventDataOperator(task_id="t", form=form, data=data, id_col="username")
    with pytest.raises(AirflowFailException):
        operator.execute({})
    assert not ams_sandbox.events("Reaction Time")


WRITERS = [
    AmsInsertEventDataOperator,
    AmsUpdateEventDataOperator,
    AmsUpsertEventDataOperator,
    AmsUpsertProfileDataOperator,
]


@pytest.mark.parametrize("operator", WRITERS)
def test_operator_options_are_library_options(operator):
    taken = {
        "batch_size": 10,
        "max_in_flight": 2,
        "tolerance": "2%",
        "boolean_text": ("Yes", "No"),
    }
    built = operator(task_id="t", form="F", data=[], id_col="email", **taken)
    option = getattr(ams, operator.option_class)
    known = {field.name for field in dataclasses.fields(option)}
    assert set(operator.fixed_options) <= known
    checked = built.option()
    assert type(checked) is option
    assert not checked.interactive_mode
    assert {name: getattr(checked, name) for name in taken} == taken
    assert callable(getattr(ams, operator.function))


def test_nothing_to_send_is_fine(ams_sandbox):
    empty = pd.DataFrame(READINGS).head(0)
    assert insert(empty)["rows"] == 0
    assert not ams_sandbox.events("Reaction Time")
