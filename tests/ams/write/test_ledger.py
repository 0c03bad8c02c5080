"""One entry for each event, and what has settled it."""

from __future__ import annotations

import pytest

from airflow_provider_ams.ams.prepare.events import EventSet
from airflow_provider_ams.ams.write.ledger import Ledger


def ledger_of(*ids, **named):
    days = [1] * len(ids)
    times = {"start_days": days, "start_minutes": days, "end_days": days, "end_minutes": days}
    rows = [[i] for i in range(len(ids))]
    events = EventSet(form="Log", rows=rows, user_ids=days, event_ids=list(ids), fields={}, **times)
    return Ledger(events, **named)


def entry(ledger, event=0):
    return (
        ledger.status[event],
        ledger.event_ids[event],
        ledger.reasons[event],
        ledger.batches[event],
    )


def test_at_first_nothing_is_known():
    ledger = ledger_of(None, 7)
    assert [entry(ledger, n) for n in range(2)] == [
        (None, None, None, None),
        (None, 7, None, None),
    ]
    assert (ledger.settled, ledger.refused, ledger.claimed) == (0, 0, set())
    assert ledger.codes == ["", ""]
    assert ledger.open() == [0, 1]
    assert ledger.open([1]) == [1]


def test_ids_of_the_ledger_are_not_those_of_the_events():
    ledger = ledger_of(None)
    ledger.confirm(0, 5, 1)
    assert ledger.events.event_ids == [None]


@pytest.mark.parametrize(
    ("own", "named", "status"),
    [
        (None, {}, "inserted"),
        (7, {}, "updated"),
        (None, {"tells_new": False}, "updated"),
        (7, {"tells_new": False}, "updated"),
    ],
)
def test_what_ams_holds_is_inserted_or_updated(own, named, status):
    ledger = ledger_of(own, **named)
    ledger.confirm(0, 9, 3, "without a field")
    assert entry(ledger) == (status, 9, "without a field", 3)
    assert ledger.claimed == {9}


def test_an_id_that_ams_has_not_told_leaves_the_one_that_is_known():
    ledger = ledger_of(None, 7)
    for event in (0, 1):
        ledger.confirm(event, None, 1)
    assert entry(ledger) == ("inserted", None, None, 1)
    assert entry(ledger, 1) == ("updated", 7, None, 1)
    assert ledger.claimed == set()


def test_what_is_as_it_is_to_be_is_unchanged():
    ledger = ledger_of(None, 7)
    ledger.confirm(0, 5, 1, "x")
    ledger.leave(0, 9)
    ledger.leave(1)
    assert entry(ledger) == ("unchanged", 9, None, None)
    assert entry(ledger, 1) == ("unchanged", 7, None, None)


def test_refusals_are_counted_and_what_was_given_up_is_none():
    ledger = ledger_of(None, None, 7)
    ledger.refuse(0, "no", 4)
    ledger.refuse(1, "never", None, "copied")
    ledger.give_up(2, "it ended")
    assert entry(ledger) == ("rejected", None, "no", 4)
    assert entry(ledger, 1) == ("rejected", None, "never", None)
    assert entry(ledger, 2) == ("rejected", 7, "not stored: it ended", None)
    assert ledger.refused == 2
    assert ledger.codes == ["refused", "copied", "ended"]


def test_what_nobody_can_tell_is_unknown():
    ledger = ledger_of(None, None)
    ledger.doubt(0, "who knows")
    ledger.doubt(1, "who knows", 6)
    assert ledger.codes == ["unknown", "unknown"]
    assert entry(ledger) == ("unknown", None, "who knows", None)
    assert entry(ledger, 1) == ("unknown", None, "who knows", 6)


def test_an_event_is_settled_once_whatever_is_said_of_it_later():
    ledger = ledger_of(None, None, None)
    ledger.doubt(1, "who knows")
    ledger.confirm(1, 5, 2)
    assert entry(ledger, 1) == ("inserted", 5, None, 2)
    assert ledger.codes[1] == ""
    assert ledger.settled == 1
    assert ledger.open() == [0, 2]
    assert ledger.open([2, 1]) == [2]
    ledger.refuse(0, "no", 1)
    ledger.leave(2)
    assert ledger.settled == 3
    assert ledger.open() == []
