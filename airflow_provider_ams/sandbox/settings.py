"""Settings of one sandbox: its dialect, and what concerns the sandbox alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_ams.sandbox.dialect import Dialect

SECRETS = ("password", "tidepool_keys")


@dataclass(frozen=True, repr=False)
class Settings(Dialect):
    """Hold every setting: those of :class:`Dialect` and these.

    Attributes
    ----------
    site, username, password
        Name of the application (last part of the base URL) and the login of the API account.
    latency_ms
        Milliseconds that every AMS and Tidepool request waits, beside the others in flight.
    undeliverable_users
        User ids whose events are dropped from a bulk call without an error.
    forbidden_forms
        Names of forms that answer 403.
    schemas_forbidden
        The list of forms and their schemas answer 403; their events do not.
    tidepool_keys
        API keys that are accepted.
    tidepool_require_ids
        Events must carry ``id``, ``session_id`` and ``user_id``.
    tidepool_max_bytes
        Size of a Tidepool body above which 413 is answered.
    """

    site: str = "site"
    username: str = "api.account"
    password: str = field(default="sandbox-password", repr=False)
    latency_ms: float = 0.0
    undeliverable_users: tuple[int, ...] = ()
    forbidden_forms: tuple[str, ...] = ()
    schemas_forbidden: bool = False
    tidepool_keys: tuple[str, ...] = field(default=("sandbox-key",), repr=False)
    tidepool_require_ids: bool = True
    tidepool_max_bytes: int = 10_000_000

    @classmethod
    def start(
        cls, dialect: object, seed: object, values: Mapping[str, Any]
    ) -> tuple[Settings, str | None]:
        """Return the settings that a sandbox starts with, and the name of its data set.

        A `seed` that is a number belongs to a random dialect, and there is no data then.
        """
        spoken = Dialect.parse(dialect, seed)
        if type(seed) is int and dialect != "random":
            raise ValueError("seed is a number only together with dialect='random'")
        settings = cls().with_changes({**spoken.as_dict(), **values})
        return settings, seed if isinstance(seed, str) else None

    def changed(self, values: Mapping[str, Any]) -> Settings:
        """Return settings with these values, or raise ValueError naming the valid names."""
        return self.with_changes(values)

    def speaking(self, dialect: Dialect) -> Settings:
        """Return the same sandbox in another dialect."""
        return self.with_changes(Dialect.parse(dialect).as_dict())

    @property
    def dialect(self) -> Dialect:
        """The dialect alone."""
        return Dialect.parse(self)

    def shown(self) -> dict[str, Any]:
        """Return all settings as plain data, secrets masked."""
        return {**self.as_dict(), **dict.fromkeys(SECRETS, "***")}
