"""Connections that keep a deadline, and that are not used once the server may have closed them."""

from __future__ import annotations

import http.client
import io
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection

from airflow_provider_ams.transport.held import LastByte

# Real servers close a connection after 5 s without a request, without saying so; what is sent at
# that moment is lost, and nobody knows whether it arrived.
KEEP_ALIVE = 4.0


class _Limits(threading.local):
    """How long the request of this thread may take."""

    until = float("inf")
    patience: float | None = None
    now: Callable[[], float] = staticmethod(time.monotonic)

    def left(self) -> float | None:
        """Return the seconds to wait for the next bytes; None: as long as it takes.

        Raises
        ------
        TimeoutError
            The deadline is over.
        """
        left = self.until - self.now()
        if left <= 0:
            raise TimeoutError("the deadline is over")
        return left if self.patience is None else min(left, self.patience)


_limits = _Limits()


@contextmanager
def deadline(seconds: float, patience: float, now: Callable[[], float]) -> Iterator[None]:
    """Bound all that is sent and received by this thread in the block.

    Parameters
    ----------
    seconds : float
        For all of it.
    patience : float
        For the next bytes, each time.
    now : callable
        Seconds, as ``time.monotonic``.
    """
    _limits.until, _limits.patience, _limits.now = now() + seconds, patience, now
    try:
        yield
    finally:
        _limits.until, _limits.patience = float("inf"), None


class _Receiver(io.RawIOBase):
    """The bytes of one reply, each piece of them by the deadline.

    ``http.client`` reads a line or a body in many small steps, each of which would have a time
    limit of its own: a server that sends a byte a minute could keep a caller for ever.
    """

    def __init__(self, connection: _Connection, sock: socket.socket) -> None:
        self._connection = connection
        self._socket = sock
        self._raw = sock.makefile("rb", buffering=0)

    def makefile(self, mode: str) -> io.BufferedReader:
        """Return what ``http.client`` asks of a socket."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401
        self._socket.settimeout(_limits.left())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        if not self.closed:
            self._connection.used_at = _limits.now()
            self._raw.close()
        super().close()


class _Connection(HTTPConnection):
    """Add the deadline and the time of the last reply to a connection of urllib3's."""

    used_at = float("inf")

    @property
    def is_connected(self) -> bool:
        """Tell the pool to connect afresh, rather than use what the server may be closing."""
        return super().is_connected and _limits.now() - self.used_at <= KEEP_ALIVE

    def send(self, data: Any) -> None:  # noqa: ANN401
        if self.sock is not None:
            self.sock.settimeout(_limits.left())
        if isinstance(data, LastByte):
            data.check()
        super().send(data)

    def _reply(self, sock: socket.socket, *debug: Any, **more: Any) -> http.client.HTTPResponse:  # noqa: ANN401
        receiver: Any = _Receiver(self, sock)
        return http.client.HTTPResponse(receiver, *debug, **more)

    # Called by `http.client` for each reply.
    response_class: Any = _reply


class _TLSConnection(_Connection, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _TLSConnection


_POOLS = {"http": _PlainPool, "https": _TLSPool}


class Adapter(HTTPAdapter):
    """Make requests over such connections; by way of a SOCKS proxy, over the usual ones."""

    def init_poolmanager(self, *arguments: Any, **more: Any) -> None:  # noqa: ANN401
        """Make the pool."""
        super().init_poolmanager(*arguments, **more)
        self.poolmanager: PoolManager
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **more: Any) -> Any:  # noqa: ANN401
        """Return the pool for a proxy."""
        manager = super().proxy_manager_for(proxy, **more)
        if type(manager) is ProxyManager:
            manager.pool_classes_by_scheme = _POOLS
        return manager
