"""Bring values back from the form in which AMS shows them, and compare them by what they mean.

AMS returns numbers in Java's text of a double, date fields as epoch milliseconds and line breaks
as HTML. Written back like that they would be other values than before.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Hashable
from decimal import Decimal, InvalidOperation
from functools import partial

import pendulum

from airflow_provider_ams.ams.wire.dates import DateProblem, parse_day, parse_minute
from airflow_provider_ams.ams.wire.values import Texts, date_text

_BREAK = re.compile(r"<\s*br\s*/?\s*>", re.IGNORECASE)
_EPOCH_MS = re.compile(r"-?\d{1,15}(\.0)?|-?\d\.\d+E\d{1,2}", re.ASCII)
_DAY_MS = 86_400_000
_QUARTER_MS = 900_000
_EPOCH = dt.date(1970, 1, 1).toordinal()


def number(text: str) -> Decimal | None:
    """Return the number in a text; None if it is none."""
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        return None
    # A number of a million digits is a text, and stays one.
    return value if value.is_finite() and abs(value.adjusted()) < 400 else None


# ---------------------------------------------------------------- back from AMS


def restore_number(text: str) -> str:
    """Return ``1.78432026E9`` as ``1784320260`` and ``5.0`` as ``5``; other text as it is."""
    if "E" not in text and ("." not in text or text[-1] not in "0."):
        return text
    value = number(text)
    if value is None:
        return text
    plain = format(value, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def restore_date(text: str, zone: str | None = None) -> str:
    """Return epoch milliseconds as ``dd/MM/yyyy``; other text as it is.

    Midnight of UTC is that day. AMS may mean the site's midnight: then the site's zone decides,
    and without it the nearest midnight, as no zone is more than half a day away from UTC.
    """
    if not _EPOCH_MS.fullmatch(text):
        return text
    try:
        return _day_of(int(Decimal(text)), zone)
    except (ValueError, OverflowError):  # no day of any calendar
        return text


def _day_of(ms: int, zone: str | None) -> str:
    days, rest = divmod(ms, _DAY_MS)
    if rest and zone is not None:
        return date_text(pendulum.from_timestamp(ms / 1000, tz=zone).date())
    if rest % _QUARTER_MS == 0 and rest > _DAY_MS // 2:
        days += 1
    return date_text(dt.date.fromordinal(_EPOCH + days))


def restore_text(text: str) -> str:
    """Return HTML line breaks as plain ones."""
    return _BREAK.sub("\n", text) if "<" in text else text


def restore(texts: Texts, shape: str, zone: str | None = None) -> Texts:
    """Return a column as it was written, given what it looks like in AMS."""
    convert: dict[str, Callable[[str], str]] = {
        "number": restore_number,
        "date": partial(restore_date, zone=zone),
        "text": restore_text,
    }
    signs = {"number": ".E", "text": "<"}.get(shape, "")
    if shape not in convert or (signs and not _any_has(texts, signs)):
        return texts
    change = convert[shape]
    known = {text: change(text) for text in set(texts) if text is not None}
    return [None if text is None else known[text] for text in texts]


def _any_has(texts: Texts, signs: str) -> bool:
    """Tell whether any text has one of these signs, at the cost of one search."""
    joined = "".join(filter(None, texts))
    return any(sign in joined for sign in signs)


# ---------------------------------------------------------------- comparing


def _meaning_number(text: str) -> Hashable:
    try:
        return float(text)  # AMS keeps numbers as doubles
    except ValueError:
        return text


def _meaning_date(text: str) -> Hashable:
    try:
        return parse_day(text)
    except DateProblem:
        return text


def _meaning_time(text: str) -> Hashable:
    try:
        return parse_minute(text)
    except DateProblem:
        return text


def _meaning_text(text: str) -> Hashable:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.strip()


def _meaning_other(text: str) -> Hashable:
    value = number(text)
    return _meaning_text(restore_text(text)) if value is None else float(value)


# Of all shapes that are not in here: texts, and options to choose from.
_MEANINGS: dict[str, Callable[[str], Hashable]] = {
    "number": _meaning_number,
    "date": _meaning_date,
    "time": _meaning_time,
    "other": _meaning_other,
}


def meaning(text: str, shape: str) -> Hashable:
    """Return what two texts of the same value have in common."""
    return _MEANINGS.get(shape, _meaning_text)(text)


def meanings(texts: Texts, shape: str) -> list[Hashable]:
    """Return the meaning of each text of a column; None for missing ones."""
    convert = _MEANINGS.get(shape, _meaning_text)
    if convert is _meaning_text and not _any_has(texts, "\r"):
        return [text and text.strip() for text in texts]
    known = {text: convert(text) for text in set(texts) if text is not None}
    return [None if text is None else known[text] for text in texts]


def differing(new: Texts, old: Texts, shape: str) -> list[int]:
    """Return the positions at which two columns do not mean the same."""
    found = [i for i, (a, b) in enumerate(zip(new, old, strict=True)) if a != b]
    if not found:
        return []
    a, b = (meanings([texts[i] for i in found], shape) for texts in (new, old))
    return [i for i, x, y in zip(found, a, b, strict=True) if x != y]
