"""Calls in flight: so many at a time, and their results in the order they were made."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, TypeVar

J = TypeVar("J")
R = TypeVar("R")

# Answers without trouble before one more call is let into flight.
CALM = 20


class InFlight(Generic[J, R]):
    """Make calls in threads, a bounded number at a time, and hand back their results in order.

    All methods are for one thread. Leaving the ``with`` block waits for the calls in flight and
    ends their threads::

        with InFlight(4, "import") as in_flight:
            for batch in batches:
                while in_flight.full:
                    settle(*in_flight.take())
                in_flight.submit(batch, partial(send, batch))
            while not in_flight.empty:
                settle(*in_flight.take())

    Parameters
    ----------
    width : int
        Calls in flight at most.
    name : str
        What the threads are called.
    inline : bool
        With a width of 1, make each call within `submit`, in the calling thread: its result is
        known before anything else happens.
    """

    def __init__(self, width: int, name: str, *, inline: bool = False) -> None:
        if width < 1:
            raise ValueError(f"width must be 1 or more, not {width}")
        self.width = self._widest = width
        self._calm = 0
        self._calls: deque[tuple[J, Future[R]]] = deque()
        self._pool = None if inline and width == 1 else ThreadPoolExecutor(width, name)

    def __len__(self) -> int:
        return len(self._calls)

    @property
    def empty(self) -> bool:
        """No result is left to take."""
        return not self._calls

    @property
    def full(self) -> bool:
        """A result must be taken before the next call."""
        return len(self._calls) >= self.width

    @property
    def ready(self) -> bool:
        """The oldest call has come back: `take` will not wait."""
        return bool(self._calls) and self._calls[0][1].done()

    def submit(self, job: J, call: Callable[[], R]) -> None:
        """Make a call.

        Parameters
        ----------
        job : object
            Handed back with the result.
        call : callable
            Takes nothing; what it raises is raised by `take`.

        Raises
        ------
        RuntimeError
            As many calls are in flight as may be.
        """
        if self.full:
            raise RuntimeError(f"{len(self)} calls are in flight: take a result first")
        future = _call_now(call) if self._pool is None else self._pool.submit(call)
        self._calls.append((job, future))

    def take(self) -> tuple[J, R]:
        """Return the oldest call's job and result, waiting for it if need be.

        Raises
        ------
        Exception
            What the call has raised; the call is gone then, as after a result.
        IndexError
            No call is in flight.
        """
        job, future = self._calls.popleft()
        return job, future.result()

    def narrow(self) -> None:
        """Halve the width, down to 1: the server is in trouble."""
        self.width, self._calm = max(1, self.width // 2), 0

    def calm(self) -> None:
        """Note an answer without trouble; after 20 of them the width grows by one, if narrowed."""
        self._calm += 1
        if self._calm >= CALM and self.width < self._widest:
            self.width, self._calm = self.width + 1, 0

    def close(self) -> None:
        """Wait for the calls in flight, drop their results and end the threads."""
        if self._pool is not None:
            self._pool.shutdown()
        self._calls.clear()

    def __enter__(self) -> InFlight[J, R]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _call_now(call: Callable[[], R]) -> Future[R]:
    future: Future[R] = Future()
    try:
        future.set_result(call())
    except Exception as error:  # noqa: BLE001 - raised by `take`, as that of any other call
        future.set_exception(error)
    return future
