"""Read the events that have changed since a time, or that start on a day or later."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.errors import AMSTransientError
from airflow_provider_ams.ams.read.paging import Progress, check_form_of, chunks
from airflow_provider_ams.ams.wire.dates import day_text
from airflow_provider_ams.ams.wire.endpoints import SYNCHRONISE
from airflow_provider_ams.ams.wire.records import Event, SyncPage

# Long user lists make `synchronise` fail now and then; `eventsearch` takes more.
SYNC_USERS = 25


@dataclass
class SyncRead:
    """What `synchronise` said, over all its pages.

    Parameters
    ----------
    events : list of Event
        Each id once, the last state seen.
    deleted_ids : list of int
        Ids of events deleted since; they may belong to other forms.
    server_time : int
        Epoch milliseconds to synchronise from the next time: the smallest of all pages, so that
        a change made while paging is seen again rather than missed.
    """

    events: list[Event] = field(default_factory=list)
    deleted_ids: list[int] = field(default_factory=list)
    server_time: int = 0


def synchronise(
    client: AMSClient,
    form: str,
    users: Sequence[int],
    since: int,
    *,
    first_page_only: bool = False,
    first_day: int | None = None,
    sink: Callable[[list[Event]], None] | None = None,
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
        Paging does not come to an end, or a page can't be read or believed.
    """
    result = SyncRead()
    by_id: dict[int, Event] = {}
    deleted: dict[int, None] = {}
    times: list[int] = []
    for chunk in chunks(users, SYNC_USERS):
        for page in _pages(client, form, chunk, since, first_day):
            if sink is not None:
                sink(page.events)
            else:
                by_id.update((event.id, event) for event in page.events)
            deleted.update(dict.fromkeys(page.deleted_ids))
            times.append(page.server_time)
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


def _pages(
    client: AMSClient, form: str, users: list[int], since: int, first_day: int | None
) -> Iterator[SyncPage]:
    try:
        yield from _chunk(client, form, users, since, first_day)
    except AMSTransientError as error:
        # HTTP 500 is also how AMS says that the answer would be too large.
        if error.status != 500 or len(users) == 1:
            raise
        for user in users:
            yield from _chunk(client, form, [user], since, first_day)


def _chunk(
    client: AMSClient, form: str, users: list[int], since: int, first_day: int | None
) -> Iterator[SyncPage]:
    # AMS takes either; what it makes of both together is not known (docs/wire.md, section 7).
    start: dict[str, Any] = {"lastSynchronisationTimeOnServer": since}
    if first_day is not None:
        start = {"startDate": day_text(first_day)}
    pagination: dict[str, Any] = {"paginate": True}
    body = {"formName": form, **start, "userIds": users}
    progress = Progress(client, SYNCHRONISE.name)
    while True:
        progress.request()
        page = client.read(SYNCHRONISE, {**body, "pagination": dict(pagination)})
        check_form_of(page.events, form, SYNCHRONISE.name)
        progress.page([event.id for event in page.events], page.cursor)
        yield page
        if page.cursor is None:
            return
        pagination["cursor"] = page.cursor
