"""Texts of the AMS wire: dates, times and numbers as the server reads and writes them."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

_DATE = re.compile(r"(\d{2})/(\d{2})/(\d{4})")
_TIME = re.compile(r"(\d{1,2}):(\d{2}) ?([AaPp])[Mm]")
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")
_JAVA_TEXT = re.compile(r"-?(?:[1-9]\d{0,6}|0(?!\.00))(?:\.\d{0,7}[1-9])?")
_EPOCH = date(1970, 1, 1).toordinal()
_EPOCH_UTC = datetime(1970, 1, 1, tzinfo=timezone.utc)
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


def in_order(text: str, order: str) -> str:
    """Turn a ``dd/MM/yyyy`` text into that of a site with another order, or back."""
    if order == "dd/MM/yyyy" or not _DATE.fullmatch(text):
        return text
    return f"{text[3:5]}/{text[:2]}{text[5:]}"


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


@lru_cache(maxsize=10_000)
def time_text(minute: int, style: str = "h:mm AM") -> str:
    """Write a minute of the day as ``h:mm AM``, or in another of the styles of a dialect."""
    hour, rest = divmod(minute, 60)
    if style.startswith("HH"):
        return f"{hour:02d}:{rest:02d}" + (":00" if style == "HH:mm:ss" else "")
    half = "AM" if hour < 12 else "PM"
    shown = f"{hour % 12 or 12}"
    if style == "hh:mm AM":
        shown = shown.zfill(2)
    return f"{shown}:{rest:02d} {half.lower() if style == 'h:mm am' else half}"


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


def number_text(text: str, style: str = "java") -> str:
    """Return the text in which a number field reads back; other text is left as it is.

    `style` is ``java``, ``java point`` (with .0 behind whole numbers) or ``plain``.
    """
    if style == "java" and _JAVA_TEXT.fullmatch(text):
        return text  # plain numbers of up to 15 digits, nearly all there are
    number = parse_number(text)
    if number is None or number in (float("inf"), float("-inf")):
        return text
    if style == "plain":
        return _plain(number)
    return java_double(number, style == "java point")


def _plain(number: float) -> str:
    text = format(Decimal(repr(number)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def epoch_ms(day: int) -> int:
    """Return a day number as epoch milliseconds (UTC midnight)."""
    return (day - _EPOCH) * DAY_MS


def site_zone(name: str) -> tzinfo:
    """Return a zone by its name."""
    return timezone.utc if name == "UTC" else ZoneInfo(name)


def zone_ms(day: int, minute: int, zone: tzinfo) -> int:
    """Return a minute of a day on a zone's wall clock as epoch milliseconds."""
    wall = datetime.combine(date.fromordinal(day), datetime.min.time(), zone)
    moment = wall + timedelta(minutes=minute)
    return (moment - _EPOCH_UTC) // timedelta(milliseconds=1)


def wall_of(ms: int, zone: tzinfo) -> tuple[int, int]:
    """Return day number and minute of an epoch time on a zone's wall clock."""
    wall = (_EPOCH_UTC + timedelta(milliseconds=ms)).astimezone(zone)
    return wall.date().toordinal(), wall.hour * 60 + wall.minute
