"""Tell whether AMS has changed since a plan was made, and what is done already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.errors import AMSStalePlanError, describe_rows
from airflow_provider_ams.ams.forms.catalogue import read_schema
from airflow_provider_ams.ams.plan.diff import differences
from airflow_provider_ams.ams.plan.plan import INSERT, UPDATE, Plan
from airflow_provider_ams.ams.prepare.keys import record_keys
from airflow_provider_ams.ams.read.snapshot import take_snapshot
from airflow_provider_ams.ams.read.synchronise import synchronise
from airflow_provider_ams.ams.wire.records import Event


@dataclass
class Done:
    """What is as the plan wants it already.

    Parameters
    ----------
    events : dict
        Event number -> id under which AMS holds it.
    deletes : set of int
        Ids that are gone.
    """

    events: dict[int, int] = field(default_factory=dict)
    deletes: set[int] = field(default_factory=set)


def already_done(client: AMSClient, plan: Plan) -> Done:
    """Compare what has changed in AMS since the plan was made with what the plan expects.

    Raises
    ------
    AMSStalePlanError
        An event that the plan is about is no longer what it was.
    """
    if plan.is_empty or not plan.users:
        return Done()
    read = synchronise(client, plan.form, plan.users, plan.server_time)
    if not read.events and not read.deleted_ids:
        return Done()
    return _Freshness(client, plan, read.events, set(read.deleted_ids)).check()


class _Freshness:
    def __init__(
        self, client: AMSClient, plan: Plan, events: Sequence[Event], gone: set[int]
    ) -> None:
        self.plan = plan
        self.gone = gone
        self.schema = read_schema(client, plan.form)
        table = list(plan.events.table)
        self.now = take_snapshot(events, self.schema, table, zone=client.timezone)
        self.done = Done()
        self.stale: list[int] = []

    def check(self) -> Done:
        at = {event_id: place for place, event_id in enumerate(self.now.ids)}
        self._check_stored(at)
        self._check_new(at)
        for gone in self.plan.deletes:
            place = at.get(gone.event_id)
            if gone.event_id in self.gone:
                self.done.deletes.add(gone.event_id)
            elif place is not None and self.now.digest(place) != gone.digest:
                self.stale.append(gone.event_id)
        if self.stale:
            raise AMSStalePlanError(
                f"{len(self.stale)} stored events have changed since the plan was made (events "
                f"{describe_rows(self.stale)}). Nothing was sent.",
                hint="Make a new plan.",
            )
        return self.done

    def _check_stored(self, at: dict[int, int]) -> None:
        """Look at the events that the plan updates or leaves as they are."""
        plan = self.plan
        numbers = [e for e, i in enumerate(plan.events.event_ids) if i in at or i in self.gone]
        places = [at.get(plan.events.event_ids[e] or 0) for e in numbers]
        found = differences(plan.events.take(numbers), places, self.now, self.schema)
        for number, (event, place) in enumerate(zip(numbers, places, strict=True)):
            event_id = plan.events.event_ids[event]
            assert event_id is not None
            changes = found.get(number, [])
            if place is None:
                self.stale.append(event_id)
            elif not changes and plan.actions[event] == UPDATE:
                self.done.events[event] = event_id
            elif changes != plan.changes.get(event, []):
                self.stale.append(event_id)

    def _check_new(self, at: dict[int, int]) -> None:
        """Look for events that appeared since under the key of one that is to be inserted."""
        plan = self.plan
        known = {*plan.events.event_ids, *(d.event_id for d in plan.deletes)}
        fresh = [place for event_id, place in at.items() if event_id not in known]
        numbers = [e for e, action in enumerate(plan.actions) if action == INSERT]
        if not fresh or not numbers:
            return
        parts = plan.key or ("start_date", "start_time", "end_date", "end_time")
        keys = record_keys(self.now, parts, self.schema)
        by_key: dict[Any, list[int]] = {}
        for place in fresh:
            by_key.setdefault(keys[place], []).append(place)
        wanted = plan.events.take(numbers)
        for event, key in zip(numbers, record_keys(wanted, parts, self.schema), strict=True):
            places = by_key.get(key, [])
            same = next((p for p in places if self._equal(event, p)), None)
            if same is not None:
                places.remove(same)
                self.done.events[event] = self.now.ids[same]
            elif places and plan.key is not None:
                self.stale.append(self.now.ids[places[0]])

    def _equal(self, event: int, place: int) -> bool:
        return not differences(self.plan.events.take([event]), [place], self.now, self.schema)
