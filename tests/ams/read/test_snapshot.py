"""Stored events as columns: nothing that breaks a rule ends the reading, nothing is dropped."""

from __future__ import annotations

import datetime as dt

import pytest

from airflow_provider_ams.ams.forms.schema import parse_schema
from airflow_provider_ams.ams.read.snapshot import SnapshotBuilder, Span, take_snapshot
from airflow_provider_ams.ams.wire.records import Event, Pair, Row

DAY = dt.date(2026, 1, 5).toordinal()


def item(name, kind="Text", **more):
    return {"type": "FormItem", "name": name, "formItemType": kind, **more}


TABLE = {"type": "FormTable", "children": [item("set"), item("kg", "Number")]}
FORM = parse_schema("Log", {"children": [item("note"), item("sum", "Calculation"), TABLE]})
PLAIN = parse_schema("Log", {"children": [item("note"), item("sum", "Calculation")]})


def event(number=1, *rows, user=7, start="05/01/2026 9:00 AM", end="05/01/2026 10:00 AM"):
    days = [None if text is None else text.split(" ", 1) for text in (start, end)]
    (day, time), (last, finish) = [found or (None, None) for found in days]
    made = [Row([Pair(k, v) for k, v in row.items()]) for row in rows]
    return Event(
        id=number,
        user_id=user,
        start_date=day,
        start_time=time,
        finish_date=last,
        finish_time=finish,
        rows=made,
    )


# ---------------------------------------------------------------- unreadable

ODD = [
    (event(2, start=None), "date or time"),
    (event(2, end=None), "date or time"),
    (event(2, start="05/01/2026 soon"), "date or time"),
    (event(2, start="32/01/2026 9:00 AM"), "date or time"),
    (event(2, end="05/01/2026 8:59 AM"), "end is before"),
    (event(2, end="04/01/2026 11:00 PM"), "end is before"),
]


@pytest.mark.parametrize(("odd", "why"), ODD)
def test_an_event_that_breaks_a_rule_is_set_aside(odd, why):
    found = take_snapshot([event(1), odd, event(3)], FORM)
    assert found.ids == [1, 3]
    ((number, user, reason),) = found.unreadable
    assert (number, user) == (2, 7)
    assert why in reason


def test_an_event_of_somebody_else_is_set_aside():
    builder = SnapshotBuilder(FORM, users={7})
    builder.add([event(1), event(2, user=8)])
    found = builder.finish()
    assert found.ids == [1]
    assert [odd[:2] for odd in found.unreadable] == [(2, 8)]


def test_other_spellings_of_times_are_read():
    spelt = event(1, start="2026-01-05 09:00", end="05/01/2026 10:00:00")
    found = take_snapshot([spelt], FORM)
    assert (found.start_days, found.start_minutes, found.end_minutes) == ([DAY], [540], [600])


def test_the_last_state_counts():
    builder = SnapshotBuilder(FORM)
    builder.add([event(1, {"note": "a"}), event(2), event(3, start=None)])
    builder.add([event(1, {"note": "b"}), event(2, start=None), event(3)])
    found = builder.finish()
    assert found.ids == [1, 3]
    assert found.fields["note"] == ["b", None]
    assert [odd[0] for odd in found.unreadable] == [2]


def test_an_event_that_has_left_the_span_is_not_in_it():
    builder = SnapshotBuilder(FORM, span=Span(DAY, DAY))
    builder.add([event(1), event(2, start="06/01/2026 9:00 AM", end="06/01/2026 9:00 AM")])
    builder.add([event(1, start="07/01/2026 9:00 AM", end="07/01/2026 9:30 AM")])
    assert builder.finish().ids == []


def test_deleted_events_are_neither_here_nor_unreadable():
    builder = SnapshotBuilder(FORM)
    builder.add([event(1), event(2, start=None), event(3)])
    found = builder.finish(5, without=[1, 2])
    assert (found.ids, found.unreadable, found.server_time) == ([3], [], 5)


# ---------------------------------------------------------------- unexplained

ROWS = [{"note": "a", "set": "1"}, {"set": "2", "kg": "5"}, {"set": "3", "rpe": "8"}]


def test_what_the_table_does_not_explain_is_kept():
    found = take_snapshot([event(1, *ROWS), event(2, ROWS[0])], FORM)
    assert found.table["set"] == ["1", "2", "3", "1"]
    assert found.unexplained == {0: [{}, {"rpe": "8"}]}


def test_rows_of_a_form_without_table_are_kept():
    found = take_snapshot([event(2, {"note": "a"}), event(1, *ROWS)], PLAIN)
    assert found.unexplained == {1: [{"set": "2", "kg": "5"}, {"set": "3", "rpe": "8"}]}
    assert take_snapshot([event(1, *ROWS)], None).unexplained == {
        0: [{"set": "2", "kg": "5"}, {"set": "3", "rpe": "8"}]
    }


def test_what_ams_fills_in_or_repeats_is_explained():
    rows = [{"note": "a", "sum": "1"}, {"note": "a", "sum": "2", "set": ""}, {}]
    assert take_snapshot([event(1, *rows)], FORM).unexplained == {}


def test_a_repeated_row_may_be_one_of_an_unmarked_table():
    rows = [{"note": "a", "sum": "1"}, {"note": "a", "sum": "2", "set": ""}, {}]
    assert take_snapshot([event(1, *rows)], PLAIN).unexplained == {0: [{"note": "a"}, {}]}
    assert take_snapshot([event(1, {"note": "a"}, {"sum": "2"}, {})], PLAIN).unexplained == {}


def test_a_declared_table_explains():
    declared = PLAIN.declare(table=["set", "kg", "rpe"])
    found = take_snapshot([event(1, *ROWS)], declared)
    assert found.table == {}  # the form does not have them
    assert found.unexplained
    found = take_snapshot([event(1, *ROWS)], None, ["set", "kg", "rpe"])
    assert (found.unexplained, found.table["rpe"]) == ({}, [None, None, "8"])


def test_taking_some_keeps_what_is_unexplained_with_its_event():
    found = take_snapshot([event(1, *ROWS), event(2), event(3, *ROWS)], FORM).take([2, 1])
    assert found.ids == [3, 2]
    assert found.unexplained == {0: [{}, {"rpe": "8"}]}


def test_the_fingerprint_covers_what_is_unexplained():
    one, two = (
        take_snapshot([event(1, {"note": "a"}, {"rpe": rpe})], PLAIN).digest(0) for rpe in "12"
    )
    assert one != two
