"""The note of an import: it is read back as it was written, or it is none."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_ams.ams.prepare.events import EventDraft, EventSet
from airflow_provider_ams.ams.prepare.times import Times
from airflow_provider_ams.ams.write.note import (
    MAX_RUNS,
    Progress,
    digest,
    order_digest,
    runs,
    unpack,
)

NOTE = Progress("abc", 17, "2025-06-15T23:06", [[0, 2, 5], [3, 1, 0]], True, "def", "me", 16)

# ---------------------------------------------------------------- as JSON


@pytest.mark.parametrize("note", [NOTE, Progress("", 0, "")])
def test_a_note_is_read_as_it_was_written(note):
    assert Progress.parse(json.loads(json.dumps(note.dump()))) == note


def test_a_new_note_says_that_nothing_is_confirmed():
    note = Progress("abc", 17, "now")
    assert (note.confirmed, note.finished, note.order, note.owner) == (None, False, "", "")
    assert note.open_since == 0


def test_a_note_without_its_later_parts_is_one():
    first = {"version": 2, "digest": "abc", "since": 17, "now": ""}
    assert Progress.parse(first) == Progress("abc", 17, "")


@pytest.mark.parametrize(
    "change",
    [
        {"version": 1},
        {"version": None},
        {"more": 1},
        {"digest": None},
        {"now": 5},
        {"order": None},
        {"owner": ["me"]},
        {"since": "17"},
        {"since": None},
        {"since": 17.0},
        {"since": True},
        {"open_since": None},
        {"open_since": False},
        {"finished": "no"},
        {"finished": None},
        {"confirmed": {}},
        {"confirmed": "x"},
        {"confirmed": 0},
        {"confirmed": [5]},
        {"confirmed": [[0, 1]]},
        {"confirmed": [[0, 1, 5, 6]]},
        {"confirmed": [[0, 1, "5"]]},
        {"confirmed": [[0, 1, 5.0]]},
        {"confirmed": [[0, True, 5]]},
        {"confirmed": [(0, 1, 5)]},
        {"confirmed": [[-1, 1, 5]]},
        {"confirmed": [[0, 2, 5], [0, 1, None]]},
    ],
    ids=str,
)
def test_what_is_no_note(change):
    assert Progress.parse({**NOTE.dump(), **change}) is None


@pytest.mark.parametrize("name", ["version", "digest", "since", "now"])
def test_a_note_that_lacks_a_part_is_none(name):
    state = NOTE.dump()
    del state[name]
    assert Progress.parse(state) is None


@pytest.mark.parametrize("state", [None, {}])
def test_nothing_is_no_note(state):
    assert Progress.parse(state) is None


@pytest.mark.parametrize("confirmed", [None, [], [[0, 0, 0]]])
def test_few_runs_are_runs(confirmed):
    assert Progress.parse({**NOTE.dump(), "confirmed": confirmed}).confirmed == confirmed


# ---------------------------------------------------------------- the same input

DRAFT = EventDraft(
    form="Log",
    rows=[[0], [1, 2]],
    user_ids=[1, 2],
    event_ids=[None, 7],
    times=Times([1, 2], [3, None], [1, 2], [4, 5]),
    fields={"a": ["1", None], "b": ["x", "y"]},
    table={"t": ["1", "2", "3"]},
    table_rows=[[0], [1, 2]],
)


def test_the_same_events_have_the_same_digest():
    same = replace(DRAFT, rows=((0,), (1, 2)), table_rows=(range(1), range(1, 3)))
    assert digest(same) == digest(DRAFT)
    assert len(digest(DRAFT)) == 64


@pytest.mark.parametrize(
    "change",
    [
        {"form": "Logs"},
        {"rows": [[0, 1], [2]]},
        {"user_ids": [1, 3]},
        {"event_ids": [None, 8]},
        {"times": Times([1, 3], [3, None], [1, 2], [4, 5])},
        {"times": Times([1, 2], [3, 4], [1, 2], [4, 5])},
        {"times": Times([1, 2], [3, None], [1, 1], [4, 5])},
        {"times": Times([1, 2], [3, None], [1, 2], [4, 6])},
        {"fields": {"a": ["1", None], "b": ["x", "z"]}},
        {"fields": {"a": ["1", None], "c": ["x", "y"]}},
        {"fields": {"a": ["1", None]}},
        {"table": {"t": ["1", "2", "4"]}},
        {"table": {"u": ["1", "2", "3"]}},
        {"table_rows": [[0, 1], [2]]},
    ],
    ids=str,
)
def test_any_change_of_the_input_changes_the_digest(change):
    assert digest(replace(DRAFT, **change)) != digest(DRAFT)


def events(rows, ids):
    days = [1] * len(rows)
    times = {"start_days": days, "start_minutes": days, "end_days": days, "end_minutes": days}
    users = [1] * len(rows)
    return EventSet(form="Log", rows=rows, user_ids=users, event_ids=ids, fields={}, **times)


def test_the_order_is_of_rows_and_ids():
    three = events([[0], [1], [2]], [None, None, 7])
    order = order_digest(three, [0, 1, 2])
    assert len(order) == 16
    assert order == order_digest(three, [0, 1, 2])
    assert order == order_digest(events([[0], [1], [2], [3]], [None, None, 7, 8]), [0, 1, 2])
    others = [
        order_digest(three, [0, 2, 1]),
        order_digest(three, [0, 1]),
        order_digest(events([[0], [1], [3]], [None, None, 7]), [0, 1, 2]),
        order_digest(events([[0], [1], [2]], [None, None, 8]), [0, 1, 2]),
    ]
    assert len({order, *others}) == 5


# ---------------------------------------------------------------- runs


@pytest.mark.parametrize(
    ("ids", "packed"),
    [
        ([], []),
        ([None, None], []),
        ([5, 6, 7], [[0, 3, 5]]),
        ([5, 6, 8], [[0, 2, 5], [2, 1, 8]]),
        ([5, 6, None, 7], [[0, 2, 5], [3, 1, 7]]),
        ([None, 5], [[1, 1, 5]]),
        ([0, 0, 0], [[0, 3, 0]]),
        ([0, 1], [[0, 1, 0], [1, 1, 1]]),
        ([1, 0], [[0, 1, 1], [1, 1, 0]]),
        ([0, None, 0], [[0, 1, 0], [2, 1, 0]]),
        ([7, 6], [[0, 1, 7], [1, 1, 6]]),
    ],
)
def test_ids_are_packed_into_runs(ids, packed):
    assert runs(ids) == packed


@given(st.lists(st.none() | st.integers(0, 9)))
def test_what_is_packed_is_unpacked(ids):
    assert unpack(runs(ids)) == {at: i for at, i in enumerate(ids) if i is not None}


def test_a_note_stays_small():
    far = [10 * i for i in range(1, MAX_RUNS + 2)]
    assert len(runs(far[:-1])) == MAX_RUNS == 150
    assert runs(far) is None
    full = [*far[:-1], far[-2] + 1]
    assert len(runs(full)) == MAX_RUNS
