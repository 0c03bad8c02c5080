"""Read a source into checked events, and keep count of what is wrong with it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from airflow_provider_ams.tidepool.account import Account
from airflow_provider_ams.tidepool.batches import Ready
from airflow_provider_ams.tidepool.checks import CheckedChunk, Checker, make_events
from airflow_provider_ams.tidepool.errors import TidepoolInputError, file_problems_as
from airflow_provider_ams.tidepool.identity import ContentIds, RandomIds
from airflow_provider_ams.tidepool.options import IngestOption
from airflow_provider_ams.tidepool.ranges import Ranges
from airflow_provider_ams.tidepool.sources import Source
from airflow_provider_ams.tidepool.values import canonical


def fingerprint(source: Source) -> str:
    """Return a hash of all that a source holds: of a file's content, else of its rows."""
    if source.location is not None:
        with file_problems_as(TidepoolInputError):
            return source.location.fingerprint()
    digest = hashlib.sha256()
    for chunk in source.chunks():
        digest.update(repr(list(chunk.columns)).encode())
        for row in canonical(zip(*chunk.columns.values(), strict=True)):
            digest.update(row)
    return digest.hexdigest()


class Reader:
    """Read one source, as often as it takes.

    Parameters
    ----------
    source : Source
        The rows.
    option : IngestOption
        How to check them and to make events of them.
    account : Account
        Where rows are counted.
    """

    def __init__(self, source: Source, option: IngestOption, account: Account) -> None:
        self._source = source
        self._option = option
        self._account = account
        self._checker = Checker(option)
        self._touched = self._state()

    def check_all(self) -> int:
        """Read and check everything; returns the number of rows."""
        rows = sum(len(checked.chunk) for checked in self._checked())
        self.check_untouched()
        return rows

    def ready(self, salt: str, confirmed: Ranges) -> Iterator[Ready]:
        """Yield every chunk with its events and the positions that must not be sent.

        Parameters
        ----------
        salt : str
            For random ids.
        confirmed : Ranges
            Rows that were confirmed before; counted as such.
        """
        ids = RandomIds(salt) if self._option.random_ids else ContentIds()
        for checked in self._checked():
            chunk, wrong = checked.chunk, set(checked.problems)
            for low, high in self._account.refused.overlap(chunk.start, chunk.start + len(chunk)):
                wrong.update(range(low - chunk.start, high - chunk.start))
            events = make_events(checked, ids, self._option.event_name)
            self._account.name_events(chunk, events)
            self._account.count_confirmed(chunk, wrong, confirmed)
            yield chunk, events, wrong
        self.check_untouched()

    def check_untouched(self) -> None:
        """Refuse a local file that was written to since the run began.

        Raises
        ------
        TidepoolInputError
            It was.
        """
        if self._touched != self._state():
            raise TidepoolInputError(
                f"{self._source.name} was changed while it was read: what was sent may be a "
                "mixture of its old and its new content"
            )

    def _state(self) -> tuple[int, ...] | None:
        location = self._source.location
        return None if location is None else location.state()

    def _checked(self) -> Iterator[CheckedChunk]:
        self._account.start_over()
        for chunk in self._source.chunks():
            self._checker.check_columns(self._source, chunk)
            checked = self._checker.check(chunk)
            self._account.count_rows(chunk, checked.problems)
            yield checked
