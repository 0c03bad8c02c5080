"""Read events completely, although AMS pages differ by endpoint and some of them lose events."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.errors import AMSReplyError, AMSTransientError
from airflow_provider_ams.ams.wire.dates import (
    MINUTES_PER_DAY,
    SHOWN_TIMES,
    DateProblem,
    day_text,
    parse_day,
)

# Long user lists make `synchronise` fail now and then; `eventsearch` takes more.
SYNC_USERS = 25
SEARCH_USERS = 200
PAGE_SIZE = 100
MAX_PAGES = 1000

RawEvent = dict[str, Any]


@dataclass
class SyncRead:
    """What `synchronise` said, over all its pages.

    Parameters
    ----------
    events : list of dict
        Raw events, each id once, the last state seen.
    deleted_ids : list of int
        Ids of events deleted since; they may belong to other forms.
    server_time : int
        Epoch milliseconds to synchronise from the next time: the smallest of all pages, so that
        a change made while paging is seen again rather than missed.
    """

    events: list[RawEvent] = field(default_factory=list)
    deleted_ids: list[int] = field(default_factory=list)
    server_time: int = 0


def chunks(items: Sequence[int], size: int) -> Iterator[list[int]]:
    """Cut a sequence into lists of at most so many items."""
    for start in range(0, len(items), size):
        yield list(items[start : start + size])


def _next_cursor(data: Mapping[str, Any], places: Sequence[Sequence[str]]) -> str | None:
    for place in places:
        value: Any = data
        for key in place:
            value = value.get(key) if isinstance(value, Mapping) else None
        if value not in (None, ""):
            return str(value)
    return None


# Every spelling that sites are known to use; the vendor's own client reads the first.
_SYNC_CURSORS = (
    ("pagination", "cursor"),
    ("cursor",),
    ("export", "cursor"),
    ("export", "nextCursor"),
)
_SEARCH_CURSORS = (("nextCursor",), ("next_cursor",), ("cursor",))


def synchronise(
    client: AMSClient,
    form: str,
    users: Sequence[int],
    since: int,
    *,
    first_page_only: bool = False,
    first_day: int | None = None,
    sink: Callable[[list[RawEvent]], None] | None = None,
) -> SyncRead:
    """Read all events of a form that changed since a server time, for these users.

    Parameters
    ----------
    client : AMSClient
        The client.
    form : str
        Exact name.
    users : sequence of int
        User ids; AMS returns nothing, silently, for an empty list, so none is an empty result.
    since : int
        Epoch milliseconds; 0 reads the whole history.
    first_page_only : bool
        Stop after a page for each chunk of users.
    first_day : int, optional
        Read the events that start on this day or later, whenever they changed; `since` is not
        used then.
    sink : callable, optional
        Takes the events of each page, which are not collected then: an event may come twice, the
        last state counts, and one of `deleted_ids` may be among them.

    Raises
    ------
    AMSReplyError
        Paging does not come to an end, or a page can't be read.
    """
    result = SyncRead()
    by_id: dict[int, RawEvent] = {}
    deleted: dict[int, None] = {}
    times: list[int] = []
    for chunk in chunks(users, SYNC_USERS):
        for data in _sync_pages(client, form, chunk, since, first_day):
            page = _events(data["export"], "synchronise")
            if sink is not None:
                sink(page)
            else:
                by_id.update((event["id"], event) for event in page)
            deleted.update(dict.fromkeys(int(i) for i in data.get("idsOfDeletedEvents") or []))
            times.append(int(data["lastSynchronisationTimeOnServer"]))
            if first_page_only:
                break
    result.events = [e for i, e in by_id.items() if i not in deleted]
    result.deleted_ids = list(deleted)
    result.server_time = min(times, default=since)
    return result


def server_time(client: AMSClient, form: str, users: Sequence[int]) -> int:
    """Ask AMS for its clock, epoch milliseconds; the client's own only keeps the answer small."""
    now = int(client.clock.now() * 1000)
    return synchronise(client, form, users[:1], now, first_page_only=True).server_time


def _sync_pages(
    client: AMSClient, form: str, users: list[int], since: int, first_day: int | None
) -> Iterator[dict[str, Any]]:
    try:
        yield from _sync_chunk(client, form, users, since, first_day)
    except AMSTransientError as error:
        # HTTP 500 is also how AMS says that the answer would be too large.
        if error.status != 500 or len(users) == 1:
            raise
        for user in users:
            yield from _sync_chunk(client, form, [user], since, first_day)


def _sync_chunk(
    client: AMSClient, form: str, users: list[int], since: int, first_day: int | None
) -> Iterator[dict[str, Any]]:
    pagination: dict[str, Any] = {"paginate": True}
    # AMS takes either; what it makes of both together is not known.
    start: dict[str, Any] = {"lastSynchronisationTimeOnServer": since}
    if first_day is not None:
        start = {"startDate": day_text(first_day)}
    for _ in range(MAX_PAGES):
        data = client.read(
            "synchronise",
            {
                "formName": form,
                **start,
                "userIds": users,
                "pagination": dict(pagination),
            },
        )
        if (
            not isinstance(data, dict)
            or not isinstance(data.get("export"), dict)
            or not data.get("lastSynchronisationTimeOnServer")
        ):
            raise AMSReplyError("The events can't be read.", endpoint="synchronise")
        yield data
        following = _next_cursor(data, _SYNC_CURSORS)
        if following is None:
            return
        if following == pagination.get("cursor"):
            break
        pagination["cursor"] = following
    raise AMSReplyError("Paging does not come to an end.", endpoint="synchronise")


def _events(data: Mapping[str, Any], endpoint: str) -> list[RawEvent]:
    events = data.get("events") or []
    for event in events:
        # Events that can't be read must not pass for events that are not there.
        if not isinstance(event, dict) or not isinstance(event.get("id"), int):
            raise AMSReplyError("An event without an id can't be read.", endpoint=endpoint)
    return list(events)


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
    def endpoint(self) -> str:
        """The endpoint to ask."""
        return "filteredeventsearch" if self.filters else "eventsearch"

    def body(self, users: list[int], days: tuple[int, int], minutes: tuple[int, int]) -> Any:  # noqa: ANN401
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


_WHOLE_DAY = (0, MINUTES_PER_DAY - 1)


def search(
    client: AMSClient, what: Search, users: Sequence[int], first_day: int, last_day: int
) -> list[RawEvent]:
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
    found: dict[int, RawEvent] = {}
    pages = _SearchPages(client, what)
    for chunk in chunks(users, SEARCH_USERS):
        for event in pages.range(chunk, first_day, last_day):
            day = _start_day(event)
            # A site that ignores the range must not make other days look like these.
            if day is None or first_day <= day <= last_day:
                found[event["id"]] = event
    return sorted(found.values(), key=lambda e: _start_day(e) or 0)


class _SearchPages:
    """Read the pages of one search."""

    def __init__(self, client: AMSClient, what: Search) -> None:
        self._client = client
        self._what = what
        self._has_cursors = False

    def range(self, users: list[int], first: int, last: int) -> Iterator[RawEvent]:
        """Read a range of days; events may come twice."""
        while first <= last:
            events, more = self._page(users, (first, last), _WHOLE_DAY)
            if not more:
                yield from events
                return
            days = [_start_day(event) for event in events]
            if first < last and (None in days or days != sorted(days, key=lambda d: d or 0)):
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
            if held == 1:
                day = days[0] or first
                yield from self._day(users, day, _WHOLE_DAY)
                first = day + 1
                continue
            yield from events
            first = days[-1] or last

    def _day(self, users: list[int], day: int, span: tuple[int, int]) -> Iterator[RawEvent]:
        """Read a day of one user that does not fit on a page, by halves."""
        start, end = span
        if start == end:
            raise AMSReplyError(
                f"One user has more events in one minute of {day_text(day)} than AMS lists this "
                "way.",
                endpoint=self._what.endpoint,
                hint="Use sync_event_data().",
            )
        middle = (start + end) // 2
        for half in ((start, middle), (middle + 1, end)):
            events, more = self._page(users, (day, day), half)
            yield from self._day(users, day, half) if more else events

    def _page(
        self, users: list[int], days: tuple[int, int], minutes: tuple[int, int]
    ) -> tuple[list[RawEvent], bool]:
        what = self._what
        data = self._client.read(what.endpoint, what.body(users, days, minutes))
        if data is None:  # an empty body is how AMS may say "no rows"
            return [], False
        if not isinstance(data, dict):
            raise AMSReplyError("The events can't be read.", endpoint=what.endpoint)
        events = _events(data, what.endpoint)
        if what.per_user:
            return events, False
        if _next_cursor(data, _SEARCH_CURSORS) is not None:
            self._has_cursors = True
            if not events:
                raise AMSReplyError("A page without events has another.", endpoint=what.endpoint)
            return events, True
        # Exactly full without a cursor: the end, unless its spelling is one not known yet.
        return events, len(events) == PAGE_SIZE and not self._has_cursors


def _start_day(event: RawEvent) -> int | None:
    try:
        return parse_day(event.get("startDate"))
    except DateProblem:
        return None


def read_profiles(client: AMSClient, form: str, users: list[int]) -> list[dict[str, Any]]:
    """Read the raw profile records of these users."""
    records: list[dict[str, Any]] = []
    for chunk in chunks(users, SEARCH_USERS):
        data = client.read("profilesearch", {"formNames": [form], "userIds": chunk})
        if not isinstance(data, dict) or not isinstance(data.get("profiles"), list):
            raise AMSReplyError("The profiles can't be read.", endpoint="profilesearch")
        records += data["profiles"]
    return records
