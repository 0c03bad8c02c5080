"""The site: everything that a request handler works with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from airflow_provider_ams.sandbox.clock import Clock, wall_ms
from airflow_provider_ams.sandbox.dialect import Dialect
from airflow_provider_ams.sandbox.diary import Diary, Did
from airflow_provider_ams.sandbox.faults import FaultPlan
from airflow_provider_ams.sandbox.replies import Refusal, Reply, ok
from airflow_provider_ams.sandbox.sessions import Session, Sessions
from airflow_provider_ams.sandbox.settings import Settings
from airflow_provider_ams.sandbox.shaping import trimmed
from airflow_provider_ams.sandbox.store import Store
from airflow_provider_ams.sandbox.wiretypes import Json


@dataclass
class Traffic:
    """Count requests by endpoint, how many were in flight at once, and the statuses sent."""

    requests: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    in_flight: Counter[str] = field(default_factory=Counter)
    max_in_flight: Counter[str] = field(default_factory=Counter)
    app_ids: Counter[str] = field(default_factory=Counter)

    def enter(self, endpoint: str, app_id: str) -> None:
        """Count a request that has come in."""
        self.requests[endpoint] += 1
        for name in (endpoint, "*"):
            self.in_flight[name] += 1
            self.max_in_flight[name] = max(self.max_in_flight[name], self.in_flight[name])
        if app_id:
            self.app_ids[app_id] += 1

    def leave(self, endpoint: str) -> None:
        """Note that a request has ended."""
        for name in (endpoint, "*"):
            self.in_flight[name] -= 1

    def clear(self) -> None:
        """Set the counts to zero; requests in flight stay counted."""
        for counts in (self.requests, self.statuses, self.max_in_flight, self.app_ids):
            counts.clear()


@dataclass
class Site:
    """Bind state, settings, sessions, faults and counts of one sandbox."""

    started: Settings
    store: Store
    clock: Clock
    settings: Settings = field(init=False)
    sessions: Sessions = field(init=False)
    faults: FaultPlan = field(init=False)
    traffic: Traffic = field(default_factory=Traffic)
    diary: Diary = field(default_factory=Diary)
    rule_breaks: Counter[str] = field(default_factory=Counter)
    origin: str = ""
    resets: int = 0
    _window: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        self.use(self.started)
        self.sessions = Sessions(self.clock)
        self.faults = FaultPlan()

    def use(self, settings: Settings) -> None:
        """Go by these settings from now on."""
        self.settings, self.clock.skew = settings, settings.clock_skew_ms

    def v1(self, data: Json) -> Reply:
        """Answer a v1 call, empty members as the dialect writes them."""
        return ok(trimmed(data, self.settings.empty_members))

    def over_limit(self) -> bool:
        """Count a request against the rate limit; tells whether it is one too many."""
        if not self.settings.rate_limit:
            return False
        second = wall_ms() // 1000
        count = self._window[1] + 1 if self._window[0] == second else 1
        self._window = (second, count)
        return count > self.settings.rate_limit

    def reset(self, dialect: Dialect | None = None) -> None:
        """Forget everything but the settings given at the start, save for the dialect."""
        self.resets += 1
        self.use(self.started.speaking(dialect) if dialect else self.started)
        self.clock.reset()
        self.store.clear()
        self.sessions = Sessions(self.clock)
        self.faults.release()
        self.faults = FaultPlan()
        self.traffic.clear()
        self.diary = Diary()
        self.rule_breaks.clear()


@dataclass
class Call:
    """Hold one request on its way to a handler."""

    headers: dict[bytes, bytes]
    body: bytes = b""
    query: str = ""
    params: dict[str, str] = field(default_factory=dict)
    session: Session | None = None
    user_id: int = 0
    fault: dict[str, Any] | None = None
    era: int = 0
    did: Did = field(default_factory=Did)

    def json(self) -> dict[str, Any]:
        """Return the body, which must be a JSON object."""
        try:
            data = orjson.loads(self.body or b"{}")
        except orjson.JSONDecodeError:
            raise Refusal(400, "The request body is not JSON") from None
        if not isinstance(data, dict):
            raise Refusal(400, "The request body is not an object")
        return data

    def need(self, data: dict[str, Any], *names: str) -> None:
        """Refuse with 400 when a required parameter is missing."""
        missing = [name for name in names if data.get(name) is None]
        if missing:
            raise Refusal(400, f"Required parameters missing: {', '.join(missing)}")

    def hit(self, fault: str) -> dict[str, Any] | None:
        """Return the parameters of a fault when it hits this request."""
        return self.fault if self.fault and self.fault["fault"] == fault else None


Handler = Callable[[Site, Call], Reply]


@dataclass(frozen=True)
class Route:
    """Describe an endpoint: where it is, who may call it, and what answers.

    `auth` is ``none``, ``basic`` (v1: Basic or a session) or ``session``.
    """

    name: str
    method: str
    path: str
    auth: str
    style: str
    handler: Handler
    writes: bool = False
