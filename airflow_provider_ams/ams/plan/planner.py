"""From a frame to a plan: check, read what is stored, match, merge, compare."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.errors import AMSInputError, AMSPermissionError
from airflow_provider_ams.ams.forms.catalogue import check_form, read_schema
from airflow_provider_ams.ams.forms.schema import FormSchema
from airflow_provider_ams.ams.options.plans import PlanOption
from airflow_provider_ams.ams.plan.diff import Change, differences
from airflow_provider_ams.ams.plan.match import (
    Matched,
    match_ids,
    match_keys,
    match_people,
    undated,
)
from airflow_provider_ams.ams.plan.merge import fill_moments, keep_fields, keep_table
from airflow_provider_ams.ams.plan.plan import INSERT, UNCHANGED, UPDATE, Deletion, Plan
from airflow_provider_ams.ams.plan.refusals import refuse_losses, whole_events
from airflow_provider_ams.ams.prepare.build import build_events
from airflow_provider_ams.ams.prepare.draft import Draft
from airflow_provider_ams.ams.prepare.events import EventSet
from airflow_provider_ams.ams.prepare.keys import record_keys
from airflow_provider_ams.ams.read.snapshot import (
    Snapshot,
    Span,
    read_profile_snapshot,
    read_snapshot,
    take_snapshot,
)
from airflow_provider_ams.ams.read.synchronise import server_time
from airflow_provider_ams.ams.validate.inspect import Inspection, inspect, read_ids
from airflow_provider_ams.ams.validate.report import ValidationReport
from airflow_provider_ams.ams.wire.dates import Problems
from airflow_provider_ams.ams.write.checkpoint import digest

# Rules for which AMS would refuse a row: the other rows can go. What breaks another one says that
# something is wrong with the input.
FORM_RULES = ("required", "option", "format")


@dataclass(frozen=True)
class Window:
    """The part of a form that a mirror looks after.

    Parameters
    ----------
    span : Span
        First and last day.
    users : list of int
        Whose events.
    """

    span: Span
    users: list[int]


class Planner:
    """Make one plan.

    Parameters
    ----------
    client : AMSClient
        The client.
    form : str
        Exact name of the form.
    option : PlanOption
        What is to be done.
    window : Window, optional
        For a mirror.
    now : datetime, optional
        Wall-clock time of the site that missing start times are given.
    for_later : bool
        Whether the plan is to be kept, and must know when it was made.

    Attributes
    ----------
    fatal : set of int
        Rejected rows of which something else is wrong than that a value breaks a rule of the form.
    mark : str
        A fingerprint of the frame's events, whatever is stored.
    """

    def __init__(
        self,
        client: AMSClient,
        form: str,
        option: PlanOption,
        window: Window | None = None,
        *,
        now: dt.datetime | None = None,
        for_later: bool = False,
    ) -> None:
        self.client = client
        self.form = form
        self.option = option
        self.window = window
        self.now = now or client.now().naive()
        self.for_later = for_later
        self.warnings: list[str] = []
        self.rejects: dict[int, str] = {}
        self.fatal: set[int] = set()
        self.mark = ""

    def plan(self, df: pd.DataFrame) -> Plan:
        """Return the plan for a frame.

        Raises
        ------
        AMSValidationError
            The frame as a whole can't be used; single rows that can't are rejects of the plan.
        """
        check_form(self.client, self.form, self.option.form_type)
        seen, kept = self._inspect(df)
        schema = self._schema(seen)
        draft, users = seen.draft, [u for u in seen.users if u is not None]
        assert draft is not None
        self._check_window(draft)
        stored = self._stored(draft, users, schema)
        matched = self._match(draft, users, stored, schema)
        if schema is None and self.option.on_missing_fields != "clear":
            self._check_blind(draft, stored, matched)
        self._reject(matched.rejects, kept)
        events, places = self._events(draft, users, matched, stored, schema, kept)
        changes = differences(events, places, stored, schema)
        return self._plan(df, events, places, changes, matched, stored)

    @property
    def _profiles(self) -> bool:
        return self.option.form_type == "profile"

    # ------------------------------------------------------------ the frame

    def _inspect(self, df: pd.DataFrame) -> tuple[Inspection, list[int]]:
        """Look at the frame, and again without the rows that can't be used.

        Returns the positions in the input of the rows that are left.
        """
        option = self.option
        if not option.validate:
            option = replace(option, contract="off")
        seen = inspect(df, self.form, option, self.client, build=option.validate)
        self.warnings += [str(f) for f in seen.report.warnings]
        kept = list(range(len(df)))
        for _ in range(3):  # taking a row out may bare another one
            if seen.report.ok:
                return seen, kept
            bad = self._bad_rows(seen.report, kept)
            whole = whole_events(df, kept, bad, option)
            for position in sorted(whole - bad.keys()):
                bad[position] = "another row of the same event can't be sent"
            self.rejects |= {kept[p]: reason for p, reason in bad.items()}
            kept = [k for p, k in enumerate(kept) if p not in bad]
            seen = inspect(df.iloc[kept], self.form, option, self.client, build=option.validate)
        seen.report.raise_for_errors()
        return seen, kept

    def _bad_rows(self, report: ValidationReport, kept: Sequence[int]) -> dict[int, str]:
        bad: dict[int, str] = {}
        for finding in report.errors:
            if not finding.positions:
                report.raise_for_errors()
            if finding.rule not in FORM_RULES:
                self.fatal.update(kept[p] for p in finding.positions)
            name = f"{finding.field!r}: " if finding.field else ""
            for position in finding.positions:
                bad.setdefault(position, f"{name}{finding.what}")
        return bad

    def _schema(self, seen: Inspection) -> FormSchema | None:
        schema = seen.schema or read_schema(self.client, self.form, self.option.form_type)
        if schema is not None and seen.draft is not None and self.option.mode != "insert":
            refuse_losses(seen.draft, schema, self.option.on_missing_fields)
        if schema is None and self.option.mode != "insert":
            self.warnings.append(
                "The account may not see the form's fields: fields that the frame does not have "
                "are not compared."
            )
        return schema

    def _check_blind(self, draft: Draft, stored: Snapshot, matched: Matched) -> None:
        """Without the form's fields, keep nothing by guess: some of them may be calculated."""
        there = [at for at in matched.places if at is not None]
        said = {*draft.field_columns, *draft.table_columns}
        columns = [texts for name, texts in stored.fields.items() if name not in said]
        if any(texts[at] is not None for texts in columns for at in there):
            raise AMSPermissionError(
                f"The account may not see the fields of '{self.form}', so nobody can tell which "
                f"of them an update must {self.option.on_missing_fields!r}. Nothing was sent.",
                hint="Give its role access to the form, or set on_missing_fields='clear'.",
            )

    def _check_window(self, draft: Draft) -> None:
        if self.window is None:
            return
        first, last = self.window.span.first or 0, self.window.span.last or 1 << 31
        days = draft.moments.start_days
        outside = [r for r, d in enumerate(days) if d is not None and not first <= d <= last]
        if outside:
            raise AMSInputError(
                f"DataFrame is invalid: {len(outside)} rows start outside the window. Nothing was "
                "sent.",
                rows=draft.labels_of(outside),
                hint="A mirror writes and deletes only within its window.",
            )

    # ------------------------------------------------------------ what is stored

    def _stored(self, draft: Draft, users: list[int], schema: FormSchema | None) -> Snapshot:
        table = self.option.table_fields or ()
        if self.window is not None:
            window = self.window
            people = sorted({*window.users, *users})
            return read_snapshot(self.client, self.form, people, window.span, schema, table)
        people = sorted(set(users))
        if self._profiles:
            return read_profile_snapshot(self.client, self.form, people, schema)
        if self.option.key is not None:
            return read_snapshot(self.client, self.form, people, self._span(draft), schema, table)
        if any(i is not None for i in draft.event_ids):
            return read_ids(self.client, self.form, draft, people, schema, table)
        # Only new events: nothing is stored that matters.
        if not self.for_later:
            return take_snapshot([], schema, table)
        mark = server_time(self.client, self.form, people)
        return take_snapshot([], schema, table, server_time=mark)

    def _span(self, draft: Draft) -> Span:
        days = [d for d in draft.moments.start_days if d is not None]
        if "start_date" not in (self.option.key or ()) or not days:
            return Span()
        return Span(min(days), max(days))

    # ------------------------------------------------------------ matching

    def _match(
        self, draft: Draft, users: list[int], stored: Snapshot, schema: FormSchema | None
    ) -> Matched:
        if self._profiles:
            return match_people(draft, users, stored)
        if self.option.key is not None:
            return match_keys(draft, stored, record_keys(stored, self.option.key, schema))
        return match_ids(draft, users, stored)

    def _reject(self, found: dict[int, str], kept: Sequence[int]) -> None:
        self.rejects |= {kept[p]: reason for p, reason in found.items()}
        self.fatal.update(kept[p] for p in found)

    # ------------------------------------------------------------ the events

    def _events(
        self,
        draft: Draft,
        users: list[int],
        matched: Matched,
        stored: Snapshot,
        schema: FormSchema | None,
        kept: Sequence[int],
    ) -> tuple[EventSet, list[int | None]]:
        """Build the events as they are to be; what can't be is noted as rejected."""
        if not (self.option.default_dates or self._profiles):
            self._reject(undated(draft, matched), kept)
        fill_moments(draft, matched.places, stored)
        problems = Problems()
        events = build_events(
            draft,
            self.form,
            users,
            now=self.now,
            booleans=self.option.boolean_text,
            problems=problems,
        )
        for what, rows in problems.items():
            self._reject({draft.source[r]: what for r in rows}, kept)
        self.mark = digest(events)
        # Positions in the input, in place of those among the rows that are left.
        if kept[-1:] != [len(kept) - 1]:
            events.rows = [[kept[p] for p in rows] for rows in events.rows]
        at = {event_id: place for place, event_id in enumerate(stored.ids)}
        places = [None if i is None else at.get(i) for i in events.event_ids]
        if schema is not None and self.option.on_missing_fields == "keep":
            events = keep_fields(events, places, stored, schema)
            events, unfit = keep_table(events, places, stored, schema)
            reason = (
                "the form's table has fields that the frame does not have, and another number "
                "of rows is stored: give all fields of the table, or none"
            )
            spoilt = {p: reason for event in unfit for p in events.rows[event]}
            self.rejects |= spoilt
            self.fatal.update(spoilt)
        if schema is not None:
            self._reject_bare(events, places, schema)
        good = [e for e, rows in enumerate(events.rows) if not self.rejects.keys() & set(rows)]
        for members in events.rows:
            hit = self.rejects.keys() & set(members)
            if hit:
                reason = self.rejects[min(hit)]
                self.rejects |= {p: reason for p in members if p not in self.rejects}
        if len(good) == len(events):
            return events, places
        return events.take(good), [places[e] for e in good]

    def _reject_bare(
        self, events: EventSet, places: Sequence[int | None], schema: FormSchema
    ) -> None:
        """Reject events that would go out without a required value: AMS refuses whole calls."""
        if not self.option.validate or self.option.contract == "off":
            return
        for name, item in schema.writable.items():
            if not item.required:
                continue
            texts = events.fields.get(name)
            reason = f"{name!r}: a required value is missing, in the frame and in AMS"
            for event, rows in enumerate(events.rows):
                if texts is None or texts[event] is None:
                    for position in rows:
                        self.rejects.setdefault(position, reason)

    # ------------------------------------------------------------ the plan

    def _plan(
        self,
        df: pd.DataFrame,
        events: EventSet,
        places: Sequence[int | None],
        changes: dict[int, list[Change]],
        matched: Matched,
        stored: Snapshot,
    ) -> Plan:
        actions = [
            INSERT if at is None else UPDATE if event in changes else UNCHANGED
            for event, at in enumerate(places)
        ]
        option = self.option
        people = self.window.users if self.window else sorted(set(events.user_ids))
        return Plan(
            self.form,
            option.mode,
            option.on_missing_fields,
            None if option.key is None else list(option.key),
            len(df),
            df.index.tolist(),
            events,
            actions,
            changes,
            self._deletes(places, matched, stored),
            self.rejects,
            len(stored),
            sorted({*people, *events.user_ids}),
            stored.server_time,
            option.batch_size,
            option.max_in_flight,
            self.warnings,
            option.form_type,
        )

    def _deletes(
        self, places: Sequence[int | None], matched: Matched, stored: Snapshot
    ) -> list[Deletion]:
        """Return the stored events of the window that the frame does not have."""
        if self.window is None:
            return []
        kept = {at for at in places if at is not None} | matched.claimed
        mine = set(self.window.users)
        gone = [p for p, user in enumerate(stored.user_ids) if p not in kept and user in mine]
        if gone and self.rejects:
            # A row that can't be read may be the very one that a stored event stands for.
            self.warnings.append(
                f"{len(gone)} events are not in the frame, but nothing is deleted while rows are "
                "rejected."
            )
            return []
        return [
            Deletion(
                stored.ids[p],
                stored.user_ids[p],
                stored.start_days[p],
                stored.start_minutes[p],
                stored.digest(p),
            )
            for p in gone
        ]
