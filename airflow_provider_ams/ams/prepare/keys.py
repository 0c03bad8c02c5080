"""Natural keys: which columns tell one event of a person from another."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np
import pandas as pd

from airflow_provider_ams.ams.errors import AMSConfigurationError
from airflow_provider_ams.ams.forms.schema import FormSchema
from airflow_provider_ams.ams.options.rules import ID_COLUMNS
from airflow_provider_ams.ams.prepare.draft import Draft
from airflow_provider_ams.ams.prepare.key_columns import KeyColumns
from airflow_provider_ams.ams.prepare.nearest import nearest_of
from airflow_provider_ams.ams.prepare.times import DATE_COLUMNS
from airflow_provider_ams.ams.problems import ERROR, Finding, Problems
from airflow_provider_ams.ams.wire.stored_values import loose_meanings, meanings
from airflow_provider_ams.ams.wire.values import Texts

# Where a date or time stands in `Times`, in events and in what is stored.
_FILL = "Fill it in, or take it out of the key."
_LONGER = "Drop repeated rows, or add a column to the key that tells them apart."
_TIMES = {
    "start_date": "start_days",
    "start_time": "start_minutes",
    "end_date": "end_days",
    "end_time": "end_minutes",
}


class Records(Protocol):
    """Events by columns, to be stored or stored."""

    @property
    def user_ids(self) -> Sequence[int]:
        """Whose."""

    @property
    def fields(self) -> Mapping[str, Texts]:
        """Event-level field -> text of each event."""

    def __len__(self) -> int: ...


def unknown_parts(key: Sequence[str], schema: FormSchema | None) -> list[str]:
    """Return the parts of a key whose kind is not known."""
    fields = [part for part in key if part not in (*_TIMES, *ID_COLUMNS)]
    return [f for f in fields if schema is None or schema.kind_of(f) == "unknown"]


def key_fields(key: Sequence[str], schema: FormSchema | None) -> list[str]:
    """Return the parts of a key beside the person, who always belongs to it.

    Raises
    ------
    AMSConfigurationError
        A part is no field of an event: unknown, of the table, or not one that is written.
    """
    parts = [k for k in dict.fromkeys(key) if k not in ID_COLUMNS]
    for part in parts:
        if part == "event_id":
            raise AMSConfigurationError("key can't hold 'event_id': leave key out to use it.")
        if part in DATE_COLUMNS or schema is None:
            continue
        if part not in schema.writable:
            raise AMSConfigurationError(
                f"key names {part!r}, which is no event-level field of '{schema.form}' that can "
                "be written.",
                hint=nearest_of(part, [*DATE_COLUMNS, *schema.writable]),
            )
    return parts


def frame_keys(
    draft: Draft,
    users: Sequence[Hashable],
    parts: Sequence[str],
    schema: FormSchema | None,
    booleans: tuple[str, str] | None,
    problems: Problems,
) -> KeyColumns:
    """Return the key of each row of a frame; rows that lack a part of it are noted.

    Raises
    ------
    AMSConfigurationError
        The frame has no such column.
    """
    absent = [p for p in parts if p not in draft.fields and _no_time(draft, p)]
    if absent:
        names = ", ".join(map(repr, absent))
        known = [*(c for c in DATE_COLUMNS if c in draft.frame), *draft.fields]
        raise AMSConfigurationError(
            f"key names {names}, which the frame does not have.", hint=nearest_of(absent[0], known)
        )
    columns: list[Sequence[Hashable]] = [users]
    for part in parts:
        column = _column(draft, part, schema, booleans, problems)
        columns.append(column)
        if None in column:
            for row in (row for row, value in enumerate(column) if value is None):
                what = f"{part!r}, part of the key, is missing"
                problems.add(what, row, rule="key", field=part, hint=_FILL)
    keys = KeyColumns(columns)
    if draft.table and draft.times.exact is not None and set(parts) & {"start_date", "start_time"}:
        _note_mixed_starts(keys, draft.times.exact, problems)
    return keys


def _note_mixed_starts(
    keys: Sequence[Hashable], exact: Sequence[int | None], problems: Problems
) -> None:
    """Reject events that would be made of several: AMS keeps wall-clock minutes alone."""
    starts: dict[Hashable, set[int | None]] = {}
    for key, start in zip(keys, exact, strict=True):
        starts.setdefault(key, set()).add(start)
    what = "different start times become the same minute of the site, and with it the same key"
    for row, key in enumerate(keys):
        if len(starts[key]) > 1:
            problems.add(what, row, rule="key", field="start_date", hint=_LONGER)


def shared_keys(draft: Draft, keys: KeyColumns, parts: Sequence[str]) -> Iterator[Finding]:
    """Find keys that several events of the frame share."""
    if draft.table:
        return
    rows = np.flatnonzero(pd.Series(keys.codes()).duplicated(keep=False)).tolist()
    if rows:
        what = f"several rows have the same key ({', '.join(['person', *parts])})"
        positions = [draft.source[row] for row in rows]
        yield Finding(ERROR, "key", None, what, hint=_LONGER, positions=positions)


def _no_time(draft: Draft, part: str) -> bool:
    if part not in _TIMES:
        return True
    # A column of date-times holds the time, too.
    return part not in draft.frame and not any(
        v is not None for v in getattr(draft.times, _TIMES[part])
    )


def _column(
    draft: Draft,
    part: str,
    schema: FormSchema | None,
    booleans: tuple[str, str] | None,
    problems: Problems,
) -> list[Hashable]:
    if part in _TIMES:
        return list(getattr(draft.times, _TIMES[part]))
    texts = draft.texts(draft.fields[part], booleans, problems)
    return meanings(texts, schema.kind_of(part) if schema else "unknown")


def record_keys(
    records: Records, key: Sequence[str], schema: FormSchema | None, *, loose: bool = False
) -> KeyColumns:
    """Return the key of each stored event, or of each event to be stored.

    With `loose`, values of fields of an unknown kind count as all that they may mean.
    """
    mean = loose_meanings if loose else meanings
    columns: list[Sequence[Hashable]] = [records.user_ids]
    for part in key_fields(key, schema):
        if part in _TIMES:
            columns.append(getattr(records, _TIMES[part]))
        else:
            texts = records.fields.get(part) or [None] * len(records)
            columns.append(mean(texts, schema.kind_of(part) if schema else "unknown"))
    return KeyColumns(columns)
