"""A request body that is whole only if a check passes at the last moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator


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


class HeldBody:
    """Send a body up to its last byte, then check, then send that.

    Between a look at anything and the request there is all that it takes to get a connection and
    to send: time enough for a process to be suspended. Here there is one system call.

    Parameters
    ----------
    body : bytes
        Not empty.
    check : callable
        Called before the request is complete; what it raises is raised as `WithheldError`.
    """

    def __init__(self, body: bytes, check: Callable[[], None]) -> None:
        self._body = body
        self._check = check

    def __len__(self) -> int:
        return len(self._body)

    def __iter__(self) -> Iterator[bytes]:
        yield self._body[:-1]
        try:
            self._check()
        except Exception as error:
            raise WithheldError(error) from error
        yield self._body[-1:]
