"""Events and profiles -> tidy frames, column by column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

import pandas as pd

from airflow_provider_ams.ams.people.roster import Roster
from airflow_provider_ams.ams.prepare.columns import field_column
from airflow_provider_ams.ams.wire.dates import (
    SHOWN_TIMES,
    day_text,
    stored_day,
    stored_minute,
)
from airflow_provider_ams.ams.wire.records import Event, Profile
from airflow_provider_ams.ams.wire.values import parse_column


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


def records_frame(
    records: Sequence[Event] | Sequence[Profile],
    columns: Mapping[str, tuple[str | None, str]],
    roster: Roster,
    *,
    guess: bool = True,
) -> pd.DataFrame:
    """Return events or profiles as a frame.

    One row for each row that AMS returned: an event with a table has several, which repeat the
    event's ids, dates and times. Records without any row are kept, with one row.

    Parameters
    ----------
    records : sequence of Event or Profile
        What was read.
    columns : mapping
        `EVENT_COLUMNS` or `PROFILE_COLUMNS` of `prepare.columns`.
    roster : Roster
        For names.
    guess : bool
        Turn number columns into numbers.
    """
    counts = [len(record.rows) or 1 for record in records]
    total = sum(counts)
    meta = {
        column: _repeated(_meta(records, column, attribute, roster), counts, total)
        for column, (attribute, _) in columns.items()
    }
    return _assemble(meta, columns, _fields(records), total, guess)


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


def _fields(records: Sequence[Event] | Sequence[Profile]) -> dict[str, list[str | None]]:
    """Return the fields as they are met; a column ends at the last row that has a value."""
    fields: dict[str, list[str | None]] = {}
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
    meta: dict[str, list[Any]],
    columns: Mapping[str, tuple[str | None, str]],
    fields: dict[str, list[str | None]],
    total: int,
    guess: bool,
) -> pd.DataFrame:
    data: dict[str, pd.Series[Any]] = {
        column: pd.Series(meta[column], dtype=dtype) for column, (_, dtype) in columns.items()
    }
    for name, texts in fields.items():
        texts += [None] * (total - len(texts))
        data[field_column(name)] = parse_column(texts) if guess else pd.Series(texts, dtype=object)
    return pd.DataFrame(data)
