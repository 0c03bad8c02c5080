"""Texts of the AMS wire: dates, times and numbers as the server reads and writes them."""

from __future__ import annotations

import re
from datetime import date, datetime, timezone
from functools import lru_cache

_DATE = re.compile(r"(\d{2})/(\d{2})/(\d{4})")
_TIME = re.compile(r"(\d{1,2}):(\d{2}) ?([AaPp])[Mm]")
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")
_JAVA_TEXT = re.compile(r"-?(?:[1-9]\d{0,6}|0(?!\.00))(?:\.\d{0,7}[1-9])?")
_EPOCH = date(1970, 1, 1).toordinal()
DAY_MS = 86_400_000
HALF_DAY = 720


@lru_cache(maxsize=20_000)
def parse_date(text: str) -> int | None:
    """Return the day number of a ``dd/MM/yyyy`` text, or None when it is not one."""
    match = _DATE.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    day, month, year = map(int, match.groups())
    try:
        return date(year, month, day).toordinal()
    except ValueError:
        return None


@lru_cache(maxsize=20_000)
def date_text(day: int) -> str:
    """Write a day number as ``dd/MM/yyyy``."""
    return date.fromordinal(day).strftime("%d/%m/%Y")


@lru_cache(maxsize=5_000)
def parse_time(text: str, twelve_am_is_noon: bool = False) -> int | None:
    """Return the minute of the day of ``h:mm AM``, or None when the text is not one.

    Hour 0 is midnight. With `twelve_am_is_noon` the server's bug is on: it takes
    ``12:05 AM`` for five past noon.
    """
    match = _TIME.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    hour, minute, half = int(match[1]), int(match[2]), match[3].upper()
    if hour > 12 or minute > 59 or (hour == 0 and half == "P"):
        return None
    if hour == 12 and half == "A":
        return minute + (HALF_DAY if twelve_am_is_noon else 0)
    return hour % 12 * 60 + minute + (HALF_DAY if half == "P" else 0)


@lru_cache(maxsize=1440)
def time_text(minute: int) -> str:
    """Write a minute of the day as ``h:mm AM``."""
    hour, rest = divmod(minute, 60)
    return f"{hour % 12 or 12}:{rest:02d} {'AM' if hour < 12 else 'PM'}"


def parse_number(text: str) -> float | None:
    """Return the number in a text, or None."""
    return float(text) if _NUMBER.fullmatch(text) else None


def java_double(number: float, whole_with_point: bool = False) -> str:
    """Write a number as Java writes a double: E-notation from 1e7 up and below 1e-3."""
    if number == 0 or 1e-3 <= abs(number) < 1e7:
        text = repr(float(number))
        return text if whole_with_point or not text.endswith(".0") else text[:-2]
    mantissa, exponent = f"{number:.17e}".split("e")
    digits = repr(float(number)).lower().split("e")[0].replace(".", "").lstrip("-0").rstrip("0")
    sign = "-" if mantissa.startswith("-") else ""
    return f"{sign}{digits[0]}.{digits[1:] or '0'}E{int(exponent)}"


def number_text(text: str, whole_with_point: bool = False) -> str:
    """Return the text in which a number field reads back; other text is left as it is."""
    if _JAVA_TEXT.fullmatch(text) and not whole_with_point:
        return text  # plain numbers of up to 15 digits, nearly all there are
    number = parse_number(text)
    if number is None or number in (float("inf"), float("-inf")):
        return text
    return java_double(number, whole_with_point)


def epoch_ms(day: int) -> int:
    """Return a day number as epoch milliseconds (UTC midnight)."""
    return (day - _EPOCH) * DAY_MS


@lru_cache(maxsize=20_000)
def date_field_text(text: str) -> str:
    """Return the text in which a date field reads back: epoch milliseconds."""
    day = parse_date(text)
    return text if day is None else str(epoch_ms(day))


def day_of(ms: int) -> int:
    """Return the day number of an epoch time in milliseconds (UTC)."""
    return datetime.fromtimestamp(ms / 1000, timezone.utc).date().toordinal()
