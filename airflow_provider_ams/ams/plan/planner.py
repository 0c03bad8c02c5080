"""From a frame to a plan: check, read what is stored, match, complete, merge, compare."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import cast

import pandas as pd

from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.errors import AMSPermissionError
from airflow_provider_ams.ams.forms.catalogue import check_form
from airflow_provider_ams.ams.forms.schema import FormSchema
from airflow_provider_ams.ams.options.plans import PlanOption
from airflow_provider_ams.ams.plan.accepted import accepted_warning, other_values
from airflow_provider_ams.ams.plan.contents import (
    INSERT,
    UNCHANGED,
    UPDATE,
    Deletion,
    Rejection,
    not_deleted,
)
from airflow_provider_ams.ams.plan.diff import Change, differences
from airflow_provider_ams.ams.plan.gaps import undated, without_required, wrong_ends
from airflow_provider_ams.ams.plan.looked import Looked
from airflow_provider_ams.ams.plan.match import (
    Matched,
    check_identity,
    match_identity,
    match_ids,
    match_keys,
    match_people,
)
from airflow_provider_ams.ams.plan.merge import keep_fields, keep_identity, keep_table
from airflow_provider_ams.ams.plan.plan import Plan
from airflow_provider_ams.ams.plan.stored import StoredReader
from airflow_provider_ams.ams.plan.unseen import Unseen
from airflow_provider_ams.ams.plan.untouched import Untouched
from airflow_provider_ams.ams.plan.window import Window
from airflow_provider_ams.ams.positions import EventNo, InputRow, StoredNo
from airflow_provider_ams.ams.prepare.draft import Draft
from airflow_provider_ams.ams.prepare.events import EventDraft, EventSet
from airflow_provider_ams.ams.prepare.identity import with_identity
from airflow_provider_ams.ams.prepare.renames import Renames
from airflow_provider_ams.ams.prepare.times import complete_times
from airflow_provider_ams.ams.problems import ERROR, Finding, Problems
from airflow_provider_ams.ams.read.snapshot import Snapshot
from airflow_provider_ams.ams.reasons import Reason
from airflow_provider_ams.ams.validate.inspect import (
    Inspection,
    Inspector,
    draft_frame,
)
from airflow_provider_ams.ams.validate.report import ValidationReport
from airflow_provider_ams.ams.validate.rules import numeric_fields

# What the other rows of an event are told: it goes as a whole, or not at all.
_TOGETHER = Reason("event", None, "another row of its event can't be sent")


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
    for_later : bool
        Whether the plan is to be kept, and must know when it was made.

    Attributes
    ----------
    schema : FormSchema or None
        The form, if it was read.
    """

    def __init__(
        self,
        client: AMSClient,
        form: str,
        option: PlanOption,
        window: Window | None = None,
        *,
        for_later: bool = False,
    ) -> None:
        self.client = client
        self.form = form
        self.option = option
        self.window = window
        self.for_later = for_later
        self.schema: FormSchema | None = None
        self._names = Renames(option.columns)
        self._rows = pd.Index([])
        self._numeric: frozenset[str] = frozenset()
        self._warnings: list[str] = []
        self._rejects: dict[InputRow, list[Reason]] = {}
        self._seen: Inspection | None = None

    def look(self, df: pd.DataFrame) -> EventDraft:
        """Check the frame and return the events that can be sent, as it gives them.

        Raises
        ------
        AMSValidationError
            The frame as a whole can't be used. A row that can't be is rejected, with all rows of
            its event, and does not keep the others from going.
        """
        read = self._read(df)
        check_form(self.client, self.form, self.option.form_type)
        seen = Inspector(df, self.form, self.option, self.client, read=read).inspect()
        if seen.events is None or any(not f.positions for f in seen.report.errors):
            seen.report.raise_for_errors()
        assert seen.events is not None
        assert seen.draft is not None
        self.schema, self._rows = seen.schema, df.index
        self._warnings += map(str, seen.report.warnings)
        self._numeric = numeric_fields(seen.draft)
        self._seen = seen
        self._note(seen.report.errors)
        if self.window is not None:
            self._reject(self.window.outside(seen.events))
        events = seen.events.take(self._sound(seen.events.rows))
        field = self.option.idempotency_field
        if field is None or not self.option.identifies:
            return events
        check_identity(field, self.schema)
        return with_identity(events, field)

    def plan(self, events: EventDraft, now: dt.datetime) -> Plan:
        """Return the plan for events that were looked at.

        Parameters
        ----------
        events : EventDraft
            From `look`.
        now : datetime
            Wall-clock time of the site that missing start times are given.
        """
        stored = self._read_stored(events)
        looked = Looked(events, self.schema, stored, self._match(events, stored))
        self._check_blind(looked)
        complete, index = self._complete(looked, now)
        changes = differences(complete, index, stored, self.schema, self.client.timezone)
        complete, index, changes = self._put_back(complete, index, changes, looked)
        deletes = self._deletes(index, looked)
        return self._plan(complete, index, changes, stored, deletes)

    @property
    def _profiles(self) -> bool:
        return self.option.form_type == "profile"

    # ------------------------------------------------------------ the frame

    def _read(self, df: pd.DataFrame) -> tuple[Draft, Problems]:
        """Refuse, before anything is asked of AMS, a frame that can't be read as a whole."""
        problems = Problems(self.client.zone_setting)
        frame = self._names.frame(df, problems)
        draft = (
            None if problems else draft_frame(frame, self.option, self.client.timezone, problems)
        )
        if draft is None or (not self.option.validate and any(not p.rows for p in problems)):
            source = draft.source if draft is not None else []
            labels = df.index.tolist() if isinstance(df, pd.DataFrame) else []
            told = (self._names.finding(p.finding(source)) for p in problems)
            found = tuple(finding.labelled(labels) for finding in told)
            report = ValidationReport(self.form, len(labels), self.option.contract, found)
            report.raise_for_errors()
        assert draft is not None
        return draft, problems

    def _reject(self, findings: Iterable[Finding]) -> None:
        """Note the rows that can't be sent, speaking of the frame's own columns."""
        self._note(map(self._names.finding, findings))

    def _note(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            reason = Reason(finding.rule, finding.field, finding.what, finding.hint)
            for position in finding.positions:
                known = self._rejects.setdefault(position, [])
                if reason not in known:
                    known.append(reason)

    def _sound(self, rows: Sequence[Sequence[InputRow]]) -> list[EventNo]:
        if not self._rejects:
            return cast("list[EventNo]", list(range(len(rows))))
        sound = []
        for event, positions in enumerate(rows):
            if self._rejects.keys().isdisjoint(positions):
                sound.append(EventNo(event))
                continue
            for position in positions:
                self._rejects.setdefault(position, [_TOGETHER])
        return sound

    # ------------------------------------------------------------ what is stored

    def _read_stored(self, events: EventDraft) -> Snapshot:
        reader = StoredReader(self.client, self.form, self.option, self.window)
        return reader.read(events, self.schema, for_later=self.for_later)

    def _match(self, events: EventDraft, stored: Snapshot) -> Matched:
        if self._profiles:
            return match_people(events, stored)
        field = self.option.idempotency_field
        if self.option.key is not None:
            matched = match_keys(events, stored, self.option.key, self.schema)
        else:
            matched = match_ids(events, stored)
        return matched if field is None else match_identity(events, stored, field, matched)

    def _check_blind(self, looked: Looked) -> None:
        """Without the form's fields, keep nothing by guess: some of them may be calculated."""
        option = self.option
        if looked.schema is not None or option.mode == "insert":
            return
        there = [at for at in looked.matched.stored_index if at is not None]
        if there or option.key is not None:
            self._warnings.append(
                "The account may not see the form's fields: fields that the frame does not have "
                "are not compared."
            )
        if option.on_missing_fields == "clear":
            return
        said = {*looked.events.fields, *looked.events.table}
        columns = [texts for name, texts in looked.stored.fields.items() if name not in said]
        if any(texts[at] is not None for texts in columns for at in there):
            raise AMSPermissionError(
                f"The account may not see the fields of '{self.form}', so nobody can tell which "
                f"of them an update must {option.on_missing_fields!r}. Nothing was sent.",
                hint="Give its role access to the form, or set on_missing_fields='clear'.",
            )

    # ------------------------------------------------------------ complete events

    def _complete(self, looked: Looked, now: dt.datetime) -> tuple[EventSet, list[StoredNo | None]]:
        """Return the events as they are to be; what can't be is noted as rejected."""
        events, matched = looked.events, looked.matched
        self._reject(matched.findings)
        if not (self.option.default_dates or self._profiles):
            self._reject(undated(events, matched))
        self._warn_of_utc(looked)
        times = complete_times(events.times, looked.times, now, self.client.timezone)
        self._reject(() if self._profiles else wrong_ends(events.rows, times))
        index = matched.stored_index
        ids = [None if at is None else looked.stored.ids[at] for at in index]
        complete = events.complete(times, ids)
        field = self.option.idempotency_field
        if field is not None and self.option.identifies:
            complete = keep_identity(complete, index, looked.stored, field)
        if looked.schema is not None and self.option.on_missing_fields == "keep":
            complete = self._keep(complete, index, looked.stored, looked.schema)
        if looked.schema is not None and self.option.validate and self.option.contract != "off":
            self._reject(without_required(complete, looked.schema))
        sound = self._sound(complete.rows)
        return complete.take(sound), [index[event] for event in sound]

    def _keep(
        self,
        events: EventSet,
        index: Sequence[StoredNo | None],
        stored: Snapshot,
        schema: FormSchema,
    ) -> EventSet:
        events = keep_fields(events, index, stored, schema)
        events, unfit = keep_table(events, index, stored, schema)
        what = (
            "the form's table has fields that the frame does not have, and another number of "
            "rows is stored: give all fields of the table, or none"
        )
        self._reject(
            Finding(ERROR, "table_rows", None, what, positions=events.rows[event])
            for event in unfit
        )
        return events

    def _put_back(
        self,
        events: EventSet,
        index: list[StoredNo | None],
        changes: dict[EventNo, list[Change]],
        looked: Looked,
    ) -> tuple[EventSet, list[StoredNo | None], dict[EventNo, list[Change]]]:
        """See to it that updates write what they leave alone as it was written."""
        actions = self._actions(index, changes)
        sent = [at if a == UPDATE else None for at, a in zip(index, actions, strict=True)]
        if not any(at is not None for at in sent):
            return events, index, changes
        zone, setting = self.client.timezone, self.client.zone_setting
        stored, schema = looked.stored, looked.schema
        events, found = Untouched(events, sent, stored, schema, zone, self._numeric, setting).run()
        self._reject(found)
        kept = [name for name in events.fields if name not in looked.events.fields]
        hidden = Unseen(events, sent, stored, schema, kept)
        self._warnings += hidden.warnings()
        if self.option.on_missing_fields == "keep":
            self._reject(hidden.findings())
        else:
            self._warnings += map(str, hidden.findings())
        sound = self._sound(events.rows)
        left = {EventNo(n): changes[e] for n, e in enumerate(sound) if e in changes}
        return events.take(sound), [index[event] for event in sound], left

    def _warn_of_utc(self, looked: Looked) -> None:
        if self._profiles or self.client.timezone is not None:
            return
        times, index = looked.events.times, looked.matched.stored_index
        starts = zip(times.start_days, times.start_minutes, index, strict=True)
        if any(at is None and None in (day, minute) for day, minute, at in starts):
            self._warnings.append(
                "Missing start times are now in UTC: no time zone of the site is set "
                f"({self.client.zone_setting})."
            )

    # ------------------------------------------------------------ the plan

    def _plan(
        self,
        events: EventSet,
        index: Sequence[StoredNo | None],
        changes: dict[EventNo, list[Change]],
        stored: Snapshot,
        deletes: list[Deletion],
    ) -> Plan:
        option = self.option
        people = self.window.users if self.window else []
        left = changes if option.mode == "insert" else {}  # found by its own id
        differing = other_values(events, left, self.schema, self.client.timezone)
        self._warnings += accepted_warning(differing, events.rows, self._rows)
        return Plan(
            form=self.form,
            mode=option.mode,
            on_missing_fields=option.on_missing_fields,
            key=None if option.key is None else list(option.key),
            row_count=len(self._rows),
            row_labels=self._rows,
            events=events,
            actions=self._actions(index, changes),
            changes=changes,
            deletes=deletes,
            rejects=self._rejections(),
            stored=len(stored),
            users=sorted({*people, *events.user_ids}),
            server_time=stored.server_time,
            batch_size=option.batch_size,
            max_in_flight=option.max_in_flight,
            settle_seconds=option.settle_seconds,
            warnings=self._warnings,
            types=dict(option.types) if option.types else None,
            idempotency_field=option.idempotency_field if option.identifies else None,
            form_type=option.form_type,
            compared=option.compares,
            url=self.client.url,
            differing=differing,
        )

    def _rejections(self) -> dict[InputRow, Rejection]:
        """Return why rows can't be sent, with person and event as far as the frame says."""
        seen = self._seen
        if not self._rejects or seen is None or seen.draft is None:
            return {}
        # Of a row that is spread over several of the draft, all say the same.
        given = zip(seen.draft.source, seen.users, seen.draft.event_ids, strict=True)
        who = {row: (user, i) for row, user, i in given if row in self._rejects}
        return {row: Rejection(tuple(why), *who[row]) for row, why in self._rejects.items()}

    def _actions(
        self, index: Sequence[StoredNo | None], changes: dict[EventNo, list[Change]]
    ) -> list[str]:
        """Return what is to be done with each event.

        A stored event is left alone only if all that the update would write is known to be there:
        the schema tells which fields it would empty.
        """
        leave = UNCHANGED if self.option.compares else UPDATE
        if self.option.mode == "insert":  # found by its own id: an earlier import has written it
            return [INSERT if at is None else UNCHANGED for at in index]
        return [
            INSERT if at is None else UPDATE if event in changes else leave
            for event, at in enumerate(index)
        ]

    def _deletes(self, index: Sequence[StoredNo | None], looked: Looked) -> list[Deletion]:
        if self.window is None:
            return []
        kept = {at for at in index if at is not None} | looked.matched.claimed
        deletes = self.window.deletions(looked.stored, kept)
        if deletes and self._rejects:
            # A row that can't be read may be the very one that a stored event stands for.
            self._warnings.append(not_deleted(len(deletes)))
            return []
        return deletes
