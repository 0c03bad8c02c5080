"""Write events so that none is lost and none is there twice.

A call is confirmed only by an answer that names an id for each of its events. Whatever else comes
back, AMS is asked what it holds before anything is sent again: what is found is confirmed, what is
not there goes out again, in halves if AMS refuses it, and what can't be told stays unknown.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.errors import AMSConfigurationError, AMSError, AMSTransientError
from airflow_provider_ams.ams.forms.catalogue import read_schema
from airflow_provider_ams.ams.forms.schema import FormSchema
from airflow_provider_ams.ams.people.roster import known_names
from airflow_provider_ams.ams.positions import EventNo
from airflow_provider_ams.ams.prepare.events import EventSet
from airflow_provider_ams.ams.read.synchronise import server_time
from airflow_provider_ams.ams.wire.replies import Verdict
from airflow_provider_ams.ams.write.batches import Batch, Calls, EventCalls, ProfileCalls
from airflow_provider_ams.ams.write.bisect import Bisector
from airflow_provider_ams.ams.write.checkpoint import Journal
from airflow_provider_ams.ams.write.ledger import INSERTED, Ledger
from airflow_provider_ams.ams.write.marks import ServerClock
from airflow_provider_ams.ams.write.reconcile import Reconciler
from airflow_provider_ams.ams.write.send import Attempt, Sender

# Refused events in a row, with none accepted, after which an import is given up.
CONSECUTIVE_REJECTS = 200


@dataclass(frozen=True, kw_only=True)
class HowToSend:
    """How an import goes out.

    Parameters
    ----------
    batch_size, max_in_flight : int
        Events in a call; calls in flight.
    settle_seconds : float
        Seconds to wait before a call without an answer is taken as not stored, if it was not
        found at once: AMS may still be working on it.
    types : dict, optional
        Declared kinds of fields, for comparing what is read back.
    idempotency_field : str, optional
        The field that holds the id of each new event.
    """

    batch_size: int = 25
    max_in_flight: int = 1
    settle_seconds: float = 5.0
    types: dict[str, str] | None = None
    idempotency_field: str | None = None


class Importer:
    """Run one import; use once.

    Parameters
    ----------
    client : AMSClient
        The client.
    events : EventSet
        What to write.
    how : HowToSend
        How it goes out.
    journal : Journal
        What an earlier try has noted, and where to note the progress.
    profiles : bool
        Whether they are records of a profile form.
    before_batch : callable
        Called with the events of each call right before it goes out; what it raises ends the
        import.
    on_settled : callable
        Called with the number of input rows whenever some are settled.

    Attributes
    ----------
    ledger : Ledger
        What became of each event.
    stopped : AMSError or None
        What has ended the import early.
    crashed : Exception or None
        The same, if it is nothing that an import can foresee.
    warnings : list of str
        What the caller should know.
    """

    def __init__(
        self,
        client: AMSClient,
        events: EventSet,
        how: HowToSend,
        journal: Journal,
        *,
        profiles: bool = False,
        before_batch: Callable[[Sequence[EventNo]], None] = lambda events: None,
        on_settled: Callable[[int], object] = lambda rows: None,
    ) -> None:
        self.client = client
        self.events = events
        self.how = how
        self.journal = journal
        self.calls: Calls = ProfileCalls() if profiles else EventCalls()
        self.ledger = Ledger(events, tells_new=not profiles)
        self.stopped: AMSError | None = None
        self.crashed: Exception | None = None
        self._on_settled = on_settled
        self._clock: ServerClock | None = None
        self._reported = 0
        # The order of all events, so that a note stays good when fewer are left to send.
        batches = self.calls.batches(events, how.batch_size)
        self._order = [event for batch in batches for event in batch]
        self._reconciler = Reconciler(
            client, events, self.ledger, self._schema, how.idempotency_field
        )
        names = partial(known_names, client)
        self._bisector = Bisector(
            events, self.ledger, client.retry.tries, self.calls.endpoint, names
        )
        around = before_batch, journal, self._progressed
        self._sender = Sender(client, events, self.calls, self.ledger, how.max_in_flight, *around)
        #: Events of calls that AMS may have stored after it was asked for them.
        self._late: set[EventNo] = set()
        #: Sent, and nobody knows yet what came of them.
        self._ambiguous: set[EventNo] = set()

    @property
    def warnings(self) -> list[str]:
        """What the caller should know."""
        return self._reconciler.warnings

    def _schema(self) -> FormSchema | None:
        """Return the form: what is read back is compared by the kinds of its fields."""
        schema = read_schema(self.client, self.events.form, types=self.how.types)
        return schema.with_table(self.events.table) if schema else None

    def run(self) -> Ledger:
        """Write everything; what stops the import early is kept in `stopped`."""
        try:
            self._begin()
            self._work()
            self._last_look()
        except AMSError as error:
            self.stopped = error
        except Exception as error:  # noqa: BLE001 - told with all that is known so far
            self.crashed = error
            self._ambiguous |= self._sender.pending
        finally:
            self._sender.close()
        self._close_open()
        self._report()
        self._save_last()
        return self.ledger

    def _begin(self) -> None:
        progress = self.journal.progress
        noted = progress.since > 0 or bool(progress.confirmed)
        known = self.journal.take_over(self.events, self._order)
        for event, event_id in known.items():
            if self.ledger.status[event] is None:
                self.ledger.confirm(event, self.events.event_ids[event] or event_id or None, 0)
        if not self.calls.idempotent:
            if noted:
                self._resume(trusted=bool(known))
            else:
                form, users = self.events.form, self.events.user_ids
                progress.since = server_time(self.client, form, users)
                self._clock = ServerClock(progress.since, self.client.clock.monotonic())
        self._save(force=True)

    def _resume(self, *, trusted: bool) -> None:
        """Look for what an earlier process may have sent: it may have died in a call."""
        progress = self.journal.progress
        since = progress.open_since if trusted and progress.open_since else progress.since
        open_events = self.ledger.open()
        if not open_events:
            return
        self._save(force=True)
        self._ambiguous = set(open_events)
        self._late |= self._ambiguous
        self.client.clock.sleep(self.how.settle_seconds)
        self._reconciler.read_back(open_events, since)
        self._ambiguous = set()
        self._report()

    def _work(self) -> None:
        left = self.ledger.open()
        batches = self.calls.batches(self.events.take(left), self.how.batch_size)
        queue = deque(Batch([left[n] for n in batch]) for batch in batches)
        while queue:
            trouble, error = self._sender.send(queue)
            if trouble:
                queue.extendleft(reversed(self._settle(trouble)))
            if error:
                raise error
            self._give_up_if_hopeless()

    def _last_look(self) -> None:
        """Look for events that are there once more than they were sent.

        A call whose answer came late may have been stored after its events went out again; with
        ids of their own, another import of the same rows is found, too.
        """
        if self.calls.idempotent:
            return
        watched = self._late
        if self.how.idempotency_field is not None:
            watched = {EventNo(e) for e, i in enumerate(self.events.event_ids) if i is None}
        settled = [e for e in sorted(watched) if self.ledger.status[e] == INSERTED]
        if settled:
            self._reconciler.look_for_surplus(settled, self.journal.progress.since)

    # ------------------------------------------------------------ calls in trouble

    def _settle(self, trouble: list[Attempt]) -> list[Batch]:
        """Find out what became of calls that were not confirmed; returns what goes out next."""
        wanted = [e for a in trouble for e in self.ledger.open(a.batch.events)]
        unsure = [
            a
            for a in trouble
            if a.reply.verdict is not Verdict.REFUSED and not a.reply.nothing_taken
        ]
        self._ambiguous = {e for a in unsure for e in a.batch.events}
        self._late |= {e for a in trouble if a.reply.late for e in a.batch.events}
        if not self.calls.idempotent:
            self._reconcile(wanted, trouble)
            self._ambiguous = set()
        self._report()
        following = [batch for a in trouble for batch in self._bisector.following(a)]
        self._report()
        self._pause(trouble)
        return following

    def _reconcile(self, wanted: list[EventNo], trouble: list[Attempt]) -> None:
        self._ambiguous = set(wanted)
        self._read_back(wanted, trouble)
        if any(a.reply.late and self.ledger.open(a.batch.events) for a in trouble):
            self.client.clock.sleep(self.how.settle_seconds)
            self._read_back(self.ledger.open(wanted), trouble)

    def _read_back(
        self,
        wanted: Sequence[EventNo],
        trouble: Sequence[Attempt] = (),
    ) -> None:
        since, sent = self._open_since(wanted), 0
        if self._clock is not None:
            sent = self._clock.since(self._first_sent(wanted))
        self._reconciler.read_back(wanted, since, trouble, sent)

    def _first_sent(self, events: Iterable[EventNo]) -> float:
        """Return when the first of these events went out, on our clock; now if none has."""
        sent = (t for e in events if (t := self._sender.sent_at.get(e)) is not None)
        return min(sent, default=self.client.clock.monotonic())

    def _open_since(self, events: Iterable[EventNo]) -> int:
        """Return a server time from before any of these events was sent."""
        if self._clock is None:  # another try has begun this import
            return self.journal.progress.since
        return self._clock.since(self._first_sent(events))

    def _pause(self, trouble: Sequence[Attempt]) -> None:
        waits = [
            a
            for a in trouble
            if a.reply.verdict is not Verdict.REFUSED
            and not a.reply.short
            and not a.mismatched
            and self.ledger.open(a.batch.events)
        ]
        if not waits:
            return
        asked = [a.reply.retry_after for a in waits if a.reply.retry_after is not None]
        worst = max(waits, key=lambda a: a.batch.tries)
        status = worst.reply.status
        error = AMSTransientError(
            f"AMS does not take the {'records' if self.calls.idempotent else 'events'}: "
            f"{worst.reply.reason}.",
            endpoint=self.calls.endpoint,
            status=status if status != 200 else None,
            retry_after=max(asked, default=None),
        )
        self.client.pause_before_retry(error, worst.batch.tries + 1)

    def _give_up_if_hopeless(self) -> None:
        refused = self.ledger.refused
        if refused >= CONSECUTIVE_REJECTS and not self.ledger.claimed:
            raise AMSConfigurationError(
                f"AMS has refused each of the first {refused} events; nothing more was sent.",
                endpoint=self.calls.endpoint,
                hint="Check form, required fields and permissions with a single row.",
            )

    # ------------------------------------------------------------ keeping track

    def _close_open(self) -> None:
        """Settle what an early end has left: sent or not, nothing is passed over in silence."""
        reason = "the import ended early"
        if self.stopped is not None:
            reason = self.stopped.message
        elif self.crashed is not None:
            reason = f"the import ended on a {type(self.crashed).__name__}"
        for event in self.ledger.open():
            if event in self._ambiguous:
                self.ledger.doubt(event, f"sent, outcome not known: {reason}")
            else:
                self.ledger.give_up(event, reason)

    def _progressed(self) -> None:
        self._report()
        self._save()

    def _report(self) -> None:
        settled = self.ledger.settled
        if settled > self._reported:
            self._on_settled(settled - self._reported)
            self._reported = settled

    def _save(self, *, force: bool = False) -> None:
        self.journal.save(
            self.ledger,
            self._order,
            open_since=lambda: self._open_since(self.ledger.unconfirmed()),
            force=force,
        )

    def _save_last(self) -> None:
        """Note how it ended; a try that has lost its lease leaves the note alone."""
        try:
            self._save(force=True)
        except AMSError as error:
            self.stopped = self.stopped or error
