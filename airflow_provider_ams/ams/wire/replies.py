"""Classify AMS replies once; everything else works with the class, never with JSON keys.

AMS answers HTTP 200 to success and to failure alike, and the failure texts are not all known.
Success is therefore an allowlist; what is not on it is refused, or, for writes, in doubt.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import orjson

SUCCESS = "SUCCESSFULLY_IMPORTED"
_DROPPED = re.compile(
    r"The following names \[(.*)\] were sent in the message but do not exist", re.S
)


class NotJSON(ValueError):
    """The body is not JSON; nothing of it is repeated, it may hold athletes' data."""


@dataclass(frozen=True)
class RPCException(Exception):
    """AMS reported an exception with HTTP 200.

    Parameters
    ----------
    type : str
        Name of the server's exception.
    text : str
        The server's message; may quote input, so never log it as it is.
    """

    type: str
    text: str = field(repr=False)

    @property
    def about_session(self) -> bool:
        """Whether the message says that the session is not logged in (any more)."""
        words = f"{self.type} {self.text}".lower()
        return any(w in words for w in ("not logged in", "session", "login required"))

    @property
    def about_application(self) -> bool:
        """Whether the message says that the site's name is not known."""
        return "application known as" in f"{self.type} {self.text}".lower()


def parse(body: bytes) -> Any:  # noqa: ANN401
    """Parse a reply body; an empty one is None.

    v1 replies come without a Content-Type, so it is not looked at.

    Raises
    ------
    NotJSON
        The body is neither JSON nor empty.
    RPCException
        The body is AMS's envelope for an exception.
    """
    if not body.strip():
        return None
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise NotJSON from None
    if isinstance(data, dict) and data.get("__is_rpc_exception__"):
        value = data.get("value")
        detail = value.get("detailMessage") if isinstance(value, dict) else value
        raise RPCException(str(data.get("type") or "RPC exception"), str(detail or ""))
    return data


class Verdict(Enum):
    """What a reply to a write says."""

    CONFIRMED = "confirmed"
    REFUSED = "refused"
    DOUBT = "in doubt"


@dataclass(frozen=True)
class WriteReply:
    """A classified reply to a write.

    Parameters
    ----------
    verdict : Verdict
        Confirmed: every event was stored, `ids` are theirs in order.
    ids : list of int
        Ids that the reply names.
    reason : str
        AMS's message, or what is wrong with the reply.
    dropped_fields : tuple of str
        Fields that do not exist in the form; AMS has stored the events without them.
    errors : list of dict
        Per-event errors: the pairs of each as a dict.
    short : bool
        AMS reported success, but for fewer events than were sent.
    """

    verdict: Verdict
    ids: list[int] = field(default_factory=list)
    reason: str = ""
    dropped_fields: tuple[str, ...] = ()
    errors: list[dict[str, str]] = field(default_factory=list, repr=False)
    short: bool = False


def doubt(reason: str, **details: Any) -> WriteReply:  # noqa: ANN401
    """Return a reply that nobody should rely on."""
    return WriteReply(Verdict.DOUBT, reason=reason, **details)


def dropped_fields(message: str) -> tuple[str, ...]:
    """Read the field names out of the remark that AMS appends when it drops unknown fields."""
    match = _DROPPED.search(message)
    return tuple(match[1].split(", ")) if match else ()


def classify_import(body: bytes, sent: int) -> WriteReply:
    """Classify the reply of ``eventsimport`` (HTTP 200).

    Parameters
    ----------
    body : bytes
        The reply.
    sent : int
        Events in the call, all for one form.
    """
    try:
        data = parse(body)
    except NotJSON:
        return doubt("the reply was not JSON")
    except RPCException as error:
        return doubt(f"AMS reported {error.type}")
    return _classify_bulk(data, sent)


def _classify_bulk(data: object, sent: int) -> WriteReply:
    result = data.get("result") if isinstance(data, Mapping) else None
    if isinstance(result, str):
        try:
            result = orjson.loads(result)
        except orjson.JSONDecodeError:
            result = None
    if not isinstance(result, Mapping) or not isinstance(result.get("state"), str):
        return doubt("the reply had no state")
    assert isinstance(data, Mapping)
    forms = [_form_part(entry) for entry in data.get("eventImportResultForForm") or []]
    ids = [i for part in forms for i in part.ids]
    errors = [e for part in forms for e in part.errors]
    reason = " ".join(filter(None, [str(result.get("message") or ""), *(p.reason for p in forms)]))
    if result["state"] != SUCCESS:
        # Nothing named as stored: refused as a whole. Ids or errors beside it: a partial failure.
        verdict = Verdict.DOUBT if ids or errors else Verdict.REFUSED
        return WriteReply(verdict, ids, reason or result["state"], errors=errors)
    dropped = tuple(name for part in forms for name in part.dropped_fields)
    if errors or any(part.verdict is not Verdict.CONFIRMED for part in forms):
        return doubt(reason or "a form's part failed", ids=ids, errors=errors)
    if len(ids) != sent:
        text = f"AMS confirmed {len(ids)} of {sent} events"
        return doubt(text, ids=ids, dropped_fields=dropped, short=True)
    return WriteReply(Verdict.CONFIRMED, ids, dropped_fields=dropped)


def _form_part(entry: object) -> WriteReply:
    part = entry.get("eventImportResults") if isinstance(entry, Mapping) else None
    if not isinstance(part, Mapping):
        return doubt("a form's part of the reply can't be read")
    message = str(part.get("message") or "")
    state = part.get("state", SUCCESS)
    ids = [int(i) for i in part.get("ids") or [] if str(i).isdigit()]
    errors = [dict(_error_pairs(e)) for e in part.get("error") or []]
    good = state == SUCCESS and not errors
    return WriteReply(
        Verdict.CONFIRMED if good else Verdict.DOUBT,
        ids,
        "" if good else message or str(state),
        dropped_fields(message),
        errors,
    )


def _error_pairs(entry: object) -> Iterator[tuple[str, str]]:
    pairs = entry.get("pairs") if isinstance(entry, Mapping) else None
    for pair in pairs or []:
        if isinstance(pair, Mapping):
            yield str(pair.get("key")), str(pair.get("value") or "")


def classify_profile(body: bytes) -> WriteReply:
    """Classify the reply of ``profileimport`` (HTTP 200): state and message at the top level."""
    try:
        data = parse(body)
    except NotJSON:
        return doubt("the reply was not JSON")
    except RPCException as error:
        return doubt(f"AMS reported {error.type}")
    if not isinstance(data, Mapping) or not isinstance(data.get("state"), str):
        return doubt("the reply had no state")
    message = str(data.get("message") or "")
    if data["state"] != SUCCESS:
        return WriteReply(Verdict.REFUSED, reason=message or data["state"])
    ids = [int(i) for i in data.get("ids") or [] if str(i).isdigit()]
    return WriteReply(Verdict.CONFIRMED, ids, dropped_fields=dropped_fields(message))
