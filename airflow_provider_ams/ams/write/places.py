"""Places for the note of an import, and what each of them can promise about other tries."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import orjson

from airflow_provider_ams.ams.errors import AMSConfigurationError
from airflow_provider_ams.transport import FileNotes, Notes, write_atomic

try:
    import fcntl
except ImportError:  # Windows: two tries at once are told apart by the note alone
    fcntl = None  # type: ignore[assignment]


class Checkpoint:
    """A place that keeps one small JSON object; what it can't promise is left as it is here.

    The base of places of one's own that can promise more than to load and to save; an object that
    has these two methods alone will do as well.

    Attributes
    ----------
    trust : bool
        What the note says is confirmed need not be looked up again.
    look_back : int or None
        Epoch milliseconds from before the first try; where no note can be read, every row is
        looked up among what has changed in AMS since.
    blank : bool
        No note means that there was no try before.
    cheap : bool
        It may be read at every other moment.
    fenced : bool
        A try that has been overtaken can't write.
    """

    trust = True
    look_back: int | None = None
    blank = True
    cheap = False
    fenced = False

    def load(self) -> dict[str, Any] | None:
        """Return what was saved last, or None."""
        raise NotImplementedError

    def save(self, state: dict[str, Any]) -> None:
        """Keep this instead."""
        raise NotImplementedError

    def replace(self, state: dict[str, Any], check: Callable[[], None]) -> None:
        """Keep this instead if a check passes; at best with no other try in between."""
        check()
        try:
            self.save(state)
        except Exception:
            # A place may refuse a try that has been overtaken: that is not an outage.
            check()
            raise

    def hold(self) -> AbstractContextManager[bool]:
        """Keep other tries from writing in the block, where the place can; tell whether it can."""
        return nullcontext(False)


class PlainPlace(Checkpoint):
    """A place that only loads and saves.

    Parameters
    ----------
    notes : Notes
        The place.
    """

    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    def load(self) -> dict[str, Any] | None:
        """Return what was saved last, or None."""
        return self._notes.load()

    def save(self, state: dict[str, Any]) -> None:
        """Keep this instead."""
        self._notes.save(state)


Place = str | os.PathLike[str] | Notes
Resume = Place | None


def as_checkpoint(place: Place) -> Checkpoint:
    """Return a checkpoint for a path, or for any object that loads and saves."""
    if isinstance(place, Checkpoint):
        return place
    if not isinstance(place, (str, os.PathLike)):
        if not (callable(getattr(place, "load", None)) and callable(getattr(place, "save", None))):
            raise AMSConfigurationError(
                f"resume is {type(place).__name__}, and must be a path or load and save a note."
            )
        return PlainPlace(place)
    path = Path(place)
    if path.is_dir():
        raise AMSConfigurationError(
            f"resume: {str(place)!r} is a folder.", hint="Name a file in it."
        )
    if not path.parent.is_dir():
        raise AMSConfigurationError(
            f"resume: there is no folder {str(path.parent)!r}.", hint="Make it, or name another."
        )
    return LocalFile(path)


class LocalFile(PlainPlace):
    """A local file, written by one process at a time.

    Parameters
    ----------
    path : path
        The file; its lock is ``.<name>.lock`` beside it.
    make_folder : bool
        Make the folder if need be.
    lock_seconds : float
        How long to wait for another process that is writing or sending: that takes milliseconds.
    """

    cheap = True
    fenced = fcntl is not None

    def __init__(
        self, path: Path, *, make_folder: bool = False, lock_seconds: float = 10.0
    ) -> None:
        super().__init__(FileNotes(path, make_folder=make_folder))
        self._path = path
        self._lock_seconds = lock_seconds
        self._lock = path.with_name(f".{path.name}.lock")

    def replace(self, state: dict[str, Any], check: Callable[[], None]) -> None:
        """Keep this instead if a check passes, and no other try has written since.

        Raises
        ------
        TimeoutError
            Another process is at it for so long that it must have been stopped.
        """
        ready = self._path.with_name(f".{secrets.token_hex(8)}.tmp")
        write_atomic(ready, orjson.dumps(state))
        try:
            # For a moment: a process that is stopped in here holds up all.
            with self._locked(exclusive=True):
                check()
                os.replace(ready, self._path)
        except BaseException:
            ready.unlink(missing_ok=True)
            raise
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    @contextmanager
    def hold(self) -> Iterator[bool]:
        """Keep other tries from writing in the block; several threads may be in it at once."""
        with self._locked(exclusive=False):
            yield self.fenced

    @contextmanager
    def _locked(self, *, exclusive: bool) -> Iterator[None]:
        if fcntl is None:
            yield
            return
        kind = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
        descriptor = os.open(self._lock, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            _wait_for(lambda: fcntl.flock(descriptor, kind | fcntl.LOCK_NB), self._lock_seconds)
            yield
        finally:
            os.close(descriptor)


def _wait_for(lock: Callable[[], None], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            return lock()
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise TimeoutError("another process holds the note") from None
            time.sleep(0.01)


class LookBack(Checkpoint):
    """Say that this import may have been tried before, and that no note of it is left.

    Every row is looked up among what has changed in AMS since then, and only what is not there
    is sent.

    Parameters
    ----------
    since_ms : int
        Epoch milliseconds from before the first try; an hour too early only costs reading.
    place : str, path or Notes, optional
        Where to note the progress; else nowhere that outlives the process.
    """

    blank = False

    def __init__(self, since_ms: int, place: Resume = None) -> None:
        if type(since_ms) is not int or since_ms <= 0:
            raise AMSConfigurationError("LookBack: since_ms is not a number of milliseconds.")
        self.look_back = since_ms
        self._place = as_checkpoint(_Memory() if place is None else place)
        self.trust, self.cheap = self._place.trust, self._place.cheap
        self.fenced = self._place.fenced

    def load(self) -> dict[str, Any] | None:
        """Return what was saved last, or None."""
        return self._place.load()

    def save(self, state: dict[str, Any]) -> None:
        """Keep this instead."""
        self._place.save(state)

    def replace(self, state: dict[str, Any], check: Callable[[], None]) -> None:
        """Keep this instead as the place does."""
        self._place.replace(state, check)

    def hold(self) -> AbstractContextManager[bool]:
        """Keep other tries from writing as the place does."""
        return self._place.hold()


class _Memory:
    state: dict[str, Any] | None = None

    def load(self) -> dict[str, Any] | None:
        return self.state

    def save(self, note: dict[str, Any]) -> None:
        self.state = note
