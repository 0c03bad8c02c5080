"""How a column of texts writes its dates or times: one spelling for the whole column.

Without a format the column is read in the spelling that most of its texts have, in AMS's own if two
are as frequent. A text in another one is a mistake, not a second spelling.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from airflow_provider_ams.ams.wire.dates import DateProblem, parse_day, parse_minute

SECOND = 1_000_000  # in microseconds
MINUTE = 60 * SECOND

_AMS_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/\d{4}", re.ASCII)
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_ISO_TIME = re.compile(
    r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(:\d{2})?(?:[.,](\d{1,9}))?"
    r"(?: ?(Z|[+-]\d{2}(?::?\d{2})?))?",
    re.ASCII,
)
_HALVES = re.compile(r"\d{1,2}:\d{2} ?[AaPp][Mm]", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?", re.ASCII)
_TIME_OF_DAY = re.compile("%[HIMSfpXc]")

_DATES_HINT = (
    "Write dd/MM/yyyy or yyyy-MM-dd in the whole column, or say how its dates are written, such as "
    "date_format='%d.%m.%Y'."
)
_MONTHS_FIRST = "If months come first, say date_format='%m/%d/%Y'."
_EITHER = "may have the month first: others of the column are no dd/MM/yyyy, but MM/dd/yyyy"


@dataclass(frozen=True)
class Spelling:
    """One way to write dates or times.

    Parameters
    ----------
    name : str
        As messages name it.
    shape : Pattern
        What such texts look like.
    parse : callable
        Text -> day (ordinal), date-time, or time of day (microseconds).
    own : bool
        It is how AMS writes them.
    timed : bool
        It holds date and time.
    """

    name: str
    shape: re.Pattern[str]
    parse: Callable[[str], Any]
    own: bool = False
    timed: bool = False


@dataclass(frozen=True)
class Trouble:
    """What is wrong with some texts: in words, what to do, and where they are."""

    what: str
    hint: str
    rows: list[int]


@dataclass(frozen=True)
class Spelt:
    """A column of texts that has been read.

    Parameters
    ----------
    values : list
        What `Spelling.parse` returns; None where there is no text, or none that can be read.
    troubles : list of Trouble
        Texts that can't be read.
    own : bool
        They are written as AMS does.
    timed : bool
        The values are date-times.
    """

    values: list[Any]
    troubles: list[Trouble]
    own: bool
    timed: bool


def _iso_day(text: str) -> int:
    try:
        return dt.date.fromisoformat(text).toordinal()
    except ValueError:
        raise DateProblem("is not a day of the calendar (yyyy-MM-dd)") from None


def _iso_time(text: str) -> dt.datetime:
    found = _ISO_TIME.fullmatch(text)
    assert found is not None
    day, clock, seconds, fraction, zone = found.groups()
    offset = "" if zone is None else "+00:00" if zone == "Z" else _offset(zone)
    try:
        return dt.datetime.fromisoformat(
            f"{day}T{clock}{seconds or ':00'}.{(fraction or '').ljust(6, '0')[:6]}{offset}"
        )
    except ValueError:
        raise DateProblem("is not a time of the calendar (yyyy-MM-dd HH:MM:SS)") from None


def _offset(zone: str) -> str:
    digits = zone[1:].replace(":", "").ljust(4, "0")
    return f"{zone[0]}{digits[:2]}:{digits[2:]}"


def _clock(text: str) -> int:
    found = _CLOCK.fullmatch(text)
    assert found is not None
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    if hour > 23 or minute > 59 or second > 59:
        raise DateProblem("is not a time as HH:MM")
    part = int((found[4] or "").ljust(6, "0")[:6])
    return (hour * 60 + minute) * MINUTE + second * SECOND + part


DAYS = (
    Spelling("a date as dd/MM/yyyy", _AMS_DAY, parse_day, own=True),
    Spelling("a date as yyyy-MM-dd", _ISO_DAY, _iso_day),
    Spelling("a date and time as yyyy-MM-dd HH:MM", _ISO_TIME, _iso_time, timed=True),
)
TIMES = (
    Spelling("a time as h:mm AM or h:mm PM", _HALVES, lambda t: parse_minute(t) * MINUTE, own=True),
    Spelling("a time as HH:MM", _CLOCK, _clock),
)


def is_foreign(text: str) -> bool:
    """Tell whether a text may be a date or time that AMS writes in another way."""
    if text[4:5] != "-" and ":" not in text[1:3]:  # most texts need no more than this
        return False
    return any(s.shape.fullmatch(text) for s in (*DAYS, *TIMES) if not s.own)


def read_day_texts(texts: Sequence[str | None], date_format: str | None = None) -> Spelt:
    """Read texts of dates, or of dates and times.

    Parameters
    ----------
    texts : sequence of str or None
        The column; None where it holds no text.
    date_format : str, optional
        As for ``strptime``; else the column's own spelling.
    """
    column = _Column(texts)
    if date_format is not None:
        return column.read_as(date_format)
    spelt = column.read(DAYS, _DATES_HINT)
    return column.doubt_months(spelt) if spelt.own else spelt


def read_time_texts(texts: Sequence[str | None]) -> Spelt:
    """Read texts of times, as microseconds since midnight."""
    return _Column(texts).read(TIMES, "Write h:mm AM or HH:MM in the whole column.")


class _Column:
    """Texts of a column, each looked at once."""

    def __init__(self, texts: Sequence[str | None]) -> None:
        self.codes, known = pd.factorize(np.array(texts, dtype=object))
        self.texts = [str(text).strip() for text in known]
        self.counts = np.bincount(self.codes[self.codes >= 0], minlength=len(self.texts))

    def read(self, spellings: Sequence[Spelling], hint: str) -> Spelt:
        """Read the texts in the spelling that most of them have, the first of equals."""
        shapes = [[bool(s.shape.fullmatch(t)) for t in self.texts] for s in spellings]
        weights = [int(self.counts[np.array(fits, dtype=bool)].sum()) for fits in shapes]
        at = weights.index(max(weights))
        chosen, fits = spellings[at], shapes[at]
        values: list[Any] = []
        wrong: dict[str, list[int]] = {}
        for number, text in enumerate(self.texts):
            value = None
            try:
                if not fits[number]:
                    raise DateProblem(f"is not {chosen.name}")
                value = chosen.parse(text)
            except DateProblem as problem:
                wrong.setdefault(str(problem), []).append(number)
            values.append(value)
        troubles = [Trouble(what, hint, self.rows(numbers)) for what, numbers in wrong.items()]
        return Spelt(self.spread(values), troubles, chosen.own, chosen.timed)

    def read_as(self, date_format: str) -> Spelt:
        """Read the texts in a given format."""
        zoned = "%z" in date_format or "%Z" in date_format
        series = pd.Series(self.texts, dtype=object)
        times = pd.to_datetime(series, format=date_format, errors="coerce", utc=zoned)
        timed = _TIME_OF_DAY.search(date_format) is not None
        moments = [None if pd.isna(t) else t.to_pydatetime(warn=False) for t in times]
        values = [m if m is None or timed else m.toordinal() for m in moments]
        wrong = self.rows([number for number, value in enumerate(values) if value is None])
        what = f"is not a date as date_format={date_format!r} says"
        hint = "Mend the dates, or give the format that the whole column has."
        troubles = [Trouble(what, hint, wrong)] if wrong else []
        return Spelt(self.spread(values), troubles, False, timed)

    def doubt_months(self, spelt: Spelt) -> Spelt:
        """Refuse days that may be months if others of the column show that months come first."""
        parts = [_AMS_DAY.fullmatch(text) for text in self.texts]
        pairs = [(0, 0) if p is None else (int(p[1]), int(p[2])) for p in parts]
        if not any(0 < a <= 12 < b <= 31 for a, b in pairs) or any(a > 12 for a, _ in pairs):
            return spelt
        # The same day in both readings is in no doubt.
        either = [n for n, (a, b) in enumerate(pairs) if a and max(a, b) <= 12 and a != b]
        rows = self.rows(either)
        values = list(spelt.values)
        for row in rows:
            values[row] = None
        troubles = [Trouble(t.what, _MONTHS_FIRST, t.rows) for t in spelt.troubles]
        troubles += [Trouble(_EITHER, _MONTHS_FIRST, rows)] if rows else []
        return Spelt(values, troubles, spelt.own, spelt.timed)

    def rows(self, numbers: Sequence[int]) -> list[int]:
        """Return where some of the texts are."""
        return np.flatnonzero(np.isin(self.codes, list(numbers))).tolist() if numbers else []

    def spread(self, values: list[Any]) -> list[Any]:
        """Return the value of each row."""
        filled = [*values, None]  # the code of a missing cell is -1
        return [filled[code] for code in self.codes.tolist()]
