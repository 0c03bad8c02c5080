"""Events and profiles -> tidy frames, column by column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import pandas as pd

from airflow_provider_ams.ams.people.roster import Roster
from airflow_provider_ams.ams.prepare.columns import FIELD_PREFIX, TIMESTAMPS, field_column
from airflow_provider_ams.ams.read.timestamps import moments
from airflow_provider_ams.ams.read.typed import FormTypes
from airflow_provider_ams.ams.wire.dates import (
    SHOWN_TIMES,
    day_text,
    stored_day,
    stored_minute,
)
from airflow_provider_ams.ams.wire.records import Event, Profile
from airflow_provider_ams.ams.wire.values import Texts, parse_column


def _plain_day(text: str | None) -> str | None:
    day = stored_day(text)
    return text if day is None else day_text(day)


def _plain_time(text: str | None) -> str | None:
    minute = stored_minute(text)
    return text if minute is None else SHOWN_TIMES[minute]


# Sites spell an event's own dates and times in their ways; frames have one.
_PLAIN = {
    "start_date": _plain_day,
    "end_date": _plain_day,
    "start_time": _plain_time,
    "end_time": _plain_time,
}


@dataclass(frozen=True)
class Layout:
    """What a frame of records looks like.

    Parameters
    ----------
    columns : mapping
        `EVENT_COLUMNS` or `PROFILE_COLUMNS` of `prepare.columns`.
    guess : bool
        Turn number columns into numbers.
    types : FormTypes, optional
        Types of all columns, in place of `guess`.
    timestamps : str, optional
        Add ``start`` and ``end``, in this zone.
    """

    columns: Mapping[str, tuple[str | None, str]]
    guess: bool = True
    types: FormTypes | None = None
    timestamps: str | None = None

    def dtype(self, column: str) -> str:
        """Return the type of a column that every form has."""
        held = self.columns[column][1]
        return held if self.types is None else {"object": "string"}.get(held, "Int64")

    def field(self, name: str) -> str:
        """Return the column of a form field."""
        hidden = self.timestamps is not None and name in TIMESTAMPS
        return f"{FIELD_PREFIX}{name}" if hidden else field_column(name)


def records_frame(
    records: Sequence[Event] | Sequence[Profile], layout: Layout, roster: Roster
) -> pd.DataFrame:
    """Return events or profiles as a frame.

    One row for each row that AMS returned: an event with a table has several, which repeat the
    event's ids, dates and times. Records without any row are kept, with one row.

    Parameters
    ----------
    records : sequence of Event or Profile
        What was read.
    layout : Layout
        Columns and their types.
    roster : Roster
        For names.
    """
    counts = [len(record.rows) or 1 for record in records]
    total = sum(counts)
    meta = {
        column: _repeated(_meta(records, column, attribute, roster), counts, total)
        for column, (attribute, _) in layout.columns.items()
    }
    return _assemble(meta, layout, _fields(records), total)


def _meta(
    records: Sequence[Event] | Sequence[Profile],
    column: str,
    attribute: str | None,
    roster: Roster,
) -> list[Any]:
    if attribute is not None:
        values = list(map(attrgetter(attribute), records))
        plain = _PLAIN.get(column)
        return values if plain is None else [plain(value) for value in values]
    users = [record.user_id for record in records]
    texts = {user: roster.text(user, column) for user in set(users)}
    return [texts[user] for user in users]


def _repeated(values: list[Any], counts: list[int], total: int) -> list[Any]:
    if total == len(values):
        return values
    return [value for value, count in zip(values, counts, strict=True) for _ in range(count)]


def _fields(records: Sequence[Event] | Sequence[Profile]) -> dict[str, Texts]:
    """Return the fields as they are met; a column ends at the last row that has a value."""
    fields: dict[str, Texts] = {}
    at = 0
    for record in records:
        for row in record.rows:
            for pair in row.pairs:
                column = fields.get(pair.key)
                if column is None:
                    column = fields[pair.key] = []
                gap = at - len(column)
                if gap > 0:
                    column += [None] * gap
                if gap >= 0:
                    # "" means the same as absence
                    column.append(pair.value or None)
            at += 1
        if not record.rows:
            at += 1
    return fields


def _assemble(
    meta: dict[str, list[Any]], layout: Layout, fields: dict[str, Texts], total: int
) -> pd.DataFrame:
    data: dict[str, pd.Series[Any]] = {
        column: pd.Series(values, dtype=layout.dtype(column)) for column, values in meta.items()
    }
    if layout.timestamps is not None:
        for name in TIMESTAMPS:
            data[name] = moments(meta[f"{name}_date"], meta[f"{name}_time"], layout.timestamps)
    types = layout.types
    for name, held in (fields if types is None else types.complete(fields)).items():
        texts = held + [None] * (total - len(held))
        if types is not None:
            column = types.column(name, texts)
        else:
            column = parse_column(texts) if layout.guess else pd.Series(texts, dtype=object)
        data[layout.field(name)] = column
    return pd.DataFrame(data)
