"""Columns ``start`` and ``end`` that a read has added: they must agree with date and time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from airflow_provider_ams.ams.prepare.times import Times
from airflow_provider_ams.ams.problems import Problems
from airflow_provider_ams.ams.wire.dates import EPOCH_DAY, MINUTES_PER_DAY


def zoned(days: Sequence[int | None], minutes: Sequence[int | None], zone: str) -> pd.Series[Any]:
    """Return wall-clock days and minutes as ``datetime64[ms, zone]``; NaT where one is missing.

    Of an hour that clocks show twice, the first one counts. A time that they skip counts as if
    they had not moved yet, so that 2:30 is what they call 3:30. (pandas' own ``shift_forward`` is
    wrong where clocks skip half an hour, or a day.)
    """
    clock = ZoneInfo(zone)
    offsets = {day: _offset(day, clock) for day in set(days) if day is not None}
    seconds = [
        None if day is None or minute is None else _moment(day, minute, offsets[day], clock)
        for day, minute in zip(days, minutes, strict=True)
    ]
    missing = np.array([second is None for second in seconds], dtype=bool)
    moments = np.array([second or 0 for second in seconds], "datetime64[s]")
    moments[missing] = np.datetime64("NaT")
    utc = pd.Series(moments.astype("datetime64[ms]")).dt.tz_localize("UTC")
    found: pd.Series[Any] = utc.dt.tz_convert(zone)
    return found


def _moment(day: int, minute: int, offset: int | None, clock: ZoneInfo) -> int:
    if offset is None:
        offset = _seconds(_wall(day) + dt.timedelta(minutes=minute), clock)
    return ((day - EPOCH_DAY) * MINUTES_PER_DAY + minute) * 60 - offset


def _wall(day: int) -> dt.datetime:
    return dt.datetime.fromordinal(min(max(day, 2), dt.date.max.toordinal() - 1))


def _seconds(wall: dt.datetime, clock: ZoneInfo) -> int:
    offset = clock.utcoffset(wall)
    return 0 if offset is None else int(offset.total_seconds())


def _offset(day: int, clock: ZoneInfo) -> int | None:
    """Return a day's offset from UTC in seconds; None if it changes."""
    first = _seconds(_wall(day), clock)
    return first if first == _seconds(_wall(day + 1), clock) else None


def check_timestamps(
    moments: pd.DataFrame, times: Times, zone: str | None, problems: Problems
) -> None:
    """Note rows whose moment is not that of their date and time: one of them was changed.

    Parameters
    ----------
    moments : DataFrame
        ``start`` and ``end``, as far as they are given.
    times : Times
        What the columns of dates and times say.
    zone : str, optional
        The site's zone; without it the clock of the column's own zone counts.
    problems : Problems
        Takes what is wrong.
    """
    given = {
        "start": (times.start_days, times.start_minutes),
        "end": (times.end_days, times.end_minutes),
    }
    for name in moments.columns:
        column = _plain(moments[name])
        if zone is None:  # then what clocks show has to do
            column = column.dt.tz_localize(None).dt.tz_localize("UTC")
        told = zoned(*given[name], zone or "UTC")
        there = (column.notna() & told.notna()).to_numpy()
        differs = there & (column.dt.tz_convert("UTC") != told.dt.tz_convert("UTC")).to_numpy()
        what = (
            f"{name!r} is another moment than '{name}_date' and '{name}_time', which count: "
            f"change these, and drop {name!r}"
        )
        for row in np.flatnonzero(differs).tolist():
            problems.add(what, row, rule="dates", field=name)


def _plain(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return moments in pandas' own type."""
    if isinstance(column.dtype, pd.ArrowDtype):
        column = column.astype(column.dtype.pyarrow_dtype.to_pandas_dtype())
    return column.reset_index(drop=True)
