"""From the bytes of a reply to typed records: strict, and lenient only where sites vary.

A first pass takes what nearly every site sends, in one go. What it does not take is looked at
again, and more closely: is it an exception, a failure, no JSON at all, or a spelling of the same
that is known (docs/wire.md, section 2)?
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar

import msgspec
import orjson

from airflow_provider_ams.ams.errors import AMSReplyError

_T = TypeVar("_T")
_DAY_SECONDS = 86_400.0
# Some sites write numbers as texts of digits.
_NUMBERS = frozenset(
    {"id", "userId", "enteredByUserId", "idsOfDeletedEvents", "lastSynchronisationTimeOnServer"}
)
_TYPE_NAME = re.compile(r"[A-Za-z][\w.$]{0,79}", re.ASCII)


class NotJSON(ValueError):
    """The body is not JSON; nothing of it is repeated, it may hold athletes' data."""


@dataclass(frozen=True)
class RPCException(Exception):
    """AMS reported an exception with HTTP 200.

    Parameters
    ----------
    type : str
        Name of the server's exception, in safe words.
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


class Envelope(msgspec.Struct, kw_only=True):
    """Members by which any reply may say that it is a failure, whatever else it holds."""

    rpc: Any = msgspec.field(name="__is_rpc_exception__", default=None)
    state: Any = None
    error: Any = None


_E = TypeVar("_E", bound=Envelope)


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
        kind = data.get("type")
        known = isinstance(kind, str) and _TYPE_NAME.fullmatch(kind)
        raise RPCException(str(kind) if known else "an exception", str(detail or ""))
    return data


def unreadable(endpoint: str, why: str) -> AMSReplyError:
    """Return the error for a reply that is not what the endpoint gives."""
    return AMSReplyError(f"The reply can't be read: {why}.", endpoint=endpoint)


def decode(endpoint: str, body: bytes, kind: type[_E]) -> _E:
    """Read a reply into a typed object.

    Raises
    ------
    AMSReplyError
        It is not what the endpoint gives; the message says where, never what.
    RPCException
        It is AMS's envelope for an exception.
    """
    try:
        found: _E = _decoder(kind).decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = convert(endpoint, parse_json(endpoint, body), kind)
    if found.rpc or found.error or found.state is not None:
        refuse_failure(endpoint, parse_json(endpoint, body))
    return found


@cache
def _decoder(kind: type[_T]) -> msgspec.json.Decoder[_T]:
    return msgspec.json.Decoder(kind)


def parse_json(endpoint: str, body: bytes) -> Any:  # noqa: ANN401
    """Parse a body that must hold JSON.

    Raises
    ------
    AMSReplyError
        It holds none.
    RPCException
        It is AMS's envelope for an exception.
    """
    try:
        data = parse(body)
    except NotJSON:
        raise AMSReplyError("The reply was not JSON.", endpoint=endpoint) from None
    if data is None and not body.strip():
        raise AMSReplyError("The reply was empty.", endpoint=endpoint)
    return data


def convert(endpoint: str, data: object, kind: type[_T]) -> _T:
    """Turn parsed JSON into a typed object, with the leniency that sites are known to need.

    Raises
    ------
    AMSReplyError
        It is not what the endpoint gives.
    """
    refuse_failure(endpoint, data)
    try:
        return msgspec.convert(_relaxed(data), kind)
    except msgspec.ValidationError as error:
        raise unreadable(endpoint, _where(error)) from None
    except RecursionError:
        raise unreadable(endpoint, "it is nested too deeply") from None


def _where(error: msgspec.ValidationError) -> str:
    # "Expected `int`, got `str` - at `$.export.events[3].id`": types and places, no values.
    return str(error).replace("Expected", "expected", 1).replace("Object", "an object", 1)


def _relaxed(value: object, key: str = "") -> object:
    """Leave out nulls, which mean the same as absence, and read digits where numbers belong."""
    if isinstance(value, dict):
        return {k: _relaxed(v, k) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_relaxed(v, key) for v in value]
    if isinstance(value, str) and key in _NUMBERS and value.isascii() and value.isdigit():
        return int(value) if len(value) < 20 else value
    return value


def refuse_failure(endpoint: str, data: object) -> None:
    """Raise if a reply says of itself that it is a failure.

    Raises
    ------
    AMSReplyError
        It has a state, or an error.
    """
    if not isinstance(data, dict):
        return
    if data.get("error"):
        raise AMSReplyError("AMS reported an error.", endpoint=endpoint)
    # No read is known to have a state, so even a good one belongs to another endpoint.
    if data.get("state") is not None:
        raise AMSReplyError("AMS reported a state in place of data.", endpoint=endpoint)


def check_members(endpoint: str, data: object, allowed: Iterable[str], where: str = "$") -> None:
    """Make sure that an object without its list is an empty answer, and not another answer.

    Raises
    ------
    AMSReplyError
        It is no object, or has members that this endpoint never gives.
    """
    if not isinstance(data, dict):
        raise unreadable(endpoint, f"expected `object` at `{where}`")
    if data.keys() - set(allowed):
        raise unreadable(endpoint, f"unknown members, and no list, at `{where}`")


def check_unique(endpoint: str, ids: list[int], where: str) -> None:
    """Make sure that no id comes twice.

    Raises
    ------
    AMSReplyError
        One does: nobody can tell which of the two counts.
    """
    if len(set(ids)) != len(ids):
        raise unreadable(endpoint, f"an id comes twice at `{where}`")


def check_clock(endpoint: str, milliseconds: int, now: float) -> None:
    """Make sure that AMS's clock can be believed: a wrong one hides changes, or all of them.

    Parameters
    ----------
    endpoint : str
        For the error.
    milliseconds : int
        What AMS says, epoch milliseconds.
    now : float
        What the reply's HTTP date says, or our own clock; seconds since the epoch.

    Raises
    ------
    AMSReplyError
        They are more than a day apart.
    """
    if abs(milliseconds / 1000 - now) > _DAY_SECONDS:
        raise unreadable(endpoint, "the server's clock is more than a day off")
