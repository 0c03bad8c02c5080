"""When events start and end: read from a frame's columns, completed in one place."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from airflow_provider_ams.ams.positions import EventNo
from airflow_provider_ams.ams.prepare.date_columns import (
    has_seconds,
    local_datetimes,
    minutes_of,
    parse_column,
    parse_days,
)
from airflow_provider_ams.ams.problems import Problems
from airflow_provider_ams.ams.wire.dates import (
    DEFAULT_LENGTH,
    MINUTES_PER_DAY,
    DateProblem,
    parse_minute,
)

DATE_COLUMNS = ("start_date", "start_time", "end_date", "end_time")
END_RULE = "end"


@dataclass(frozen=True)
class Times:
    """Start and end of each row or event, as days and minutes; None where nothing is said."""

    start_days: list[int | None]
    start_minutes: list[int | None]
    end_days: list[int | None]
    end_minutes: list[int | None]

    @property
    def columns(self) -> tuple[list[int | None], ...]:
        """The four columns, in order."""
        return self.start_days, self.start_minutes, self.end_days, self.end_minutes


class Moment(NamedTuple):
    """Start and end of one stored event."""

    start_day: int
    start_minute: int
    end_day: int
    end_minute: int


@dataclass(frozen=True)
class CompleteTimes:
    """Start and end of each event, nothing missing.

    Parameters
    ----------
    start_days, start_minutes, end_days, end_minutes : list of int
        Days (ordinals) and minutes since midnight.
    backwards : list of int
        Events whose end is before their start.
    """

    start_days: list[int]
    start_minutes: list[int]
    end_days: list[int]
    end_minutes: list[int]
    backwards: list[EventNo]


def read_times(
    frame: pd.DataFrame, problems: Problems, zone: str | None, warnings: list[str]
) -> Times:
    """Read the date and time columns; what is wrong goes to `problems`, by row."""
    columns: dict[str, list[int | None]] = {}
    for name in DATE_COLUMNS:
        if name not in frame:
            columns.setdefault(name, [None] * len(frame))
            continue
        series = frame[name]
        if name.endswith("date"):
            try:
                series = local_datetimes(series, zone)
            except DateProblem as problem:
                problems.add(str(problem))
                columns[name] = [None] * len(frame)
                continue
            times = minutes_of(series)
            time_name = name.replace("date", "time")
            if times is not None and time_name not in frame:
                columns[time_name] = times
                if has_seconds(series):
                    warnings.append(f"Seconds in {name!r} were left out: AMS keeps minutes.")
            columns[name] = parse_days(series, problems)
        else:
            columns[name] = parse_column(series, parse_minute, problems)
    return Times(*(columns[name] for name in DATE_COLUMNS))


def complete_times(
    given: Times, stored: Sequence[Moment | None], now: dt.datetime
) -> CompleteTimes:
    """Complete the times of events: from the stored event, else from now and one hour's length.

    A new start alone moves a stored event: it keeps its length. An end before the start on the
    day of the start, without an end date, is on the next day.
    """
    if not any(None in column for column in given.columns) and not any(stored):
        return _checked(*(list(column) for column in given.columns))
    if not any(stored) and set(given.end_days) | set(given.end_minutes) <= {None}:
        return _one_hour(given, now)
    today, this_minute = now.date().toordinal(), now.hour * 60 + now.minute
    lines: list[Moment] = []
    rows = zip(*given.columns, stored, strict=True)
    for start_day, start_minute, end_day, end_minute, held in rows:
        if held is not None:
            lines.append(_moved(held, start_day, start_minute, end_day, end_minute))
            continue
        day = today if start_day is None else start_day
        minute = this_minute if start_minute is None else start_minute
        lines.append(_new(day, minute, end_day, end_minute))
    columns = [list(c) for c in zip(*lines, strict=True)] or [[], [], [], []]
    return _checked(*columns)


def _one_hour(given: Times, now: dt.datetime) -> CompleteTimes:
    """Complete new events without any end, by columns: it is what most frames look like."""
    today, this_minute = now.date().toordinal(), now.hour * 60 + now.minute
    days = [today if day is None else day for day in given.start_days]
    minutes = [this_minute if m is None else m for m in given.start_minutes]
    late = MINUTES_PER_DAY - DEFAULT_LENGTH
    end_days = [day + (m >= late) for day, m in zip(days, minutes, strict=True)]
    ends = [m + DEFAULT_LENGTH if m < late else m - late for m in minutes]
    return CompleteTimes(days, minutes, end_days, ends, [])


def _moved(
    held: Moment,
    start_day: int | None,
    start_minute: int | None,
    end_day: int | None,
    end_minute: int | None,
) -> Moment:
    days = held.end_day - held.start_day
    length = days * MINUTES_PER_DAY + held.end_minute - held.start_minute
    day = held.start_day if start_day is None else start_day
    minute = held.start_minute if start_minute is None else start_minute
    extra, stop = divmod(minute + length, MINUTES_PER_DAY)
    if end_day is None:
        end_day = day + (extra if end_minute is None else int(end_minute < minute))
    return Moment(day, minute, end_day, stop if end_minute is None else end_minute)


def _new(day: int, minute: int, end_day: int | None, end_minute: int | None) -> Moment:
    over, default = divmod(minute + DEFAULT_LENGTH, MINUTES_PER_DAY)
    if end_minute is None:
        # A day alone says nothing of an hour that runs over midnight.
        return Moment(day, minute, day + over if end_day in (None, day) else end_day, default)
    if end_day is None:
        end_day = day + int(end_minute < minute)
    return Moment(day, minute, end_day, end_minute)


def _checked(
    days: Sequence[int | None],
    minutes: Sequence[int | None],
    end_days: Sequence[int | None],
    end_minutes: Sequence[int | None],
) -> CompleteTimes:
    columns = [[v for v in c if v is not None] for c in (days, minutes, end_days, end_minutes)]
    lines = zip(*columns, strict=True)
    backwards = [EventNo(e) for e, (a, b, c, d) in enumerate(lines) if (c, d) < (a, b)]
    return CompleteTimes(columns[0], columns[1], columns[2], columns[3], backwards)
