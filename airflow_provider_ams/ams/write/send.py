"""Send one call of events and say what is to be thought of the answer."""

from __future__ import annotations

from dataclasses import dataclass, field

import orjson

from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.errors import AMSError
from airflow_provider_ams.ams.prepare.events import EventSet
from airflow_provider_ams.ams.wire.replies import Verdict, WriteReply


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
    strays : dict
        Event number -> id in the reply, where an update was answered with another id.
    """

    number: int
    batch: Batch
    reply: WriteReply
    strays: dict[int, int] = field(default_factory=dict)

    @property
    def late(self) -> bool:
        """AMS may still be working on the call."""
        return self.reply.late

    @property
    def status(self) -> int | None:
        """HTTP status."""
        return self.reply.status

    @property
    def retry_after(self) -> float | None:
        """Seconds AMS asked to wait."""
        return self.reply.retry_after


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
    answer = client.write("eventsimport", body, len(batch.events))
    attempt = Attempt(number, batch, answer)
    if answer.verdict is Verdict.CONFIRMED:
        for event, event_id in zip(batch.events, answer.ids, strict=True):
            if events.event_ids[event] not in (None, event_id):
                attempt.strays[event] = event_id
    return attempt


def delete_event(client: AMSClient, event_id: int) -> bool:
    """Delete one event; True only if AMS says so."""
    try:
        answer = client.write("deleteevent", orjson.dumps({"eventId": event_id}))
    except AMSError:
        return False
    return answer.verdict is Verdict.CONFIRMED
