"""When events start and end: read from a frame's columns, filled in where they say nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from airflow_provider_ams.ams.wire.dates import (
    DEFAULT_LENGTH,
    MINUTES_PER_DAY,
    DateProblem,
    Problems,
    has_seconds,
    local_datetimes,
    minutes_of,
    parse_column,
    parse_days,
    parse_minute,
)

DATE_COLUMNS = ("start_date", "start_time", "end_date", "end_time")


@dataclass
class Moments:
    """Start and end of each row or event; None where the frame says nothing."""

    start_days: list[int | None]
    start_minutes: list[int | None]
    end_days: list[int | None]
    end_minutes: list[int | None]


def read_moments(
    frame: pd.DataFrame, problems: Problems, zone: str | None, warnings: list[str]
) -> Moments:
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
    return Moments(
        columns["start_date"], columns["start_time"], columns["end_date"], columns["end_time"]
    )


def fill_times(
    moments: Moments, now: dt.datetime, groups: Sequence[Sequence[int]], problems: Problems
) -> tuple[list[int], list[int], list[int], list[int]]:
    """Fill in what is missing: start now, one hour long, over midnight if need be."""
    today, this_minute = now.date().toordinal(), now.hour * 60 + now.minute
    days = [today if d is None else d for d in moments.start_days]
    minutes = [this_minute if m is None else m for m in moments.start_minutes]
    end_days, end_minutes = [], []
    for i, (end_day, end_minute) in enumerate(
        zip(moments.end_days, moments.end_minutes, strict=True)
    ):
        if end_day is None and end_minute is None:
            over, end_minute = divmod(minutes[i] + DEFAULT_LENGTH, MINUTES_PER_DAY)
            end_days.append(days[i] + over)
            end_minutes.append(end_minute)
            continue
        given = end_minute is not None
        if end_minute is None:
            over, end_minute = divmod(minutes[i] + DEFAULT_LENGTH, MINUTES_PER_DAY)
        else:
            over = int(end_minute < minutes[i])
        if end_day is None or (end_day == days[i] and not given):
            end_day = days[i] + over
        if (end_day, end_minute) < (days[i], minutes[i]):
            problems.add("the end is before the start", groups[i][0], rule="dates")
        end_days.append(end_day)
        end_minutes.append(end_minute)
    return days, minutes, end_days, end_minutes
