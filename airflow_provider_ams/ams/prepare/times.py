"""When events start and end: read from a frame's columns, completed in one place."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from airflow_provider_ams.ams.positions import EventNo
from airflow_provider_ams.ams.prepare.date_columns import (
    DateColumn,
    read_dates,
    read_minutes,
)
from airflow_provider_ams.ams.problems import Problems
from airflow_provider_ams.ams.wire.dates import (
    DEFAULT_LENGTH,
    MINUTES_PER_DAY,
    DateProblem,
)

DATE_COLUMNS = ("start_date", "start_time", "end_date", "end_time")
END_RULE = "end"
_ZERO = dt.timedelta()
_Column = npt.NDArray[np.int64]
# Neither a day nor a minute.
_GAP = -1


@dataclass(frozen=True)
class Times:
    """Start and end of each row or event, as days and minutes; None where nothing is said.

    `exact` tells starts within the same wall-clock minute apart: seconds, which AMS does not keep,
    and the two hours that have the same name when clocks go back.
    """

    start_days: list[int | None]
    start_minutes: list[int | None]
    end_days: list[int | None]
    end_minutes: list[int | None]
    exact: list[int | None] | None = None

    @property
    def columns(self) -> tuple[list[int | None], ...]:
        """The four columns, in order."""
        return self.start_days, self.start_minutes, self.end_days, self.end_minutes


@dataclass(frozen=True)
class CompleteTimes:
    """Start and end of each event, nothing missing.

    Parameters
    ----------
    start_days, start_minutes, end_days, end_minutes : list of int
        Days (ordinals) and minutes since midnight.
    backwards : list of int
        Events whose end is before their start.
    skipped : list of int
        Events with a given end time that clocks skip on the day that was worked out for it.
    """

    start_days: list[int]
    start_minutes: list[int]
    end_days: list[int]
    end_minutes: list[int]
    backwards: list[EventNo]
    skipped: list[EventNo] = field(default_factory=list)


def read_times(
    frame: pd.DataFrame,
    problems: Problems,
    zone: str | None,
    warnings: list[str],
    formats: Mapping[str, str | None] | None = None,
) -> Times:
    """Read the date and time columns; what is wrong goes to `problems`, by row.

    Parameters
    ----------
    frame : DataFrame
        With any of ``start_date``, ``start_time``, ``end_date``, ``end_time``.
    problems : Problems
        Takes what can't be read.
    zone : str or None
        IANA name of the site's zone.
    warnings : list of str
        Takes what is left out.
    formats : mapping, optional
        Column of dates -> how its texts are written, as for ``strptime``.
    """
    start, end = (
        _Side(frame, name, zone, problems, warnings, (formats or {}).get(f"{name}_date"))
        for name in ("start", "end")
    )
    if zone is not None and start.instants is not None and end.instants is not None:
        _refuse_turned_back(start, end, zone, problems)
    return Times(start.days, start.minutes, end.days, end.minutes, start.exact)


def _refuse_turned_back(start: _Side, end: _Side, zone: str, problems: Problems) -> None:
    """Reject rows whose end comes after their start, and has an earlier name.

    That is so within the hour that clocks show twice when they go back.
    """
    assert start.instants is not None
    assert end.instants is not None
    what = (
        "the end is before the start on the wall clock, which is all that AMS keeps: clocks go "
        f"back in between in {zone}"
    )
    walls = zip(start.days, start.minutes, end.days, end.minutes, strict=True)
    instants = zip(start.instants, end.instants, strict=True)
    for row, ((day, minute, end_day, end_minute), (a, b)) in enumerate(
        zip(walls, instants, strict=True)
    ):
        if None in (day, minute, end_day, end_minute, a, b):
            continue
        if a <= b and (end_day, end_minute) < (day, minute):  # type: ignore[operator]
            problems.add(what, row, rule=END_RULE, field=end.date_name)
            end.days[row] = end.minutes[row] = None  # told once


class _Side:
    """One end of each event, from its column of dates and that of times."""

    def __init__(
        self,
        frame: pd.DataFrame,
        side: str,
        zone: str | None,
        problems: Problems,
        warnings: list[str],
        date_format: str | None,
    ) -> None:
        self.date_name, self.time_name = f"{side}_date", f"{side}_time"
        self._problems, self._warnings = problems, warnings
        nothing: list[int | None] = [None] * len(frame)
        dates = self._dates(frame, zone, date_format) or DateColumn(nothing)
        self.days = dates.days
        self.minutes = nothing if dates.minutes is None else dates.minutes
        self.exact = dates.exact
        self.instants = dates.instants
        if self.time_name in frame:
            self._take_times(*read_minutes(frame[self.time_name], problems), dates)
        elif dates.seconds:
            self._leave_seconds(self.date_name)
        if zone is not None and not dates.zoned:
            self._note_gaps(zone)

    def _leave_seconds(self, name: str) -> None:
        self._warnings.append(f"Seconds in {name!r} were left out: AMS keeps minutes.")

    def _dates(
        self, frame: pd.DataFrame, zone: str | None, date_format: str | None
    ) -> DateColumn | None:
        if self.date_name not in frame:
            return None
        try:
            return read_dates(frame[self.date_name], zone, self._problems, date_format)
        except DateProblem as problem:
            self._problems.add(str(problem), field=self.date_name)
            return None

    def _take_times(
        self, given: list[int | None], exact: list[int | None] | None, dates: DateColumn
    ) -> None:
        date, time = self.date_name, self.time_name
        if exact is not None:
            self._leave_seconds(time)
        if dates.zoned:
            what = (
                f"{date!r} has a time zone and holds the time, and {time!r} gives a time as well: "
                f"drop {time!r}, or make {date!r} a column of dates"
            )
            self._problems.add(what, field=date)
        elif dates.minutes is not None:
            told = dates.minutes
            if set(told) - {0, None} and any(
                a is not None and b not in (0, None, a) for a, b in zip(given, told, strict=True)
            ):
                self._warnings.append(f"Times of day in {date!r} were left out: {time!r} counts.")
            given = [a if a is not None else b for a, b in zip(given, told, strict=True)]
        self.minutes, self.exact = given, exact

    def _note_gaps(self, zone: str) -> None:
        """Reject times that the site's clocks skip when they go forward."""
        skipping = skipping_days({day for day in self.days if day is not None}, zone)
        if not skipping:
            return
        for row, (day, minute) in enumerate(zip(self.days, self.minutes, strict=True)):
            if day in skipping and minute is not None and not exists(day, minute, zone):
                what = f"a time in {self.date_name!r} does not exist: clocks skip it in {zone}"
                hint = "Mend the time."
                self._problems.add(what, row, rule="dates", field=self.date_name, hint=hint)


def skipping_days(days: set[int], zone: str) -> set[int]:
    """Return the days on which clocks go forward."""
    offset = ZoneInfo(zone).utcoffset
    starts = {day: dt.datetime.fromordinal(day) for day in days}
    return {
        day
        for day, start in starts.items()
        if (offset(start + dt.timedelta(1)) or _ZERO) > (offset(start) or _ZERO)
    }


def exists(day: int, minute: int, zone: str) -> bool:
    """Tell whether clocks show a time on a day."""
    local = dt.datetime.fromordinal(day) + dt.timedelta(minutes=minute)
    there = local.replace(tzinfo=ZoneInfo(zone)).astimezone(dt.timezone.utc)
    return there.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == local


def complete_times(
    given: Times, stored: Times | None, now: dt.datetime, zone: str | None = None
) -> CompleteTimes:
    """Complete the times of events: from the stored event, else from now and one hour's length.

    A new start alone moves a stored event: it keeps its length. An end before the start on the
    day of the start, without an end date, is on the next day. An end that is worked out, and that
    the clocks of the site's zone skip, is as much later as they go forward.

    Parameters
    ----------
    given : Times
        What the frame says.
    stored : Times or None
        What AMS holds of each event; nothing of new ones. None if all are new.
    now : datetime
        The start of new events that have none.
    zone : str, optional
        IANA name of the site's zone.
    """
    complete = _completed(given, stored, now)
    return complete if zone is None else _past_gaps(complete, given, zone)


def _past_gaps(times: CompleteTimes, given: Times, zone: str) -> CompleteTimes:
    """Move ends that were worked out behind the hour that clocks skip; name those given in it."""
    skipping = skipping_days(set(times.end_days), zone)
    if not skipping:
        return times
    days, minutes, skipped = list(times.end_days), list(times.end_minutes), []
    for event, (day, minute) in enumerate(zip(times.end_days, times.end_minutes, strict=True)):
        if day not in skipping or exists(day, minute, zone):
            continue
        if given.end_minutes[event] is None:
            more, minutes[event] = divmod(minute + _forward(day, zone), MINUTES_PER_DAY)
            days[event] = day + more
        else:
            skipped.append(EventNo(event))
    return replace(times, end_days=days, end_minutes=minutes, skipped=skipped)


def _forward(day: int, zone: str) -> int:
    """Return by how many minutes clocks go forward on a day."""
    start, offset = dt.datetime.fromordinal(day), ZoneInfo(zone).utcoffset
    change = (offset(start + dt.timedelta(1)) or _ZERO) - (offset(start) or _ZERO)
    return int(change / dt.timedelta(minutes=1))


def _completed(given: Times, stored: Times | None, now: dt.datetime) -> CompleteTimes:
    if stored is None:
        if not any(None in column for column in given.columns):
            return _checked(*(np.array(column, dtype=np.int64) for column in given.columns))
        if set(given.end_days) | set(given.end_minutes) <= {None}:
            return _one_hour(given, now)
    said = _numbers(given)
    start = (now.date().toordinal(), now.hour * 60 + now.minute)
    fresh = _new((_filled(said[0], start[0]), _filled(said[1], start[1])), said[2], said[3])
    if stored is None:
        return _checked(*fresh)
    held = _numbers(stored)
    moved = _moved(said, held)
    new = held[0] == _GAP
    return _checked(*(np.where(new, f, m) for f, m in zip(fresh, moved, strict=True)))


def _numbers(times: Times) -> tuple[_Column, ...]:
    return tuple(
        np.array([_GAP if value is None else value for value in column], dtype=np.int64)
        for column in times.columns
    )


def _filled(column: _Column, default: _Column | int) -> _Column:
    return np.where(column == _GAP, default, column)


def _one_hour(given: Times, now: dt.datetime) -> CompleteTimes:
    """Complete new events without any end, by columns: it is what most frames look like."""
    today, this_minute = now.date().toordinal(), now.hour * 60 + now.minute
    days = [today if day is None else day for day in given.start_days]
    minutes = [this_minute if m is None else m for m in given.start_minutes]
    late = MINUTES_PER_DAY - DEFAULT_LENGTH
    end_days = [day + (m >= late) for day, m in zip(days, minutes, strict=True)]
    ends = [m + DEFAULT_LENGTH if m < late else m - late for m in minutes]
    return CompleteTimes(days, minutes, end_days, ends, [])


def _moved(said: Sequence[_Column], held: Sequence[_Column]) -> tuple[_Column, ...]:
    """Return the times of stored events of which the frame says something, or nothing."""
    length = (held[2] - held[0]) * MINUTES_PER_DAY + held[3] - held[1]
    day, minute = _filled(said[0], held[0]), _filled(said[1], held[1])
    extra, stop = np.divmod(minute + length, MINUTES_PER_DAY)
    over = np.where(said[3] == _GAP, extra, said[3] < minute)
    return day, minute, _filled(said[2], day + over), _filled(said[3], stop)


def _new(
    start: tuple[_Column, _Column], end_day: _Column, end_minute: _Column
) -> tuple[_Column, ...]:
    """Return the times of new events."""
    day, minute = start
    over, default = np.divmod(minute + DEFAULT_LENGTH, MINUTES_PER_DAY)
    # A day alone says nothing of an hour that runs over midnight.
    same_day = (end_day == _GAP) | (end_day == day)
    alone = np.where(same_day, day + over, end_day)
    timed = _filled(end_day, day + (end_minute < minute))
    untimed = end_minute == _GAP
    return day, minute, np.where(untimed, alone, timed), np.where(untimed, default, end_minute)


def _checked(
    days: _Column, minutes: _Column, end_days: _Column, end_minutes: _Column
) -> CompleteTimes:
    before = (end_days < days) | ((end_days == days) & (end_minutes < minutes))
    backwards = [EventNo(event) for event in np.flatnonzero(before).tolist()]
    return CompleteTimes(
        _shared(days), _shared(minutes), _shared(end_days), _shared(end_minutes), backwards
    )


def _shared(column: _Column) -> list[int]:
    """Return a column as a list in which equal numbers are one object: days and minutes repeat."""
    values: list[int] = column.tolist()
    known = {value: value for value in set(values)}
    return list(map(known.__getitem__, values))
