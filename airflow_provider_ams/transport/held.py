"""A request body that is whole only if a check passes at the last moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack


class WithheldError(Exception):
    """The last byte of a request was not sent: the server has not got the request.

    Parameters
    ----------
    reason : Exception
        What the check has raised.
    """

    def __init__(self, reason: Exception) -> None:
        super().__init__(reason)
        self.reason = reason


class LastByte(bytes):
    """What makes a request whole; whoever sends it calls ``check`` first."""

    check: Callable[[], None]


class HeldBody:
    """Send a body up to its last byte, then check, then send that.

    Between a look at anything and the request there is all that it takes to get a connection and
    to send: time enough for a process to be suspended. Here there is one system call.

    Parameters
    ----------
    body : bytes
        Not empty.
    permit : callable
        Gives a context in which the last byte is sent; the context gives a check to call right
        before that. What either raises is raised as `WithheldError`.
    """

    def __init__(
        self, body: bytes, permit: Callable[[], AbstractContextManager[Callable[[], None]]]
    ) -> None:
        self._body = body
        self._permit = permit

    def __len__(self) -> int:
        return len(self._body)

    def __iter__(self) -> Iterator[bytes]:
        yield self._body[:-1]
        with ExitStack() as stack:
            try:
                check = stack.enter_context(self._permit())
            except Exception as error:
                raise WithheldError(error) from error
            last = LastByte(self._body[-1:])
            last.check = _withholding(check)
            yield last


def _withholding(check: Callable[[], None]) -> Callable[[], None]:
    def withhold() -> None:
        try:
            check()
        except Exception as error:
            raise WithheldError(error) from error

    return withhold
