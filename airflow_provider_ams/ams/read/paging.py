"""Rules that every reading of several pages keeps: go forward, and come to an end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.errors import AMSReplyError
from airflow_provider_ams.ams.wire.records import Event, Profile

PAGE_SIZE = 100
MAX_PAGES = 1000
# Beyond `MAX_PAGES`, a request is allowed for each so many records that were new.
_WORTH_A_REQUEST = 10
MAX_SECONDS = 6 * 3600.0


def chunks(items: Sequence[int], size: int) -> Iterator[list[int]]:
    """Cut a sequence into lists of at most so many items."""
    for start in range(0, len(items), size):
        yield list(items[start : start + size])


class Progress:
    """Watch one reading: stop when it turns in circles, brings nothing new, or takes too long.

    Parameters
    ----------
    client : AMSClient
        For the time.
    endpoint : str
        For errors.
    """

    def __init__(self, client: AMSClient, endpoint: str) -> None:
        self._clock = client.clock
        self._began = client.clock.now()
        self._endpoint = endpoint
        self._requests = 0
        self._cursors: set[str] = set()
        self._seen: set[int] = set()

    def request(self) -> None:
        """Count a request that is about to be sent.

        Raises
        ------
        AMSReplyError
            There were too many, for what they have brought, or they take too long.
        """
        self._requests += 1
        if self._requests > MAX_PAGES + len(self._seen) // _WORTH_A_REQUEST:
            raise self._error("does not come to an end")
        if self._clock.now() - self._began > MAX_SECONDS:
            raise self._error("takes too long")

    def page(self, ids: Iterable[int], cursor: str | None = None) -> None:
        """Take note of a page and of the cursor that leads to the next.

        Raises
        ------
        AMSReplyError
            The cursor was there before.
        """
        self._seen.update(ids)
        if cursor is not None and cursor in self._cursors:
            raise self._error("does not come to an end")
        if cursor is not None:
            self._cursors.add(cursor)

    def _error(self, what: str) -> AMSReplyError:
        return AMSReplyError(f"Paging {what}.", endpoint=self._endpoint)


def check_form_of(records: Iterable[Event | Profile], form: str, endpoint: str) -> None:
    """Make sure that records are of the form that was asked for.

    Raises
    ------
    AMSReplyError
        One says that it is of another form.
    """
    wanted = form.strip().casefold()
    for other in {record.form for record in records}:
        if other is not None and other.strip().casefold() != wanted:
            raise AMSReplyError("The reply holds records of another form.", endpoint=endpoint)
