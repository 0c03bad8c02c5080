"""Reading comes to an end, goes forward, stays in the range, and doubts an empty answer."""

from __future__ import annotations

import time

import pytest

from airflow_provider_ams.ams import (
    AMSClient,
    AMSError,
    AMSReplyError,
    SyncEventOption,
    sync_event_data,
)
from airflow_provider_ams.ams.read import paging
from airflow_provider_ams.ams.read.search import Search, search
from airflow_provider_ams.ams.read.snapshot import Span, read_snapshot, stored_ids
from airflow_provider_ams.ams.read.synchronise import server_time, synchronise
from airflow_provider_ams.ams.wire.dates import day_text, parse_day
from airflow_provider_ams.transport import Clock, RetryPolicy
from tests.ams.ams_site import ANN, BOB, LOG, Ticker
from tests.ams.tiny import Tiny

CLOCK = int(time.time() * 1000)
FIRST = parse_day("01/01/2025")


def event(number, day=0, user=ANN, **more):
    text = day_text(FIRST + day)
    times = {"startTime": "9:00 AM", "finishDate": text, "finishTime": "10:00 AM"}
    return {"id": number, "userId": user, "formName": LOG, "startDate": text, **times, **more}


def page(*events, **more):
    return {"export": {"events": list(events)}, "lastSynchronisationTimeOnServer": CLOCK, **more}


def client_of(tiny, **settings):
    settings = {"clock": Ticker().clock(), "retry": RetryPolicy(tries=2), **settings}
    return AMSClient(tiny.url, "api", "secret", timezone="UTC", **settings)


# ---------------------------------------------------------------- coming to an end


def test_cursors_that_turn_in_a_circle():
    cursors = ["a", "b"] * 10

    def answer(body):
        return page(event(len(cursors)), cursor=cursors.pop(0))

    with Tiny(synchronise=answer) as tiny, pytest.raises(AMSReplyError, match="end"):
        synchronise(client_of(tiny), LOG, [ANN], 0)
    assert len(tiny.calls("synchronise")) == 3


def test_pages_that_bring_nothing_new(monkeypatch):
    monkeypatch.setattr(paging, "MAX_PAGES", 20)
    count = iter(range(10_000))

    def answer(body):
        return page(event(1), cursor=str(next(count)))

    with Tiny(synchronise=answer) as tiny, pytest.raises(AMSReplyError, match="end"):
        synchronise(client_of(tiny), LOG, [ANN], 0)
    assert len(tiny.calls("synchronise")) == 20


def test_a_long_history_may_have_any_number_of_pages(monkeypatch):
    monkeypatch.setattr(paging, "MAX_PAGES", 3)

    def answer(body):
        at = int(body["pagination"].get("cursor", 0))
        found = [event(at + n + 1) for n in range(20)]
        return page(*found, cursor=str(at + 20) if at < 400 else None)

    with Tiny(synchronise=answer) as tiny:
        assert len(synchronise(client_of(tiny), LOG, [ANN], 0).events) == 420


def test_a_reading_that_takes_too_long():
    ticker = Ticker()

    def answer(body):
        ticker.seconds += 3600
        return page(event(len(tiny.seen)), cursor=str(len(tiny.seen)))

    with Tiny(synchronise=answer) as tiny:
        with pytest.raises(AMSReplyError, match="too long"):
            synchronise(client_of(tiny, clock=ticker.clock()), LOG, [ANN], 0)
        assert len(tiny.calls("synchronise")) == 7


# ---------------------------------------------------------------- staying in the range


def test_a_search_whose_range_is_ignored_gives_the_range_alone():
    events = [event(1, -5), event(2), event(3, 1), event(4, 99)]
    with Tiny(eventsearch={"events": events}) as tiny:
        found = search(client_of(tiny), Search(LOG), [ANN], FIRST, FIRST + 1)
    assert [e.id for e in found] == [2, 3]


def test_a_search_whose_range_is_ignored_does_not_turn_in_circles():
    answer = {"events": [event(1, -9), event(2, -5), event(3, -4)], "nextCursor": "x"}
    with Tiny(eventsearch=answer) as tiny, pytest.raises(AMSReplyError):
        search(client_of(tiny), Search(LOG), [ANN, BOB], FIRST, FIRST + 500)
    assert len(tiny.calls("eventsearch")) < 50


def test_events_of_another_form_are_an_error():
    odd = {"events": [event(1, formName="Other")]}
    with Tiny(eventsearch=odd) as tiny, pytest.raises(AMSReplyError, match="another form"):
        search(client_of(tiny), Search(LOG), [ANN], FIRST, FIRST)
    odd = page(event(1, formName="Other"))
    with Tiny(synchronise=odd) as tiny, pytest.raises(AMSReplyError, match="another form"):
        synchronise(client_of(tiny), LOG, [ANN], 0)


# ---------------------------------------------------------------- the clock


@pytest.mark.parametrize(
    "when", [1, CLOCK - 90_000_000, CLOCK + 90_000_000], ids=["old", "behind", "ahead"]
)
def test_an_implausible_mark_is_an_error(when):
    odd = page(event(1), lastSynchronisationTimeOnServer=when)
    people = {"users": [{"userId": ANN}], "lastSynchronisationTimeOnServer": CLOCK}
    with Tiny(synchronise=odd, usersynchronise=people) as tiny:
        client = client_of(tiny)
        with pytest.raises(AMSReplyError, match="clock"):
            server_time(client, LOG, [ANN])
        with pytest.raises(AMSReplyError, match="clock"):
            sync_event_data(LOG, 0, client=client, option=SyncEventOption(interactive_mode=False))


class Dateless(Tiny):
    """A server behind something that spoils the HTTP date."""

    def _handler(self):
        class Handler(super()._handler()):
            def date_time_string(self, timestamp=None):
                return "no date"

        return Handler


def test_without_a_date_our_own_clock_counts():
    odd = page(event(1), lastSynchronisationTimeOnServer=1_000_000_000_000)
    near, far = (Clock(now=lambda s=s: s, sleep=lambda s: None) for s in (1e9, 2e9))
    with Dateless(synchronise=odd) as tiny:
        assert server_time(client_of(tiny, clock=near), LOG, [ANN]) == 1_000_000_000_000
        with pytest.raises(AMSReplyError):
            server_time(client_of(tiny, clock=far), LOG, [ANN])


# ---------------------------------------------------------------- an empty answer

OLD = Span(FIRST, FIRST + 1)  # far from today: asked of eventsearch
RECENT = Span(FIRST, FIRST + 10_000)  # asked of synchronise


def snapshot(tiny, span, **more):
    return read_snapshot(client_of(tiny), LOG, [ANN], span, None, **more)


@pytest.mark.parametrize("span", [OLD, RECENT, Span()])
def test_nothing_is_confirmed_by_another_endpoint(span):
    with Tiny(synchronise=page(), eventsearch={"events": []}) as tiny:
        assert len(snapshot(tiny, span)) == 0
        searched = [body["startDate"] for body in tiny.calls("eventsearch")]
        dated = [body.get("startDate") for body in tiny.calls("synchronise")]
    first = day_text(FIRST) if span.first else "01/01/1900"
    assert searched == [first]
    assert dated == ([None, first] if span is OLD else [span.first and first])


@pytest.mark.parametrize("span", [OLD, RECENT, Span()])
def test_two_answers_that_contradict_each_other(span):
    some = {"events": [event(1)]} if span is not OLD else {"events": []}
    dated = page(event(1)) if span is OLD else page()

    def answer(body):
        return dated if "startDate" in body or span is not OLD else page()

    with Tiny(synchronise=answer, eventsearch=some) as tiny:
        with pytest.raises(AMSReplyError, match="once that there are some"):
            snapshot(tiny, span)
        assert len(snapshot(tiny, span, confirm_empty=False)) == 0


def test_an_event_outside_the_span_does_not_contradict():
    later = page(event(1, 40))
    with Tiny(synchronise=later, eventsearch={"events": []}) as tiny:
        assert len(snapshot(tiny, OLD)) == 0


def test_anything_that_came_back_needs_no_second_answer():
    with Tiny(synchronise=page(event(1)), eventsearch=(500, {}, b"")) as tiny:
        assert snapshot(tiny, RECENT).ids == [1]


def test_unreadable_events_exist():
    with Tiny(synchronise=page(event(1), event(2, startTime=None))) as tiny:
        assert stored_ids(client_of(tiny), LOG, [ANN], RECENT) == {1, 2}


def test_nobody_has_no_events_and_nothing_is_asked():
    with Tiny() as tiny:
        assert len(read_snapshot(client_of(tiny), LOG, [], OLD, None)) == 0
        assert tiny.seen == []


def test_a_page_that_can_t_be_read_is_asked_for_again():
    answers = [page(event(1), event(1)), {"state": "FAILED"}, page(event(1))]
    with Tiny(synchronise=answers) as tiny:
        client = client_of(tiny, retry=RetryPolicy(tries=3))
        assert [e.id for e in synchronise(client, LOG, [ANN], 0).events] == [1]
        assert client.retries == 2
    with Tiny(synchronise={"state": "FAILED"}) as tiny, pytest.raises(AMSError):
        synchronise(client_of(tiny), LOG, [ANN], 0)
