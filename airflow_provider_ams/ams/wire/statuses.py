"""What an HTTP status means: one table for reads and for all kinds of writes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from airflow_provider_ams.ams.errors import (
    AMSConfigurationError,
    AMSError,
    AMSLoginError,
    AMSPermissionError,
    AMSReplyError,
    AMSTransientError,
)
from airflow_provider_ams.transport import Reply, parse_retry_after


class Kind(Enum):
    """What an HTTP status says, whatever was asked."""

    ANSWER = "the body counts"
    REFUSED = "AMS does not take this request"
    SESSION = "the session is not accepted"
    FORBIDDEN = "no access to a form or feature, or a dead session"
    ABSENT = "there is no AMS at this URL"
    BUSY = "AMS asks to wait"
    FAILED = "AMS, or something before it, failed"


@dataclass(frozen=True)
class Meaning:
    """What an HTTP status means; `late`: AMS may still be working on the call."""

    kind: Kind
    code: str = "status"
    late: bool = False


_REFUSED, _FAILURE = Meaning(Kind.REFUSED, "refused"), Meaning(Kind.FAILED)
# A gateway's 502, 503 or 504 says nothing of the server behind it, and no more does a 408.
_GATEWAY = Meaning(Kind.FAILED, late=True)
_STATUS: dict[int, Meaning] = {
    200: Meaning(Kind.ANSWER),
    400: _REFUSED,
    401: Meaning(Kind.SESSION, "session"),
    403: Meaning(Kind.FORBIDDEN, "forbidden"),
    404: Meaning(Kind.ABSENT),
    408: _GATEWAY,
    413: _REFUSED,
    414: _REFUSED,
    415: _REFUSED,
    422: _REFUSED,
    429: Meaning(Kind.BUSY, "busy"),
    431: _REFUSED,
    500: _FAILURE,
}


def meaning_of(status: int) -> Meaning:
    """Return what an HTTP status means."""
    if status in _STATUS:
        return _STATUS[status]
    if 300 <= status < 400:
        return Meaning(Kind.ABSENT)
    # What is left below 500 is nothing that AMS is known to answer.
    return _GATEWAY if status >= 500 else _FAILURE


def _may_pass(kind: Kind, status: int) -> bool:
    return kind is Kind.BUSY or status == 408


def read_error(endpoint: str, reply: Reply, now: float) -> AMSError | None:
    """Return the error that a reply's HTTP status stands for; None for a 200."""
    status = reply.status
    kind = meaning_of(status).kind
    details: dict[str, Any] = {"endpoint": endpoint, "status": status}
    if kind is Kind.ANSWER:
        return None
    if kind is Kind.SESSION:
        text = "AMS does not accept the session, even after a new login."
        return AMSLoginError(text, **details)
    if kind is Kind.FORBIDDEN:
        hint = "Grant the role that opens it, as for the AMS web pages."
        text = "The account has no access to this form or feature."
        return AMSPermissionError(text, hint=hint, **details)
    if kind is Kind.ABSENT:
        return AMSConfigurationError(
            "There is no AMS here.", hint="Check the URL: https://host/site.", **details
        )
    if kind is Kind.REFUSED or (400 <= status < 500 and not _may_pass(kind, status)):
        return AMSConfigurationError("AMS refused the request.", **details)
    if status < 400:
        return AMSReplyError("AMS answered with a status of no meaning here.", **details)
    wait = parse_retry_after(reply.headers.get("Retry-After"), now)
    return AMSTransientError("AMS failed to answer.", retry_after=wait, **details)
