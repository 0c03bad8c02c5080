"""What was confirmed and what was in flight, kept so that a run can go on after a crash.

Rows are meant by their number in the source, counted from 0, in half-open ranges. A journal holds
no event and no key, only hashes of the source and of the key.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, Protocol

import orjson

from airflow_provider_ams.tidepool.errors import TidepoolJournalError, file_problems_as
from airflow_provider_ams.tidepool.ranges import Ranges
from airflow_provider_ams.transport import FileNotes, FileProblem, Location, Notes, open_log

Identity = Mapping[str, object]
_FORMAT = 1
_WORDS = {
    "source": "the content of the source has changed",
    "host": "events went to another base URL",
    "key": "the API key has changed (same_project=True if it belongs to the same project)",
    "options": "options that change what is sent are different",
}


class Journal(Protocol):
    """Remember rows over a crash. All methods are called from one thread.

    ``confirmed`` and ``in_flight`` are the rows that need not and that must be sent again, ``salt``
    is what random ids are made from, and ``path`` is what to show to a person.
    """

    confirmed: Ranges
    in_flight: Ranges
    salt: str
    path: str | None

    def begin(
        self,
        identity: Identity,
        salt: str,
        restart: bool = False,
        ignore: Collection[str] = (),
    ) -> None:
        """Read what is there, or start with this identity and salt.

        Parameters
        ----------
        identity : mapping
            What makes a run the same ingest: hashes of source and key, base URL, options.
        salt : str
            Kept for random ids if this begins a journal.
        restart : bool
            Forget what is there.
        ignore : collection of str
            Parts of the identity that may have changed.
        """

    def sending(self, start: int, end: int) -> None:
        """Note, before they leave, that these rows may be on their way from now on."""

    def answered(self, start: int, end: int, confirmed: Ranges) -> None:
        """Note that an answer came for these rows, and which of them are confirmed."""

    def close(self) -> None:
        """Make all notes last; the journal can't be used any more."""


def check_identity(
    known: Identity, now: Identity, path: str | None, ignore: Collection[str] = ()
) -> None:
    """Refuse to go on with the journal of another ingest.

    Raises
    ------
    TidepoolJournalError
        Says what differs and what can be done.
    """
    differs = [
        words
        for name, words in _WORDS.items()
        if name not in ignore and known.get(name) != now.get(name)
    ]
    if differs:
        raise TidepoolJournalError(
            f"the journal {path or ''} belongs to another ingest: {'; '.join(differs)}.",
            hint="Going on could leave rows out or send them twice. Use another journal for this "
            "source, or restart=True to send all rows (again).",
        )


class MemoryJournal:
    """Remember nothing beyond this run: for sources without a place of their own."""

    def __init__(self) -> None:
        self.confirmed = Ranges()
        self.in_flight = Ranges()
        self.salt = ""
        self.path: str | None = None

    def begin(
        self,
        identity: Identity,
        salt: str,
        restart: bool = False,
        ignore: Collection[str] = (),
    ) -> None:
        """Start with nothing confirmed."""
        self.salt = salt

    def sending(self, start: int, end: int) -> None:
        """Note rows on their way."""
        self.in_flight.add(start, end)

    def answered(self, start: int, end: int, confirmed: Ranges) -> None:
        """Note an answer."""
        self.in_flight.remove(start, end)
        for low, high in confirmed.pairs():
            self.confirmed.add(low, high)

    def close(self) -> None:
        """Nothing is left to do."""


class FileJournal(MemoryJournal):
    """Append notes to a small local file.

    A note is one write of one line, so a killed process leaves whole lines and at most one torn
    one, which is dropped. The disk is made to follow about once a second: only a power cut can
    lose the last notes, and then rows are sent again with the same ids.

    Parameters
    ----------
    path : path
        The file; made readable for its owner alone.
    now : callable
        Seconds, as ``time.monotonic``.
    """

    def __init__(
        self, path: str | os.PathLike[str], now: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self.path: str | None = str(path)
        self._file = -1
        self._now = now
        self._synced = now()

    def begin(
        self,
        identity: Identity,
        salt: str,
        restart: bool = False,
        ignore: Collection[str] = (),
    ) -> None:
        """Read the file, or begin a new one.

        Raises
        ------
        TidepoolJournalError
            It belongs to another ingest, is in use, or can't be written.
        """
        path = Path(str(self.path))
        try:
            self._file = open_log(path)
        except FileProblem as problem:
            raise TidepoolJournalError(
                f"the journal {problem.message}.", hint=problem.hint
            ) from None
        try:
            _lock(self._file, path)
            with os.fdopen(os.dup(self._file), "rb") as file:
                content = file.read()
            self._load(content, identity, salt, restart, ignore)
        except BaseException:
            self._shut()
            raise

    def _load(
        self,
        content: bytes,
        identity: Identity,
        salt: str,
        restart: bool,
        ignore: Collection[str],
    ) -> None:
        whole = content[: content.rfind(b"\n") + 1]
        notes = _parse(whole, self.path)
        # With nothing sent so far there is nothing that another source could mix with.
        if restart or len(notes) < 2:
            os.ftruncate(self._file, 0)
            self.salt = salt
            self._note({"tidepool_journal": _FORMAT, "identity": identity, "salt": salt})
            os.fsync(self._file)
            return
        os.ftruncate(self._file, len(whole))
        known = [note["identity"] for note in notes if "identity" in note][-1]
        check_identity(known, identity, self.path, ignore)
        if known != identity:
            self._note({"identity": identity})
        self.salt = notes[0]["salt"]
        for note in notes[1:]:
            self._replay(note)

    def _replay(self, note: dict[str, Any]) -> None:
        if "s" in note:
            super().sending(*note["s"])
        if "a" in note:
            start, end = note["a"]
            super().answered(start, end, Ranges(note.get("c", [(start, end)])))

    def sending(self, start: int, end: int) -> None:
        """Note rows on their way."""
        super().sending(start, end)
        self._note({"s": [start, end]})

    def answered(self, start: int, end: int, confirmed: Ranges) -> None:
        """Note an answer."""
        super().answered(start, end, confirmed)
        pairs = confirmed.pairs()
        whole = pairs == [[start, end]]
        self._note({"a": [start, end]} if whole else {"a": [start, end], "c": pairs})
        if self._now() - self._synced >= 1:
            os.fsync(self._file)
            self._synced = self._now()

    def _note(self, note: dict[str, object]) -> None:
        line = orjson.dumps(note, option=orjson.OPT_APPEND_NEWLINE)
        try:
            written = os.write(self._file, line)
        except OSError as error:
            raise TidepoolJournalError(
                f"the journal {self.path} can't be written: {error.strerror}."
            ) from None
        if written < len(line):
            raise TidepoolJournalError(
                f"the journal {self.path} can't be written: the disk is full."
            )

    def close(self) -> None:
        """Flush and close the file; without anything in it, take it away."""
        if self._file >= 0:
            os.fsync(self._file)
            if not self.confirmed and not self.in_flight:
                Path(str(self.path)).unlink(missing_ok=True)
            self._shut()

    def _shut(self) -> None:
        os.close(self._file)
        self._file = -1


def _lock(file: int, path: Path) -> None:
    """Keep a second process from the same journal; the lock ends with the process."""
    try:
        import fcntl
    except ImportError:  # not on Windows
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise TidepoolJournalError(
            f"the journal {path} is in use: another process is ingesting this source."
        ) from None


def _parse(content: bytes, path: str | None) -> list[dict[str, Any]]:
    try:
        notes = [orjson.loads(line) for line in content.splitlines()]
        if notes and notes[0].get("tidepool_journal") != _FORMAT:
            raise ValueError
    except (ValueError, AttributeError):
        raise TidepoolJournalError(
            f"{path} is not a journal that this version can read; nothing was changed.",
            hint="Name another file.",
        ) from None
    return notes


class SnapshotJournal(MemoryJournal):
    """Keep the whole journal as one small value that is replaced with every note.

    Parameters
    ----------
    notes : Notes
        Where the value is kept.
    path : str, optional
        What to call the place in messages.
    """

    def __init__(self, notes: Notes, path: str | None = None) -> None:
        super().__init__()
        self.path = path
        self._notes = notes
        self._identity: Identity = {}

    def begin(
        self,
        identity: Identity,
        salt: str,
        restart: bool = False,
        ignore: Collection[str] = (),
    ) -> None:
        """Read the value, or begin with nothing confirmed.

        Raises
        ------
        TidepoolJournalError
            It belongs to another ingest.
        """
        with file_problems_as(TidepoolJournalError):
            known = None if restart else self._notes.load()
        self._identity, self.salt = identity, salt
        if known is not None and (known.get("confirmed") or known.get("flying")):
            if known.get("tidepool_journal") != _FORMAT:
                raise TidepoolJournalError(f"{self.path} is not a journal of this version.")
            check_identity(known["identity"], identity, self.path, ignore)
            self.salt = known["salt"]
            self.confirmed = Ranges(known["confirmed"])
            self.in_flight = Ranges(known["flying"])
        self._store()

    def sending(self, start: int, end: int) -> None:
        """Note rows on their way."""
        super().sending(start, end)
        self._store()

    def answered(self, start: int, end: int, confirmed: Ranges) -> None:
        """Note an answer."""
        super().answered(start, end, confirmed)
        self._store()

    def _store(self) -> None:
        note = {
            "tidepool_journal": _FORMAT,
            "identity": dict(self._identity),
            "salt": self.salt,
            "confirmed": self.confirmed.pairs(),
            "flying": self.in_flight.pairs(),
        }
        with file_problems_as(TidepoolJournalError):
            self._notes.save(note)


def journal_at(location: Location) -> Journal:
    """Return the journal for a place: appended to if it is local, else replaced as a whole."""
    if location.path is not None:
        return FileJournal(location.path)
    return SnapshotJournal(FileNotes(location), location.name)
