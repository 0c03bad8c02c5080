"""Checks of a frame against the form: each takes whole columns and returns what it found.

Rows are positions in the input here; the report turns them into labels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pandas.api.types import is_numeric_dtype

from airflow_provider_ams.ams.forms.schema import FormField, FormSchema
from airflow_provider_ams.ams.options.plans import PlanOption
from airflow_provider_ams.ams.positions import DraftRow, EventNo, InputRow
from airflow_provider_ams.ams.prepare.draft import Draft
from airflow_provider_ams.ams.prepare.events import EventDraft
from airflow_provider_ams.ams.problems import ERROR, WARNING, Finding, Problems
from airflow_provider_ams.ams.wire.dates import NO_DAY, NO_MINUTE, is_day, is_minute
from airflow_provider_ams.ams.wire.stored_values import number
from airflow_provider_ams.ams.wire.values import Texts

# AMS documents no limit; values beyond these are more likely a mistake than a remark.
LONG_TEXT, LONG_VALUE = 10_000, 255
_FILL = "Fill it in."
_SEPARATORS = (",", ";", "|", "\n")


@dataclass(frozen=True)
class CheckContext:
    """What is checked.

    Parameters
    ----------
    schema : FormSchema
        The form.
    draft : Draft
        The frame.
    events : EventDraft
        The frame's events.
    fields, table : dict
        Field -> texts of each row, event-level fields and fields of the table.
    keeps : bool
        Fields that the frame does not have are kept from stored events.
    new : list of bool
        Whether each event is new, as far as is known.
    numeric : set of str
        Fields whose column can't hold anything but numbers.
    looked : set of str
        Fields of dates and times that have been read already.
    rejected : set of int
        Rows of the input that can't be read.
    """

    schema: FormSchema
    draft: Draft
    events: EventDraft
    fields: dict[str, Texts]
    table: dict[str, Texts]
    keeps: bool
    new: list[bool]
    numeric: frozenset[str] = frozenset()
    looked: frozenset[str] = frozenset()
    rejected: frozenset[InputRow] = frozenset()

    def event_rows(self, events: Sequence[EventNo]) -> list[InputRow]:
        """Return positions in the input for the rows of events."""
        return [p for e in events for p in self.events.rows[e]]

    def known(self) -> Iterator[tuple[FormField, Texts]]:
        """Yield each field of the form whose values have to be looked at."""
        for name, texts in (*self.fields.items(), *self.table.items()):
            item = self.schema.by_name.get(name)
            if item is not None and not (item.kind == "number" and name in self.numeric):
                yield item, texts

    def in_rows(
        self,
        rule: str,
        name: str | None,
        what: str,
        rows: Sequence[DraftRow],
        *,
        severity: str = ERROR,
        hint: str = "",
    ) -> Finding:
        """Return a finding about rows of the draft."""
        return Finding(severity, rule, name, what, [], hint, self.draft.inputs(rows))

    def in_events(
        self,
        rule: str,
        name: str | None,
        what: str,
        events: Sequence[EventNo],
        *,
        severity: str = ERROR,
        hint: str = "",
    ) -> Finding:
        """Return a finding about events."""
        return Finding(severity, rule, name, what, [], hint, self.event_rows(events))


def required_values(context: CheckContext) -> Iterator[Finding]:
    """Find events without a required value: one of them makes AMS refuse the whole call."""
    events = context.events
    for name, item in context.schema.writable.items():
        if not item.required:
            continue
        texts = events.fields.get(name)
        if texts is None:
            yield from _required_column(context, name)
            continue
        empty = [EventNo(e) for e, text in enumerate(texts) if text is None]
        if empty:
            what = "a required value is missing"
            yield context.in_events("required", name, what, empty, hint=_FILL)
    for name, item in context.schema.table.items():
        if item.required:
            yield from _required_in_table(context, name)


def _required_column(context: CheckContext, name: str) -> Iterator[Finding]:
    bare = [EventNo(e) for e, new in enumerate(context.new) if new or not context.keeps]
    if not bare:
        return
    what, hint = "is required, and the frame lacks it", "Add the column."
    if len(bare) == len(context.events):
        yield Finding(ERROR, "required", name, what, hint=hint)
    else:
        yield context.in_events("required", name, what, bare, hint=hint)


def _required_in_table(context: CheckContext, name: str) -> Iterator[Finding]:
    used = [row for rows in context.events.table_rows for row in rows]
    texts = context.table.get(name)
    if not used or (texts is None and context.keeps):
        return
    if texts is None:
        what = "is required in each table row, and the frame lacks it"
        yield Finding(ERROR, "required", name, what, hint="Add the column.")
        return
    empty = [row for row in used if texts[row] is None]
    if empty:
        what = "a required value is missing in a table row"
        yield context.in_rows("required", name, what, empty, hint=_FILL)


# ---------------------------------------------------------------- values


def _is_number(text: str) -> bool:
    return number(text) is not None


# Kind -> (test, what a value should have been, what to do).
_FORMATS: dict[str, tuple[Callable[[str], bool], str, str]] = {
    "number": (
        _is_number,
        "is not a number (plain digits, a dot as the decimal point)",
        "Write it without unit and thousands signs, or leave the cell empty.",
    ),
    "date": (is_day, NO_DAY, "Write it so."),
    "time": (is_minute, NO_MINUTE, "Write it so."),
}


def formats(context: CheckContext) -> Iterator[Finding]:
    """Find values that do not fit a number, date or time field."""
    for item, texts in context.known():
        if item.kind not in _FORMATS or not item.writable or item.name in context.looked:
            continue
        fits, what, hint = _FORMATS[item.kind]
        bad = {t for t in set(texts) if t is not None and not fits(t)}
        yield from _values(context, "format", item.name, f"a value {what}", texts, bad, hint=hint)


def options(context: CheckContext) -> Iterator[Finding]:
    """Find values that are not among a field's options."""
    for item, texts in context.known():
        if not item.options or not item.writable:
            continue
        allowed = {*item.options, *item.spellings}
        # Of a type that is not known, nobody can tell whether several may be chosen.
        many = item.kind in ("choices", "unknown")
        bad = {t for t in set(texts) if t is not None and not _chosen(t, allowed, many)}
        folded = {o.casefold() for o in allowed}
        hint = f"Its options are {', '.join(repr(o) for o in item.options[:20])}."
        if bad and all(t.strip().casefold() in folded for t in bad):
            hint = f"Letter case and spaces count. {hint}"
        what = "a value is none of the field's options"
        yield from _values(context, "option", item.name, what, texts, bad, hint=hint)


def _chosen(text: str, allowed: set[str], many: bool) -> bool:
    if text in allowed:
        return True
    # How AMS parts several options is not known (docs/wire.md, section 12).
    return many and any(
        all(part.strip() in allowed for part in text.split(sign)) for sign in _SEPARATORS
    )


def lengths(context: CheckContext) -> Iterator[Finding]:
    """Find values that are longer than a person would have meant them to be."""
    for item, texts in context.known():
        limit = LONG_TEXT if item.kind in ("text", "unknown") else LONG_VALUE
        bad = {t for t in set(texts) if t is not None and len(t) > limit}
        what = f"a value has more than {limit} characters"
        yield from _values(context, "length", item.name, what, texts, bad, WARNING)


_STAND_INS = {"nan", "NaN", "None", "NaT", "<NA>", "null", "#N/A", "#DIV/0!", "#VALUE!", "#REF!"}


def placeholders(context: CheckContext) -> Iterator[Finding]:
    """Find texts that a program has made of a missing value."""
    for name, texts in (*context.fields.items(), *context.table.items()):
        if name in context.numeric:
            continue
        bad = _STAND_INS & {t for t in set(texts) if t}
        what = "a text stands for a missing value, and would be stored as it is"
        yield from _values(context, "placeholder", name, what, texts, bad, WARNING)


def _values(
    context: CheckContext,
    rule: str,
    name: str,
    what: str,
    texts: Texts,
    bad: set[str],
    severity: str = ERROR,
    hint: str = "",
) -> Iterator[Finding]:
    if bad:
        rows = [DraftRow(row) for row, text in enumerate(texts) if text in bad]
        yield context.in_rows(rule, name, what, rows, severity=severity, hint=hint)


def untyped_fields(context: CheckContext) -> Iterator[Finding]:
    """Find fields of a type that is not known here."""
    for item, _ in context.known():
        if item.kind == "unknown" and item.writable:
            what = f"has the item type {item.item_type!r}, whose values are not checked"
            hint = f"Say what it is: types={{{item.name!r}: 'text'}}."
            yield Finding(WARNING, "item_type", item.name, what, hint=hint)


def duplicates(context: CheckContext) -> Iterator[Finding]:
    """Find new events that are equal in everything: AMS would hold both."""
    events = context.events
    if events.table:
        table = [tuple(_table_row(events, p) for p in rows) for rows in events.table_rows]
    else:
        table = [()] * len(events)
    lines = zip(events.user_ids, *events.times.columns, *events.fields.values(), table, strict=True)
    seen: set[Any] = set()
    again = []
    for event, (line, new) in enumerate(zip(lines, context.new, strict=True)):
        if not context.rejected.isdisjoint(events.rows[event]):
            continue  # it is like another for what could not be read
        if new and line in seen:
            again.append(EventNo(event))
        seen.add(line)
    if again:
        what = "an event equals an earlier one in person, dates, times and all values"
        yield context.in_events("duplicate", None, what, again, severity=WARNING)


def _table_row(events: EventDraft, position: int) -> tuple[str | None, ...]:
    return tuple(texts[position] for texts in events.table.values())


CHECKS: tuple[Callable[[CheckContext], Iterator[Finding]], ...] = (
    required_values,
    formats,
    options,
    lengths,
    placeholders,
    untyped_fields,
    duplicates,
)


def check_rows(
    draft: Draft,
    events: EventDraft,
    option: PlanOption,
    schema: FormSchema,
    found: Sequence[Finding],
    looked: frozenset[str],
) -> list[Finding]:
    """Return what the checks find.

    Parameters
    ----------
    draft : Draft
        The frame.
    events : EventDraft
        Its events.
    option : PlanOption
        What they are meant for.
    schema : FormSchema
        The form.
    found : sequence of Finding
        What is known to be wrong already.
    looked : frozenset of str
        Fields of dates and times that have been read already.
    """
    keeps = option.on_missing_fields == "keep" and option.mode != "insert"
    # By a key nobody knows yet which events are new; the plan looks at those again.
    maybe_old = option.key is not None and keeps
    new = [i is None and not maybe_old for i in events.event_ids]
    if option.form_type == "profile":
        new = [not keeps] * len(events)
    context = CheckContext(
        schema=schema,
        draft=draft,
        events=events,
        fields=_texts(draft, draft.fields),
        table=events.table,
        keeps=keeps,
        new=new,
        numeric=numeric_fields(draft),
        looked=looked,
        rejected=frozenset(p for f in found if f.severity == ERROR for p in f.positions),
    )
    return [finding for check in CHECKS for finding in check(context)]


def numeric_fields(draft: Draft) -> frozenset[str]:
    """Return the fields whose column can't hold anything but numbers."""
    columns = {**draft.fields, **draft.table}
    return frozenset(n for n, c in columns.items() if is_numeric_dtype(draft.frame[c].dtype))


def _texts(draft: Draft, columns: dict[str, object]) -> dict[str, Texts]:
    return {name: draft.texts(column, None, Problems()) for name, column in columns.items()}
