"""Event dates and times: ``dd/MM/yyyy`` and ``h:mm AM`` as whole days and minutes.

A day is a proleptic Gregorian ordinal (``date.toordinal``), a time the minutes since midnight.
AMS keeps wall-clock text without zone or seconds.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import pandas as pd
from pandas.api.types import infer_dtype, is_datetime64_any_dtype

from airflow_provider_ams.ams.wire.values import date_text

MINUTES_PER_DAY = 24 * 60
DEFAULT_LENGTH = 60
_EPOCH_DAY = dt.date(1970, 1, 1).toordinal()

_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_TIME = re.compile(r"(\d{1,2}):(\d{2}) ?([AaPp])[Mm]")
# What is stored is shown in the site's own spelling, which is not known beforehand.
_STORED_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ].*)?", re.ASCII)
_STORED_TIME = re.compile(
    r"(\d{1,2}):(\d{2})(?::\d{2}(?:\.\d+)?)?[ \u00a0\u202f]*(?:([ap])\.?m\.?)?",
    re.ASCII | re.IGNORECASE,
)


class DateProblem(ValueError):
    """A value that is not a date or time AMS would take."""


@lru_cache(maxsize=4096)
def day_text(day: int) -> str:
    """Return a day as ``dd/MM/yyyy``."""
    return date_text(dt.date.fromordinal(day))


def _clock_text(minute: int, midnight: str) -> str:
    hour, rest = divmod(minute, 60)
    shown = midnight if hour == 0 else str(hour % 12 or 12)
    return f"{shown}:{rest:02d} {'AM' if hour < 12 else 'PM'}"


# AMS takes "12:05 AM" for noon when it imports; "00:05 AM" it takes, and shows, as midnight.
WIRE_TIMES = [_clock_text(minute, "00") for minute in range(MINUTES_PER_DAY)]
SHOWN_TIMES = [_clock_text(minute, "12") for minute in range(MINUTES_PER_DAY)]


def parse_day(value: object) -> int:
    """Read a date: ``dd/MM/yyyy`` text, a date, or a date-time (its date).

    Raises
    ------
    DateProblem
        Anything else.
    """
    if isinstance(value, dt.date):
        return value.toordinal()
    match = _DATE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise DateProblem("is not a date as dd/MM/yyyy")
    try:
        return dt.date(int(match[3]), int(match[2]), int(match[1])).toordinal()
    except ValueError:
        raise DateProblem("is not a day of the calendar (AMS dates are dd/MM/yyyy)") from None


def parse_minute(value: object) -> int:
    """Read a time: ``h:mm AM`` text or a time of day without seconds.

    Raises
    ------
    DateProblem
        Anything else.
    """
    if isinstance(value, dt.time):
        if value.second or value.microsecond:
            raise DateProblem("holds seconds, which AMS times can't; round it to minutes")
        return value.hour * 60 + value.minute
    match = _TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise DateProblem("is not a time as h:mm AM or h:mm PM")
    hour, minute, afternoon = int(match[1]), int(match[2]), match[3] in "Pp"
    if minute > 59 or hour > 12 or (hour == 0 and afternoon):
        raise DateProblem("is not a time as h:mm AM or h:mm PM")
    return hour % 12 * 60 + minute + (12 * 60 if afternoon else 0)


@lru_cache(maxsize=1 << 16)
def stored_day(text: str | None) -> int | None:
    """Return the day of a stored date, ``dd/MM/yyyy`` or ISO; None if it can't be read."""
    if text is None:
        return None
    match = _STORED_DATE.fullmatch(text.strip())
    try:
        if match is not None:
            return dt.date(int(match[1]), int(match[2]), int(match[3])).toordinal()
        return parse_day(text)
    except ValueError:
        return None


@lru_cache(maxsize=1 << 13)
def stored_minute(text: str | None) -> int | None:
    """Return the minute of a stored time, of 12 or of 24 hours; None if it can't be read.

    Seconds are left out: AMS takes none, so that they can only be 00.
    """
    match = _STORED_TIME.fullmatch((text or "").strip())
    if match is None:
        return None
    hour, minute, half = int(match[1]), int(match[2]), (match[3] or "").lower()
    if minute > 59 or hour > (12 if half else 23) or (hour == 0 and half == "p"):
        return None
    return hour * 60 + minute if not half else hour % 12 * 60 + minute + 720 * (half == "p")


class Problems:
    """Collect what is wrong with a frame, so that all of it is told at once."""

    def __init__(self) -> None:
        self._found: dict[str, list[int]] = {}
        self._kinds: dict[str, tuple[str, str | None]] = {}

    def add(
        self, what: str, row: int | None = None, *, rule: str = "frame", field: str | None = None
    ) -> None:
        """Note a problem, of one row (by position) or of the whole frame.

        `rule` and `field` say what was looked at, for reports that group by them.
        """
        self._kinds.setdefault(what, (rule, field))
        rows = self._found.setdefault(what, [])
        if row is not None:
            rows.append(row)

    def kind(self, what: str) -> tuple[str, str | None]:
        """Return rule and field of a problem."""
        return self._kinds[what]

    def items(self) -> list[tuple[str, list[int]]]:
        """Return each problem with the positions of its rows."""
        return list(self._found.items())

    def __bool__(self) -> bool:
        return bool(self._found)


def parse_column(
    column: pd.Series[Any], parse: Callable[[object], int], problems: Problems
) -> list[int | None]:
    """Read a column of dates or times; None for missing cells, problems noted by row."""
    known: dict[Any, int | str | None] = {}
    parsed: list[int | None] = []
    missing = column.isna().tolist()
    for row, (value, gone) in enumerate(zip(column.tolist(), missing, strict=True)):
        if gone or value == "":
            parsed.append(None)
            continue
        if value not in known:
            known[value] = _attempt(parse, value)
        result = known[value]
        if isinstance(result, str):
            what = f"a value in {column.name!r} {result}"
            problems.add(what, row, rule="dates", field=str(column.name))
            parsed.append(None)
        else:
            parsed.append(result)
    return parsed


def parse_days(column: pd.Series[Any], problems: Problems) -> list[int | None]:
    """Read a column of dates or of wall-clock date-times; None for missing cells."""
    if not is_datetime64_any_dtype(column):
        return parse_column(column, _plain_day, problems)
    missing = column.isna().to_numpy()
    days = column.to_numpy().astype("datetime64[D]").astype("int64") + _EPOCH_DAY
    if not missing.any():
        return days.tolist()
    return [None if gone else d for d, gone in zip(days.tolist(), missing.tolist(), strict=True)]


def _plain_day(value: object) -> int:
    # Here its time of day, or its zone, would be lost without a word.
    if isinstance(value, dt.datetime) and (value.tzinfo or value.time() != dt.time()):
        raise DateProblem("is a date-time among dates or texts; make the whole column date-times")
    return parse_day(value)


def _attempt(parse: Callable[[object], int], value: object) -> int | str:
    try:
        return parse(value)
    except DateProblem as problem:
        return str(problem)


def has_zone(column: pd.Series[Any]) -> bool:
    """Tell whether a column holds times with a time zone, in whatever dtype."""
    dtype = column.dtype
    if dtype.kind != "O":
        return getattr(getattr(dtype, "pyarrow_dtype", dtype), "tz", None) is not None
    return any(isinstance(v, dt.datetime) and v.tzinfo is not None for v in column.tolist())


def _as_datetimes(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return date-times kept as objects or by Arrow as a pandas date-time column."""
    arrow = isinstance(column.dtype, pd.ArrowDtype) and column.dtype.kind == "M"
    if not arrow and (column.dtype.kind != "O" or infer_dtype(column, skipna=True) != "datetime"):
        return column
    values = column.tolist()
    zones = {v.tzinfo is not None for v in values if isinstance(v, dt.datetime) and v == v}
    if len(zones) > 1:
        raise DateProblem(f"{column.name!r} holds times with a time zone and times without")
    times = pd.to_datetime(pd.Series(values, dtype=object), utc=True in zones)
    return pd.Series(times.array, index=column.index, name=column.name)


def local_datetimes(column: pd.Series[Any], zone: str | None) -> pd.Series[Any]:
    """Return a date-time column as wall-clock times of the site.

    A column with a time zone is converted, and for that the site's zone must be known.

    Raises
    ------
    DateProblem
        The column has a zone and the site's is not set, or has one on some rows only.
    """
    column = _as_datetimes(column)
    if getattr(column.dtype, "tz", None) is None:
        return column
    if zone is None:
        raise DateProblem(
            f"{column.name!r} has a time zone: set the site's zone (timezone=, AMS_TIMEZONE) "
            "so that it can be converted"
        )
    local: pd.Series[Any] = column.dt.tz_convert(zone).dt.tz_localize(None)
    return local


def minutes_of(column: pd.Series[Any]) -> list[int | None] | None:
    """Return the times of day of a date-time column, None for a column of dates alone."""
    if not is_datetime64_any_dtype(column):
        return None
    hours = (column.dt.hour * 60 + column.dt.minute).tolist()
    if all(h != h or h == 0 for h in hours):
        return None
    return [None if h != h else int(h) for h in hours]


def has_seconds(column: pd.Series[Any]) -> bool:
    """Tell whether a date-time column holds anything finer than minutes."""
    present = column.dropna()
    return bool((present != present.dt.floor("min")).any())
