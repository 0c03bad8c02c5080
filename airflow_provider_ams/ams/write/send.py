"""Send one call of events and say what is to be thought of the answer."""

from __future__ import annotations

from dataclasses import dataclass, field

import orjson

from airflow_provider_ams.ams.client import AMSClient, raise_for_status
from airflow_provider_ams.ams.errors import AMSError
from airflow_provider_ams.ams.prepare.events import EventSet
from airflow_provider_ams.ams.wire.replies import Verdict, WriteReply, classify_import, doubt
from airflow_provider_ams.transport import Reply, TransportError, parse_retry_after


@dataclass
class Batch:
    """Events that go out in one call.

    Parameters
    ----------
    events : list of int
        Event numbers.
    tries : int
        How often these events went out and came to nothing.
    """

    events: list[int]
    tries: int = 0


@dataclass
class Attempt:
    """A call and what came of it.

    Parameters
    ----------
    number : int
        The call's number within the import, from 1.
    batch : Batch
        What was sent.
    reply : WriteReply
        The classified answer.
    late : bool
        AMS may still be working on the call.
    status : int, optional
        HTTP status.
    retry_after : float, optional
        Seconds AMS asked to wait.
    strays : dict
        Event number -> id in the reply, where an update was answered with another id.
    """

    number: int
    batch: Batch
    reply: WriteReply
    late: bool = False
    status: int | None = None
    retry_after: float | None = None
    strays: dict[int, int] = field(default_factory=dict)


# What an HTTP status says of a write, beside 200. (verdict, AMS may still be working on it)
# A gateway's 502, 503 or 504 says nothing of the server behind it.
_STATUS: dict[int, tuple[Verdict, bool]] = {
    400: (Verdict.REFUSED, False),
    401: (Verdict.DOUBT, False),
    403: (Verdict.DOUBT, False),
    413: (Verdict.REFUSED, False),
    422: (Verdict.REFUSED, False),
    429: (Verdict.DOUBT, False),
    500: (Verdict.DOUBT, False),
    502: (Verdict.DOUBT, True),
    503: (Verdict.DOUBT, True),
    504: (Verdict.DOUBT, True),
}


def encode(events: EventSet, batch: list[int]) -> bytes:
    """Return the body of a call."""
    return orjson.dumps({"events": [events.wire(i) for i in batch]})


def send(client: AMSClient, events: EventSet, batch: Batch, body: bytes, number: int) -> Attempt:
    """Send a call, once.

    Raises
    ------
    AMSError
        Nothing was sent, or there is no AMS at this URL.
    """
    try:
        reply, _ = client.write("eventsimport", body)
    except TransportError as error:
        return Attempt(number, batch, doubt(error.reason), late=True)
    if reply.status != 200:
        return _by_status(client, reply, batch, number)
    answer = classify_import(reply.body, len(batch.events))
    attempt = Attempt(number, batch, answer, late=_not_from_ams(answer), status=200)
    if answer.verdict is Verdict.CONFIRMED:
        for event, event_id in zip(batch.events, answer.ids, strict=True):
            if events.event_ids[event] not in (None, event_id):
                attempt.strays[event] = event_id
    return attempt


def _not_from_ams(answer: WriteReply) -> bool:
    # A page in place of an answer comes from something in between, which may have given up early.
    return answer.verdict is Verdict.DOUBT and answer.reason == "the reply was not JSON"


def _by_status(client: AMSClient, reply: Reply, batch: Batch, number: int) -> Attempt:
    if reply.status not in _STATUS and reply.status < 500:
        raise_for_status("eventsimport", reply, client.clock.now())
    verdict, late = _STATUS.get(reply.status, (Verdict.DOUBT, True))
    wait = parse_retry_after(reply.headers.get("Retry-After"), client.clock.now())
    answer = WriteReply(verdict, reason=f"AMS answered HTTP {reply.status}")
    return Attempt(number, batch, answer, late, reply.status, wait)


def delete_event(client: AMSClient, event_id: int) -> bool:
    """Delete one event; True only if AMS says so."""
    try:
        reply, _ = client.write("deleteevent", orjson.dumps({"eventId": event_id}))
        data = orjson.loads(reply.body) if reply.status == 200 else None
    except (TransportError, AMSError, orjson.JSONDecodeError):
        return False
    return isinstance(data, dict) and data.get("state") == "SUCCESS"
