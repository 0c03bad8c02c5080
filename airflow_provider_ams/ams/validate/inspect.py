"""Look at a frame: its columns, people, keys and values, without a look at stored events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import pandas as pd

from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.errors import AMSConfigurationError
from airflow_provider_ams.ams.forms.catalogue import read_schema
from airflow_provider_ams.ams.forms.schema import FormSchema
from airflow_provider_ams.ams.options.plans import PlanOption
from airflow_provider_ams.ams.people.roster import match_known, match_users
from airflow_provider_ams.ams.positions import DraftRow
from airflow_provider_ams.ams.prepare.build import build_events
from airflow_provider_ams.ams.prepare.columns import match_names
from airflow_provider_ams.ams.prepare.draft import Draft, read_frame
from airflow_provider_ams.ams.prepare.events import EventDraft
from airflow_provider_ams.ams.prepare.identity import shared_identities
from airflow_provider_ams.ams.prepare.key_columns import KeyColumns
from airflow_provider_ams.ams.prepare.keys import frame_keys, key_fields, shared_keys
from airflow_provider_ams.ams.prepare.moment_fields import (
    MomentRules,
    foreign_columns,
    read_moments,
)
from airflow_provider_ams.ams.prepare.renames import Renames
from airflow_provider_ams.ams.prepare.table_cells import hollow_columns
from airflow_provider_ams.ams.prepare.times import END_RULE, complete_times
from airflow_provider_ams.ams.problems import ERROR, WARNING, Finding, Problems
from airflow_provider_ams.ams.validate.columns import (
    given_fields,
    hidden_fields,
    misplaced_columns,
    protected_columns,
    respelt_columns,
    unusable_columns,
)
from airflow_provider_ams.ams.validate.report import ValidationReport
from airflow_provider_ams.ams.validate.rules import check_rows

_PEOPLE = {
    "missing": ("is missing", "Fill it in."),
    "unmatched": ("is no AMS user that the account can see", "Compare with get_user()."),
    "ambiguous": (
        "is shared by several AMS users; use user_id, username or email",
        "Compare with get_user().",
    ),
}


@dataclass(frozen=True)
class Inspection:
    """A frame that has been looked at.

    Parameters
    ----------
    report : ValidationReport
        What was found.
    draft : Draft or None
        The frame, if its columns could be read; unusable columns are left out of it.
    users : list of int or None
        User id of each row of the draft.
    events : EventDraft or None
        The frame's events. People who are not known have negative ids of their own.
    schema : FormSchema or None
        The form, if the account may see it and somebody needs it.
    """

    report: ValidationReport
    draft: Draft | None = None
    users: list[int | None] = field(default_factory=list)
    events: EventDraft | None = None
    schema: FormSchema | None = None


def draft_frame(
    df: pd.DataFrame,
    option: PlanOption,
    zone: str | None,
    problems: Problems,
) -> Draft | None:
    """Read a frame as an import of this kind takes it; None if it can't be used as a whole."""
    events = option.form_type == "event"
    return read_frame(
        df,
        option.id_col,
        problems,
        table_fields=option.table_fields,
        # By a key only new events need a date, and nobody knows yet which are new.
        needs_start=events
        and not option.default_dates
        and option.mode != "update"
        and option.key is None,
        needs_event_id=option.mode == "update",
        takes_event_id=events and option.mode != "insert" and option.key is None,
        zone=zone,
        date_format=option.date_format,
    )


class Inspector:
    """Look at one frame; use once.

    Parameters
    ----------
    df : DataFrame
        The frame, its columns named as its owner does.
    form : str
        Exact name of the form.
    option : PlanOption
        What the frame is meant for.
    client : AMSClient
        The client.
    fresh : bool
        Read the form anew.
    read : tuple of Draft and Problems, optional
        The frame, if it has been read already.
    """

    def __init__(
        self,
        df: pd.DataFrame,
        form: str,
        option: PlanOption,
        client: AMSClient,
        *,
        fresh: bool = False,
        read: tuple[Draft, Problems] | None = None,
    ) -> None:
        self.form = form
        self.option = option
        self.client = client
        self.fresh = fresh
        self.read = read
        self.found: list[Finding] = []
        self.problems = Problems(client.zone_setting)
        self.names = Renames(option.columns)
        self.df = self.names.frame(df, self.problems)
        self._looked: frozenset[str] = frozenset()

    def inspect(self) -> Inspection:
        """Return what was found."""
        option = self.option
        if self.problems:  # the columns are not what they are said to be
            return self._unreadable()
        draft = self._draft()
        checks = option.validate and option.contract != "off"
        schema = self._schema(draft, checks)
        checked = schema if checks else None
        if checks and schema is None:
            self._note_blind()
        if draft is not None and schema is not None:
            draft = draft.without(hollow_columns(draft.frame, draft.table, schema.by_name))
        left_out = self._columns(draft, schema, checked)
        if draft is None:
            return self._unreadable(schema)
        draft = draft.without(left_out)
        if schema is not None:
            draft = draft.renamed(match_names({**draft.fields, **draft.table}, schema.by_name))
            schema = schema.with_table(draft.table)
            checked = schema if checks else None
            self._missing(draft, schema)
        self._moments(draft, schema, strict=checks)
        users = self._people(draft)
        numbered = self._numbered(draft, users)
        keys = self._keys(draft, numbered, schema)
        events = build_events(
            draft, self.form, numbered, self.problems, booleans=option.boolean_text, keys=keys
        )
        self._ends(events)
        self.found += self.problems.findings(draft.source)
        if checked is not None:
            self.found += check_rows(draft, events, option, checked, self.found, self._looked)
        if option.form_type == "profile":
            self.found += self._one_record_each(events)
        if option.identifies and option.idempotency_field is not None:
            self.found += shared_identities(events, option.idempotency_field)
        if option.overwrites and not (events.fields or events.table):
            what = "it has no form field, and an update would clear all of them"
            self.found.append(Finding(ERROR, "frame", None, what, hint="Add the fields."))
        return Inspection(self._report(events), draft, users, events, schema)

    def _unreadable(self, schema: FormSchema | None = None) -> Inspection:
        self.found += [problem.finding([]) for problem in self.problems]
        return Inspection(self._report(), schema=schema)

    def _draft(self) -> Draft | None:
        if self.read is not None:
            draft, self.problems = self.read
        else:
            found = draft_frame(self.df, self.option, self.client.timezone, self.problems)
            if found is None:
                return None
            draft = found
        self.found += [Finding(WARNING, "dates", None, what) for what in draft.warnings]
        return draft

    def _moments(self, draft: Draft, schema: FormSchema | None, *, strict: bool) -> None:
        """Read the fields of dates and times."""
        option = self.option
        if schema is None and isinstance(option.date_format, str):
            what = "the account may not see which fields are dates: date_format= is not for them"
            hint = "Name them: date_format={'field': ...}."
            self.found.append(Finding(WARNING, "schema", None, what, hint=hint))
        kinds = {} if schema is None else {n: f.kind for n, f in schema.by_name.items()}
        rules = MomentRules(kinds, option.date_format, strict)
        self._looked = read_moments(draft, rules, option.boolean_text, self.problems)

    # ------------------------------------------------------------ the form

    def _schema(self, draft: Draft | None, checks: bool) -> FormSchema | None:
        """Read the form if anything goes by it: an insert that is not checked need not.

        Texts that may be dates in another spelling are looked up, too: the form says if they are.
        """
        option = self.option
        needed = checks or option.key is not None or option.identifies
        needed = needed or isinstance(option.date_format, str)
        needed = needed or (draft is not None and foreign_columns(draft))
        if not needed and (option.mode == "insert" or not self._has_ids):
            return None
        return read_schema(
            self.client,
            self.form,
            option.form_type,
            cache=not self.fresh,
            types=option.types,
        )

    @property
    def _has_ids(self) -> bool:
        if self.option.form_type == "profile":
            return True
        names = {str(c).lower(): c for c in getattr(self.df, "columns", ())}
        return "event_id" in names and bool(self.df[names["event_id"]].notna().any())

    def _note_blind(self) -> None:
        what = "the account may not see the form's fields, so columns and values are not checked"
        hint = "Give the account's role access to the form."
        self.found.append(Finding(WARNING, "schema", None, what, hint=hint))

    def _columns(
        self, draft: Draft | None, schema: FormSchema | None, checked: FormSchema | None
    ) -> list[str]:
        """Look at the columns; returns the fields that are to be left out."""
        if not isinstance(self.df, pd.DataFrame):
            return []
        option = self.option
        self.found += protected_columns(self.df.columns)
        if schema is None:
            return []
        given = given_fields(self.df, draft, option)
        names = self.df.columns if draft is None else draft.frame.columns
        self.found += hidden_fields(names, schema)
        spelt = match_names([*given[0], *given[1]], schema.by_name)
        self.found += respelt_columns(spelt)
        if checked is None:
            return []
        fields, table = ([spelt.get(name, name) for name in names] for names in given)
        self.found += unusable_columns(fields, table, checked, option.contract)
        if checked.marks_table:
            self.found += misplaced_columns(fields, table, checked)
        if option.contract != "drop_unknown":
            return []
        return [
            name
            for name in (*given[0], *given[1])
            if (item := checked.by_name.get(spelt.get(name, name))) is None or not item.writable
        ]

    def _missing(self, draft: Draft, schema: FormSchema) -> None:
        missing = schema.missing({*draft.fields, *draft.table})
        option = self.option
        if option.on_missing_fields == "error" and missing and option.mode != "insert":
            listed = ", ".join(map(repr, missing))
            what = f"it lacks the fields {listed}, which an update would clear"
            hint = "Add them, or set on_missing_fields='keep'."
            self.found.append(Finding(ERROR, "missing_field", None, what, hint=hint))

    # ------------------------------------------------------------ people and keys

    def _people(self, draft: Draft) -> list[int | None]:
        option = self.option
        # Ids need no roster, unless they are to be checked.
        given = option.id_col == "user_id" and not option.validate
        column = draft.frame[option.id_col]
        if given:
            users, bad = match_users(None, column, option.id_col)
        else:
            users, bad = match_known(self.client, column, option.id_col, cache=option.cache)
        for kind, positions in bad.items():
            if positions:
                rows = draft.inputs([DraftRow(p) for p in positions])
                what, hint = _PEOPLE[kind]
                self.found.append(Finding(ERROR, "user", option.id_col, what, [], hint, rows))
        return users

    def _numbered(self, draft: Draft, users: Sequence[int | None]) -> list[int]:
        """Return user ids; people who are not known get numbers of their own to group by."""
        if None not in users:
            return [user for user in users if user is not None]
        column = draft.frame[self.option.id_col]
        if column.dtype == object:  # lists and the like have no hash
            column = column.map(repr).where(column.notna())
        codes = pd.factorize(column)[0].tolist()
        return [
            -2 - code if user is None else user for user, code in zip(users, codes, strict=True)
        ]

    def _keys(
        self, draft: Draft, people: list[int], schema: FormSchema | None
    ) -> KeyColumns | None:
        """Return what the rows of each event share, if events are found by a key."""
        option = self.option
        if option.key is None:
            return None
        try:
            parts = key_fields(option.key, schema)
            keys = frame_keys(draft, people, parts, schema, option.boolean_text, self.problems)
        except AMSConfigurationError as error:
            self.found.append(
                Finding(ERROR, "key", None, error.message.rstrip("."), hint=error.hint or "")
            )
            return None
        self.found += shared_keys(draft, keys, parts)
        return keys

    # ------------------------------------------------------------ events

    def _ends(self, events: EventDraft) -> None:
        """Look for ends before their starts, where the frame says when events start."""
        if self.option.form_type == "profile":
            return
        client = self.client
        complete = complete_times(events.times, None, client.now().naive(), client.timezone)
        hint = "Mend the end, or leave it out."
        for what, bad in ((BACKWARDS, complete.backwards), (SKIPPED, complete.skipped)):
            for event in bad:
                # Without a start in the frame that of the stored event counts, not that of now.
                if events.times.start_days[event] is not None:
                    self.found.append(
                        Finding(ERROR, END_RULE, None, what, [], hint, events.rows[event])
                    )

    def _one_record_each(self, events: EventDraft) -> Iterator[Finding]:
        again = pd.Series(events.user_ids).duplicated(keep=False).to_numpy().nonzero()[0].tolist()
        if again:
            what = "a person occurs more than once, and has one record"
            rows = [p for event in again for p in events.rows[event]]
            hint = "Keep one row of each person."
            yield Finding(ERROR, "duplicate", self.option.id_col, what, [], hint, rows)

    def _report(self, events: EventDraft | None = None) -> ValidationReport:
        order = sorted(self.found, key=lambda f: f.severity != ERROR)
        labels = self.df.index.tolist() if isinstance(self.df, pd.DataFrame) else []
        told = tuple(self.names.finding(finding).labelled(labels) for finding in order)
        count = 0 if events is None else rejected_count(told, events)
        option = self.option
        return ValidationReport(
            self.form, len(labels), option.contract, told, count, option.tolerance
        )


def rejected_count(findings: Iterable[Finding], events: EventDraft) -> int:
    """Return how many input rows an import would reject: events go as a whole, or not at all."""
    bad = {row for f in findings if f.severity == ERROR for row in f.positions}
    return sum(len(rows) for rows in events.rows if not bad.isdisjoint(rows)) if bad else 0


BACKWARDS = "the end is before the start"
SKIPPED = "the end time does not exist on the day of the end: clocks skip it"
