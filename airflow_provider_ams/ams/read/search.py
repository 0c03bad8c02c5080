"""Read the events of a range of days, although the pages of ``eventsearch`` lose events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.errors import AMSReplyError
from airflow_provider_ams.ams.read.paging import PAGE_SIZE, Progress, check_form_of, chunks
from airflow_provider_ams.ams.wire.dates import (
    MINUTES_PER_DAY,
    SHOWN_TIMES,
    day_text,
    stored_day,
)
from airflow_provider_ams.ams.wire.endpoints import EVENTSEARCH, FILTEREDEVENTSEARCH, Endpoint
from airflow_provider_ams.ams.wire.records import Event, SearchPage

SEARCH_USERS = 200
_WHOLE_DAY = (0, MINUTES_PER_DAY - 1)


@dataclass(frozen=True)
class Search:
    """A date-bounded search.

    Parameters
    ----------
    form : str
        Exact name.
    filters : list of dict
        AMS's ``filterSet``; with any, ``filteredeventsearch`` is asked.
    per_user : int, optional
        Newest so many events of each user.
    """

    form: str
    filters: list[dict[str, Any]] = field(default_factory=list)
    per_user: int | None = None

    @property
    def endpoint(self) -> Endpoint[SearchPage]:
        """The endpoint to ask."""
        return FILTEREDEVENTSEARCH if self.filters else EVENTSEARCH

    def body(
        self, users: list[int], days: tuple[int, int], minutes: tuple[int, int]
    ) -> dict[str, Any]:
        """Return the request's body.

        Both times are always sent: without them AMS ignores the dates and returns everything.
        """
        body: dict[str, Any] = {
            "formNames": [self.form],
            "userIds": users,
            "startDate": day_text(days[0]),
            "finishDate": day_text(days[1]),
            "startTime": SHOWN_TIMES[minutes[0]],
            "finishTime": SHOWN_TIMES[minutes[1]],
        }
        if self.filters:
            body["filter"] = [{"formName": self.form, "filterSet": self.filters}]
        if self.per_user:
            # A cap for each user and pages don't mix: the cap bounds the answer already.
            body["resultsPerUser"] = self.per_user
        else:
            body["paginate"] = True
        return body


def search(
    client: AMSClient, what: Search, users: Sequence[int], first_day: int, last_day: int
) -> list[Event]:
    """Read all events that start in a range of days, each once, oldest date first.

    AMS's cursor for this endpoint holds a date alone and skips the events of that date which did
    not fit on the page. So the cursor is only taken as "there is more", and the rest is asked for
    anew from the last date seen. Where a page holds less than three days, that would read much
    twice: then the users are divided, and a day of one user by time.

    Raises
    ------
    AMSReplyError
        One user has more events in one minute than fit on a page, or a page can't be read.
    """
    found: dict[int, tuple[int, Event]] = {}
    for chunk in chunks(users, SEARCH_USERS):
        for day, event in _Pages(client, what).range(chunk, first_day, last_day):
            found[event.id] = (day or 0, event)
    return [event for _, event in sorted(found.values(), key=lambda dated: dated[0])]


# A start date that can't be read is None: such an event is handed on, whatever was asked for.
_Dated = tuple["int | None", Event]


class _Pages:
    """Read the pages of one search for one list of users."""

    def __init__(self, client: AMSClient, what: Search) -> None:
        self._client = client
        self._what = what
        self._has_cursors = False
        self._progress = Progress(client, what.endpoint.name)

    def range(self, users: list[int], first: int, last: int) -> Iterator[_Dated]:
        """Read a range of days; events may come twice."""
        while first <= last:
            events, more = self._page(users, (first, last), _WHOLE_DAY)
            if not more:
                yield from events
                return
            days = [day for day, _ in events if day is not None]
            if first < last and (len(days) < len(events) or days != sorted(days)):
                # Not in order of dates: nothing can be said of what is missing. Divide instead.
                middle = (first + last) // 2
                yield from self.range(users, first, middle)
                first = middle + 1
                continue
            held = len(set(days))
            if held < 3 and len(users) > 1:
                for part in chunks(users, -(-len(users) // (4 if held == 1 else 2))):
                    yield from self.range(part, first, last)
                return
            if held < 2:
                day = days[0] if days else first
                yield from self._day(users, day, _WHOLE_DAY)
                first = day + 1
                continue
            yield from events
            first = days[-1]

    def _day(self, users: list[int], day: int, span: tuple[int, int]) -> Iterator[_Dated]:
        """Read a day of one user that does not fit on a page, by halves."""
        start, end = span
        if start == end:
            raise AMSReplyError(
                f"One user has more events in one minute of {day_text(day)} than AMS lists this "
                "way.",
                endpoint=self._what.endpoint.name,
                hint="Use sync_event_data().",
            )
        middle = (start + end) // 2
        for half in ((start, middle), (middle + 1, end)):
            events, more = self._page(users, (day, day), half)
            yield from self._day(users, day, half) if more else events

    def _page(
        self, users: list[int], days: tuple[int, int], minutes: tuple[int, int]
    ) -> tuple[list[_Dated], bool]:
        """Return the events of a page that lie in the range, and whether there are more."""
        what = self._what
        self._progress.request()
        page = self._client.read(what.endpoint, what.body(users, days, minutes))
        check_form_of(page.events, what.form, what.endpoint.name)
        self._progress.page([event.id for event in page.events])
        dated = [(stored_day(event.start_date), event) for event in page.events]
        # A site that ignores the range must not make other days look like these.
        inside = [d for d in dated if d[0] is None or days[0] <= d[0] <= days[1]]
        if what.per_user:
            return inside, False
        if page.cursor is not None:
            self._has_cursors = True
            if not page.events:
                raise AMSReplyError(
                    "A page without events has another.", endpoint=what.endpoint.name
                )
            return inside, True
        # Exactly full without a cursor: the end, unless its spelling is one not known yet.
        return inside, len(page.events) == PAGE_SIZE and not self._has_cursors
