"""The control plane as methods: one HTTP call each, from any process."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from airflow_provider_ams.sandbox.dialect import Dialect
from airflow_provider_ams.sandbox.wiretypes import Json


class SandboxError(Exception):
    """Raised when the control plane refuses a call or cannot be reached."""


class Control:
    """Steer a running sandbox.

    Parameters
    ----------
    root
        Its address, ``http://127.0.0.1:PORT``.
    """

    def __init__(self, root: str, site: str = "site") -> None:
        self.root = root
        self.url = f"{root}/{site}"
        self.tidepool_url = f"{root}/tidepool/api/v1/events"
        self.username, self.password = "api.account", "sandbox-password"
        self.tidepool_key = "sandbox-key"

    def _call(self, method: str, path: str, data: Json = None, **query: Json) -> Json:
        host = self.root.partition("//")[2]
        connection = http.client.HTTPConnection(host, timeout=120)
        text = urlencode({k: v for k, v in query.items() if v is not None}, quote_via=quote)
        body = None if data is None else orjson.dumps(data, option=orjson.OPT_NON_STR_KEYS)
        try:
            headers = {} if body is None else {"Content-Type": "application/json"}
            connection.request(method, f"/__sandbox__/{path}?{text}", body, headers)
            reply = connection.getresponse()
            result = orjson.loads(reply.read())
        finally:
            connection.close()
        if reply.status != 200:
            raise SandboxError(f"{method} {path}: {result}")
        return result

    def reset(
        self,
        seed: str | None = None,
        today: str | None = None,
        dialect: Dialect | Mapping[str, Any] | str | None = None,
    ) -> None:
        """Empty everything, then seed; the dialect is that of the start unless one is given."""
        spoken = None if dialect is None else Dialect.parse(dialect).as_dict()
        self._call("POST", "reset", {"seed": seed, "today": today, "dialect": spoken})

    def dialect(
        self, dialect: Dialect | Mapping[str, Any] | str | None = None, seed: int | None = None
    ) -> Dialect:
        """Speak another dialect when one is given; returns the one that is spoken then.

        ``dialect("random", seed=7)`` is ``dialect("random:7")``, ``dialect("default")`` is what
        is documented. Data and all other settings stay.
        """
        if dialect is None:
            return Dialect.from_dict(self._call("GET", "dialect"))
        spoken = Dialect.parse(dialect, seed)
        return Dialect.from_dict(self._call("POST", "dialect", {"dialect": spoken.as_dict()}))

    def seed(self, name: str, today: str | None = None) -> None:
        """Add a named data set; `today` (``yyyy-MM-dd``) is the last day of its history."""
        self._call("POST", "seed", {"seed": name, "today": today})

    def state(self) -> dict[str, Any]:
        """Return counts of everything, settings, server time and requests."""
        return dict(self._call("GET", "state"))

    def requests(self, detail: bool = False) -> dict[str, Any]:
        """Return the number of requests by endpoint."""
        return dict(self._call("GET", "requests", detail="1" if detail else None))

    def clear_requests(self) -> None:
        """Set the counts of requests to zero."""
        self._call("DELETE", "requests")

    def configure(self, **settings: Json) -> dict[str, Any]:
        """Change settings and return all of them."""
        return dict(self._call("POST", "configure", settings))

    def time(
        self, now_ms: int | None = None, advance_ms: int = 0, freeze: bool | None = None
    ) -> int:
        """Move, stop or just read the server clock; returns epoch milliseconds."""
        data = {"now_ms": now_ms, "advance_ms": advance_ms, "freeze": freeze}
        return int(self._call("POST", "time", data))

    def expire_sessions(self) -> int:
        """End all sessions; returns how many there were."""
        return int(self._call("POST", "sessions/expire", {}))

    def add_users(self, users: list[dict[str, Any]] | int) -> list[int]:
        """Add accounts, or invent so many; returns their ids."""
        return list(self._call("POST", "users", {"users": users}))

    def users(self) -> list[dict[str, Any]]:
        """Return all accounts."""
        return list(self._call("GET", "users"))

    def delete_users(self, ids: list[int]) -> None:
        """Delete accounts; their events stay."""
        self._call("POST", "users/delete", {"ids": ids})

    def merge_users(self, old: int, new: int) -> None:
        """Merge one account into another."""
        self._call("POST", "users/merge", {"old": old, "new": new})

    def add_form(self, name: str, fields: list[Any], replace: bool = False, **options: Json) -> int:
        """Add a form and return its id; options are type, id, read_only and category.

        A form of that name and type (or that id) is in the way: SandboxError, unless `replace`
        is true. Then it goes with all its events or profiles, and the new one has its id.
        """
        form = {"name": name, "fields": fields, "replace": replace, **options}
        return int(self._call("POST", "forms", form))

    def forms(self) -> list[dict[str, Any]]:
        """Return the definitions of all forms."""
        return list(self._call("GET", "forms"))

    def add_event(self, form: str, user: int | str, **event: Json) -> int:
        """Put an event in and return its id."""
        return self.add_events(form, [{"user": user, **event}])[0]

    def add_events(self, form: str, events: list[dict[str, Any]]) -> list[int]:
        """Put many events in and return their ids."""
        full = [{"form": form, **event} for event in events]
        return list(self._call("POST", "events", {"events": full}))

    def edit_event(
        self, event_id: int, values: dict[str, Any] | None = None, **event: Json
    ) -> None:
        """Change an event as a person would; a value of None clears its field."""
        edited = {"id": event_id, "values": values, **event}
        self._call("POST", "events/edit", {"events": [edited], "edit": True})

    def delete_event(self, *event_ids: int) -> int:
        """Delete events as a person would; returns how many there were."""
        return int(self._call("POST", "events/delete", {"ids": event_ids}))

    def events(self, form: str | None = None) -> list[dict[str, Any]]:
        """Return the stored events by id."""
        return list(self._call("GET", "events", form=form))

    def profiles(self, form: str | None = None) -> list[dict[str, Any]]:
        """Return the stored profiles by id."""
        return list(self._call("GET", "profiles", form=form))

    def deleted(self) -> list[int]:
        """Return the ids of deleted events, oldest deletion first."""
        return list(self._call("GET", "events/deleted"))

    def faults(
        self,
        script: list[dict[str, Any]] | None = None,
        random: dict[str, float] | None = None,
        profile: str | None = None,
        seed: int = 0,
        endpoint: str = "*",
        limit: int | None = None,
    ) -> None:
        """Set the faults to come, in place of those before; without arguments: none."""
        plan = {"script": script, "random": random, "profile": profile, "seed": seed}
        self._call("POST", "faults", {**plan, "endpoint": endpoint, "limit": limit})

    def fault_log(self) -> list[dict[str, Any]]:
        """Return which fault hit which request since the faults were set."""
        return list(self._call("GET", "faults"))

    def release(self, endpoint: str = "*") -> int:
        """Let the requests go that the fault ``pause`` holds; returns how many."""
        return int(self._call("POST", "faults/release", {"endpoint": endpoint}))

    def paused(self) -> dict[str, int]:
        """Return how many requests are paused, by endpoint."""
        return dict(self._call("GET", "faults/paused"))

    def tidepool_events(self) -> list[dict[str, Any]]:
        """Return the tracked events in order of arrival."""
        return list(self._call("GET", "tidepool/events"))

    def tidepool_counts(self) -> dict[str, int]:
        """Return how often each event id was stored, in order of first arrival."""
        return dict(self._call("GET", "tidepool/counts"))

    def tidepool_summary(self) -> dict[str, Any]:
        """Return numbers of events, distinct ids and batches, and the repeated ids."""
        return dict(self._call("GET", "tidepool/summary"))
