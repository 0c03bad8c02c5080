"""From the socket to a handler and back: latency, faults, authentication, reply headers."""

from __future__ import annotations

import asyncio
import logging
import secrets
import sqlite3
import time
from dataclasses import replace
from typing import Any

from airflow_provider_ams.sandbox.auth import authenticate, token_of
from airflow_provider_ams.sandbox.hostile import bomb, mutated, verbatim
from airflow_provider_ams.sandbox.peer import Peer
from airflow_provider_ams.sandbox.replies import PLAIN, V1, V3, Refusal, Reply, RpcError, html
from airflow_provider_ams.sandbox.site import Call, Route, Site
from airflow_provider_ams.sandbox.wiretypes import Json

LOG = logging.getLogger(__name__)
LOGIN_PAGE = "Please log in to continue"


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
        peer, began = Peer(scope, receive, send, self.site), time.monotonic()
        try:
            await self._serve(call, peer)
        finally:
            self.site.traffic.leave(self.route.name)
            self._note(call, peer.status, time.monotonic() - began)
        return None

    def _note(self, call: Call, status: int, seconds: float) -> None:
        if call.era == self.site.resets:
            fault = call.fault["fault"] if call.fault else ""
            session = call.session.token if call.session else ""
            self.site.diary.note(self.route.name, status, seconds * 1000, fault, session, call.did)

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
        if fault == "pause" and not how["commit"]:
            await self.site.faults.wait(self.route.name, self.route.writes, how["seconds"])
        if fault == "session_expired":
            self.site.sessions.close(token_of(call))
        true = Reply(b"", self.route.style) if how.get("commit") is False else None
        if true is None or fault == "pause":
            true = self.answer(call)
        if fault == "pause" and how["commit"]:
            await self.site.faults.wait(self.route.name, self.route.writes, how["seconds"])
        return await self._send(true, fault, how, peer)

    async def _send(self, true: Reply, fault: str, how: dict[str, Any], peer: Peer) -> None:
        """Answer with something else than the true reply, or with nothing."""
        if fault in ("reset_after_commit", "late_commit"):
            return await peer.reset()
        if fault == "hang_after_commit":
            await peer.gone(how["seconds"])
            return await peer.reset()
        if fault == "slow_drip":
            return await peer.drip(true, how["seconds"])
        if fault == "mutate":
            true, place = mutated(true, f"{how['seed']}:{how['hit']}")
            how["place"] = place
        return await peer.reply(_twisted(true, fault, how), cut=fault == "cut")

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
            reply = error.reply(self.route.style, self.site.settings.v1_errors)
        except (TypeError, ValueError, LookupError, AttributeError, OverflowError, sqlite3.Error):
            LOG.warning("%s could not be served", self.route.name, exc_info=True)
            reply = html(500, "Internal Server Error")
        if self.route.auth != "key":
            token = call.session.token if call.session else secrets.token_urlsafe(18)
            reply.headers.append((b"session-header", token.encode()))
        return reply


class WrongSite:
    """Answer calls to a site that is not there; on this one they are calls to nothing."""

    def __init__(self, site: Site) -> None:
        self.site = site

    async def __call__(self, scope: Json, receive: Json, send: Json) -> None:
        """Answer as the dialect does."""
        await Peer(scope, receive, send, self.site).reply(self._answer(**scope["path_params"]))

    def _answer(self, name: str, rest: str) -> Reply:
        style, answer = rest.partition("/")[0], self.site.settings.wrong_site
        if style == V3:
            return Refusal(404, "Not Found", V3).reply()
        if name in (self.site.settings.site, "tidepool") or answer == "404":
            return html(404, "Not Found")
        if answer == "500":
            return html(500, "Internal Server Error")
        return RpcError(f"There is no application known as {name}").reply(style)


def _has_formats(query: str) -> bool:
    parts = query.split("&")
    return "informat=json" in parts and "format=json" in parts


def _busy(status: int, retry_after: Json) -> Reply:
    reply = html(status, "Too Many Requests" if status == 429 else "Service Unavailable")
    if retry_after is not None:
        reply.headers.append((b"retry-after", str(retry_after).encode()))
    return reply


def _twisted(true: Reply, fault: str, how: dict[str, Any]) -> Reply:
    """Return what is sent in the place of the true reply."""
    if fault == "truncated":
        return replace(true, body=true.body[: len(true.body) // 2])
    if fault == "500_after":
        return html(500, "Internal Server Error")
    if fault == "html":
        return replace(html(200, LOGIN_PAGE), style=PLAIN)
    if fault == "empty":
        return Reply(b"", true.style)
    if fault == "rpc":
        return RpcError("Unexpected failure").reply(true.style)
    if fault == "reply":
        return verbatim(how)
    return bomb(true, how["megabytes"]) if fault == "gzip_bomb" else true
