"""What each reply means and what is done next: one table, read whole and tested whole."""

from __future__ import annotations

import enum

import orjson

from airflow_provider_ams.tidepool.options import FIELDS
from airflow_provider_ams.transport import Reply


class Action(enum.Enum):
    """What to do after a reply."""

    DONE = "accepted"
    SPLIT = "refused: halve the batch to find the row"
    TOO_LARGE = "refused for its size: halve the batch"
    LATER = "not taken in: send again after a while"
    DOUBT = "may or may not be stored: send again with the same ids, and report it"
    STOP = "may or may not be stored, and this is no Tidepool: stop"
    KEY = "the API key is not accepted: stop"
    SETUP = "the server does not offer this: stop"


# Refused before anything was read or stored, so safe to send again.
_TABLE = {
    401: Action.KEY,
    403: Action.KEY,
    404: Action.SETUP,
    405: Action.SETUP,
    406: Action.SETUP,
    407: Action.SETUP,
    408: Action.LATER,
    410: Action.SETUP,
    411: Action.SETUP,
    413: Action.TOO_LARGE,
    415: Action.SETUP,
    425: Action.LATER,
    426: Action.SETUP,
    429: Action.LATER,
}
_CLASSES = {1: Action.STOP, 2: Action.STOP, 3: Action.SETUP, 4: Action.SPLIT, 5: Action.DOUBT}


def classify(reply: Reply, expected: int, stores: bool) -> Action:
    """Return what to do after a reply.

    Parameters
    ----------
    reply : Reply
        As it came.
    expected : int
        The status that means success: 200 for ``/validate``, 201 for ``/track``.
    stores : bool
        The call stores events. If not, whatever is in doubt is safe to repeat.
    """
    if reply.status == expected and not _is_page(reply):
        return Action.DONE
    action = _TABLE.get(reply.status) or _CLASSES.get(reply.status // 100, Action.STOP)
    # A server that names the time to come back has turned the call away. Without it, a 503 may
    # be a proxy's word for an answer that got lost on its way.
    if reply.status == 503 and "retry-after" in {name.lower() for name in reply.headers}:
        return Action.LATER
    if action is Action.DOUBT and not stores:
        return Action.LATER
    if action is Action.STOP and not stores:
        return Action.SETUP
    return action


def _is_page(reply: Reply) -> bool:
    """Tell a web page (a login or error page of something in between) from an API's answer."""
    return reply.body[:256].lstrip()[:1] == b"<"


def named_fields(body: bytes) -> list[str]:
    """Return the event fields an error body points at; none of its own words are kept.

    The shape of Tidepool's error bodies is not documented. Only names of fields are taken, from
    places where APIs commonly put them, so that no text of an event gets into a message.
    """
    found: set[str] = set()
    try:
        _collect(orjson.loads(body[: 1 << 16]), found)
    except (ValueError, RecursionError):
        return []
    return [field for field in FIELDS if field in found]


def _collect(value: object, found: set[str]) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            if key in ("loc", "field", "path", "param"):
                found.update(_words(item))
            else:
                _collect(item, found)
    elif isinstance(value, list):
        for item in value:
            _collect(item, found)


def _words(value: object) -> list[str]:
    if isinstance(value, str):
        return value.replace("/", ".").replace("]", ".").split(".")
    if isinstance(value, list):
        return [item for item in value if isinstance(item, str)]
    return []
