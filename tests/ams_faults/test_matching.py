"""Which stored event is the one that was sent."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_ams.ams.prepare.events import EventSet
from airflow_provider_ams.ams.wire.endpoints import EVENTSEARCH
from airflow_provider_ams.ams.write.reconcile import (
    Stored,
    match_inserts,
    match_updates,
    same_rows,
    same_text,
    sent_rows,
    stored_event,
)

DAY, MINUTE = 739_000, 540


@pytest.mark.parametrize(
    ("sent", "stored", "same"),
    [
        ("7.5", "7.5", True),
        ("100000", "100000", True),
        ("12345678", "1.2345678E7", True),
        ("0.0001", "1.0E-4", True),
        ("5", "5.0", True),
        ("007", "7", True),
        ("0.1234567890123456789", "0.12345678901234568", True),
        ("7.5", "7.6", False),
        ("5", "-5", False),
        ("nan", "NaN", False),
        ("Infinity", "Infinity", True),
        ("inf", "Infinity", False),
        ("a", "b", False),
        ("a\nb", "a<br>b", True),
        ("a\nb", "a< br/>b", True),
        ("a\r\nb", "a<BR />b", True),
        (" a ", "a", True),
        ("a b", "a<br>b", False),
        # A date field comes back as epoch milliseconds; where midnight lies is not known.
        ("15/04/2019", "1555286400000", True),
        ("15/04/2019", "1555300800000", True),
        ("15/04/2019", "1555250400000", True),
        ("15/04/2019", "1555372800000", False),
        ("15/04/2019", "1555200000000", False),
        ("15/04/2019", "1555", False),
        ("31/02/2019", "1555286400000", False),
        ("hello", "1555286400000", False),
    ],
)
def test_same_text(sent, stored, same):
    assert same_text(sent, stored) is same


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_in_java_text_are_the_same(number):
    plain = format(number, "f") if abs(number) < 1e15 else repr(number)
    if float(plain) == number:
        assert same_text(plain, repr(number).replace("e", "E"))


@pytest.mark.parametrize(
    ("sent", "stored", "ignored", "same"),
    [
        ([{"a": "1"}], [{"a": "1"}], (), True),
        ([{"a": "1"}], [{"a": "1", "Age": "31"}], (), True),
        ([{"a": "1"}], [{"Age": "31"}], (), False),
        ([{"a": "1"}], [{"Age": "31"}], ("a",), True),
        ([{"a": "1"}], [{"a": "2"}], ("a",), False),
        ([{}], [], (), True),
        ([{"a": "1"}], [], (), False),
        ([{"a": "1"}, {"t": "2"}], [{"a": "1"}, {"t": "2"}], (), True),
        ([{"a": "1"}, {"t": "2"}], [{"a": "1"}], (), False),
        ([{"a": "1"}, {"t": "2"}], [{"a": "1"}, {"t": "3"}], (), False),
        ([{"a": "1"}], [{"a": "1"}, {"t": "2"}], (), False),
    ],
)
def test_same_rows(sent, stored, ignored, same):
    assert same_rows(sent, stored, frozenset(ignored)) is same


def raw(**changes):
    event = {
        "id": 7,
        "userId": 1,
        "enteredByUserId": 9,
        "startDate": "27/04/2024",
        "startTime": "9:00 AM",
        "finishDate": "27/04/2024",
        "finishTime": "10:00 AM",
        "rows": [{"row": 0, "pairs": [{"key": "a", "value": "1"}]}],
    }
    event = {key: value for key, value in {**event, **changes}.items() if value is not None}
    return EVENTSEARCH.parse(json.dumps({"events": [event]}).encode(), 0.0).events[0]


def test_stored_event():
    stored = stored_event(raw())
    assert (stored.id, stored.user_id, stored.entered_by) == (7, 1, 9)
    assert stored.end[1] - stored.start[1] == 60
    assert stored.rows == [{"a": "1"}]
    assert "1" not in repr(stored).split("rows")[-1] or "rows" not in repr(stored)


def test_stored_event_without_rows_or_with_odd_dates():
    assert stored_event(raw(rows=None)).rows == []
    assert stored_event(raw(rows=[{"row": 0}])).rows == [{}]
    assert stored_event(raw(startDate="soon")) is None
    assert stored_event(raw(finishTime="25:00")) is None
    assert stored_event(raw(startTime=None)) is None


def events(*values, ids=None, users=None, minutes=None, table=None):
    n = len(values)
    return EventSet(
        "Form",
        [[i] for i in range(n)],
        users or [1] * n,
        [DAY] * n,
        minutes or [MINUTE] * n,
        [DAY] * n,
        [m + 60 for m in minutes] if minutes else [MINUTE + 60] * n,
        ids or [None] * n,
        {"a": list(values)},
        table or {},
        [[i] for i in range(n)] if table else (),
        bool(table),
    )


def stored(number, value, *, user=1, minute=MINUTE, end=None, **fields):
    row = {"a": value, **fields} if value is not None else dict(fields)
    end = minute + 60 if end is None else end
    return Stored(number, user, 9, (DAY, minute), (DAY, end), [row])


def test_sent_rows_have_the_first_table_row_in_row_0():
    with_table = events("1", table={"t": ["x"]})
    assert sent_rows(with_table, 0) == [{"a": "1", "t": "x"}]
    with_table.table_rows = [[0, 0]]
    assert sent_rows(with_table, 0) == [{"a": "1", "t": "x"}, {"t": "x"}]
    assert sent_rows(events("1"), 0) == [{"a": "1"}]
    assert sent_rows(events(None), 0) == [{}]


def test_each_stored_event_is_used_once():
    match = match_inserts(events("1", "1", "1"), [0, 1, 2], [stored(50, "1"), stored(51, "1")])
    assert match.ids == {0: 50, 1: 51}
    assert match.undecided == set()


def test_only_wanted_events_are_looked_for():
    match = match_inserts(events("1", "1"), [1], [stored(50, "1")])
    assert match.ids == {1: 50}


@pytest.mark.parametrize("change", [{"user": 2}, {"minute": 0}])
def test_another_person_or_time_is_another_event(change):
    match = match_inserts(events("1"), [0], [stored(50, "1", **change)])
    assert match.ids == {}
    assert match.undecided == set()


def test_something_else_at_the_same_place_is_undecided():
    match = match_inserts(events("1", "2"), [0, 1], [stored(50, "1"), stored(51, "9")])
    assert match.ids == {0: 50}
    assert match.undecided == {1}


def test_an_equal_event_with_its_own_end_is_preferred():
    late = stored(50, "1", end=MINUTE + 90)
    right = stored(51, "1")
    assert match_inserts(events("1"), [0], [late, right]).ids == {0: 51}
    assert match_inserts(events("1"), [0], [late]).ids == {0: 50}


def test_fields_that_no_stored_event_has_were_dropped_by_ams():
    sent = events("1", "2")
    sent.fields["b"] = ["x", "y"]
    match = match_inserts(sent, [0, 1], [stored(50, "1"), stored(51, "2")])
    assert match.ids == {0: 50, 1: 51}
    assert match.without == {0: ["b"], 1: ["b"]}


def test_fields_that_another_stored_event_has_were_not_dropped():
    sent = events("1", "2")
    sent.fields["b"] = ["x", "y"]
    match = match_inserts(sent, [0, 1], [stored(50, "1", b="x"), stored(51, "2")])
    assert match.ids == {0: 50}
    assert match.without == {}
    assert match.undecided == {1}


def test_updates_by_id():
    sent = events("1", "2", ids=[50, 60], minutes=[540, 600])
    match, copies = match_updates(sent, [0, 1], [stored(50, "1"), stored(60, "old", minute=600)])
    assert match.ids == {0: 50}
    assert copies == {}


@pytest.mark.parametrize("change", [{"user": 2}, {"minute": 0}])
def test_an_update_must_have_moved_the_event_too(change):
    match, copies = match_updates(events("1", ids=[50]), [0], [stored(50, "1", **change)])
    assert match.ids == {}
    assert copies == {}


def test_a_copy_is_new_equal_and_nobody_elses():
    sent = events("1", ids=[50])
    assert match_updates(sent, [0], [stored(70, "1")])[1] == {0: 70}
    assert match_updates(sent, [0], [stored(40, "1")])[1] == {}, "older than the event"
    assert match_updates(sent, [0], [stored(70, "2")])[1] == {}, "another content"
    assert match_updates(sent, [0], [stored(70, "1", user=2)])[1] == {}, "another person"
    assert match_updates(sent, [0], [stored(50, "old"), stored(70, "1")])[1] == {}, "changed"
    both = events("1", "1", ids=[50, 70])
    assert match_updates(both, [0], [stored(70, "1")])[1] == {}, "an event of the input"
