"""From the socket to a handler and back: latency, faults, authentication, reply headers."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
import sqlite3
import struct
from dataclasses import replace
from typing import Any

from airflow_provider_ams.sandbox.auth import authenticate, token_of
from airflow_provider_ams.sandbox.replies import PLAIN, V1, Refusal, Reply, RpcError, html
from airflow_provider_ams.sandbox.site import Call, Route, Site
from airflow_provider_ams.sandbox.wiretypes import Json

LOG = logging.getLogger(__name__)
LOGIN_PAGE = "Please log in to continue"
_NO_LINGER = struct.pack("ii", 1, 0)


class Endpoint:
    """Serve one route as an ASGI application."""

    def __init__(self, site: Site, route: Route) -> None:
        self.site, self.route = site, route

    async def __call__(self, scope: Json, receive: Json, send: Json) -> None:
        """Count the request and see it through; another method is another endpoint."""
        if scope["method"] != self.route.method:
            return await Peer(scope, receive, send, self.site).reply(html(404, "Not Found"))
        call = Call(dict(scope["headers"]), query=scope["query_string"].decode("latin-1"))
        call.params, call.era = scope.get("path_params", {}), self.site.resets
        app_id = call.headers.get(b"x-app-id", b"").decode("latin-1")
        self.site.traffic.enter(self.route.name, app_id)
        try:
            await self._serve(call, Peer(scope, receive, send, self.site))
        finally:
            self.site.traffic.leave(self.route.name)
        return None

    async def _serve(self, call: Call, peer: Peer) -> None:
        call.fault = self.site.faults.next(self.route.name, self.route.writes)
        fault = call.fault["fault"] if call.fault else ""
        if self.site.settings.latency_ms:
            await asyncio.sleep(self.site.settings.latency_ms / 1000)
        if fault == "reset_before":
            return await peer.reset()
        body = await peer.body()
        if body is None:
            return None
        call.body = body
        if not call.fault:
            return await peer.reply(self.answer(call))
        return await self._fail(call, fault, call.fault, peer)

    async def _fail(self, call: Call, fault: str, how: dict[str, Any], peer: Peer) -> None:
        """Do what the fault says; those that concern the handler are left to it."""
        if fault in ("429", "503"):
            return await peer.reply(_busy(int(fault), how["retry_after"]))
        if fault == "500_before":
            return await peer.reply(html(500, "Internal Server Error"))
        if fault == "delay":
            await asyncio.sleep(how["seconds"])
        if fault == "late_commit":
            await peer.gone(how["seconds"])
            await asyncio.sleep(how["after"])
        if fault == "session_expired":
            self.site.sessions.close(token_of(call))
        if how.get("commit") is False:
            return await peer.reply(_odd(fault, self.route.style))
        reply = self.answer(call)
        if fault in ("reset_after_commit", "late_commit"):
            return await peer.reset()
        if fault == "hang_after_commit":
            await peer.gone(how["seconds"])
            return await peer.reset()
        if fault == "cut":
            return await peer.reply(reply, cut=True)
        if fault == "truncated":
            reply = replace(reply, body=reply.body[: len(reply.body) // 2])
        elif fault == "500_after":
            reply = html(500, "Internal Server Error")
        elif fault in ("html", "empty", "rpc"):
            reply = _odd(fault, self.route.style)
        return await peer.reply(reply)

    def answer(self, call: Call) -> Reply:
        """Authenticate, handle, and turn refusals into replies."""
        if call.era != self.site.resets:  # held back until another test had begun
            return html(503, "The sandbox has been reset")
        try:
            if self.site.over_limit():
                return _busy(429, 1)
            if self.route.auth in ("basic", "session"):
                authenticate(self.site, self.route, call)
            if self.route.style == V1 and not _has_formats(call.query):
                raise Refusal(400, "Required parameters missing: informat, format")
            reply = self.route.handler(self.site, call)
        except Refusal as refusal:
            reply = refusal.reply()
        except RpcError as error:
            reply = error.reply(self.route.style)
        except (TypeError, ValueError, LookupError, AttributeError, OverflowError, sqlite3.Error):
            LOG.warning("%s could not be served", self.route.name, exc_info=True)
            reply = html(500, "Internal Server Error")
        if self.route.auth != "key":
            token = call.session.token if call.session else secrets.token_urlsafe(18)
            reply.headers.append((b"session-header", token.encode()))
        return reply


class Peer:
    """Speak to the client of one request, politely or not."""

    def __init__(self, scope: Json, receive: Json, send: Json, site: Site) -> None:
        self._receive, self._send, self._site = receive, send, site
        self._transport = scope.get("sandbox.transport")

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
        self._site.traffic.statuses[str(reply.status)] += 1
        head = {"type": "http.response.start", "status": reply.status, "headers": reply.head()}
        await self._send(head)
        body = reply.body[: len(reply.body) // 2] if cut else reply.body
        await self._send({"type": "http.response.body", "body": body, "more_body": cut})
        if cut:
            self._transport.close()
            await self.gone(5)

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


def _has_formats(query: str) -> bool:
    parts = query.split("&")
    return "informat=json" in parts and "format=json" in parts


def _busy(status: int, retry_after: Json) -> Reply:
    reply = html(status, "Too Many Requests" if status == 429 else "Service Unavailable")
    if retry_after is not None:
        reply.headers.append((b"retry-after", str(retry_after).encode()))
    return reply


def _odd(fault: str, style: str) -> Reply:
    """Return a 200 that is not the answer: a login page, nothing, or an RPC exception."""
    if fault == "html":
        return replace(html(200, LOGIN_PAGE), style=PLAIN)
    return Reply(b"", style) if fault == "empty" else RpcError("Unexpected failure").reply(style)
