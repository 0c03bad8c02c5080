"""Places for the note of an import, and what each of them can promise about other tries."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import orjson

from airflow_provider_ams.ams.errors import AMSConfigurationError
from airflow_provider_ams.transport import FileNotes, write_atomic

try:
    import fcntl
except ImportError:  # Windows: two tries at once are told apart by the note alone
    fcntl = None  # type: ignore[assignment]

# Seconds to wait for another process that is writing its note: that takes milliseconds.
LOCK_SECONDS = 10.0


class Checkpoint(Protocol):
    """A place that keeps one small JSON object.

    A place may say more of itself:

    - ``trust`` (True): what the note says is confirmed need not be looked up again.
    - ``look_back`` (None): epoch milliseconds from before the first try; where no note can be
      read, every row is looked up among what has changed in AMS since.
    - ``blank`` (True): no note means that there was no try before.
    - ``cheap`` (False): it may be read at every other moment.
    - ``replace(state, check)``: save if the check passes, without another try in between.
    - ``fenced`` (False): a try that has been overtaken can't write.
    """

    def load(self) -> dict[str, Any] | None:
        """Return what was saved last, or None."""

    def save(self, state: dict[str, Any]) -> None:
        """Keep this instead."""


Resume = str | os.PathLike[str] | Checkpoint | None


def as_checkpoint(place: Resume) -> Checkpoint | None:
    """Return a checkpoint for a path; anything else as it is."""
    if not isinstance(place, (str, os.PathLike)):
        return place
    path = Path(place)
    if not path.parent.is_dir():
        raise AMSConfigurationError(f"resume: there is no folder {str(path.parent)!r}.")
    return LocalFile(path)


class LocalFile(FileNotes):
    """A local file, written by one process at a time.

    Parameters
    ----------
    path : path
        The file; its lock is ``.<name>.lock`` beside it.
    make_folder : bool
        Make the folder if need be.
    """

    cheap = True
    fenced = fcntl is not None

    def __init__(self, path: Path, *, make_folder: bool = False) -> None:
        super().__init__(path, make_folder=make_folder)
        self._path = path
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
            with self._locked():  # for a moment: a process that is stopped in here holds up all
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
    def _locked(self) -> Iterator[None]:
        if fcntl is None:
            yield
            return
        descriptor = os.open(self._lock, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            _wait_for(lambda: fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB))
            yield
        finally:
            os.close(descriptor)


def _wait_for(lock: Callable[[], None]) -> None:
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            return lock()
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise TimeoutError("another process holds the note") from None
            time.sleep(0.01)


class LookBack:
    """Say that this import may have been tried before, and that no note of it is left.

    Every row is looked up among what has changed in AMS since then, and only what is not there
    is sent.

    Parameters
    ----------
    since_ms : int
        Epoch milliseconds from before the first try; an hour too early only costs reading.
    place : str, path or Checkpoint, optional
        Where to note the progress; else nowhere that outlives the process.
    """

    blank = False

    def __init__(self, since_ms: int, place: Resume = None) -> None:
        if type(since_ms) is not int or since_ms <= 0:
            raise AMSConfigurationError("LookBack: since_ms is not a number of milliseconds.")
        self.look_back = since_ms
        self._place = as_checkpoint(place)
        self._state: dict[str, Any] | None = None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        if name in ("trust", "cheap", "fenced", "replace"):
            return getattr(self._place, name)
        raise AttributeError(name)

    def load(self) -> dict[str, Any] | None:
        """Return what was saved last, or None."""
        return self._place.load() if self._place is not None else self._state

    def save(self, state: dict[str, Any]) -> None:
        """Keep this instead."""
        if self._place is not None:
            self._place.save(state)
        self._state = state
