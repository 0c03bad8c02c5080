"""Send calls, several in flight, until one of them needs a closer look."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.errors import AMSConfigurationError, AMSError
from airflow_provider_ams.ams.positions import EventNo
from airflow_provider_ams.ams.prepare.events import EventSet
from airflow_provider_ams.ams.wire.replies import Verdict, WriteReply
from airflow_provider_ams.ams.write.batches import Batch, Calls
from airflow_provider_ams.ams.write.checkpoint import Journal
from airflow_provider_ams.ams.write.ledger import Ledger
from airflow_provider_ams.transport import HeldBody, InFlight, WithheldError, clean


@dataclass(frozen=True)
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
    mismatched : dict
        Event number -> id in the reply, where an update was answered with another id.
    """

    number: int
    batch: Batch
    reply: WriteReply
    mismatched: dict[EventNo, int] = field(default_factory=dict)

    @property
    def confirmed(self) -> bool:
        """Whether all of its events are stored as they were meant."""
        return self.reply.verdict is Verdict.CONFIRMED and not self.mismatched


class Sender:
    """Send calls and enter in the ledger what is confirmed.

    Parameters
    ----------
    client : AMSClient
        The client.
    events : EventSet
        What to send.
    calls : Calls
        How to.
    ledger : Ledger
        Takes what is confirmed.
    max_in_flight : int
        Calls in flight at most.
    before_batch : callable
        Called with the events of a call, in the thread that sends, before it goes out; what it
        raises stops it.
    journal : Journal
        Whether this try may still send: asked right before a call goes out and again before its
        last byte does.
    on_confirmed : callable
        Called after each confirmed call.
    """

    def __init__(
        self,
        client: AMSClient,
        events: EventSet,
        calls: Calls,
        ledger: Ledger,
        max_in_flight: int,
        before_batch: Callable[[Sequence[EventNo]], None],
        journal: Journal,
        on_confirmed: Callable[[], None],
    ) -> None:
        self.client = client
        self.events = events
        self.calls = calls
        self.ledger = ledger
        self.number = 0
        self._before_batch = before_batch
        self._journal = journal
        self._on_confirmed = on_confirmed
        self._flight: InFlight[Batch, Attempt] = InFlight(max_in_flight, "ams-import")
        #: Events of calls whose outcome has not been entered.
        self.pending: set[EventNo] = set()
        #: When each event first went out, on the monotonic clock.
        self.sent_at: dict[EventNo, float] = {}

    def close(self) -> None:
        """End the threads."""
        self._flight.close()

    def send(self, queue: deque[Batch]) -> tuple[list[Attempt], AMSError | None]:
        """Send calls until one is not confirmed; then wait for those in flight.

        Returns
        -------
        list of Attempt
            The calls to look into; what was not sent stays in the queue.
        AMSError or None
            What ends the import.
        """
        flight = self._flight
        trouble: list[Attempt] = []
        error: AMSError | None = None
        ahead: tuple[Batch, bytes] | None = None
        while not flight.empty or ((queue or ahead) and not trouble and not error):
            while (queue or ahead) and not trouble and not error and not flight.full:
                self._submit(*(ahead or self._encode(queue)))
                ahead = None
            if ahead is None and queue and not trouble and not error:
                ahead = self._encode(queue)  # while the network is at work
            try:
                batch, attempt = flight.take()
            except AMSError as problem:
                error = error or problem
                continue
            self.pending.difference_update(batch.events)
            error = error or self._dropped_fields(attempt)
            try:
                entered = self._enter(attempt)
            except AMSError as problem:  # of the note: the calls in flight still count
                error, entered = error or problem, True
            if not entered:
                trouble.append(attempt)
        if ahead is not None:
            queue.appendleft(ahead[0])
        return trouble, error

    def _encode(self, queue: deque[Batch]) -> tuple[Batch, bytes]:
        batch = queue.popleft()
        return batch, self.calls.encode(self.events, batch.events)

    def _submit(self, batch: Batch, body: bytes) -> None:
        self.number += 1
        self.pending.update(batch.events)
        number = self.number
        self._flight.submit(batch, lambda: self._call(number, batch, body))

    def _call(self, number: int, batch: Batch, body: bytes) -> Attempt:
        self._before_batch(batch.events)
        self._journal.check_lease()
        now = self.client.clock.monotonic()
        for event in batch.events:
            self.sent_at.setdefault(event, now)
        held = HeldBody(body, self._journal.sending)
        try:
            reply = self.client.write(self.calls.endpoint, held, len(batch.events))
        except WithheldError as withheld:
            raise withheld.reason from None
        mismatched: dict[EventNo, int] = {}
        if reply.verdict is Verdict.CONFIRMED and not self.calls.idempotent:
            for event, event_id in zip(batch.events, reply.ids, strict=True):
                if self.events.event_ids[event] not in (None, event_id):
                    mismatched[event] = event_id
        return Attempt(number, batch, reply, mismatched)

    def _enter(self, attempt: Attempt) -> bool:
        """Enter a confirmed call; False if there is anything to look into."""
        reply, events = attempt.reply, attempt.batch.events
        if reply.verdict is not Verdict.CONFIRMED:
            self._flight.narrow()
            return False
        ids = reply.ids if len(reply.ids) == len(events) else [None] * len(events)
        if self.ledger.claimed.intersection(i for i in ids if i is not None):
            # An id that another event has been confirmed under: the answer is not to be trusted.
            return False
        remark = without(reply.dropped_fields)
        for event, event_id in zip(events, ids, strict=True):
            if event not in attempt.mismatched:
                self.ledger.confirm(event, event_id, attempt.number, remark)
        self._flight.calm()
        self._on_confirmed()
        return not attempt.mismatched

    def _dropped_fields(self, attempt: Attempt) -> AMSError | None:
        remark = without(attempt.reply.dropped_fields)
        if remark is None:
            return None
        return AMSConfigurationError(
            f"AMS has stored {len(attempt.batch.events)} events {remark}; nothing more was sent.",
            endpoint=self.calls.endpoint,
            hint="Correct the column names, then update these events by their event_id.",
        )


def without(fields: tuple[str, ...] | list[str]) -> str | None:
    """Return the remark for events that AMS has stored without some fields."""
    if not fields:
        return None
    listed = ", ".join(repr(clean(f, 100)) for f in fields)
    return f"without the fields {listed}, which the form does not have"
