"""The client: one project of one Tidepool."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import cast
from urllib.parse import urlsplit

from airflow_provider_ams.tidepool.dead_letters import DeadLetters
from airflow_provider_ams.tidepool.errors import (
    TidepoolConfigurationError,
    TidepoolJournalError,
    TidepoolPermissionError,
    file_problems_as,
)
from airflow_provider_ams.tidepool.journal import Journal, MemoryJournal, journal_at
from airflow_provider_ams.tidepool.options import IngestOption
from airflow_provider_ams.tidepool.reading import fingerprint
from airflow_provider_ams.tidepool.result import IngestResult
from airflow_provider_ams.tidepool.run import Ingest
from airflow_provider_ams.tidepool.sending import Sender
from airflow_provider_ams.tidepool.sources import Source, open_source
from airflow_provider_ams.transport import (
    DEADLINE,
    MAX_REPLY_BYTES,
    Clock,
    HTTPSession,
    Location,
    RetryPolicy,
    Secret,
    check_base_url,
    check_header,
    hidden,
    locate,
)

BASE_URL = "https://shoreline.tidepool.so/api/v1/events"
JOURNAL_SUFFIX = ".tidepool-journal"


class TidepoolClient:
    """Send historical events to one Tidepool project.

    Parameters
    ----------
    api_key : str, optional
        Keys are valid for one project; else the environment's ``TIDEPOOL_API_KEY``.
    base_url : str
        Where ``/validate`` and ``/track`` are; https, or http for this machine.
    connect_timeout, read_timeout : float
        Seconds.
    verify : bool or str
        Check the server's certificate; a path names a CA bundle.
    retry : RetryPolicy
        How often and how long to wait for a server that takes no events now.
    clock : Clock
        Time, sleep and randomness.
    max_reply_bytes : int
        A reply with more, once it is unpacked, is not taken in.
    deadline : float
        Seconds for one request and its whole reply, however slowly it trickles in.
    new_salt : callable
        Returns new random text to make random ids from.

    Raises
    ------
    TidepoolPermissionError
        There is no key.
    TidepoolConfigurationError
        The key, the URL or another setting can't be right.
    """

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str = BASE_URL,
        *,
        connect_timeout: float = 10.0,
        read_timeout: float = 120.0,
        verify: bool | str = True,
        retry: RetryPolicy | None = None,
        clock: Clock | None = None,
        max_reply_bytes: int = MAX_REPLY_BYTES,
        deadline: float = DEADLINE,
        new_salt: Callable[[], str] = lambda: uuid.uuid4().hex,
    ) -> None:
        api_key = hidden(api_key or os.environ.get("TIDEPOOL_API_KEY"))
        self._key = _check_key(api_key)
        checked_url = _check_base_url(base_url)
        try:
            self._session = HTTPSession(
                checked_url,
                connect_timeout=connect_timeout,
                read_timeout=read_timeout,
                verify=verify,
                connections=64,
                max_bytes=max_reply_bytes,
                deadline=deadline,
            )
        except ValueError as error:
            raise TidepoolConfigurationError(f"{error}.") from None
        self._retry = retry or RetryPolicy()
        self._clock = clock or Clock()
        self._new_salt = new_salt

    def __repr__(self) -> str:
        # A traceback may show a client whose making has failed.
        session = getattr(self, "_session", None)
        return f"TidepoolClient(host={session and urlsplit(session.base_url).hostname!r})"

    @property
    def base_url(self) -> str:
        """Where the events go, without a slash at the end."""
        return self._session.base_url

    def __enter__(self) -> TidepoolClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def validate_events(self, events: object, option: IngestOption | None = None) -> IngestResult:
        """Check rows here and let the server check them, without storing anything.

        Parameters
        ----------
        events : iterable of mapping, DataFrame, path or URL
            As `ingest` takes it.
        option : IngestOption, optional
            Default: every batch goes to the server, without a pause between them.

        Raises
        ------
        TidepoolRejectedError
            More rows are wrong than ``tolerance`` puts up with; ``result`` names all of them.
        TidepoolError
            Key, URL or server keep the rows from being checked.
        """
        option = option or IngestOption(validate="all", pause=0, interactive_mode=False)
        rows = open_source(events, option, keep=option.reads_ahead)
        return self._run(rows, option, MemoryJournal(), track=False)

    def track_events(self, events: object, option: IngestOption | None = None) -> IngestResult:
        """Check rows and store them as events, without a journal: a repeated call repeats events.

        Parameters
        ----------
        events : iterable of mapping, DataFrame, path or URL
            As `ingest` takes it.
        option : IngestOption, optional
            Default: no call to ``/validate``, no pause between batches.

        Raises
        ------
        TidepoolRejectedError
            More rows were refused than ``tolerance`` puts up with; ``result`` names them.
        TidepoolUnknownOutcomeError
            No usable answer came for some events.
        TidepoolError
            Key, URL or server keep the events from being stored.
        """
        option = option or IngestOption(validate="none", pause=0, interactive_mode=False)
        rows = open_source(events, option, keep=option.reads_ahead)
        return self._run(rows, option, MemoryJournal())

    def ingest(
        self,
        source: object,
        option: IngestOption | None = None,
        *,
        journal: object = None,
        **changes: object,
    ) -> IngestResult:
        """Validate a source and track it, going on where an earlier run was cut off.

        Parameters
        ----------
        source : path, URL, DataFrame or iterable of mapping
            CSV, JSON lines or Parquet in a local file or anywhere fsspec reaches; or rows.
        option : IngestOption, optional
            How; single options can be given by name instead, or as well.
        journal : Journal, path or URL, optional
            Where to keep what was confirmed. Default for a file: next to it, in
            ``<name>.tidepool-journal``. Rows that are not a file have no journal unless it is
            named here: a repeated call repeats events.
        **changes
            Fields of IngestOption.

        Returns
        -------
        IngestResult
            Counts, rejected rows, and rows that may be stored twice.

        Raises
        ------
        TidepoolRejectedError
            More rows were refused than ``tolerance`` puts up with; ``result`` names them.
        TidepoolTransientError
            Try later: the same call goes on where this one stopped.
        TidepoolUnknownOutcomeError
            No usable answer came for some events: the same call sends them again, same ids.
        TidepoolConfigurationError
            A setting, the key, the source or its journal must be changed.
        """
        option = option or IngestOption()
        try:
            option = replace(option, **changes)  # type: ignore[arg-type]
        except TypeError as error:
            raise TidepoolConfigurationError(f"no such option: {error}") from None
        keep = journal is not None or option.reads_ahead
        rows = open_source(source, option, keep=keep)
        return self._run(rows, option, _journal(rows, journal, option))

    def _run(
        self, rows: Source, option: IngestOption, journal: Journal, track: bool = True
    ) -> IngestResult:
        # What is forgotten with the run need not be compared with the next one.
        identity = {} if type(journal) is MemoryJournal else self._identity(rows, option)
        ignore = ("key",) if option.same_project else ()
        journal.begin(identity, self._new_salt(), option.restart, ignore)
        try:
            sender = Sender(self._session, self._key, self._clock, self._retry)
            letters = _dead_letters(rows, option) if track else DeadLetters(None)
            return Ingest(sender, rows, option, journal, letters, self._clock).run(track)
        finally:
            journal.close()

    def _identity(self, source: Source, option: IngestOption) -> Mapping[str, object]:
        """Return what makes a run the same run, without anything that is secret."""
        key = hashlib.blake2b(self._key.encode(), digest_size=8, person=b"tidepool-key")
        return {
            "source": fingerprint(source),
            "host": self._session.base_url,
            "key": key.hexdigest(),
            "options": option.identity(),
        }


def _check_key(key: str | None) -> Secret:
    text = Secret((key or "").strip())
    if not text:
        raise TidepoolPermissionError(
            "there is no API key.",
            hint="Pass api_key or set TIDEPOOL_API_KEY (in Tidepool: Settings, API Keys).",
        )
    try:
        return Secret(check_header("X-Tidepool-Api-Key", text))
    except ValueError:
        raise TidepoolPermissionError(
            "the API key holds characters that no key has.", hint="Copy it whole, and alone."
        ) from None


def _check_base_url(url: str) -> str:
    try:
        return check_base_url(url)
    except ValueError as error:
        raise TidepoolConfigurationError(f"base_url: {error}.") from None


def _journal(source: Source, journal: object, option: IngestOption) -> Journal:
    if journal is None:
        place = source.location
        return MemoryJournal() if place is None else journal_at(place.neighbour(JOURNAL_SUFFIX))
    if hasattr(journal, "begin"):
        return cast(Journal, journal)
    with file_problems_as(TidepoolJournalError):
        return journal_at(locate(journal, option.storage_options))


def _same_file(one: Location, other: Location) -> bool:
    if one.path is None or other.path is None:
        return one.name == other.name
    return one.path.resolve() == other.path.resolve()


def _dead_letters(source: Source, option: IngestOption) -> DeadLetters:
    place: Location | None = source.location
    if option.dead_letter_path is not None:
        with file_problems_as(TidepoolConfigurationError):
            chosen = locate(option.dead_letter_path, option.storage_options)
        if place is not None and _same_file(chosen, place):
            raise TidepoolConfigurationError(
                "dead_letter_path names the source: it would be overwritten."
            )
        return DeadLetters(chosen, csv_safe=option.csv_safe)
    if place is None or option.tolerance is None:
        return DeadLetters(None)
    csv = place.name.lower().endswith((".csv", ".tsv", ".txt")) or option.format == "csv"
    beside = place.neighbour(".dead-letters.csv" if csv else ".dead-letters.jsonl")
    return DeadLetters(beside, csv_safe=option.csv_safe, tidy=True)
