"""Whether a stored value is what was sent, and what a stored value was when it was written.

AMS changes what it stores: numbers come back as doubles in Java's text form, dates of date fields
as epoch milliseconds, line breaks as HTML (docs/wire.md, section 4). So equality goes by the
field's kind, as the form's schema or the caller declares it: equal texts are the same value; a
number, date, time or duration compares by what it means only if its field is declared as one; a
field of an unknown kind is text, and texts that differ are different.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Hashable
from decimal import Decimal, InvalidOperation
from functools import partial

import pendulum

from airflow_provider_ams.ams.wire.dates import (
    WIRE_TIMES,
    DateProblem,
    parse_day,
    parse_minute,
    stored_day,
    stored_minute,
)
from airflow_provider_ams.ams.wire.values import Texts, date_text

# Bounded repetition: a text may hold thousands of "<br" that are never closed.
_BREAK = re.compile(r"<\s{0,8}br\s{0,8}/?\s{0,8}>", re.IGNORECASE)
_EPOCH_MS = re.compile(r"-?\d{1,15}(\.0)?|-?\d\.\d+E\d{1,2}", re.ASCII)
_ISO_DAY = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})(?:T00:00(?::00(?:\.0+)?)?(?:Z|\+00:00)?)?", re.ASCII
)
_LEADING_DAY = re.compile(r"\d{1,2}/\d{1,2}/\d{4}\b|\d{4}-\d\d-\d\d", re.ASCII)
_DURATION = re.compile(r"(\d{1,9}):([0-5]\d)(?::([0-5]\d))?", re.ASCII)
_SEPARATORS = re.compile(r"[,;|\r\n]")
_DAY_MS = 86_400_000
_OLD_MS = 10**11  # a number below is no date: as milliseconds it would be one of 1973 or before
_QUARTER_MS = 900_000
_REACH = 1.6  # days from a midnight to any moment of that day, in another time zone
_EPOCH = dt.date(1970, 1, 1).toordinal()
_MIDNIGHT = dt.time()
_LAST_DAY = dt.date.max.toordinal()


def number(text: str) -> Decimal | None:
    """Return the number in a text; None if it is none.

    Python's own spellings are no numbers of AMS: ``1_000``, digits of other scripts.
    """
    if not text.isascii() or "_" in text:
        return None
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
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if plain == "-0" else plain  # a double has a zero with a sign, and nobody wrote it


def field_day(text: str, zone: str | None = None) -> int | None:
    """Return the day that a stored date stands for, as an ordinal; None if nobody can tell.

    Epoch milliseconds may mean midnight of UTC or of the site. Midnight of UTC is that day. Else
    the site's zone decides, and without it the nearest midnight: between zones 10 and 14 hours
    ahead and zones behind by as much, only the zone can tell. A moment that is no midnight of any
    zone is in its day of UTC.
    """
    if iso := _ISO_DAY.fullmatch(text):
        return _ordinal(*map(int, iso.groups()))
    if not _EPOCH_MS.fullmatch(text):
        try:
            return parse_day(text)
        except DateProblem:
            return None
    ms = int(Decimal(text))
    days, rest = divmod(ms, _DAY_MS)
    day = _EPOCH + days
    if not 1 <= day <= _LAST_DAY:
        return None
    if rest and zone is not None:
        return _zoned_day(ms, day, zone)
    if rest and rest % _QUARTER_MS == 0:
        if 10 * 3_600_000 <= rest <= 12 * 3_600_000:
            return None
        day += int(rest > _DAY_MS // 2)
    return day


def _zoned_day(ms: int, utc_day: int, zone: str) -> int | None:
    """Return the day of a moment on the site's clock, unless it might be meant on that of UTC."""
    local = _on_the_clock(ms, zone)
    if local is None:
        return None
    day = local.date().toordinal()
    return day if day == utc_day or local.time() == _MIDNIGHT else None


def _on_the_clock(ms: int, zone: str) -> dt.datetime | None:
    """Return a moment on a site's clock; None if it is outside the calendar there."""
    try:
        return pendulum.from_timestamp(ms / 1000, tz=zone)
    except (ValueError, OverflowError):
        return None


def hidden_day(sent: str, stored: str, zone: str | None = None) -> bool:
    """Tell whether a stored date may be the one sent, if only the site's zone were known.

    It may be if it is no midnight, neither of UTC nor of the zone that is set.
    """
    if not _EPOCH_MS.fullmatch(stored) or field_day(sent, zone) is None:
        return False
    ms = int(Decimal(stored))
    local = None if zone is None else _on_the_clock(ms, zone)
    if ms % _DAY_MS == 0 or (local is not None and local.time() == _MIDNIGHT):
        return False
    return _is_near(sent, stored)


def _is_near(sent: str, stored: str) -> bool:
    """Tell whether two texts may name the same moment, each in a spelling of its own."""
    one, other = _about(sent), _about(stored)
    return one is not None and other is not None and abs(one - other) < _REACH


def hidden_moment(sent: str, stored: str) -> bool:
    """Tell whether a stored value may be the date and time sent, as no kind of field says."""
    return sent != stored and bool(_LEADING_DAY.match(sent)) and _is_near(sent, stored)


def _about(text: str) -> float | None:
    """Return the day that a text begins with, or that its milliseconds fall in, roughly."""
    if _EPOCH_MS.fullmatch(text):
        ms = float(text)
        return _EPOCH + ms / _DAY_MS if abs(ms) >= _OLD_MS else None
    leading = _LEADING_DAY.match(text)
    return stored_day(leading[0]) if leading else None


def _ordinal(year: int, month: int, day: int) -> int | None:
    try:
        return dt.date(year, month, day).toordinal()
    except ValueError:
        return None


def restore_date(text: str, zone: str | None = None) -> str:
    """Return a stored date as ``dd/MM/yyyy``; other text, and what nobody can tell, as it is.

    What is restored may be written back, so without the site's zone only midnight of UTC will do:
    the nearest midnight is good enough to compare, and a guess.
    """
    is_ms = bool(_EPOCH_MS.fullmatch(text))
    if not (is_ms or _ISO_DAY.fullmatch(text)):
        return text
    if is_ms and zone is None and int(Decimal(text)) % _DAY_MS:
        return text
    day = field_day(text, zone)
    return text if day is None else date_text(dt.date.fromordinal(day))


def restore_time(text: str) -> str:
    """Return a stored time as AMS takes times, ``h:mm AM``; what it takes already as it is."""
    try:
        parse_minute(text)
    except DateProblem:
        minute = stored_minute(text)
        return text if minute is None else WIRE_TIMES[minute]
    return text


def restore_text(text: str) -> str:
    """Return HTML line breaks as plain ones."""
    return _BREAK.sub("\n", text)


def restore(texts: Texts, kind: str, zone: str | None = None) -> Texts:
    """Return a column as it was written, given the kind of its field."""
    convert: dict[str, Callable[[str], str]] = {
        "number": restore_number,
        "date": partial(restore_date, zone=zone),
        "time": restore_time,
        "text": restore_text,
    }
    signs = {"number": ".E", "text": "<"}.get(kind, "")
    if kind not in convert or (signs and not _any_has(texts, signs)):
        return texts
    change = convert[kind]
    known = {text: change(text) for text in set(texts) if text is not None}
    return [None if text is None else known[text] for text in texts]


def _any_has(texts: Texts, signs: str) -> bool:
    """Tell whether any text has one of these signs, at the cost of one search."""
    joined = "".join(filter(None, texts))
    return any(sign in joined for sign in signs)


# ---------------------------------------------------------------- comparing


def _number(text: str, zone: str | None) -> Hashable:
    value = number(text)
    if value is None:
        return text
    as_float = float(value)  # AMS keeps numbers as doubles
    return value if as_float in (float("inf"), float("-inf")) else as_float


def _date(text: str, zone: str | None) -> Hashable:
    day = field_day(text, zone)
    return text if day is None else day


def _time(text: str, zone: str | None) -> Hashable:
    minute = stored_minute(text)
    return text if minute is None else minute


def _duration(text: str, zone: str | None) -> Hashable:
    """Return milliseconds: AMS shows durations so; ``h:mm:ss`` and ``m:ss`` are written."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        return _number(text, zone)
    parts = [int(part) for part in match.groups() if part is not None]
    hours, minutes, seconds = parts if len(parts) == 3 else (0, *parts)
    return float(((hours * 60 + minutes) * 60 + seconds) * 1000)


def _text(text: str, zone: str | None = None) -> Hashable:
    if "<" in text:
        text = restore_text(text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.strip()


def _choices(text: str, zone: str | None) -> Hashable:
    """Return the parts of a multiple choice: what stands between them differs from site to site."""
    parts = (part.strip() for part in _SEPARATORS.split(restore_text(text)))
    return tuple(sorted(part for part in parts if part))


def _exact(text: str, zone: str | None) -> Hashable:
    return text


# Kind -> what all texts of one value have in common.
_MEANINGS: dict[str, Callable[[str, str | None], Hashable]] = {
    "text": _text,
    "number": _number,
    "date": _date,
    "time": _time,
    "duration": _duration,
    "choice": _text,
    "choices": _choices,
}


def meaning(text: str, kind: str, zone: str | None = None) -> Hashable:
    """Return what two texts of the same value have in common."""
    return _MEANINGS.get(kind, _exact)(text, zone)


def meanings(texts: Texts, kind: str, zone: str | None = None) -> list[Hashable]:
    """Return the meaning of each text of a column; None for missing ones."""
    convert = _MEANINGS.get(kind, _exact)
    if convert is _exact:
        return list(texts)
    if convert is _text and not _any_has(texts, "\r<"):
        return [text and text.strip() for text in texts]
    known = {text: convert(text, zone) for text in set(texts) if text is not None}
    return [None if text is None else known[text] for text in texts]


def same(sent: str | None, stored: str | None, kind: str, zone: str | None = None) -> bool:
    """Tell whether a stored value is what was sent; "" counts as none."""
    if (sent or None) == (stored or None):
        return True
    if not sent or not stored:
        return False
    return meaning(sent, kind, zone) == meaning(stored, kind, zone)


def _loose(text: str, zone: str | None) -> Hashable:
    """Return what a text may mean, for a field of an unknown kind."""
    value = number(text)
    if value is not None and abs(value) < _OLD_MS:
        return float(value)
    day = field_day(text, zone)
    if day is not None:
        return "day", day
    if value is not None:
        return float(value)
    minute = _time(text, zone)
    return _text(text) if minute == text else ("minute", minute)


def loose_meanings(texts: Texts, kind: str, zone: str | None = None) -> list[Hashable]:
    """Return as `meanings` what a column may mean: of an unknown kind, all that is plausible.

    Two texts that differ here differ whatever their field is; two that agree here and differ in
    `meanings` are the same value or not, as the field's kind will have it.
    """
    if kind in _MEANINGS:
        return meanings(texts, kind, zone)
    known = {text: _loose(text, zone) for text in set(texts) if text is not None}
    return [None if text is None else known[text] for text in texts]


def differing(new: Texts, old: Texts, kind: str, zone: str | None = None) -> list[int]:
    """Return the positions at which two columns do not mean the same."""
    found = [i for i, (a, b) in enumerate(zip(new, old, strict=True)) if a != b]
    if not found:
        return []
    a, b = (meanings([texts[i] for i in found], kind, zone) for texts in (new, old))
    return [i for i, x, y in zip(found, a, b, strict=True) if x != y]
