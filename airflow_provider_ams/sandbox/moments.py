"""Dates with a time, and durations: what is understood of a text that was written."""

from __future__ import annotations

import re

from airflow_provider_ams.sandbox.values import parse_date, parse_time

_DURATION = re.compile(r"(?:(\d{1,6}):)?(\d{1,2}):(\d{2})(?:\.(\d{1,3}))?")
_WHOLE = re.compile(r"\d{1,15}")


def parse_moment(text: str) -> tuple[int, int] | None:
    """Return day number and minute of ``dd/MM/yyyy h:mm AM``, or None."""
    day_text, _, time_text = text.partition(" ")
    day, minute = parse_date(day_text), parse_time(time_text)
    return None if day is None or minute is None else (day, minute)


def parse_duration(text: str, unit_ms: int = 1) -> int | None:
    """Return the milliseconds of ``H:mm:ss``, ``mm:ss`` or a whole number of units, or None."""
    if _WHOLE.fullmatch(text):
        return int(text) * unit_ms
    match = _DURATION.fullmatch(text)
    if match is None or int(match[3]) > 59 or (match[1] and int(match[2]) > 59):
        return None
    seconds = int(match[1] or 0) * 3600 + int(match[2]) * 60 + int(match[3])
    return seconds * 1000 + int((match[4] or "0").ljust(3, "0"))


def duration_text(ms: int) -> str:
    """Write milliseconds as ``H:mm:ss``."""
    minutes, seconds = divmod(ms // 1000, 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
