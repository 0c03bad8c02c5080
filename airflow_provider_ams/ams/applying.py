"""`plan_event_data` and `apply`: look at what would happen, then let exactly that happen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from airflow_provider_ams.ams.client import AMSClient, get_client
from airflow_provider_ams.ams.contract import MirrorEventOption, PlanOption, delete_limit
from airflow_provider_ams.ams.deleter import Deleter
from airflow_provider_ams.ams.deletes import DeleteResult, window_span
from airflow_provider_ams.ams.diff import differences
from airflow_provider_ams.ams.engine import Importer, Recovery
from airflow_provider_ams.ams.errors import (
    AMSConfigurationError,
    AMSError,
    AMSStalePlanError,
    describe_rows,
)
from airflow_provider_ams.ams.events import EventSet
from airflow_provider_ams.ams.forms import read_schema
from airflow_provider_ams.ams.keys import record_keys
from airflow_provider_ams.ams.ledger import Ledger
from airflow_provider_ams.ams.outcome import Meter, judge
from airflow_provider_ams.ams.plan import INSERT, UNCHANGED, UPDATE, Plan
from airflow_provider_ams.ams.planning import Planner, Window
from airflow_provider_ams.ams.reading import RawEvent, synchronise
from airflow_provider_ams.ams.result import ImportResult
from airflow_provider_ams.ams.resume import Progress
from airflow_provider_ams.ams.snapshot import take_snapshot
from airflow_provider_ams.ams.users import select_users
from airflow_provider_ams.transport import Console


def plan_event_data(
    df: pd.DataFrame,
    form: str,
    url: str | None = None,
    username: str | None = None,
    password: str | None = None,
    *,
    window: tuple[object, object] | None = None,
    option: PlanOption | None = None,
    client: AMSClient | None = None,
) -> Plan:
    """Work out what an import would do; nothing is sent that changes data.

    Parameters
    ----------
    df : DataFrame
        As for the import.
    form : str
        Exact name of the event form.
    url, username, password : str, optional
        Else the environment (``AMS_URL``, ``AMS_USERNAME``, ``AMS_PASSWORD``), else keyring.
    window : tuple of str or date, optional
        For ``mode="mirror"``: first and last day (``dd/MM/yyyy``).
    option : PlanOption, optional
        Which import (`mode`, `key`, `on_missing_fields`), and how to.
    client : AMSClient, optional
        Use this client.

    Returns
    -------
    Plan
        Rows to insert, update (old -> new), leave unchanged, delete and reject. Print it, or hand
        it to `apply`.

    Raises
    ------
    AMSValidationError
        The frame as a whole does not fit the form; rows that don't are in the plan.
    AMSConfigurationError
        There is no such form, or the option needs something that is not there.
    AMSTransientError
        AMS can't be read now.
    """
    option = option or PlanOption()
    console = Console(option.interactive_mode)
    if (window is None) == (option.mode == "mirror"):
        raise AMSConfigurationError("A mirror, and only a mirror, needs a window of two dates.")
    client = client or get_client(url, username, password, cache=option.cache)
    try:
        scope = mirror_window(client, window, option)
        plan = Planner(client, form, option, scope, for_later=True).plan(df)
    except AMSError as error:
        console.failed(f"Failed to plan: {error.message}")
        raise
    console.done(str(plan).splitlines()[0])
    return plan


def mirror_window(
    client: AMSClient,
    window: tuple[object, object] | None,
    option: PlanOption | MirrorEventOption,
) -> Window | None:
    """Return the days and people that a mirror looks after."""
    if window is None:
        return None
    users = select_users(client, option.users, option.cache)
    return Window(window_span(window), users)


@dataclass(frozen=True, repr=False)
class ApplyResult(ImportResult):
    """The outcome of a plan or mirror: as of an import, and what became of the deletions.

    Parameters
    ----------
    deletes : DeleteResult or None
        None if nothing was to be deleted.
    """

    deletes: DeleteResult | None = field(default=None, repr=False)

    def summary(self) -> dict[str, Any]:
        """Return counts and costs as a small dict that JSON can hold (no row values)."""
        deleted = self.deletes.counts["deleted"] if self.deletes is not None else 0
        return {**super().summary(), "deleted": deleted}


def apply(
    plan: Plan,
    url: str | None = None,
    username: str | None = None,
    password: str | None = None,
    *,
    max_deletes: int | str = 0,
    tolerance: int | str | None = None,
    interactive_mode: bool = True,
    client: AMSClient | None = None,
) -> ApplyResult:
    """Do what a plan says, if AMS still holds what the plan was made from.

    Only what differs is sent. Events that hold already what the plan wants, because an earlier
    try got so far, are left alone: the same plan can be applied again.

    Parameters
    ----------
    plan : Plan
        From `plan_event_data`.
    url, username, password : str, optional
        Else the environment (``AMS_URL``, ``AMS_USERNAME``, ``AMS_PASSWORD``), else keyring.
    max_deletes : int or str
        Events that may be deleted at most: a number, or a percentage of the stored events that
        the plan has looked at. With more, nothing is sent at all.
    tolerance : int or str, optional
        Rejected rows to put up with; as for imports.
    interactive_mode : bool
        Print status lines and a progress bar.
    client : AMSClient, optional
        Use this client.

    Returns
    -------
    ApplyResult
        One row for each input row; ``.deletes`` for the deletions.

    Raises
    ------
    AMSStalePlanError
        Stored events have changed since; nothing was sent. Make a new plan.
    AMSConfigurationError
        The plan deletes more than `max_deletes`; nothing was sent.
    AMSImportError, AMSUnknownOutcomeError, AMSTransientError
        As for imports.
    """
    console = Console(interactive_mode)
    if plan.form_type != "event":
        raise AMSConfigurationError("Only plans for events can be applied.")
    client = client or get_client(url, username, password)
    try:
        check_deletes(plan, max_deletes)
        done = already_done(client, plan)
        return Runner(client, plan, console, done=done).run(tolerance)
    except AMSError as error:
        console.failed(f"Failed to apply the plan: {error.message}")
        raise


def check_deletes(plan: Plan, max_deletes: int | str) -> None:
    """Refuse a plan that deletes more than it may."""
    limit = delete_limit(max_deletes, plan.stored)
    if len(plan.deletes) > limit:
        raise AMSConfigurationError(
            f"{len(plan.deletes)} of {plan.stored} stored events are to be deleted, and "
            f"max_deletes is {max_deletes!r}. Nothing was sent.",
            hint="Look at the plan; set max_deletes if it is right.",
        )


# ---------------------------------------------------------------- has anything changed since?


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
        self, client: AMSClient, plan: Plan, raw: Sequence[RawEvent], gone: set[int]
    ) -> None:
        self.plan = plan
        self.gone = gone
        self.schema = read_schema(client, plan.form)
        table = list(plan.events.table)
        self.now = take_snapshot(raw, self.schema, table, zone=client.timezone)
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


# ---------------------------------------------------------------- doing it


class Runner:
    """Send what a plan says.

    Parameters
    ----------
    client : AMSClient
        The client.
    plan : Plan
        The plan.
    console : Console
        For the progress bar.
    done : Done, optional
        What need not be sent any more.
    make_importer : callable, optional
        Builds the importer; takes the events, the numbers of the unchanged ones, and a function
        to call with the number of settled rows.
    meter : Meter, optional
        Counts what the import costs, if it began before.
    """

    def __init__(
        self,
        client: AMSClient,
        plan: Plan,
        console: Console,
        *,
        done: Done | None = None,
        make_importer: Callable[..., Importer] | None = None,
        meter: Meter | None = None,
    ) -> None:
        self.client = client
        self.plan = plan
        self.console = console
        self.done = done or Done()
        self._make_importer = make_importer or self._importer
        self._meter = meter or Meter(client)

    def run(self, tolerance: int | str | None = None) -> ApplyResult:
        """Insert and update, then delete; raise what is wrong with the outcome."""
        plan = self.plan
        unchanged = [
            e
            for e, action in enumerate(plan.actions)
            if action == UNCHANGED or e in self.done.events
        ]
        importer: Importer | None = None
        warnings = list(plan.warnings)
        if len(unchanged) < len(plan.events):
            with self.console.bar(len(plan.events), "event") as bar:
                importer = self._make_importer(plan.events, unchanged, bar.add)
                importer.run()
            warnings += importer.warnings
        rows = self._rows(importer)
        result = self._result(rows, warnings, None)
        judge(result, tolerance, importer.stopped if importer else None)
        deleter = self._delete()
        if deleter is None:
            return result
        deleted = DeleteResult(plan.form, deleter.frame())
        result = self._result(rows, warnings, deleted)
        deleter.judge(result)
        return result

    def _importer(
        self, events: EventSet, unchanged: Sequence[int], on_settled: Callable[[int], None]
    ) -> Importer:
        return Importer(
            self.client,
            events,
            Progress("", 0, self.client.now().naive().isoformat()),
            batch_size=self.plan.batch_size,
            window=self.plan.in_flight,
            recovery=Recovery(),
            on_settled=on_settled,
            unchanged=unchanged,
        )

    def _rows(self, importer: Importer | None) -> pd.DataFrame:
        """Return one row for each input row."""
        plan = self.plan
        size = plan.row_count
        status: list[str | None] = ["unchanged"] * size
        ids: list[int | None] = [None] * size
        reasons: list[str | None] = [None] * size
        batches: list[int | None] = [None] * size
        ledger = importer.ledger if importer else Ledger(plan.events)
        for event, positions in enumerate(plan.events.rows):
            for p in positions:
                status[p] = ledger.status[event] or "unchanged"
                ids[p] = self.done.events.get(event, ledger.event_ids[event])
                reasons[p], batches[p] = ledger.reasons[event], ledger.batches[event]
        for p, reason in plan.rejects.items():
            status[p], reasons[p], ids[p] = "rejected", reason, None
        index = pd.Index(plan.row_labels)
        return pd.DataFrame(
            {
                "status": pd.Series(status, index=index, dtype=object),
                "event_id": pd.Series(ids, index=index, dtype="Int64"),
                "reason": pd.Series(reasons, index=index, dtype=object),
                "batch": pd.Series(batches, index=index, dtype="Int64"),
            },
            index=index,
        )

    def _delete(self) -> Deleter | None:
        ids = [d.event_id for d in self.plan.deletes if d.event_id not in self.done.deletes]
        if not ids:
            return None
        users = sorted({d.user_id for d in self.plan.deletes})
        deleter = Deleter(self.client, self.plan.form, ids, users, self.plan.server_time)
        with self.console.bar(len(ids), "deletion") as bar:
            deleter.run(bar.add)
        return deleter

    def _result(
        self, rows: pd.DataFrame, warnings: list[str], deletes: DeleteResult | None
    ) -> ApplyResult:
        return ApplyResult(self.plan.form, rows, warnings, *self._meter.spent(), deletes)
