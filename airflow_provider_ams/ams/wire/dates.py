"""Event dates and times: ``dd/MM/yyyy`` and ``h:mm AM`` as whole days and minutes.

A day is a proleptic Gregorian ordinal (``date.toordinal``), a time the minutes since midnight.
AMS keeps wall-clock text without zone or seconds.
"""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache

from airflow_provider_ams.ams.wire.values import date_text

MINUTES_PER_DAY = 24 * 60
EPOCH_DAY = dt.date(1970, 1, 1).toordinal()
DEFAULT_LENGTH = 60
NO_DAY = "is not a date as dd/MM/yyyy"
NO_MINUTE = "is not a time as h:mm AM or h:mm PM"

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
        raise DateProblem(NO_DAY)
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
        raise DateProblem(NO_MINUTE)
    hour, minute, afternoon = int(match[1]), int(match[2]), match[3] in "Pp"
    if minute > 59 or hour > 12 or (hour == 0 and afternoon):
        raise DateProblem(NO_MINUTE)
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


def is_day(text: str) -> bool:
    """Tell whether AMS takes a text for the date of a field, two digits of day and month."""
    try:
        return len(text) == 10 and parse_day(text) > 0
    except DateProblem:
        return False


def is_minute(text: str) -> bool:
    """Tell whether AMS takes a text for the time of a field."""
    try:
        parse_minute(text)
    except DateProblem:
        return False
    return True
