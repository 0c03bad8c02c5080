"""Tell whether AMS has changed since a plan was made, and what is done already.

A plan may wait for hours, and take an hour to be sent: what somebody writes into AMS meanwhile
must not be overwritten with what the plan knew. AMS has no conditional write; to look right before
each call is as near as one can come.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import Any

from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.errors import AMSStalePlanError, AMSTransientError
from airflow_provider_ams.ams.forms.catalogue import read_schema
from airflow_provider_ams.ams.forms.schema import FormSchema
from airflow_provider_ams.ams.plan.contents import INSERT, UPDATE, Deletion
from airflow_provider_ams.ams.plan.diff import differences
from airflow_provider_ams.ams.plan.plan import Plan
from airflow_provider_ams.ams.plan.stale_profiles import changed_people
from airflow_provider_ams.ams.positions import EventNo, StoredNo, describe_rows
from airflow_provider_ams.ams.prepare.keys import record_keys
from airflow_provider_ams.ams.read.snapshot import Snapshot, take_snapshot
from airflow_provider_ams.ams.read.synchronise import SyncRead, synchronise


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


@dataclass(frozen=True)
class _Index:
    """Where a plan speaks of a stored event or of a person; made once, if AMS has changed."""

    updates: dict[int, list[EventNo]] = field(default_factory=dict)
    inserts: dict[int, list[EventNo]] = field(default_factory=dict)
    deletes: dict[int, Deletion] = field(default_factory=dict)

    @classmethod
    def of(cls, plan: Plan) -> _Index:
        index = cls(deletes={d.event_id: d for d in plan.deletes})
        events = plan.events
        for e, (event_id, user) in enumerate(zip(events.event_ids, events.user_ids, strict=True)):
            if event_id is not None:
                index.updates.setdefault(event_id, []).append(EventNo(e))
            elif plan.actions[e] == INSERT:
                index.inserts.setdefault(user, []).append(EventNo(e))
        return index


class Guard:
    """Refuse to overwrite what has changed in AMS since a plan was made.

    It may be asked from several threads. AMS can't be asked what has changed in profiles, so
    their records are read again.

    Parameters
    ----------
    client : AMSClient
        The client.
    plan : Plan
        The plan; what it knows of AMS is from `plan.server_time`.
    kept : bool
        Whether the plan was kept for later. One that is sent at once is guarded in what it
        changes; what it adds was looked up just before.
    """

    def __init__(self, client: AMSClient, plan: Plan, *, kept: bool = True) -> None:
        self.client = client
        self.plan = plan
        self.kept = kept
        # Once something has changed, it stays so: an edit taken back is for a person to see.
        self._changed: dict[EventNo, int] = {}
        self._changed_deletes: set[int] = set()
        #: AMS's clock at the last look, by person.
        self._since: dict[int, int] = {}
        self._schema: FormSchema | None = None
        self._has_schema = False
        self._lock = Lock()

    @cached_property
    def _index(self) -> _Index:
        return _Index.of(self.plan)

    def look(self) -> Done:
        """Look at everything that the plan is about, and return what is done already.

        Raises
        ------
        AMSStalePlanError
            An event that the plan is about, even one to be left as it is, is not what it was.
        """
        plan = self.plan
        if plan.is_empty or not plan.users or plan.form_type != "event":
            return Done()
        done = self._read(plan.users)
        self._raise({*self._changed.values(), *self._changed_deletes}, "Nothing was sent.")
        return done

    def check(self, events: Sequence[EventNo]) -> None:
        """Look again, right before some of the plan's events go out.

        One request for each 25 people, or for a profile record; none for new events without a
        key, of which nothing is stored. What this process itself has sent since is not taken for
        somebody's edit.

        Parameters
        ----------
        events : sequence of int
            Numbers of the events, as `plan.events` counts them.

        Raises
        ------
        AMSStalePlanError, AMSTransientError
            Names the stored events that are not what they were; the call must not go out. With a
            plan that was not kept, the next run plans afresh.
        """
        plan = self.plan
        if plan.form_type == "profile":
            people = changed_people(self.client, plan, events, self._form())
            self._raise(people, "They were not overwritten, and the import was stopped.")
            return
        keyed = self.kept and plan.key is not None
        known = [e for e in events if keyed or plan.actions[e] == UPDATE]
        if not known:
            return
        self._read({plan.events.user_ids[e] for e in known})
        with self._lock:
            stale = {self._changed[e] for e in known if e in self._changed}
        self._raise(stale, "They were not overwritten, and the import was stopped.")

    def check_deletes(self, event_ids: Collection[int]) -> None:
        """Look again, right before stored events are deleted; as `check`."""
        wanted = set(event_ids)
        users = {d.user_id for d in self.plan.deletes if d.event_id in wanted}
        if not users:
            return
        self._read(users)
        stale = self._changed_deletes & wanted
        self._raise(stale, "They were not deleted, nor was any other event.")

    def _read(self, users: Iterable[int]) -> Done:
        """Read what has changed for some people since they were last looked at."""
        people, start = sorted(users), self.plan.server_time
        with self._lock:
            since = min(self._since.get(user, start) for user in people)
        read = synchronise(self.client, self.plan.form, people, since)
        seen = self._compared(read)
        with self._lock:
            self._changed.update(seen.changed)
            self._changed_deletes |= seen.changed_deletes
            for user in people:
                self._since[user] = max(self._since.get(user, start), read.server_time)
        return seen.done

    def _compared(self, read: SyncRead) -> _Comparison:
        table, schema, zone = list(self.plan.events.table), None, self.client.timezone
        index = _Index()
        if read.events or read.deleted_ids:
            schema = self._form()
            with self._lock:
                index = self._index
        changed = take_snapshot(read.events, schema, table, zone=zone)
        comparison = _Comparison(self.plan, index, changed, set(read.deleted_ids), schema, zone)
        comparison.run()
        return comparison

    def _form(self) -> FormSchema | None:
        with self._lock:
            if not self._has_schema:
                plan = self.plan
                schema = read_schema(self.client, plan.form, plan.form_type, types=plan.types)
                self._schema = schema.with_table(plan.events.table) if schema else None
                self._has_schema = True
            return self._schema

    def _raise(self, stale: Collection[int], what: str) -> None:
        if not stale:
            return
        since = "the plan was made" if self.kept else "they were read"
        profiles = self.plan.form_type == "profile"
        things, of = ("profile records", "users") if profiles else ("stored events", "events")
        message = (
            f"{len(stale)} {things} have changed since {since} ({of} "
            f"{describe_rows(sorted(stale))}). {what}"
        )
        if self.kept:
            raise AMSStalePlanError(message, hint="Make a new plan.")
        raise AMSTransientError(message, hint="Run again: they are read anew.")


class _Comparison:
    """Compare a plan with what has changed since; use once."""

    def __init__(
        self,
        plan: Plan,
        index: _Index,
        changed: Snapshot,
        deleted: set[int],
        schema: FormSchema | None,
        zone: str | None,
    ) -> None:
        self.plan = plan
        self.index = index
        self.stored = changed
        # What can't be read any more exists, but is not what it was.
        self.lost = deleted | {event_id for event_id, _, _ in changed.unreadable}
        self.deleted = deleted
        self.schema = schema
        self.zone = zone
        self.done = Done()
        self.changed: dict[EventNo, int] = {}
        self.changed_deletes: set[int] = set()
        self.at = {event_id: StoredNo(n) for n, event_id in enumerate(changed.ids)}

    def run(self) -> None:
        if not self.at and not self.lost:
            return
        self._check_stored()
        self._check_new()
        for event_id in (*self.at, *self.lost):
            gone = self.index.deletes.get(event_id)
            if gone is None:
                continue
            if gone.event_id in self.deleted:
                self.done.deletes.add(gone.event_id)
            elif self._differs(gone):
                self.changed_deletes.add(gone.event_id)

    def _differs(self, gone: Deletion) -> bool:
        at = self.at.get(gone.event_id)
        if at is None:
            return gone.event_id in self.lost
        return self.stored.digest(at) != gone.digest

    def _check_stored(self) -> None:
        """Look at the events that the plan updates or leaves as they are."""
        plan = self.plan
        ids, known = plan.events.event_ids, self.index.updates
        found_ids = (*self.at, *self.lost)
        numbers = sorted({e for event_id in found_ids for e in known.get(event_id, ())})
        index = [self.at.get(ids[e] or 0) for e in numbers]
        some = plan.events.take(numbers)
        found = differences(some, index, self.stored, self.schema, self.zone)
        for number, (event, at) in enumerate(zip(numbers, index, strict=True)):
            event_id = ids[event]
            assert event_id is not None
            changes = found.get(EventNo(number), [])
            if at is None:
                self.changed[event] = event_id
            elif not changes and plan.actions[event] == UPDATE:
                self.done.events[event] = event_id
            elif changes != plan.changes.get(event, []):
                self.changed[event] = event_id

    def _check_new(self) -> None:
        """Look for events that appeared since under the key of one that is to be inserted."""
        plan, index = self.plan, self.index
        known = (index.updates, index.deletes)
        fresh = [at for event_id, at in self.at.items() if not any(event_id in k for k in known)]
        people = sorted({self.stored.user_ids[at] for at in fresh})
        numbers = sorted(e for user in people for e in index.inserts.get(user, ()))
        if not fresh or not numbers:
            return
        parts = plan.key or ("start_date", "start_time", "end_date", "end_time")
        keys = record_keys(self.stored, parts, self.schema)
        by_key: dict[Any, list[StoredNo]] = {}
        for at in fresh:
            by_key.setdefault(keys[at], []).append(at)
        wanted = plan.events.take(numbers)
        for event, key in zip(numbers, record_keys(wanted, parts, self.schema), strict=True):
            held = by_key.get(key, [])
            same = next((at for at in held if self._equal(event, at)), None)
            if same is not None:
                held.remove(same)
                self.done.events[event] = self.stored.ids[same]
            elif held and plan.key is not None:
                self.changed[event] = self.stored.ids[held[0]]

    def _equal(self, event: EventNo, at: StoredNo) -> bool:
        some = self.plan.events.take([event])
        return not differences(some, [at], self.stored, self.schema, self.zone)
