"""Draft -> events: rows grouped, the one value that an event has taken, texts made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from typing import Any, TypeVar, cast

from airflow_provider_ams.ams.positions import DraftRow, InputRow
from airflow_provider_ams.ams.prepare.draft import Draft
from airflow_provider_ams.ams.prepare.events import EventDraft
from airflow_provider_ams.ams.prepare.key_columns import KeyColumns
from airflow_provider_ams.ams.prepare.times import Times
from airflow_provider_ams.ams.prepare.torn import note_torn_events
from airflow_provider_ams.ams.problems import Problems
from airflow_provider_ams.ams.wire.values import Texts

_T = TypeVar("_T")
Groups = Sequence[Sequence[DraftRow]]


def build_events(
    draft: Draft,
    form: str,
    user_ids: Sequence[int],
    problems: Problems,
    *,
    booleans: tuple[str, str] | None = None,
    keys: KeyColumns | None = None,
) -> EventDraft:
    """Group rows into events and convert all values; times stay as they are given.

    Parameters
    ----------
    draft : Draft
        From `read_frame`.
    form : str
        Exact name.
    user_ids : sequence of int
        Of each row of the draft.
    problems : Problems
        Takes contradictions within an event and values without a text form.
    booleans : tuple of str, optional
        Texts for True and False.
    keys : KeyColumns, optional
        What the rows of one event share, if not event id or person, date and time.
    """
    groups = _groups(draft, user_ids, keys, problems)
    pick = _Picker(draft, groups, problems)
    times = Times(
        pick.one("start_date", draft.times.start_days),
        pick.one("start_time", draft.times.start_minutes),
        pick.one("end_date", draft.times.end_days),
        pick.one("end_time", draft.times.end_minutes),
    )
    fields = {
        name: pick.one(str(column), draft.texts(column, booleans, problems))
        for name, column in draft.fields.items()
    }
    table = {name: draft.texts(column, booleans, problems) for name, column in draft.table.items()}
    return EventDraft(
        form=form,
        rows=_input_rows(groups, draft.source),
        user_ids=pick.first(user_ids),
        event_ids=pick.first(draft.event_ids),
        times=times,
        fields=fields,
        table=table,
        table_rows=[_rows_with_values(group, table) for group in groups] if draft.table else (),
        table_groups=groups if draft.table else (),
        keys=keys if keys is None or pick.is_single else keys.take([g[0] for g in groups]),
    )


def _rows_with_values(group: Sequence[DraftRow], table: dict[str, Texts]) -> list[DraftRow]:
    return [p for p in group if any(texts[p] is not None for texts in table.values())]


def _groups(
    draft: Draft,
    user_ids: Sequence[int],
    keys: KeyColumns | None,
    problems: Problems,
) -> Groups:
    """Return the rows of each event: by key or event id, else by user, date and start time."""
    if not draft.table:
        _note_repeated_ids(draft.event_ids, problems)
        return cast("Groups", list(zip(range(len(draft)), strict=True)))
    names: list[Hashable] = list(_starts(draft, user_ids) if keys is None else keys)
    groups: dict[Hashable, list[DraftRow]] = {}
    for row, (event_id, name) in enumerate(zip(draft.event_ids, names, strict=True)):
        key = name if keys is not None or event_id is None else event_id
        groups.setdefault(key, []).append(DraftRow(row))
    for group in groups.values():
        if any(user_ids[row] != user_ids[group[0]] for row in group):
            for row in group:
                what, hint = (
                    "rows of one event name different people",
                    "Give one person to an event.",
                )
                problems.add(what, row, rule="users", hint=hint)
    found = list(groups.values())
    note_torn_events(draft, user_ids, names, found, problems)
    return found


def _starts(draft: Draft, user_ids: Sequence[int]) -> Iterator[Hashable]:
    """Yield what rows of a new event share; starts that AMS can't tell apart stay two events."""
    times = draft.times
    if times.exact is None:
        return zip(user_ids, times.start_days, times.start_minutes, strict=True)
    return zip(user_ids, times.start_days, times.start_minutes, times.exact, strict=True)


def _note_repeated_ids(event_ids: Sequence[int | None], problems: Problems) -> None:
    times = Counter(event_id for event_id in event_ids if event_id is not None)
    if len(times) == sum(times.values()):
        return
    for row, event_id in enumerate(event_ids):
        if times[event_id or 0] > 1:
            what = "Invalid event_id values provided, the same more than once"
            hint = "Keep one row of each event; name fields of a table in table_fields."
            problems.add(what, row, rule="event_id", field="event_id", hint=hint)


def _input_rows(groups: Groups, source: list[InputRow]) -> Sequence[Sequence[InputRow]]:
    """Return the positions in the input of each event's rows."""
    if source == list(range(len(source))):  # as many rows as the input has, one for one
        return cast("Sequence[Sequence[InputRow]]", groups)
    return [list(dict.fromkeys([source[row] for row in group])) for group in groups]


class _Picker:
    """Take the one value that each event has in a column that is not of the table."""

    def __init__(self, draft: Draft, groups: Groups, problems: Problems) -> None:
        self._groups = groups
        self._problems = problems
        self.is_single = all(len(g) == 1 for g in groups) and len(groups) == len(draft)

    def first(self, values: Sequence[_T]) -> list[_T]:
        """Return the values of each event's first row."""
        return list(values) if self.is_single else [values[group[0]] for group in self._groups]

    def one(self, name: str, values: list[Any]) -> list[Any]:
        """Return the value of each event, wherever in its rows it stands."""
        if self.is_single:
            return values
        picked = []
        for group in self._groups:
            present = [(row, values[row]) for row in group if values[row] is not None]
            first = present[0][1] if present else None
            for row, value in present:
                if value != first:
                    what = f"{name!r} differs within one event; it is no table field"
                    self._problems.add(what, row, rule="event_level", field=name)
            picked.append(first)
        return picked
