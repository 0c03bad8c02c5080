"""Sessions: tokens that log in, are carried by every reply, and die."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from airflow_provider_ams.sandbox.clock import Clock


@dataclass
class Session:
    """Hold one session; `user_id` is None until somebody logs in with it."""

    token: str
    born: int
    user_id: int | None = None
    calls: int = 0


class Sessions:
    """Keep the sessions of the server, in memory as the server does."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._by_token: dict[str, Session] = {}
        self._basic: dict[int, str] = {}
        self.logins = 0

    def open(self, user_id: int | None = None) -> Session:
        """Start a session."""
        session = Session(secrets.token_urlsafe(18), self._clock.now(), user_id)
        self._by_token[session.token] = session
        return session

    def for_basic(self, user_id: int) -> Session:
        """Return the session that replies to Basic calls of this account carry."""
        session = self._by_token.get(self._basic.get(user_id, ""))
        if session is None:
            session = self.open(user_id)
            self._basic[user_id] = session.token
        return session

    def get(self, token: str) -> Session | None:
        """Return a session that is alive, whoever it belongs to."""
        return self._by_token.get(token)

    def use(self, token: str, max_calls: int, max_seconds: float) -> Session | None:
        """Return a session for one more call, or None when it is dead."""
        session = self._by_token.get(token)
        if session is None:
            return None
        age = (self._clock.now() - session.born) / 1000
        if (max_calls and session.calls >= max_calls) or (max_seconds and age > max_seconds):
            self.close(token)
            return None
        session.calls += 1
        return session

    def close(self, token: str) -> None:
        """End a session."""
        self._by_token.pop(token, None)

    def close_all(self) -> int:
        """End all sessions; returns how many there were."""
        count = len(self._by_token)
        self._by_token.clear()
        self._basic.clear()
        return count
