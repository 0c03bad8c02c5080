"""What nobody knows about the machine: its clock, its zone, its connections and sessions."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_ams.sandbox.dialect.choices import choice

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


@dataclass(frozen=True, repr=False)
class ServerDialect:
    """Say what kind of server the site runs on."""

    site_zone: str = choice(
        "UTC",
        *("Pacific/Auckland", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Australia/Sydney"),
        *("America/Los_Angeles", "America/St_Johns", "Asia/Kolkata", "Europe/Berlin"),
        doc="The zone of the site's wall clock.",
        topic="dates and times",
        odds=0.7,
        free=True,
    )
    date_order: str = choice(
        "dd/MM/yyyy",
        "MM/dd/yyyy",
        doc="How the site reads and writes the dates of events. Never drawn: up to the 12th of a"
        " month no client can tell.",
        topic="dates and times",
        odds=0.0,
    )
    clock_skew_ms: int = choice(
        0,
        *(-3 * DAY, -2 * HOUR, -3 * MINUTE, 3 * MINUTE, 2 * HOUR, 3 * DAY),
        doc="How far the server's clock is ahead of the HTTP `Date` header.",
        topic="dates and times",
        free=True,
    )
    keep_alive_seconds: int = choice(
        5,
        *(1, 15, 75),
        doc="Idle connections are closed after so long.",
        topic="connections",
        odds=0.3,
        free=True,
    )
    keep_alive_requests: int = choice(
        1000,
        *(7, 100),
        doc="A connection is closed after so many requests.",
        topic="connections",
        odds=0.3,
        free=True,
    )
    session_calls: int = choice(
        0,
        *(20, 100),
        doc="A session token dies after so many calls; 0 is never.",
        topic="sessions",
        odds=0.2,
        free=True,
    )
    session_seconds: float = choice(
        0.0,
        *(1800.0,),
        doc="A session token dies after so many seconds of server time; 0 is never.",
        topic="sessions",
        odds=0.2,
        free=True,
    )
    rate_limit: float = choice(
        0.0,
        doc="AMS and Tidepool requests a second above which 429 is answered; 0 is no limit, and"
        " what a random dialect has: waiting would make tests slow.",
        topic="limits",
        free=True,
    )
