"""Columns of dates and times, in whatever dtype, as days and minutes.

What a column means follows from its type, or the one spelling of its texts, never from single
values: date-times are instants, also those at midnight; dates say nothing of the time.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_datetime64_any_dtype

from airflow_provider_ams.ams.prepare.spellings import (
    MINUTE,
    SECOND,
    Spelt,
    read_day_texts,
    read_time_texts,
)
from airflow_provider_ams.ams.problems import Problems
from airflow_provider_ams.ams.wire.dates import (
    EPOCH_DAY,
    MINUTES_PER_DAY,
    NO_MINUTE,
    DateProblem,
    parse_day,
)

# An event may end on the day after its start, and that must be a day of the calendar, too.
_FIRST_DAY, _LAST_DAY = 1, dt.date.max.toordinal() - 1
_NO_DAY = "is not a day of the calendar (AMS dates are dd/MM/yyyy)"


@dataclass(frozen=True)
class DateColumn:
    """What a column of dates or date-times says of each row.

    Parameters
    ----------
    days : list of int or None
        Ordinals.
    minutes : list of int or None, optional
        Times of day; None as a whole for a column of dates.
    exact : list of int or None, optional
        What tells instants of the same wall-clock minute apart, if anything does.
    zoned : bool
        Whether the column had a time zone.
    seconds : bool
        Whether it holds anything finer than minutes.
    instants : list of int or None, optional
        Microseconds since 1970 in UTC, of a column with a time zone.
    """

    days: list[int | None]
    minutes: list[int | None] | None = None
    exact: list[int | None] | None = None
    zoned: bool = False
    seconds: bool = False
    instants: list[int | None] | None = None


def read_dates(
    column: pd.Series[Any], zone: str | None, problems: Problems, date_format: str | None = None
) -> DateColumn:
    """Read a column of dates or of date-times; those with a zone become the site's wall clock.

    Parameters
    ----------
    column : Series
        The column.
    zone : str or None
        IANA name of the site's zone.
    problems : Problems
        Takes what can't be read, by row.
    date_format : str, optional
        How texts are written, as for ``strptime``.

    Raises
    ------
    DateProblem
        The column has a zone, and the site's is not set.
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype)
    times = _as_datetimes(column, problems)
    if times is not None:
        return _wall_clock(column, times, zone, problems)
    values, texts = _cells(column)
    spelt = read_day_texts(texts, date_format)
    _note(column, spelt, problems)
    if not spelt.timed:
        return DateColumn(_days(column, values, texts, spelt, problems))
    moments = [v if _is_instant(v) else s for v, s in zip(values, spelt.values, strict=True)]
    plain = [r for r, v in enumerate(values) if v is not None and texts[r] is None]
    plain = [r for r in plain if not _is_instant(values[r])]
    _bad(column, "is no date-time as others of the column are", plain, problems)
    times = _converted(column, moments, [m is None for m in moments], problems)
    return _wall_clock(column, times, zone, problems)


def _wall_clock(
    column: pd.Series[Any], times: pd.Series[Any], zone: str | None, problems: Problems
) -> DateColumn:
    zoned = getattr(times.dtype, "tz", None) is not None
    if zoned and zone is None:
        raise DateProblem(
            f"{column.name!r} has a time zone: set the site's zone ({problems.zone_setting}) "
            "so that it can be converted"
        )
    local = times.dt.tz_convert(zone).dt.tz_localize(None) if zoned else times
    values = local.to_numpy()
    whole = values.astype("datetime64[m]")
    numbers = values.astype("datetime64[D]").astype("int64")
    missing = np.isnat(values)
    seconds = bool((values != whole)[~missing].any())
    minutes = whole.astype("int64") - numbers * MINUTES_PER_DAY
    days = numbers + EPOCH_DAY
    odd = np.flatnonzero(((days < _FIRST_DAY) | (days > _LAST_DAY)) & ~missing).tolist()
    _bad(column, _NO_DAY, odd, problems)
    missing[odd] = True
    exact = times.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy() if zoned else values
    return DateColumn(
        _with_gaps(days, missing),
        _with_gaps(minutes, missing),
        _with_gaps(exact.astype("int64"), missing) if zoned or seconds else None,
        zoned,
        seconds,
        _with_gaps(exact.astype("datetime64[us]").astype("int64"), missing) if zoned else None,
    )


def is_zoned(dtype: Any) -> bool:  # noqa: ANN401
    """Tell whether a column's type is that of moments with a zone."""
    if isinstance(dtype, pd.ArrowDtype):
        return getattr(dtype.pyarrow_dtype, "tz", None) is not None
    return isinstance(dtype, pd.DatetimeTZDtype)


def _with_gaps(values: Any, missing: Any) -> list[int | None]:  # noqa: ANN401
    filled: list[int | None] = values.tolist()
    for row in np.flatnonzero(missing).tolist():
        filled[row] = None
    return filled


def read_minutes(
    column: pd.Series[Any], problems: Problems
) -> tuple[list[int | None], list[int | None] | None]:
    """Read a column of times of day; None for missing cells, problems by row.

    Returns
    -------
    tuple
        Minutes since midnight, and microseconds if any time has seconds.
    """
    values, texts = _cells(column)
    spelt = read_time_texts(texts)
    _note(column, spelt, problems)
    exact: list[int | None] = spelt.values
    for row, value in enumerate(values):
        if value is None or texts[row] is not None:
            continue
        if isinstance(value, dt.time):
            whole = (value.hour * 60 + value.minute) * MINUTE
            exact[row] = whole + value.second * SECOND + value.microsecond
        else:
            _bad(column, NO_MINUTE, [row], problems)
    seconds = any(time is not None and time % MINUTE for time in exact)
    minutes = [None if time is None else time // MINUTE for time in exact]
    return minutes, exact if seconds else None


def _cells(column: pd.Series[Any]) -> tuple[list[Any], list[str | None]]:
    """Return a column's values, None for missing ones, and those of them that are texts."""
    gone = column.isna().tolist()
    values = [
        None if none or _is_blank(v) else v for v, none in zip(column.tolist(), gone, strict=True)
    ]
    return values, [v if isinstance(v, str) else None for v in values]


def _days(
    column: pd.Series[Any],
    values: Sequence[Any],
    texts: Sequence[str | None],
    spelt: Spelt,
    problems: Problems,
) -> list[int | None]:
    days: list[int | None] = spelt.values
    for row, value in enumerate(values):
        if texts[row] is not None:
            if (days[row] or 0) > _LAST_DAY:
                _bad(column, _NO_DAY, [row], problems)
                days[row] = None
        elif value is not None:
            day = _attempt(value)
            if isinstance(day, str):
                _bad(column, day, [row], problems, "Give dates, or texts as dd/MM/yyyy.")
            else:
                days[row] = day
    return days


def _note(column: pd.Series[Any], spelt: Spelt, problems: Problems) -> None:
    for trouble in spelt.troubles:
        _bad(column, trouble.what, trouble.rows, problems, trouble.hint)


def _bad(
    column: pd.Series[Any], what: str, rows: Sequence[int], problems: Problems, hint: str = ""
) -> None:
    for row in rows:
        text = f"a value in {column.name!r} {what}"
        problems.add(text, row, rule="dates", field=str(column.name), hint=hint)


def _attempt(value: object) -> int | str:
    try:
        return _plain_day(value)
    except DateProblem as problem:
        return str(problem)


def _plain_day(value: object) -> int:
    if isinstance(value, np.datetime64) and not _is_instant(value):
        value = value.item()
    if _is_instant(value):
        raise DateProblem("is a date-time among dates or texts; make the whole column date-times")
    day = parse_day(value)
    if day > _LAST_DAY:
        raise DateProblem(_NO_DAY)
    return day


def _as_datetimes(column: pd.Series[Any], problems: Problems) -> pd.Series[Any] | None:
    """Return a column of date-times as pandas has them; None for a column of anything else."""
    if is_datetime64_any_dtype(column) and not isinstance(column.dtype, pd.ArrowDtype):
        return column
    arrow = isinstance(column.dtype, pd.ArrowDtype)
    if arrow and not str(column.dtype).startswith("timestamp"):
        return None
    if not arrow and column.dtype.kind != "O":
        return None
    values = column.tolist()
    gone = column.isna().tolist()
    held = [v for v, none in zip(values, gone, strict=True) if not (none or _is_blank(v))]
    if not held or not all(map(_is_instant, held)):
        return None
    return _converted(column, values, gone, problems)


def _is_instant(value: object) -> bool:
    # numpy's days are dates.
    if isinstance(value, np.datetime64):
        return np.datetime_data(value)[0] not in ("Y", "M", "W", "D")
    return isinstance(value, dt.datetime)


def _is_blank(value: object) -> bool:
    return isinstance(value, str) and value == ""


def _converted(
    column: pd.Series[Any], values: list[Any], gone: list[bool], problems: Problems
) -> pd.Series[Any]:
    zoned = {
        row
        for row, value in enumerate(values)
        if isinstance(value, dt.datetime) and not gone[row] and value.tzinfo is not None
    }
    held = [row for row, value in enumerate(values) if not (gone[row] or _is_blank(value))]
    plain = [row for row in held if row not in zoned] if zoned else []
    what = "has no time zone, and others of the column have one"
    _bad(column, what, plain, problems)
    left = set(held) - set(plain)
    cells = pd.Series([v if r in left else None for r, v in enumerate(values)], dtype=object)
    times = pd.to_datetime(cells, utc=bool(zoned), errors="coerce")
    lost = set(np.flatnonzero(times.isna().to_numpy()).tolist()) & left
    _bad(column, _NO_DAY, sorted(lost), problems)
    return pd.Series(times.array, index=column.index, name=column.name)
