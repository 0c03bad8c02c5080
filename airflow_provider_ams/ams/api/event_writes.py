"""`insert_event_data`, `update_event_data` and `upsert_event_data`."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import pandas as pd

from airflow_provider_ams.ams.client import AMSClient, get_client
from airflow_provider_ams.ams.errors import (
    AMSConfigurationError,
    AMSError,
    AMSInputError,
)
from airflow_provider_ams.ams.forms.catalogue import check_form
from airflow_provider_ams.ams.options.writes import (
    EventImportOption,
    ImportOption,
    InsertEventOption,
    UpdateEventOption,
    UpsertEventOption,
)
from airflow_provider_ams.ams.people.roster import resolve_users
from airflow_provider_ams.ams.plan.data_loss import (
    as_plan_option,
    cleared,
    face_losses,
    warn_of_loss,
)
from airflow_provider_ams.ams.plan.plan import UNCHANGED, Plan
from airflow_provider_ams.ams.plan.planner import Planner
from airflow_provider_ams.ams.plan.refusals import refuse_rejects
from airflow_provider_ams.ams.prepare.build import build_events
from airflow_provider_ams.ams.prepare.draft import Draft, read_frame
from airflow_provider_ams.ams.prepare.events import EventSet
from airflow_provider_ams.ams.results import ImportResult
from airflow_provider_ams.ams.validate.event_ids import keep_stored_times
from airflow_provider_ams.ams.wire.dates import has_zone
from airflow_provider_ams.ams.write.apply import Runner
from airflow_provider_ams.ams.write.checkpoint import Checkpoint, Progress, as_checkpoint, digest
from airflow_provider_ams.ams.write.importer import Importer, Recovery
from airflow_provider_ams.ams.write.ledger import Ledger, result_frame
from airflow_provider_ams.ams.write.outcome import Meter, judge, print_result
from airflow_provider_ams.transport import Console, PromptError

Resume = str | os.PathLike[str] | Checkpoint | None
_Option = TypeVar("_Option", bound=ImportOption)


@dataclass(frozen=True)
class _Kind:
    """What sets the imports apart."""

    verb: str
    done: str
    doing: str
    takes_event_id: bool = True
    needs_event_id: bool = False


_INSERT = _Kind("insert", "inserted", "Inserting", takes_event_id=False)
_UPDATE = _Kind("update", "updated", "Updating", needs_event_id=True)
_UPSERT = _Kind("upsert", "upserted", "Upserting")


def insert_event_data(
    df: pd.DataFrame,
    form: str,
    url: str | None = None,
    username: str | None = None,
    password: str | None = None,
    *,
    option: InsertEventOption | None = None,
    client: AMSClient | None = None,
    resume: Resume = None,
) -> ImportResult:
    """Add new events to an event form.

    Parameters
    ----------
    df : DataFrame
        One row for each event, or for each table row of an event (`table_fields`). Columns:
        the person (`id_col`); ``start_date`` as ``dd/MM/yyyy`` text, date or date-time; if
        wanted ``start_time``, ``end_time`` as ``h:mm AM`` text or time, ``end_date``; all others
        are form fields, named exactly as in the form. A missing ``start_time`` is now in the
        site's time zone, a missing end one hour after the start. Missing cells are left out.
    form : str
        Exact name of the event form.
    url, username, password : str, optional
        Else the environment (``AMS_URL``, ``AMS_USERNAME``, ``AMS_PASSWORD``), else keyring.
    option : InsertEventOption, optional
        How to.
    client : AMSClient, optional
        Use this client.
    resume : str, path or Checkpoint, optional
        Where to note the progress. With the same note and the same input, another call finishes
        what this one could not, and inserts nothing twice.

    Returns
    -------
    ImportResult
        One row for each input row.

    Raises
    ------
    AMSInputError, AMSConfigurationError
        Something has to be mended first.
    AMSImportError
        AMS refused more rows than `tolerance` allows, after the others have landed.
    AMSUnknownOutcomeError
        For some rows nobody can tell whether AMS holds them.
    AMSTransientError
        AMS can't be reached or fails; ``.result`` says how far the import came, if it began.
    """
    option = option or InsertEventOption()
    job = _EventImport(_INSERT, df, form, option, option.default_dates)
    return job.run(lambda: client or _client(url, username, password, option), resume)


def update_event_data(
    df: pd.DataFrame,
    form: str,
    url: str | None = None,
    username: str | None = None,
    password: str | None = None,
    *,
    option: UpdateEventOption | None = None,
    client: AMSClient | None = None,
    resume: Resume = None,
) -> ImportResult:
    """Overwrite existing events.

    AMS replaces the whole event: fields that the frame does not have are cleared. Dates and times
    that the frame does not give are read first and kept.

    Parameters
    ----------
    df : DataFrame
        As for `insert_event_data`, and with ``event_id``; ``start_date`` may be left out.
    form, url, username, password, client, resume
        As for `insert_event_data`.
    option : UpdateEventOption, optional
        How to. In interactive mode a question is asked first.

    Returns
    -------
    ImportResult
        One row for each input row.

    Raises
    ------
    AMSInputError, AMSConfigurationError, AMSImportError, AMSUnknownOutcomeError, AMSTransientError
        As for `insert_event_data`.
    """
    option = option or UpdateEventOption()
    job = _EventImport(_UPDATE, df, form, option, True)
    confirm = option.interactive_mode and option.require_confirmation
    return job.run(lambda: client or _client(url, username, password, option), resume, confirm)


def upsert_event_data(
    df: pd.DataFrame,
    form: str,
    url: str | None = None,
    username: str | None = None,
    password: str | None = None,
    *,
    option: UpsertEventOption | None = None,
    client: AMSClient | None = None,
    resume: Resume = None,
) -> ImportResult:
    """Update the rows that have an ``event_id``, insert the others.

    Parameters
    ----------
    df : DataFrame
        As for `insert_event_data`; ``event_id`` where the event exists.
    form, url, username, password, client, resume
        As for `insert_event_data`.
    option : UpsertEventOption, optional
        How to.

    Returns
    -------
    ImportResult
        One row for each input row.

    Raises
    ------
    AMSInputError, AMSConfigurationError, AMSImportError, AMSUnknownOutcomeError, AMSTransientError
        As for `insert_event_data`.
    """
    option = option or UpsertEventOption()
    job = _EventImport(_UPSERT, df, form, option, option.default_dates)
    return job.run(lambda: client or _client(url, username, password, option), resume)


class _EventImport:
    """One import of events, from the frame to the result."""

    def __init__(
        self,
        kind: _Kind,
        df: pd.DataFrame,
        form: str,
        option: EventImportOption,
        default_dates: bool,
    ) -> None:
        self.kind = kind
        self.df = df
        self.form = form
        self.option = option
        self.default_dates = default_dates
        self.console = Console(option.interactive_mode)
        self.warnings: list[str] = []
        #: Told by Python's own warnings already, so not printed with the result.
        self.losses: str | None = None

    def run(
        self, get: Callable[[], AMSClient], resume: Resume = None, confirm: bool = False
    ) -> ImportResult:
        """Check, send, report."""
        try:
            return self._run(get, resume, confirm)
        except AMSError as error:
            self.console.failed(f"Failed to {self.kind.verb} events: {error.message}")
            raise

    def _run(self, get: Callable[[], AMSClient], resume: Resume, confirm: bool) -> ImportResult:
        draft = self._read(None if self._looks_first or _has_zone(self.df) else "")
        client = get()
        meter = Meter(client)
        if self._looks_first:
            return self._run_planned(client, meter, resume, confirm)
        check_form(client, self.form, "event")
        draft = draft or self._read(client.timezone or "")
        assert draft is not None
        self.warnings += draft.warnings
        if draft.frame.empty:
            return self._nothing(meter, draft.labels)
        users = self._people(client, draft)
        keep_stored_times(client, self.form, draft, users)
        checkpoint = as_checkpoint(resume)
        events, progress = self._events(client, draft, users, checkpoint)
        self._announce(events)
        if confirm:
            self._confirm(len(events))
        importer = self._send(client, events, progress, checkpoint)
        self.warnings += importer.warnings
        result = meter.result(self.form, importer.ledger.frame(draft.labels), self.warnings)
        self._tell(importer.ledger, result)
        if self.losses:
            result.warnings.append(self.losses)
        return judge(result, self.option.tolerance, importer.stopped)

    @property
    def _looks_first(self) -> bool:
        """Whether the form, or what is stored, decides what is sent."""
        keeps = getattr(self.option, "on_missing_fields", "clear") == "keep"
        return self.option.validate or keeps or self._key is not None

    @property
    def _key(self) -> Sequence[str] | None:
        key: Sequence[str] | None = getattr(self.option, "key", None)
        return key

    def _nothing(self, meter: Meter, labels: pd.Index) -> ImportResult:
        self.warnings.append("The frame has no rows; nothing was sent.")
        empty = result_frame(labels, [], [], [], [], [])
        return meter.result(self.form, empty, self.warnings)

    def _people(self, client: AMSClient, draft: Draft) -> list[int]:
        option = self.option
        users = resolve_users(client, draft.people(option.id_col), option.id_col, option.cache)
        policy = getattr(option, "on_missing_fields", None)
        if policy is not None and any(draft.event_ids):
            self.losses = face_losses(client, self.form, draft, policy)
        return users

    def _run_planned(
        self, client: AMSClient, meter: Meter, resume: Resume, confirm: bool
    ) -> ImportResult:
        """Look at the form and at what is stored, and send only what differs from it."""
        if isinstance(self.df, pd.DataFrame) and not len(self.df):
            return self._nothing(meter, self.df.index)
        checkpoint = as_checkpoint(resume)
        noted = Progress.parse(checkpoint.load()) if checkpoint else None
        if noted is not None and not noted.finished and self._key is not None:
            # An earlier try may have died with a call under way: let it land before the look.
            client.clock.sleep(self.option.settle_seconds)
        planner, plan = self._plan(client, noted)
        refuse_rejects(plan, planner.fatal)
        lost = cleared(plan)
        if lost:
            self.losses = warn_of_loss(self.form, lost)
        sent = plan.events.take([e for e, a in enumerate(plan.actions) if a != UNCHANGED])
        self._announce(sent)
        if confirm and len(sent):
            self._confirm(len(sent))
        progress = Progress(planner.mark, 0, planner.now.isoformat())
        # By a key, the look has found all that an earlier try has done.
        if noted is not None and self._key is None and noted.digest == planner.mark:
            progress = noted
        make = partial(self._importer, client, progress, checkpoint)
        runner = Runner(client, plan, self.console, make_importer=make, meter=meter)
        if self.losses:
            plan.warnings.append(self.losses)
        result = runner.run(self.option.tolerance)
        self._tell_planned(result, plan, len(sent))
        return result

    def _tell_planned(self, result: ImportResult, plan: Plan, sent: int) -> None:
        self.console.done(f"Processed {len(plan.events)} events for '{self.form}'")
        print_result(self.console, result, self.kind.done, sent, sent)
        if sent < len(plan.events):
            self.console.info(f"Records unchanged: {len(plan.events) - sent}")

    def _plan(self, client: AMSClient, noted: Progress | None) -> tuple[Planner, Plan]:
        """Plan with the clock of the noted import, if it is the same one; else with today's."""
        option = as_plan_option(self.option, self.kind.verb, default_dates=self.default_dates)
        if noted is not None and self._key is None:
            then = dt.datetime.fromisoformat(noted.now)
            planner = Planner(client, self.form, option, now=then)
            plan = planner.plan(self.df)
            if planner.mark == noted.digest:
                return planner, plan
        planner = Planner(client, self.form, option)
        return planner, planner.plan(self.df)

    def _read(self, zone: str | None) -> Draft | None:
        """Check the frame; a frame with zoned times has to wait for the client's time zone."""
        if zone is None:
            return None
        return read_frame(
            self.df,
            self.option.id_col,
            table_fields=self.option.table_fields,
            needs_start=not self.default_dates,
            needs_event_id=self.kind.needs_event_id,
            takes_event_id=self.kind.takes_event_id,
            zone=zone or None,
        )

    def _events(
        self,
        client: AMSClient,
        draft: Draft,
        users: Sequence[int],
        checkpoint: Checkpoint | None,
    ) -> tuple[EventSet, Progress]:
        """Build the events, as they were when a noted import began, if it is the same one."""
        noted = Progress.parse(checkpoint.load()) if checkpoint else None
        if noted is not None:
            events = self._build(draft, users, dt.datetime.fromisoformat(noted.now))
            if digest(events) == noted.digest:
                return events, noted
        now = client.now().naive()
        events = self._build(draft, users, now)
        if client.timezone is None and _needs_now(draft):
            self.warnings.append(
                "Missing start times are now in UTC: no time zone of the site is set "
                "(timezone=, AMS_TIMEZONE)."
            )
        mark = digest(events) if checkpoint else ""
        return events, Progress(mark, 0, now.isoformat())

    def _build(self, draft: Draft, users: Sequence[int], now: dt.datetime) -> EventSet:
        events = build_events(draft, self.form, users, now=now, booleans=self.option.boolean_text)
        if not events.fields and not events.table and self.kind.takes_event_id:
            raise AMSInputError(
                "DataFrame is invalid: it has no form field, and an update would clear all of "
                "them. Nothing was sent."
            )
        return events

    def _send(
        self,
        client: AMSClient,
        events: EventSet,
        progress: Progress,
        checkpoint: Checkpoint | None,
    ) -> Importer:
        with self.console.bar(len(events), "event") as bar:
            importer = self._importer(client, progress, checkpoint, events, (), bar.add)
            importer.run()
        return importer

    def _importer(
        self,
        client: AMSClient,
        progress: Progress,
        checkpoint: Checkpoint | None,
        events: EventSet,
        unchanged: Sequence[int],
        on_settled: Callable[[int], None],
    ) -> Importer:
        return Importer(
            client,
            events,
            progress,
            batch_size=self.option.batch_size,
            max_in_flight=self.option.max_in_flight,
            recovery=Recovery(settle_seconds=self.option.settle_seconds),
            checkpoint=checkpoint,
            trust=getattr(checkpoint, "trust", True),
            on_settled=on_settled,
            unchanged=unchanged,
        )

    def _announce(self, events: EventSet) -> None:
        old = sum(i is not None for i in events.event_ids)
        if self.kind is not _UPSERT:
            self.console.info(f"{self.kind.doing} {len(events)} events for '{self.form}'")
            return
        if old:
            self.console.info(f"Updating {old} existing events for '{self.form}'")
        if old < len(events):
            self.console.info(f"Inserting {len(events) - old} new events for '{self.form}'")

    def _confirm(self, count: int) -> None:
        question = f"Are you sure you want to update {count} existing events in '{self.form}'?"
        try:
            agreed = self.console.confirm(question)
        except PromptError:
            raise AMSConfigurationError(
                "The update asks for confirmation, and there is no terminal to ask in.",
                hint="Set require_confirmation=False or interactive_mode=False.",
            ) from None
        if not agreed:
            raise AMSConfigurationError("The update was called off; nothing was sent.")

    def _tell(self, ledger: Ledger, result: ImportResult) -> None:
        count = len(ledger.events)
        landed = sum(s in ("inserted", "updated") for s in ledger.status)
        self.console.done(f"Processed {count} events for '{self.form}'")
        print_result(self.console, result, self.kind.done, count, landed)


def _client(
    url: str | None, username: str | None, password: str | None, option: ImportOption
) -> AMSClient:
    return get_client(url, username, password, cache=option.cache)


def _has_zone(df: object) -> bool:
    if not isinstance(df, pd.DataFrame):
        return False
    dates = [c for c in df.columns if str(c).lower() in ("start_date", "end_date")]
    return any(has_zone(column) for _, column in df[dates].items())


def _needs_now(draft: Draft) -> bool:
    moments = draft.moments
    return None in moments.start_days or None in moments.start_minutes
