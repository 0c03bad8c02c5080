"""What is typed into AMS after the plan was made is refused call by call, never overwritten."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pandas as pd
import pytest

from airflow_provider_ams.ams import (
    AMSClient,
    AMSStalePlanError,
    PlanOption,
    apply,
    plan_event_data,
)
from airflow_provider_ams.ams.plan.stale import Guard
from tests.ams.wellness import client, sandbox, writes  # noqa: F401 - fixtures
from tests.proxy import Proxy

WINDOW = ("01/01/2026", "31/01/2026")
PEOPLE = (1001, 1001, 1002, 1003)
LOOK = "synchronise"


def client_of(site, **settings):
    return AMSClient(site.url, site.username, site.password, **settings)


def with_events(content, change):
    page = json.loads(content)
    if page.get("export", {}).get("events"):
        page["export"]["events"] = change(page["export"]["events"])
    return json.dumps(page).encode()


@pytest.fixture
def stored(sandbox):
    """Four events, two of them of one person."""
    return [
        sandbox.add_event(
            "Plain", user, start_date=f"0{day}/01/2026", start_time="9:00 AM",
            values={"Sleep": "7", "Note": f"note {day}"},
        )
        for day, user in enumerate(PEOPLE, start=5)
    ]  # fmt: skip


def frame(**columns):
    days = [f"0{day}/01/2026" for day in range(5, 9)]
    return pd.DataFrame({"user_id": PEOPLE, "start_date": days, "Sleep": [8, 9, 10, 11]} | columns)


def make(client, df=None, **options):
    options = {"key": ["start_date"], "on_missing_fields": "keep", **options}
    window = WINDOW if options.get("mode") == "mirror" else None
    option = PlanOption(interactive_mode=False, **{"validate": True, **options})
    df = frame() if df is None else df
    return plan_event_data(df, "Plain", window=window, option=option, client=client)


@pytest.fixture
def guard(client, stored):
    guard = Guard(client, make(client))
    assert guard.plan.counts["update"] == 4
    guard.look()
    guard.check([0])  # the first look counts for the first call
    return guard


def send(plan, sandbox, events):
    for event in events:
        sleep = plan.events.fields["Sleep"][event]
        sandbox.edit_event(plan.events.event_ids[event], {"Sleep": sleep})


MEDDLING = {
    "what it updates": lambda s, i: s.edit_event(i, {"Sleep": "3"}),
    "what it keeps": lambda s, i: s.edit_event(i, {"Note": "typed in AMS"}),
    "what was empty": lambda s, i: s.edit_event(i, {"Mood": "Low"}),
    "deleted": lambda s, i: s.delete_event(i),
}


@pytest.mark.parametrize("meddle", MEDDLING.values(), ids=MEDDLING)
def test_an_edit_between_two_calls_is_refused_by_name(sandbox, stored, guard, meddle):
    send(guard.plan, sandbox, [0, 1])
    meddle(sandbox, stored[2])
    guard.check([3])
    with pytest.raises(AMSStalePlanError, match=rf"events {stored[2]}\)\. They were not over"):
        guard.check([2, 3])


def test_what_was_sent_is_nobodys_edit(sandbox, stored, guard):
    send(guard.plan, sandbox, [0])
    guard.check([0, 1, 2, 3])
    guard.check([0])


def test_the_order_in_which_events_come_back_does_not_matter(stored, sandbox):
    def reverse(endpoint, content):
        return with_events(content, lambda events: events[::-1]) if endpoint == LOOK else content

    with Proxy(sandbox, change=reverse) as proxy, closing(client_of(proxy)) as client:
        guard = Guard(client, make(client))
        send(guard.plan, sandbox, [0, 1, 2, 3])
        guard.check([0, 1, 2, 3])


def test_saved_again_as_it_was(sandbox, stored, guard):
    sandbox.edit_event(stored[2], {})
    guard.check([2])


def test_an_edit_seen_on_the_way_is_remembered(sandbox, stored, guard):
    sandbox.edit_event(stored[0], {"Note": "typed in AMS"})
    guard.check([1])  # of the same person: this look has moved on beyond the edit
    with pytest.raises(AMSStalePlanError, match=str(stored[0])):
        guard.check([0])


def test_each_look_asks_for_these_people_since_the_last_one(sandbox, stored):
    asked = []

    def note(endpoint, body):
        if endpoint == LOOK:
            query = json.loads(body)
            asked.append((query["userIds"], query["lastSynchronisationTimeOnServer"]))

    with Proxy(sandbox, before=note) as proxy, closing(client_of(proxy)) as client:
        guard = Guard(client, make(client))
        asked.clear()
        for events in ([0, 1], [0, 1, 2], [0]):
            guard.check(events)
    start = guard.plan.server_time
    assert [users for users, _ in asked] == [[1001], [1001, 1002], [1001]]
    assert [since for _, since in asked[:2]] == [start, start]
    assert asked[2][1] >= start


def test_each_call_has_a_look_of_its_own(sandbox, client, stored):
    guard = Guard(client, make(client))
    guard.look()
    sandbox.clear_requests()
    guard.check([0])
    guard.check([1])
    assert sandbox.requests() == {"synchronise": 2}


def test_a_key_that_somebody_took(sandbox, client):
    guard = Guard(client, make(client))
    taken = sandbox.add_event("Plain", 1002, start_date="07/01/2026", values={"Sleep": "1"})
    guard.check([0, 1, 3])
    with pytest.raises(AMSStalePlanError, match=str(taken)):
        guard.check([2])


def test_inserts_of_which_nothing_is_stored_cost_nothing(sandbox, client):
    guard = Guard(client, make(client, mode="insert", key=None))
    sandbox.clear_requests()
    guard.check([0, 1, 2, 3])
    assert sandbox.requests() == {}


def test_one_that_can_not_be_read_any_more(sandbox, stored):
    def end_early(endpoint, content):
        def changed(events):
            return [
                {**e, "finishDate": "01/01/2020"} if e["id"] == stored[0] else e for e in events
            ]

        return with_events(content, changed) if endpoint == LOOK else content

    with Proxy(sandbox, change=end_early) as proxy, closing(client_of(proxy)) as client:
        guard = Guard(client, make(client))
        sandbox.edit_event(stored[0], {})
        with pytest.raises(AMSStalePlanError, match=str(stored[0])):
            guard.check([0])


def test_several_threads_ask_at_a_time(sandbox, stored, guard):
    sandbox.edit_event(stored[1], {"Note": "typed in AMS"})
    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(guard.check, [n % 4]) for n in range(32)]
        failed = [isinstance(call.exception(), AMSStalePlanError) for call in calls]
    assert failed == [n % 4 == 1 for n in range(32)]


def test_before_the_deletes(sandbox, stored):
    def meddle(endpoint, body):
        if endpoint == "eventsimport":
            sandbox.edit_event(stored[2], {"Note": "typed in AMS"})

    with Proxy(sandbox, after=meddle) as proxy, closing(client_of(proxy)) as client:
        plan = make(client, frame().head(1), mode="mirror")
        with pytest.raises(AMSStalePlanError, match=rf"{stored[2]}\)\. They were not del") as error:
            apply(plan, max_deletes=9, interactive_mode=False, client=client)
    assert error.value.result.counts["updated"] == 1, "what was done is told"
    assert len(sandbox.events("Plain")) == 4
