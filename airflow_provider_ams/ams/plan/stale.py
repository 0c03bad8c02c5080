"""Tell whether AMS has changed since a plan was made, and what is done already."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.errors import AMSStalePlanError
from airflow_provider_ams.ams.forms.catalogue import read_schema
from airflow_provider_ams.ams.forms.schema import FormSchema
from airflow_provider_ams.ams.plan.diff import differences
from airflow_provider_ams.ams.plan.plan import INSERT, UPDATE, Plan
from airflow_provider_ams.ams.positions import EventNo, StoredNo, describe_rows
from airflow_provider_ams.ams.prepare.keys import record_keys
from airflow_provider_ams.ams.read.snapshot import Snapshot, take_snapshot
from airflow_provider_ams.ams.read.synchronise import synchronise


@dataclass(frozen=True)
class Done:
    """What is as the plan wants it already.

    Parameters
    ----------
    events : dict
        Event number -> id under which AMS holds it.
    deletes : set of int
        Ids that are gone.
    """

    events: dict[EventNo, int] = field(default_factory=dict)
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
    schema = read_schema(client, plan.form, types=plan.types)
    schema = schema.with_table(plan.events.table) if schema else None
    table = list(plan.events.table)
    changed = take_snapshot(read.events, schema, table, zone=client.timezone)
    return _Comparison(plan, changed, set(read.deleted_ids), schema, client.timezone).run()


class _Comparison:
    """Compare a plan with what has changed since; use once."""

    def __init__(
        self,
        plan: Plan,
        changed: Snapshot,
        deleted: set[int],
        schema: FormSchema | None,
        zone: str | None,
    ) -> None:
        self.plan = plan
        self.changed = changed
        self.deleted = deleted
        self.schema = schema
        self.zone = zone
        self.done = Done()
        self.stale: list[int] = []
        self.at = {event_id: StoredNo(n) for n, event_id in enumerate(changed.ids)}

    def run(self) -> Done:
        self._check_stored()
        self._check_new()
        for gone in self.plan.deletes:
            at = self.at.get(gone.event_id)
            if gone.event_id in self.deleted:
                self.done.deletes.add(gone.event_id)
            elif at is not None and self.changed.digest(at) != gone.digest:
                self.stale.append(gone.event_id)
        if self.stale:
            raise AMSStalePlanError(
                f"{len(self.stale)} stored events have changed since the plan was made (events "
                f"{describe_rows(self.stale)}). Nothing was sent.",
                hint="Make a new plan.",
            )
        return self.done

    def _check_stored(self) -> None:
        """Look at the events that the plan updates or leaves as they are."""
        plan = self.plan
        ids = plan.events.event_ids
        numbers = [EventNo(e) for e, i in enumerate(ids) if i in self.at or i in self.deleted]
        index = [self.at.get(ids[e] or 0) for e in numbers]
        some = plan.events.take(numbers)
        found = differences(some, index, self.changed, self.schema, self.zone)
        for number, (event, at) in enumerate(zip(numbers, index, strict=True)):
            event_id = ids[event]
            assert event_id is not None
            changes = found.get(EventNo(number), [])
            if at is None:
                self.stale.append(event_id)
            elif not changes and plan.actions[event] == UPDATE:
                self.done.events[event] = event_id
            elif changes != plan.changes.get(event, []):
                self.stale.append(event_id)

    def _check_new(self) -> None:
        """Look for events that appeared since under the key of one that is to be inserted."""
        plan = self.plan
        known = {*plan.events.event_ids, *(d.event_id for d in plan.deletes)}
        fresh = [at for event_id, at in self.at.items() if event_id not in known]
        numbers = [EventNo(e) for e, action in enumerate(plan.actions) if action == INSERT]
        if not fresh or not numbers:
            return
        parts = plan.key or ("start_date", "start_time", "end_date", "end_time")
        keys = record_keys(self.changed, parts, self.schema)
        by_key: dict[Any, list[StoredNo]] = {}
        for at in fresh:
            by_key.setdefault(keys[at], []).append(at)
        wanted = plan.events.take(numbers)
        for event, key in zip(numbers, record_keys(wanted, parts, self.schema), strict=True):
            held = by_key.get(key, [])
            same = next((at for at in held if self._equal(event, at)), None)
            if same is not None:
                held.remove(same)
                self.done.events[event] = self.changed.ids[same]
            elif held and plan.key is not None:
                self.stale.append(self.changed.ids[held[0]])

    def _equal(self, event: EventNo, at: StoredNo) -> bool:
        some = self.plan.events.take([event])
        return not differences(some, [at], self.changed, self.schema, self.zone)
