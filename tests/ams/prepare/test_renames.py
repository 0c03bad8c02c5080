"""`columns=`: the caller's own names, in before anything else and back in every message."""

from __future__ import annotations

import pandas as pd
import pytest

from airflow_provider_ams.ams import (
    AMSConfigurationError,
    AMSImportError,
    AMSInputError,
    AMSValidationError,
    InsertEventOption,
    MirrorEventOption,
    PlanOption,
    UpsertProfileOption,
    mirror_event_data,
    plan_event_data,
    upsert_profile_data,
    validate_event_data,
)
from tests.ams.ams_site import ANN, CARD, LIFTS, LOG, insert, log, moments, stored, update, upsert

THEIRS = {"Athlete": "username", "Day": "start_date", "At": "start_time", "Menge": "amount"}


def theirs(**columns):
    base = {"Athlete": ["ann", "bob"], "Day": "01/01/2025", "At": "9:00 AM", "Menge": [1, 2]}
    return pd.DataFrame({**base, **columns})


def send(client, frame, **option):
    return insert(client, frame, **{"id_col": "username", "columns": THEIRS, **option})


def test_columns_are_renamed_before_anything_else(client, sandbox):
    frame = theirs()
    assert send(client, frame).counts["inserted"] == 2
    assert stored(sandbox, "amount") == ["1", "2"]
    assert moments(sandbox)[0].startswith("01/01/2025 9:00 AM")
    assert list(frame.columns) == list(THEIRS), "the caller's frame is left alone"


def test_two_names_may_change_places(client, sandbox):
    frame = log(["n"], "code", note="c")
    insert(client, frame, columns={"note": "code", "code": "note"})
    assert (stored(sandbox, "note"), stored(sandbox, "code")) == (["n"], ["c"])


def test_every_way_to_write_knows_the_names(client, sandbox):
    option = {"id_col": "username", "columns": THEIRS}
    send(client, theirs())
    again = upsert(client, theirs(), key=["start_date"], on_missing_fields="keep", **option)
    assert again.counts["unchanged"] == 2
    days = ("01/01/2025", "01/01/2025")
    mirror = MirrorEventOption(interactive_mode=False, key=["start_date"], **option)
    result = mirror_event_data(theirs(), LOG, window=days, option=mirror, client=client)
    assert result.counts["unchanged"] == 2
    plan = plan_event_data(
        theirs(), LOG, option=PlanOption(interactive_mode=False, **option), client=client
    )
    assert plan.counts["insert"] == 2
    ids = [event["id"] for event in sandbox.events()]
    frame = theirs(Nummer=ids, Menge=[5, 6])
    update(client, frame, **{**option, "columns": {**THEIRS, "Nummer": "event_id"}})
    assert stored(sandbox, "amount") == ["5", "6"]
    card = pd.DataFrame({"Wer": [ANN], "cm": [170]})
    profile = UpsertProfileOption(columns={"Wer": "user_id", "cm": "height"})
    assert upsert_profile_data(card, CARD, option=profile, client=client).counts["updated"] == 1


def test_a_name_that_is_not_there_is_told_with_the_nearest(client, sandbox):
    with pytest.raises(AMSInputError, match=r"'Menke'.*does not have.*Did you mean 'Menge'\?"):
        send(client, theirs(), columns={**THEIRS, "Menke": "note"})
    with pytest.raises(AMSInputError, match=r"'Other'.*Choose from 'Athlete', 'Day'"):
        send(client, theirs(), columns={**THEIRS, "Other": "note"})
    assert sandbox.requests() == {}


@pytest.mark.parametrize(
    ("columns", "more"),
    [
        ({**THEIRS, "Notiz": "amount"}, {"Notiz": "x"}),
        (THEIRS, {"amount": 3}),
        (THEIRS, {"Start_Date": "02/01/2025"}),
        (THEIRS, {" amount": 3}),
    ],
)
def test_two_columns_for_one_field_are_refused(client, sandbox, columns, more):
    with pytest.raises(AMSInputError, match="would both be") as caught:
        send(client, theirs(**more), columns=columns)
    assert repr(next(iter(more))) in str(caught.value)
    assert sandbox.requests() == {}


TROUBLES = [
    ({"Day": "tomorrow"}, "a value in 'Day' is not a date"),
    ({"Day": None}, "a new event has no 'Day'"),
    ({"At": "25:00 PM"}, "a value in 'At' is not a time"),
    ({"Athlete": ["ann", "nobody"]}, "'Athlete' is no AMS user"),
    ({"Menge": ["1", "many"]}, "'Menge': a value is not a number"),
    ({"Menge": [1, float("inf")]}, "column 'Menge' holds an infinite number"),
]


@pytest.mark.parametrize(("columns", "what"), TROUBLES)
def test_messages_speak_of_the_caller_s_columns(client, sandbox, columns, what):
    with pytest.raises(AMSImportError) as caught:
        send(client, theirs(**columns), validate=True)
    assert what in str(caught.value)
    assert what in " ".join(filter(None, caught.value.result.rows["reason"]))
    for name in THEIRS.values():
        assert repr(name) not in str(caught.value)


def test_a_report_names_the_caller_s_columns(client, sandbox):
    option = PlanOption(mode="insert", id_col="username", columns=THEIRS, interactive_mode=False)
    report = validate_event_data(theirs(Day="x"), LOG, option=option, client=client)
    assert {f.field for f in report.errors} == {"Day"}


def test_a_field_that_the_form_does_not_have_is_told_by_both_names(client, sandbox):
    with pytest.raises(AMSValidationError, match=r"'Menge': as 'amout' is no field.*'amount'\?"):
        send(client, theirs(), columns={**THEIRS, "Menge": "amout"}, validate=True)


def test_what_a_plan_finds_later_is_told_by_the_caller_s_names(client, sandbox):
    option = {"key": ["start_time"], "on_missing_fields": "keep", "id_col": "username"}
    columns = {k: v for k, v in THEIRS.items() if k != "Day"}
    with pytest.raises(AMSImportError, match="no 'start_date'"):
        upsert(client, theirs().drop(columns="Day"), columns=columns, **option)
    with pytest.raises(AMSImportError, match="no 'Day'"):
        upsert(client, theirs(Day=None), columns=THEIRS, **option)


def test_seconds_are_told_by_the_caller_s_name(client, sandbox):
    frame = theirs(Day=pd.Timestamp("2025-01-01 09:00:30")).drop(columns="At")
    columns = {k: v for k, v in THEIRS.items() if k != "At"}
    assert send(client, frame, columns=columns).warnings == [
        "Seconds in 'Day' were left out: AMS keeps minutes."
    ]


def test_nested_cells_may_have_another_name(client, sandbox):
    frame = pd.DataFrame({"user_id": [ANN], "start_date": "01/01/2025"})
    frame["Runden"] = [[{"exercise": "Run"}, {"exercise": "Ski"}]]
    insert(client, frame, LIFTS, columns={"Runden": "laps"}, table_fields=["laps"], validate=True)
    assert sandbox.events()[0]["table"] == [{"exercise": "Run"}, {"exercise": "Ski"}]


@pytest.mark.parametrize("columns", [["a"], {"a": 1}, {"a": " "}, {1: "a"}])
def test_names_are_texts(columns):
    with pytest.raises(AMSConfigurationError, match="columns"):
        InsertEventOption(columns=columns)
