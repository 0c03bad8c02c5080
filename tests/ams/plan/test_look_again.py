"""An edit that somebody makes between our read and our call is never overwritten."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import pandas as pd
import pytest

from airflow_provider_ams.ams import (
    AMSClient,
    AMSStalePlanError,
    AMSTransientError,
    PlanOption,
    UpdateEventOption,
    UpsertEventOption,
    apply,
    plan_event_data,
    update_event_data,
    upsert_event_data,
)
from tests.ams.wellness import client, sandbox, writes  # noqa: F401 - fixtures
from tests.proxy import Proxy

PEOPLE = (1001, 1001, 1002, 1003)


@pytest.fixture
def stored(sandbox):
    return [
        sandbox.add_event(
            "Plain", user, start_date=f"0{day}/01/2026", start_time="9:00 AM",
            values={"Sleep": "7", "Note": f"note {day}"},
        )
        for day, user in enumerate(PEOPLE, start=5)
    ]  # fmt: skip


def frame(stored):
    days = [f"0{day}/01/2026" for day in range(5, 9)]
    columns = {"event_id": stored, "user_id": PEOPLE, "start_date": days, "start_time": "9:00 AM"}
    return pd.DataFrame(columns | {"Sleep": [8, 9, 10, 11]})


def values(sandbox, name):
    return [event["values"].get(name) for event in sandbox.events("Plain")]


class Meddler:
    """A person who edits one event once, after the nth answer of an endpoint."""

    def __init__(self, sandbox, event_id, endpoint, nth=1):
        self.sandbox, self.event_id = sandbox, event_id
        self.endpoint, self.left = endpoint, nth

    def __call__(self, endpoint, body):
        if endpoint == self.endpoint:
            self.left -= 1
            if self.left == 0:
                self.sandbox.edit_event(self.event_id, {"Note": "typed in AMS"})


def over(proxy):
    return closing(AMSClient(proxy.url, proxy.username, proxy.password))


def update(df, client):
    option = UpdateEventOption(
        on_missing_fields="keep", batch_size=1, require_confirmation=False, interactive_mode=False
    )
    return update_event_data(df, "Plain", option=option, client=client)


def test_an_edit_between_the_read_and_the_call(sandbox, stored):
    with (
        Proxy(sandbox, after=Meddler(sandbox, stored[2], "eventsearch")) as proxy,
        over(proxy) as client,
        pytest.raises(AMSTransientError, match=f"{stored[2]}.*not overwritten") as error,
    ):
        update(frame(stored), client)
    assert values(sandbox, "Note")[2] == "typed in AMS"
    assert values(sandbox, "Sleep") == ["8", "9", "7", "7"]
    assert error.value.result.counts["updated"] == 2


def test_an_edit_between_two_calls(sandbox, stored):
    with (
        Proxy(sandbox, after=Meddler(sandbox, stored[3], "eventsimport", nth=3)) as proxy,
        over(proxy) as client,
        pytest.raises(AMSTransientError, match=str(stored[3])),
    ):
        update(frame(stored), client)
    assert values(sandbox, "Note")[3] == "typed in AMS"
    assert values(sandbox, "Sleep") == ["8", "9", "10", "7"]


def test_the_next_run_merges_what_was_edited(sandbox, client, stored):
    with (
        Proxy(sandbox, after=Meddler(sandbox, stored[2], "eventsearch")) as proxy,
        over(proxy) as first,
        pytest.raises(AMSTransientError),
    ):
        update(frame(stored), first)
    assert update(frame(stored), client).counts["updated"] + 2 >= 4
    assert values(sandbox, "Note") == ["note 5", "note 6", "typed in AMS", "note 8"]
    assert values(sandbox, "Sleep") == ["8", "9", "10", "11"]


def test_a_look_before_each_call_and_no_other_request(sandbox, client, stored):
    update(frame(stored), client)
    seen = sandbox.requests()
    assert (seen["eventsimport"], seen["synchronise"]) == (4, 1 + 1 + 4)


def test_new_events_of_an_upsert_are_not_looked_for_again(sandbox, client):
    df = frame([None] * 4).drop(columns="event_id")
    option = UpsertEventOption(
        key=["start_date"], on_missing_fields="keep", batch_size=1, interactive_mode=False
    )
    assert upsert_event_data(df, "Plain", option=option, client=client).counts["inserted"] == 4
    # Two to know that nothing is stored, and the mark.
    assert sandbox.requests()["synchronise"] == 3


def test_an_answer_that_was_lost_is_not_somebodys_edit(sandbox, client, stored):
    sandbox.faults(script=[{"endpoint": "eventsimport", "nth": 2, "fault": "reset_after_commit"}])
    assert update(frame(stored), client).counts["updated"] == 4
    assert values(sandbox, "Sleep") == ["8", "9", "10", "11"]


def test_a_plan_that_is_being_applied(sandbox, client, stored):
    option = PlanOption(
        validate=True,
        key=["start_date"],
        on_missing_fields="keep",
        batch_size=1,
        interactive_mode=False,
    )
    df = frame(stored).drop(columns="event_id")
    with (
        Proxy(sandbox, after=Meddler(sandbox, stored[1], "eventsimport")) as proxy,
        over(proxy) as other,
        pytest.raises(AMSStalePlanError, match=str(stored[1])) as error,
    ):
        plan = plan_event_data(df, "Plain", option=option, client=other)
        apply(plan, interactive_mode=False, client=other)
    assert values(sandbox, "Note")[1] == "typed in AMS"
    assert values(sandbox, "Sleep") == ["8", "7", "7", "7"]
    assert error.value.result.counts["updated"] == 1


@pytest.mark.parametrize("nth", [1, 2])
def test_an_edit_right_after_the_first_look(sandbox, client, stored, nth):
    """However soon the first call follows the look at the whole plan, it has a look of its own."""
    option = PlanOption(key=["start_date"], on_missing_fields="keep", interactive_mode=False)
    df = frame(stored).drop(columns="event_id")
    plan = plan_event_data(df, "Plain", option=option, client=client)
    with (
        Proxy(sandbox, after=Meddler(sandbox, stored[0], "synchronise", nth=nth)) as proxy,
        over(proxy) as other,
        pytest.raises(AMSStalePlanError, match=str(stored[0])),
    ):
        apply(replace(plan, url=proxy.url), interactive_mode=False, client=other)
    assert values(sandbox, "Note")[0] == "typed in AMS"
    assert values(sandbox, "Sleep")[0] == "7"
