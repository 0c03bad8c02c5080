"""Keep a window of calls in flight; hand back what became of each, to one thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Lanes(Generic[T, R]):
    """Run a function on items, so many at a time.

    With a window of 1 it runs in the calling thread, so that an answer is known to the caller
    before anything else happens.

    Parameters
    ----------
    window : int
        Calls in flight at most.
    work : callable
        Called with an item, in any thread.
    """

    def __init__(self, window: int, work: Callable[[T], R]) -> None:
        self._window = window
        self._work = work
        self._pool = ThreadPoolExecutor(window, "tidepool") if window > 1 else None
        self._flying: dict[Future[R], T] = {}

    def room(self) -> Iterator[tuple[T, R]]:
        """Yield what has come back, waiting for it only if there is no room for a call."""
        full = len(self._flying) >= self._window
        return self._collect(None if full else 0.0)

    def put(self, item: T) -> Iterator[tuple[T, R]]:
        """Start a call; yields its outcome at once where there is but one lane."""
        if self._pool is None:
            yield item, self._work(item)
        else:
            self._flying[self._pool.submit(self._work, item)] = item

    def rest(self) -> Iterator[tuple[T, R]]:
        """Yield what is still in flight."""
        while self._flying:
            yield from self._collect(None)

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown()

    def _collect(self, timeout: float | None) -> Iterator[tuple[T, R]]:
        if self._flying:
            done, _ = wait(self._flying, timeout, FIRST_COMPLETED)
            for future in done:
                yield self._flying.pop(future), future.result()
