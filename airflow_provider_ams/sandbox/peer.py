"""The client at the other end of one request, answered politely or not."""

from __future__ import annotations

import asyncio
import os
import socket
import struct

from airflow_provider_ams.sandbox.replies import Reply
from airflow_provider_ams.sandbox.site import Site
from airflow_provider_ams.sandbox.wiretypes import Json

DRIPS = 20
_NO_LINGER = struct.pack("ii", 1, 0)


class Peer:
    """Speak to the client of one request, politely or not.

    Attributes
    ----------
    status
        What was answered; 0 as long as nothing was.
    """

    def __init__(self, scope: Json, receive: Json, send: Json, site: Site) -> None:
        self._receive, self._send, self._site = receive, send, site
        self._transport = scope.get("sandbox.transport")
        self._requests = scope.get("sandbox.requests", 1)
        self.status = 0

    async def body(self) -> bytes | None:
        """Return the whole request body, or None when the client left before its end."""
        parts = []
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                return None
            parts.append(message.get("body", b""))
            if not message.get("more_body"):
                return parts[0] if len(parts) == 1 else b"".join(parts)

    async def reply(self, reply: Reply, cut: bool = False) -> None:
        """Send an answer; `cut` closes the connection half way through its body."""
        await self._head(reply)
        body = reply.body[: len(reply.body) // 2] if cut else reply.body
        await self._send({"type": "http.response.body", "body": body, "more_body": cut})
        if cut:
            self._transport.close()
            await self.gone(5)

    async def drip(self, reply: Reply, seconds: float) -> None:
        """Send an answer a few bytes at a time, over so many seconds."""
        await self._head(reply)
        size = max(1, -(-len(reply.body) // DRIPS))
        parts = [reply.body[at : at + size] for at in range(0, len(reply.body), size)]
        for part in parts:
            await asyncio.sleep(seconds / len(parts))
            await self._send({"type": "http.response.body", "body": part, "more_body": True})
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _head(self, reply: Reply) -> None:
        self.status = reply.status
        self._site.traffic.statuses[str(reply.status)] += 1
        headers = [*reply.head(), self._keep_alive()]
        head = {"type": "http.response.start", "status": reply.status, "headers": headers}
        await self._send(head)

    def _keep_alive(self) -> tuple[bytes, bytes]:
        settings = self._site.settings
        left = settings.keep_alive_requests - self._requests
        if left <= 0:
            return b"connection", b"close"
        return b"keep-alive", f"timeout={settings.keep_alive_seconds}, max={left}".encode()

    async def gone(self, seconds: float) -> None:
        """Wait until the client has closed the connection, so long at most."""

        async def closed() -> None:
            while (await self._receive())["type"] != "http.disconnect":
                pass

        try:
            await asyncio.wait_for(closed(), seconds)
        except asyncio.TimeoutError:
            return

    async def reset(self) -> None:
        """Reset the TCP connection."""
        handle = self._transport.get_extra_info("socket")
        if handle is not None and handle.fileno() >= 0:
            with socket.socket(fileno=os.dup(handle.fileno())) as twin:
                twin.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self._transport.abort()
        await self.gone(5)
