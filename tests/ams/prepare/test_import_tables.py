"""Forms with a table: rows to events, events to the wire, and back."""

from __future__ import annotations

import pandas as pd
import pytest

from airflow_provider_ams.ams import AMSConfigurationError, AMSImportError, AMSInputError
from tests.ams.ams_site import ANN, BOB, LIFTS, insert, moments, read, update, upsert

DAY = "01/01/2025"
FIELDS = ["exercise", "load", "reps"]


def lifts(**columns):
    """Return two table rows of one event of Ann."""
    base = {
        "user_id": [ANN, ANN],
        "start_date": [DAY, DAY],
        "start_time": ["9:00 AM", "9:00 AM"],
        "rpe": [7, None],
        "exercise": ["Bench Press", "Squat"],
        "load": [120, 150.5],
        "reps": [3, 3],
    }
    return pd.DataFrame({**base, **columns})


def wire(event):
    return [(r["row"], {p["key"]: p["value"] for p in r["pairs"]}) for r in event["rows"]]


TWO = [
    (0, {"rpe": "7"}),
    (1, {"exercise": "Bench Press", "load": "120", "reps": "3"}),
    (2, {"exercise": "Squat", "load": "150.5", "reps": "3"}),
]


def test_row_0_holds_the_event_alone(client, sandbox):
    result = insert(client, lifts(), LIFTS, table_fields=FIELDS)
    assert [wire(e) for e in sandbox.events()] == [TWO]
    assert result.counts["inserted"] == 2
    assert result.rows["event_id"].nunique() == 1


def test_mixed_rows_would_split_and_do_not(client, sandbox):
    sandbox.configure(split_mixed_rows=True)
    insert(client, lifts(), LIFTS, table_fields=FIELDS)
    assert len(sandbox.events()) == 1


@pytest.mark.parametrize("rpe", [[7, None], [None, 7], [7, 7]])
def test_an_event_level_value_is_taken_from_any_row(client, sandbox, rpe):
    insert(client, lifts(rpe=rpe), LIFTS, table_fields=FIELDS)
    assert wire(sandbox.events()[0]) == TWO


@pytest.mark.parametrize(
    ("column", "values"),
    [("rpe", [7, 8]), ("place", ["Gym", "Park"]), ("end_time", ["10:00 AM", "11:00 AM"])],
)
def test_differing_event_level_values_are_refused(client, sandbox, column, values):
    frame = lifts(**{column: values}).set_axis(["x", "y"])
    with pytest.raises(AMSImportError, match=f"'{column}' differs") as caught:
        insert(client, frame, LIFTS, table_fields=FIELDS)
    assert caught.value.rows == ["x", "y"]
    assert sandbox.events() == []


def test_two_sessions_a_day_are_two_events(client, sandbox):
    frame = pd.concat([lifts(), lifts(start_time="5:00 PM", rpe=[8, 8])], ignore_index=True)
    insert(client, frame, LIFTS, table_fields=FIELDS)
    assert [len(e["rows"]) for e in sandbox.events()] == [3, 3]
    assert moments(sandbox, LIFTS) == [
        f"{DAY} 9:00 AM {DAY} 10:00 AM",
        f"{DAY} 5:00 PM {DAY} 6:00 PM",
    ]


def test_rows_of_an_event_need_not_stand_together(client, sandbox):
    frame = pd.concat([lifts(), lifts(user_id=BOB)], ignore_index=True).iloc[[0, 2, 1, 3]]
    result = insert(client, frame, LIFTS, table_fields=FIELDS)
    assert [wire(e) for e in sandbox.events()] == [TWO, TWO]
    assert result.rows.index.tolist() == [0, 2, 1, 3]
    ids = result.rows["event_id"]
    assert ids[0] == ids[1]
    assert ids[2] == ids[3]
    assert ids[0] != ids[2]


def test_blank_cells_and_rows_are_left_out(client, sandbox):
    frame = lifts(exercise=["Bench Press", None], load=[None, None], reps=[3, None])
    result = insert(client, frame, LIFTS, table_fields=FIELDS)
    assert wire(sandbox.events()[0]) == [
        (0, {"rpe": "7"}),
        (1, {"exercise": "Bench Press", "reps": "3"}),
    ]
    assert result.counts["inserted"] == 2


CELLS = [
    ({"exercise": "Run", "load": 5}, [{"exercise": "Run", "load": "5"}]),
    ([{"exercise": "Run"}, {"load": 2.5}], [{"exercise": "Run"}, {"load": "2.5"}]),
    (({"exercise": "Run"},), [{"exercise": "Run"}]),
    ([], []),
    (None, []),
    ({}, []),
]


@pytest.mark.parametrize(("cell", "table"), CELLS)
def test_a_nested_cell_becomes_table_rows(client, sandbox, cell, table):
    frame = pd.DataFrame({"user_id": [ANN, BOB], "start_date": DAY, "rpe": [7, 8]})
    frame["details"] = pd.Series([cell, {"exercise": "Other"}], dtype=object)
    result = insert(client, frame, LIFTS, table_fields=["details"])
    assert [e["table"] for e in sandbox.events()] == [table, [{"exercise": "Other"}]]
    assert result.rows["status"].tolist() == ["inserted", "inserted"]


@pytest.mark.parametrize("cell", ["text", 5, [1, 2], [{"exercise": "x"}, "y"]])
def test_a_nested_cell_of_another_kind_is_refused_by_row(client, sandbox, cell):
    frame = pd.DataFrame({"user_id": [ANN, BOB], "start_date": DAY}, index=["ok", "bad"])
    frame["details"] = pd.Series([{"exercise": "x"}, cell], frame.index, dtype=object)
    with pytest.raises(AMSImportError, match="table cell") as caught:
        insert(client, frame, LIFTS, table_fields=["details"])
    assert caught.value.rows == ["bad"]
    assert [e["user_id"] for e in sandbox.events()] == [ANN]


def test_table_fields_not_in_the_frame_are_named(client, sandbox):
    with pytest.raises(
        AMSInputError, match="table_fields names 'sets', which the frame does not have"
    ):
        insert(client, lifts(), LIFTS, table_fields=["exercise", "sets"])
    assert sandbox.requests() == {}


def test_table_fields_is_a_list():
    with pytest.raises(AMSConfigurationError, match=r"\['exercise'\]"):
        insert(None, lifts(), LIFTS, table_fields="exercise")


def test_an_update_groups_by_event_id(client, sandbox):
    insert(client, pd.concat([lifts(), lifts(user_id=BOB)]), LIFTS, table_fields=FIELDS)
    first, second = (e["id"] for e in sandbox.events())
    frame = pd.DataFrame(
        {
            "event_id": [second, first, second],
            "user_id": [BOB, ANN, BOB],
            "rpe": [None, 5, 9],
            "exercise": ["Row", "Row", "Ski"],
        }
    )
    update(client, frame, LIFTS, table_fields=["exercise"])
    events = {e["id"]: wire(e) for e in sandbox.events()}
    assert events == {
        first: [(0, {"rpe": "5"}), (1, {"exercise": "Row"})],
        second: [(0, {"rpe": "9"}), (1, {"exercise": "Row"}), (2, {"exercise": "Ski"})],
    }
    assert moments(sandbox, LIFTS) == [f"{DAY} 9:00 AM {DAY} 10:00 AM"] * 2


def test_two_events_of_a_day_stay_two_on_update(client, sandbox):
    insert(client, pd.concat([lifts(), lifts(start_time="5:00 PM")]), LIFTS, table_fields=FIELDS)
    before = sandbox.events()
    frame = read(client, LIFTS)
    update(client, frame, LIFTS, table_fields=FIELDS)
    after = sandbox.events()
    assert [e["rows"] for e in after] == [e["rows"] for e in before]
    assert [e["start_time"] for e in after] == ["9:00 AM", "5:00 PM"]


def test_an_upsert_takes_both_kinds(client, sandbox):
    insert(client, lifts(), LIFTS, table_fields=FIELDS)
    event = sandbox.events()[0]["id"]
    frame = pd.concat([lifts(event_id=event, rpe=[1, 1]), lifts(event_id=None, user_id=BOB)])
    result = upsert(client, frame, LIFTS, table_fields=FIELDS)
    assert result.rows["status"].tolist() == ["updated"] * 2 + ["inserted"] * 2
    assert [len(e["rows"]) for e in sandbox.events()] == [3, 3]


def test_rows_of_one_event_must_name_one_person(client, sandbox):
    insert(client, lifts(), LIFTS, table_fields=FIELDS)
    event = sandbox.events()[0]["id"]
    frame = lifts(event_id=event, user_id=[ANN, BOB])
    with pytest.raises(AMSImportError, match=r"people|person"):
        update(client, frame, LIFTS, table_fields=FIELDS)


def test_an_event_id_twice_needs_table_fields(client, sandbox):
    insert(client, lifts(), LIFTS, table_fields=FIELDS)
    frame = lifts(event_id=sandbox.events()[0]["id"]).set_axis(["x", "y"])
    with pytest.raises(AMSImportError, match="more than once") as caught:
        update(client, frame, LIFTS)
    assert caught.value.rows == ["x", "y"]


def test_table_rows_are_read_with_their_event_s_ids(client, sandbox):
    insert(client, lifts(), LIFTS, table_fields=FIELDS)
    frame = read(client, LIFTS)
    assert frame["event_id"].nunique() == 1
    assert frame["exercise"].tolist() == ["Bench Press", "Squat"]
    assert frame["load"].tolist() == [120, 150.5]
    assert frame["rpe"].tolist() == [7, pd.NA]
    assert frame["start_time"].tolist() == ["9:00 AM"] * 2
