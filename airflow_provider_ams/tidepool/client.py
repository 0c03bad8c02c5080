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

from airflow_provider_ams.tidepool.errors import TidepoolConfigurationError, TidepoolPermissionError
from airflow_provider_ams.tidepool.ingest import Ingest
from airflow_provider_ams.tidepool.journal import Journal, MemoryJournal, journal_at
from airflow_provider_ams.tidepool.location import Location, locate
from airflow_provider_ams.tidepool.options import IngestOptions
from airflow_provider_ams.tidepool.reading import fingerprint
from airflow_provider_ams.tidepool.rejects import Rejects
from airflow_provider_ams.tidepool.result import IngestResult
from airflow_provider_ams.tidepool.sending import Sender
from airflow_provider_ams.tidepool.sources import Source, open_source
from airflow_provider_ams.transport import Clock, HTTPSession, RetryPolicy

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
    new_salt : callable
        Returns new random text to make random ids from.

    Raises
    ------
    TidepoolPermissionError
        There is no key.
    TidepoolConfigurationError
        The key or the URL can't be right.
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
        new_salt: Callable[[], str] = lambda: uuid.uuid4().hex,
    ) -> None:
        self._key = _check_key(api_key or os.environ.get("TIDEPOOL_API_KEY"))
        try:
            self._session = HTTPSession(
                base_url,
                connect_timeout=connect_timeout,
                read_timeout=read_timeout,
                verify=verify,
                connections=64,
            )
        except ValueError as error:
            raise TidepoolConfigurationError(f"base_url: {error}") from None
        self._retry = retry or RetryPolicy()
        self._clock = clock or Clock()
        self._new_salt = new_salt

    def __repr__(self) -> str:
        return f"TidepoolClient(host={urlsplit(self._session.base_url).hostname!r})"

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

    def validate_events(self, events: object, options: IngestOptions | None = None) -> IngestResult:
        """Check rows here and let the server check them, without storing anything.

        Parameters
        ----------
        events : iterable of mapping, DataFrame, path or URL
            As `ingest` takes it.
        options : IngestOptions, optional
            Default: every batch goes to the server, without a pause between them.

        Raises
        ------
        TidepoolRejectedError
            Rows are wrong and ``on_invalid`` is ``"fail"``; ``result`` names all of them.
        TidepoolError
            Key, URL or server keep the rows from being checked.
        """
        options = options or IngestOptions(validate="all", pause=0, interactive_mode=False)
        rows = open_source(events, options, keep=options.on_invalid == "fail")
        return self._run(rows, options, MemoryJournal(), track=False)

    def track_events(self, events: object, options: IngestOptions | None = None) -> IngestResult:
        """Check rows and store them as events, without a journal: a repeated call repeats events.

        Parameters
        ----------
        events : iterable of mapping, DataFrame, path or URL
            As `ingest` takes it.
        options : IngestOptions, optional
            Default: no call to ``/validate``, no pause between batches.

        Raises
        ------
        TidepoolRejectedError
            Rows were refused and ``on_invalid`` is ``"fail"``; ``result`` names them.
        TidepoolUnknownOutcomeError
            No usable answer came for some events.
        TidepoolError
            Key, URL or server keep the events from being stored.
        """
        options = options or IngestOptions(validate="none", pause=0, interactive_mode=False)
        rows = open_source(events, options, keep=options.on_invalid == "fail")
        return self._run(rows, options, MemoryJournal())

    def ingest(
        self,
        source: object,
        options: IngestOptions | None = None,
        *,
        journal: object = None,
        **changes: object,
    ) -> IngestResult:
        """Validate a source and track it, going on where an earlier run was cut off.

        Parameters
        ----------
        source : path, URL, DataFrame or iterable of mapping
            CSV, JSON lines or Parquet in a local file or anywhere fsspec reaches; or rows.
        options : IngestOptions, optional
            How; single options can be given by name instead, or as well.
        journal : Journal, path or URL, optional
            Where to keep what was confirmed. Default for a file: next to it, in
            ``<name>.tidepool-journal``. Rows that are not a file have no journal unless it is
            named here: a repeated call repeats events.
        **changes
            Fields of IngestOptions.

        Returns
        -------
        IngestResult
            Counts, rejected rows, and rows that may be stored twice.

        Raises
        ------
        TidepoolRejectedError
            Rows were refused and ``on_invalid`` is ``"fail"``; ``result`` names them.
        TidepoolTransientError
            Try later: the same call goes on where this one stopped.
        TidepoolUnknownOutcomeError
            No usable answer came for some events: the same call sends them again, same ids.
        TidepoolConfigurationError
            A setting, the key, the source or its journal must be changed.
        """
        options = options or IngestOptions()
        try:
            options = replace(options, **changes)  # type: ignore[arg-type]
        except TypeError as error:
            raise TidepoolConfigurationError(f"no such option: {error}") from None
        keep = journal is not None or options.on_invalid == "fail"
        rows = open_source(source, options, keep=keep)
        return self._run(rows, options, _journal(rows, journal, options))

    def _run(
        self, rows: Source, options: IngestOptions, notes: Journal, track: bool = True
    ) -> IngestResult:
        # What is forgotten with the run need not be compared with the next one.
        identity = {} if type(notes) is MemoryJournal else self._identity(rows, options)
        ignore = ("key",) if options.same_project else ()
        notes.begin(identity, self._new_salt(), options.restart, ignore)
        try:
            sender = Sender(self._session, self._key, self._clock, self._retry)
            rejects = _rejects(rows, options) if track else Rejects(None)
            return Ingest(sender, rows, options, notes, rejects, self._clock).run(track)
        finally:
            notes.close()

    def _identity(self, source: Source, options: IngestOptions) -> Mapping[str, object]:
        """Return what makes a run the same run, without anything that is secret."""
        key = hashlib.blake2b(self._key.encode(), digest_size=8, person=b"tidepool-key")
        return {
            "source": fingerprint(source),
            "host": self._session.base_url,
            "key": key.hexdigest(),
            "options": options.identity(),
        }


def _check_key(key: str | None) -> str:
    text = (key or "").strip()
    if not text:
        raise TidepoolPermissionError(
            "there is no API key: pass api_key or set TIDEPOOL_API_KEY (make one in Tidepool's "
            "settings, API Keys)"
        )
    if not text.isascii() or not text.isprintable() or " " in text:
        raise TidepoolPermissionError(
            "the API key holds characters that no key has: was it copied whole, and alone?"
        )
    return text


def _journal(source: Source, journal: object, options: IngestOptions) -> Journal:
    if journal is None:
        place = source.location
        return MemoryJournal() if place is None else journal_at(place.neighbour(JOURNAL_SUFFIX))
    if hasattr(journal, "begin"):
        return cast(Journal, journal)
    return journal_at(locate(journal, options.storage_options))


def _rejects(source: Source, options: IngestOptions) -> Rejects:
    place: Location | None = source.location
    if options.rejects is not None:
        chosen = locate(options.rejects, options.storage_options)
        if place is not None and chosen.name == place.name:
            raise TidepoolConfigurationError("rejects names the source: it would be overwritten")
        return Rejects(chosen)
    if place is None or options.on_invalid == "fail":
        return Rejects(None)
    csv = place.name.lower().endswith((".csv", ".tsv", ".txt")) or options.format == "csv"
    return Rejects(place.neighbour(".rejects.csv" if csv else ".rejects.jsonl"), tidy=True)
