"""Raw AMS events and profiles -> tidy frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from airflow_provider_ams.ams.errors import AMSReplyError
from airflow_provider_ams.ams.people.roster import Roster
from airflow_provider_ams.ams.wire.values import parse_column

# Column -> (key of the raw object, dtype).
EVENT_COLUMNS = {
    "user_id": ("userId", "int64"),
    "about": (None, "object"),
    "username": (None, "object"),
    "event_id": ("id", "int64"),
    "form": ("formName", "object"),
    "start_date": ("startDate", "object"),
    "start_time": ("startTime", "object"),
    "end_date": ("finishDate", "object"),
    "end_time": ("finishTime", "object"),
    "entered_by_user_id": ("enteredByUserId", "Int64"),
}
PROFILE_COLUMNS = {
    "user_id": ("userId", "int64"),
    "about": (None, "object"),
    "username": (None, "object"),
    "profile_id": ("id", "Int64"),
    "form": ("formName", "object"),
    "entered_by_user_id": ("enteredByUserId", "Int64"),
}
RESERVED = frozenset(EVENT_COLUMNS) | frozenset(PROFILE_COLUMNS) | {"email"}
# Recognised in any letter case; "email", "about" and "form" only as they stand, a form may well
# have a field called "Email".
ANY_CASE = RESERVED - {"email", "about", "form"}
FIELD_PREFIX = "field:"


def field_column(name: str) -> str:
    """Return the column of a form field: its name, or ``field:name`` if a column has that name."""
    return f"{FIELD_PREFIX}{name}" if name in RESERVED or name.lower() in ANY_CASE else name


def records_frame(
    records: Sequence[Mapping[str, Any]],
    columns: Mapping[str, tuple[str | None, str]],
    roster: Roster,
    *,
    guess: bool = True,
) -> pd.DataFrame:
    """Return raw events or profiles as a frame.

    One row for each row that AMS returned: an event with a table has several, which repeat the
    event's ids, dates and times. Records without any row are kept, with one row.

    Parameters
    ----------
    records : sequence of dict
        Raw events or profiles.
    columns : mapping
        `EVENT_COLUMNS` or `PROFILE_COLUMNS`.
    roster : Roster
        For names.
    guess : bool
        Turn number columns into numbers.

    Raises
    ------
    AMSReplyError
        A record is not as AMS writes them.
    """
    try:
        meta, fields, total = _collect(records, columns, roster)
    except (AttributeError, KeyError, TypeError):
        raise AMSReplyError("A record in the reply can't be read.") from None
    return _assemble(meta, columns, fields, total, guess)


def _collect(
    records: Sequence[Mapping[str, Any]],
    columns: Mapping[str, tuple[str | None, str]],
    roster: Roster,
) -> tuple[dict[str, list[Any]], dict[str, list[str | None]], int]:
    """Return the columns of the records, the fields as they are met, and the number of rows."""
    meta: dict[str, list[Any]] = {c: [] for c in columns}
    fields: dict[str, list[str | None]] = {}
    total = 0
    for record in records:
        count = 0
        for row in record.get("rows") or [{}]:
            for pair in row.get("pairs") or ():
                column = fields.get(pair["key"])
                if column is None:
                    column = fields[pair["key"]] = []
                if len(column) <= total + count:
                    column += [None] * (total + count - len(column))
                    # "" means the same as absence
                    column.append(pair.get("value") or None)
            count += 1
        _append_meta(meta, columns, record, count, roster)
        total += count
    return meta, fields, total


def _append_meta(
    meta: dict[str, list[Any]],
    columns: Mapping[str, tuple[str | None, str]],
    record: Mapping[str, Any],
    count: int,
    roster: Roster,
) -> None:
    for column, (key, _) in columns.items():
        value = record.get(key) if key else roster.text(int(record["userId"]), column)
        meta[column] += [value] * count


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
