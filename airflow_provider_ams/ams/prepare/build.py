"""Rows -> events: group, take the one value an event has, convert."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_ams.ams.prepare.draft import Draft, invalid
from airflow_provider_ams.ams.prepare.events import EventSet
from airflow_provider_ams.ams.prepare.times import Moments, fill_times
from airflow_provider_ams.ams.wire.dates import Problems
from airflow_provider_ams.ams.wire.values import Texts, read_texts


def build_events(
    draft: Draft,
    form: str,
    user_ids: Sequence[int],
    *,
    now: dt.datetime,
    booleans: tuple[str, str] | None = None,
    problems: Problems | None = None,
) -> EventSet:
    """Group rows into events, fill in missing times and convert all values.

    Parameters
    ----------
    draft : Draft
        From `read_frame`.
    form : str
        Exact name.
    user_ids : sequence of int
        Of each row of the draft.
    now : datetime
        Wall-clock time of the site, for missing start dates and times.
    booleans : tuple of str, optional
        Texts for True and False.
    problems : Problems, optional
        Collects contradictions and wrong ends, in place of an error.

    Raises
    ------
    AMSInputError
        Rows of one event contradict each other, an end is before its start, or a value has no
        text form.
    """
    lenient = problems is not None
    problems = Problems() if problems is None else problems
    has_table = bool(draft.table_columns)
    groups = _groups(draft, user_ids, has_table, problems)
    pick = _Picker(draft, groups, problems)
    moments = Moments(
        pick.one("start_date", draft.moments.start_days),
        pick.one("start_time", draft.moments.start_minutes),
        pick.one("end_date", draft.moments.end_days),
        pick.one("end_time", draft.moments.end_minutes),
    )
    days, minutes, end_days, end_minutes = fill_times(moments, now, groups, problems)
    fields = {
        name: pick.one(str(column), texts_of(draft, column, booleans, problems))
        for name, column in draft.field_columns.items()
    }
    table = {
        name: texts_of(draft, column, booleans, problems)
        for name, column in draft.table_columns.items()
    }
    if problems and not lenient:
        raise invalid(problems, draft)
    return EventSet(
        form,
        _input_rows(groups, draft.source),
        pick.first(user_ids),
        days,
        minutes,
        end_days,
        end_minutes,
        pick.first(draft.event_ids),
        fields,
        table,
        [_rows_with_values(g, table) for g in groups] if has_table else (),
        has_table,
        groups if has_table else (),
    )


def texts_of(
    draft: Draft,
    column: Any,  # noqa: ANN401
    booleans: tuple[str, str] | None,
    problems: Problems,
) -> Texts:
    """Return a column of the frame as texts, converted once; what can't be is noted."""
    if column in draft.texts:
        return draft.texts[column]
    draft.texts[column], found = read_texts(draft.frame[column], booleans)
    for what, rows in found.items():
        for row in rows:
            problems.add(f"column {column!r} {what}", row, rule="value", field=str(column))
    return draft.texts[column]


def _rows_with_values(group: Sequence[int], table: Mapping[str, Texts]) -> list[int]:
    return [p for p in group if any(texts[p] is not None for texts in table.values())]


def _groups(
    draft: Draft, user_ids: Sequence[int], has_table: bool, problems: Problems
) -> Sequence[Sequence[int]]:
    """Return the rows of each event: by event id, else by user, date and start time."""
    if not has_table:
        seen: dict[int, int] = {}
        for row, event_id in enumerate(draft.event_ids):
            if event_id is not None and seen.setdefault(event_id, row) != row:
                what = "an event_id occurs more than once"
                problems.add(what, row, rule="event_id", field="event_id")
        return list(zip(range(len(draft.frame)), strict=True))
    groups: dict[Any, list[int]] = {}
    days, minutes = draft.moments.start_days, draft.moments.start_minutes
    for row, event_id in enumerate(draft.event_ids):
        key: Any = event_id
        if draft.event_keys is not None:
            key = draft.event_keys[row]
        elif event_id is None:
            key = (user_ids[row], days[row], minutes[row])
        groups.setdefault(key, []).append(row)
    for group in groups.values():
        for row in group:
            if user_ids[row] != user_ids[group[0]]:
                problems.add("rows of one event name different people", row, rule="users")
    return list(groups.values())


def _input_rows(groups: Sequence[Sequence[int]], source: list[int]) -> Sequence[Sequence[int]]:
    """Return the positions in the input of each event's rows."""
    if source == list(range(len(source))):
        return groups
    return [list(dict.fromkeys(source[row] for row in group)) for group in groups]


class _Picker:
    """Take the one value that each event has in a column that is not of the table."""

    def __init__(self, draft: Draft, groups: Sequence[Sequence[int]], problems: Problems) -> None:
        self._groups = groups
        self._problems = problems
        self._single = all(len(g) == 1 for g in groups) and len(groups) == len(draft.frame)

    def first(self, values: Sequence[Any]) -> list[Any]:
        """Return the values of each event's first row."""
        return list(values) if self._single else [values[group[0]] for group in self._groups]

    def one(self, name: str, values: list[Any]) -> list[Any]:
        """Return the value of each event, wherever in its rows it stands."""
        if self._single:
            return values
        picked = []
        for group in self._groups:
            present = [(p, values[p]) for p in group if values[p] is not None]
            first = present[0][1] if present else None
            for position, value in present:
                if value != first:
                    what = f"{name!r} differs within one event; it is no table field"
                    self._problems.add(what, position, rule="event_level", field=name)
            picked.append(first)
        return picked
