"""The part of a form that a mirror looks after."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from airflow_provider_ams.ams.errors import AMSConfigurationError
from airflow_provider_ams.ams.plan.contents import Deletion
from airflow_provider_ams.ams.positions import StoredNo
from airflow_provider_ams.ams.prepare.events import EventDraft
from airflow_provider_ams.ams.problems import ERROR, Finding
from airflow_provider_ams.ams.read.snapshot import Snapshot, Span
from airflow_provider_ams.ams.wire.dates import DateProblem, parse_day


@dataclass(frozen=True)
class Window:
    """The part of a form that a mirror looks after.

    Parameters
    ----------
    span : Span
        First and last day.
    users : list of int
        Whose events.
    """

    span: Span
    users: list[int]

    def outside(self, events: EventDraft) -> Iterator[Finding]:
        """Find events that start outside: a mirror writes and deletes only within."""
        first, last = self.span.first or 0, self.span.last or 1 << 31
        outside = [
            position
            for day, positions in zip(events.times.start_days, events.rows, strict=True)
            if day is not None and not first <= day <= last
            for position in positions
        ]
        if outside:
            what, hint = (
                "starts outside the window of the mirror",
                "Drop the row, or widen the window.",
            )
            yield Finding(ERROR, "window", "start_date", what, [], hint, outside)
        mine = set(self.users)
        others = [
            position
            for user, positions in zip(events.user_ids, events.rows, strict=True)
            if user > 0 and user not in mine
            for position in positions
        ]
        if others:
            what = "the person is none of those whose events the mirror looks after"
            yield Finding(ERROR, "window", None, what, [], "Drop the row.", others)

    def deletions(self, stored: Snapshot, kept: Collection[StoredNo]) -> list[Deletion]:
        """Return the stored events of the window's people that are not to be kept."""
        mine = set(self.users)
        return [
            Deletion(
                stored.ids[at],
                user,
                stored.start_days[at],
                stored.start_minutes[at],
                stored.digest(at),
            )
            for at, user in enumerate(stored.user_ids)
            if at not in kept and user in mine
        ]


def window_span(window: tuple[object, object]) -> Span:
    """Return a window of two dates as days.

    Raises
    ------
    AMSConfigurationError
        A date can't be read, or they are the wrong way round.
    """
    try:
        first, last = (parse_day(_day(d)) for d in window)
    except (DateProblem, TypeError, ValueError):
        raise AMSConfigurationError(
            "window must be two dates as dd/MM/yyyy, such as ('01/01/2025', '31/01/2025')."
        ) from None
    if first > last:
        raise AMSConfigurationError(
            "The window's first day is after its last.", hint="Exchange them."
        )
    return Span(first, last)


def _day(value: object) -> object:
    return value.date() if isinstance(value, dt.datetime) else value
