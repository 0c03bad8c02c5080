"""Write events so that none is lost and none is there twice.

A call is confirmed only by an answer that names an id for each of its events. Whatever else comes
back, AMS is asked what it holds before anything is sent again: `synchronise` since a server time
taken before the first call, matched by content. What is found is confirmed, what is not found is
sent again, and what can't be told stays unknown.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.errors import (
    AMSConfigurationError,
    AMSError,
    AMSLoginError,
    AMSPermissionError,
    AMSTransientError,
)
from airflow_provider_ams.ams.prepare.events import EventSet, make_batches
from airflow_provider_ams.ams.read.synchronise import server_time, synchronise
from airflow_provider_ams.ams.wire.replies import Verdict
from airflow_provider_ams.ams.write.checkpoint import SAVE_EVERY, Checkpoint, Progress, runs, unpack
from airflow_provider_ams.ams.write.ledger import Ledger
from airflow_provider_ams.ams.write.reconcile import (
    Match,
    Stored,
    match_inserts,
    match_updates,
    stored_event,
)
from airflow_provider_ams.ams.write.send import Attempt, Batch, delete_event, encode, send


@dataclass(frozen=True)
class Recovery:
    """How hard to try.

    Parameters
    ----------
    settle_seconds : float
        Seconds to wait before a call without an answer is taken as not stored, if it was not
        found at once: AMS may still be working on it.
    save_every : float
        Seconds between two notes of the progress.
    hopeless : int
        Rejected events in a row, with none accepted, after which the import is given up.
    """

    settle_seconds: float = 5.0
    save_every: float = SAVE_EVERY
    hopeless: int = 200


class Importer:
    """Run one import; use once.

    Parameters
    ----------
    client : AMSClient
        The client.
    events : EventSet
        What to write.
    batch_size, max_in_flight : int
        Events in a call; calls in flight.
    recovery : Recovery
        How hard to try.
    checkpoint : Checkpoint, optional
        Where to note the progress.
    progress : Progress
        A note to start from: `since` 0 means a new import.
    trust : bool
        Take what the note says is confirmed as confirmed; else all is read back.
    on_settled : callable, optional
        Called with the number of input rows whenever some are settled.
    unchanged : sequence of int
        Events that AMS holds as they are to be: not sent.
    """

    def __init__(
        self,
        client: AMSClient,
        events: EventSet,
        progress: Progress,
        *,
        batch_size: int = 25,
        max_in_flight: int = 1,
        recovery: Recovery | None = None,
        checkpoint: Checkpoint | None = None,
        trust: bool = True,
        on_settled: Callable[[int], None] | None = None,
        unchanged: Sequence[int] = (),
    ) -> None:
        self.client = client
        self.events = events
        self.ledger = Ledger(events)
        self.warnings: list[str] = []
        self.stopped: AMSError | None = None
        self.calls = 0
        self._progress = progress
        self._recovery = recovery or Recovery()
        self._checkpoint = checkpoint
        self._trust = trust
        self._batches = make_batches(events, batch_size)
        # The order of all events, so that a note stays good when fewer are left to send.
        self._order = [i for batch in self._batches for i in batch]
        if unchanged:
            self._leave(unchanged, batch_size)
        self._window = self._width = max_in_flight
        self._calm = 0
        self._saved_at = 0.0
        self._settled = 0
        self._on_settled = on_settled or (lambda rows: None)
        self._hints: dict[int, str] = {}
        self._targets = {i for i in events.event_ids if i is not None}
        self._copies: dict[int, int] = {}
        # Sent, and not read back yet: nobody knows whether AMS has them.
        self._doubtful: set[int] = set()

    def _leave(self, unchanged: Sequence[int], batch_size: int) -> None:
        for event in unchanged:
            self.ledger.leave(event)
        wanted = self.ledger.open()
        batches = make_batches(self.events.take(wanted), batch_size)
        self._batches = [[wanted[i] for i in batch] for batch in batches]

    # ------------------------------------------------------------ the whole

    def run(self) -> Ledger:
        """Write everything; what stops the import early is kept in `stopped`."""
        try:
            self._begin()
            self._work()
        except AMSError as error:
            self.stopped = error
        self._close_open()
        self._report()
        self._save(force=True)
        return self.ledger

    def _begin(self) -> None:
        if self._progress.since:
            self._resume()
        else:
            form, users = self.events.form, self.events.user_ids
            self._progress.since = server_time(self.client, form, users)
        self._save(force=True)

    def _work(self) -> None:
        open_events = set(self.ledger.open())
        left = ([i for i in batch if i in open_events] for batch in self._batches)
        queue = deque(Batch(batch) for batch in left if batch)
        with ThreadPoolExecutor(self._window, thread_name_prefix="ams-import") as pool:
            while queue:
                trouble, error = self._send_until_trouble(pool, queue)
                if trouble:
                    self._settle(trouble, queue)
                if error:
                    raise error
                self._give_up_if_hopeless()

    def _resume(self) -> None:
        """Take over what an earlier process has done."""
        known = self._progress.confirmed
        if known and self._trust and not self._progress.finished:
            for position, event_id in unpack(known).items():
                event = self._order[position]
                if self.ledger.status[event] is not None:
                    continue
                self.ledger.confirm(event, self.events.event_ids[event] or event_id, 0)
        open_events = self.ledger.open()
        if not open_events:
            return
        self._doubtful = set(open_events)
        # The process before may have died with a call under way.
        self.client.clock.sleep(self._recovery.settle_seconds)
        match = self._read_back(open_events)
        self._doubtful = set()
        for event in match.undecided:
            self.ledger.doubt(event, _UNDECIDED)
        self._report()

    # ------------------------------------------------------------ sending

    def _send_until_trouble(
        self, pool: ThreadPoolExecutor, queue: deque[Batch]
    ) -> tuple[list[Attempt], AMSError | None]:
        """Send calls, so many in flight, until one is not confirmed; then wait for the others."""
        flying: deque[tuple[Batch, Future[Attempt]]] = deque()
        trouble: list[Attempt] = []
        error: AMSError | None = None
        ahead: tuple[Batch, bytes] | None = None
        while flying or ((queue or ahead) and not trouble and not error):
            while (queue or ahead) and not trouble and not error and len(flying) < self._width:
                batch, body = ahead or self._encode(queue)
                ahead = None
                self.calls += 1
                job = pool.submit(send, self.client, self.events, batch, body, self.calls)
                flying.append((batch, job))
            if ahead is None and queue and not trouble and not error:
                ahead = self._encode(queue)  # while the network is at work
            try:
                attempt = flying.popleft()[1].result()
            except AMSError as problem:
                error = problem
                continue
            error = error or self._unknown_fields(attempt)
            if not self._take(attempt):
                trouble.append(attempt)
        if ahead is not None:
            queue.appendleft(ahead[0])
        return trouble, error

    def _encode(self, queue: deque[Batch]) -> tuple[Batch, bytes]:
        batch = queue.popleft()
        return batch, encode(self.events, batch.events)

    def _take(self, attempt: Attempt) -> bool:
        """Enter a confirmed call; False if there is anything to look into."""
        reply = attempt.reply
        if reply.verdict is not Verdict.CONFIRMED:
            self._narrow()
            return False
        remark = _dropped(reply.dropped_fields)
        for event, event_id in zip(attempt.batch.events, reply.ids, strict=True):
            if event not in attempt.strays:
                self.ledger.confirm(event, event_id, attempt.number, remark)
        self._report()
        self._widen()
        self._save()
        return not attempt.strays

    def _unknown_fields(self, attempt: Attempt) -> AMSError | None:
        remark = _dropped(attempt.reply.dropped_fields)
        if remark is None:
            return None
        return AMSConfigurationError(
            f"AMS has stored {len(attempt.reply.ids)} events {remark}; nothing more was sent.",
            endpoint="eventsimport",
            hint="Correct the column names, then update these events by their event_id.",
        )

    def _narrow(self) -> None:
        self._width, self._calm = max(1, self._width // 2), 0

    def _widen(self) -> None:
        self._calm += 1
        if self._calm >= 20 and self._width < self._window:
            self._width, self._calm = self._width + 1, 0

    # ------------------------------------------------------------ settling

    def _settle(self, trouble: list[Attempt], queue: deque[Batch]) -> None:
        """Find out what became of calls that were not confirmed, and queue what is to follow."""
        wanted = [e for a in trouble for e in a.batch.events if self.ledger.status[e] is None]
        self._doubtful = set(wanted)
        match = self._read_back(wanted, trouble)
        late = [a for a in trouble if a.late and self._open_in(a)]
        if late:
            self.client.clock.sleep(self._recovery.settle_seconds)
            match = self._read_back([e for e in wanted if self.ledger.status[e] is None], trouble)
        self._doubtful = set()
        for event in match.undecided:
            self.ledger.doubt(event, _UNDECIDED)
        self._report()
        following = [b for a in trouble for b in self._next(a)]
        queue.extendleft(reversed(following))
        self._pause(trouble)

    def _open_in(self, attempt: Attempt) -> list[int]:
        return [e for e in attempt.batch.events if self.ledger.status[e] is None]

    def _next(self, attempt: Attempt) -> list[Batch]:
        """Return what to send next of a call whose events were not all found in AMS."""
        left, reply, tries = self._open_in(attempt), attempt.reply, attempt.batch.tries + 1
        if not left:
            return []
        self._note_errors(left, reply.errors)
        if reply.verdict is Verdict.REFUSED or reply.errors:
            return self._divide(left, reply.message or reply.reason, attempt.number)
        if attempt.status in (401, 403) and tries > 1:
            raise _shut_out(attempt.status)
        if attempt.status == 500 and tries > 1 and self.ledger.claimed:
            # AMS takes others: one of these events may be what it stumbles over.
            if len(left) > 1:
                return [Batch(half.events, 1) for half in self._divide(left, "", attempt.number)]
            if tries >= self.client.retry.tries - 1:
                return self._reject(left, attempt)
        if reply.short and tries > 1:
            return self._reject(left, attempt)
        return [Batch(left, tries)]

    def _reject(self, left: Sequence[int], attempt: Attempt) -> list[Batch]:
        for event in left:
            self.ledger.reject(event, f"not stored: {attempt.reply.reason}", attempt.number)
        self._report()
        return []

    def _divide(self, left: list[int], reason: str, number: int) -> list[Batch]:
        """Halve a refused call, or name the event that makes AMS refuse."""
        if len(left) > 1:
            half = (len(left) + 1) // 2
            return [Batch(left[:half]), Batch(left[half:])]
        self.ledger.reject(left[0], self._hints.get(left[0]) or _words(reason), number)
        self._report()
        return []

    def _note_errors(self, left: Sequence[int], errors: Sequence[dict[str, str]]) -> None:
        for error in errors:
            text = error.get("Error") or ""
            if not text:
                continue
            for event in left:
                # AMS calls the user's id "organisationId" here.
                if error.get("organisationId") == str(self.events.user_ids[event]):
                    start = self.events.wire(event)["startDate"]
                    if error.get("Start Date") == start:
                        self._hints[event] = text

    def _pause(self, trouble: Sequence[Attempt]) -> None:
        waits = [
            a
            for a in trouble
            if a.reply.verdict is Verdict.AMBIGUOUS and not a.reply.short and self._open_in(a)
        ]
        if not waits:
            return
        asked = [a.retry_after for a in waits if a.retry_after is not None]
        worst = max(waits, key=lambda a: a.batch.tries)
        error = AMSTransientError(
            f"AMS does not take the events: {worst.reply.reason}.",
            endpoint="eventsimport",
            status=worst.status if worst.status != 200 else None,
            retry_after=max(asked, default=None),
        )
        self.client.pause_before_retry(error, worst.batch.tries + 1)

    def _give_up_if_hopeless(self) -> None:
        rejected = self.ledger.rejected
        if rejected >= self._recovery.hopeless and not self.ledger.claimed:
            raise AMSConfigurationError(
                f"AMS has refused each of the first {rejected} events; nothing more was sent.",
                endpoint="eventsimport",
                hint="Check form, required fields and permissions with a single row.",
            )

    # ------------------------------------------------------------ reading back

    def _read_back(self, wanted: Sequence[int], trouble: Sequence[Attempt] = ()) -> Match:
        """Look for events in AMS and confirm those that are there."""
        users = sorted({self.events.user_ids[e] for e in wanted})
        read = synchronise(self.client, self.events.form, users, self._progress.since)
        stored = [s for raw in read.events if (s := stored_event(raw)) is not None]
        inserts = [e for e in wanted if self.events.event_ids[e] is None]
        updates = [e for e in wanted if self.events.event_ids[e] is not None]
        match = match_inserts(self.events, inserts, [s for s in stored if self._may_be_new(s)])
        updated, copies = match_updates(self.events, updates, stored)
        number = trouble[-1].number if trouble else 0
        for event, event_id in {**match.ids, **updated.ids}.items():
            remark = _dropped(match.without.get(event, ()))
            self.ledger.confirm(event, event_id, number, remark)
        self._remove_copies(updates, trouble, copies, stored)
        return match

    def _may_be_new(self, stored: Stored) -> bool:
        mine = self.client.user_id
        other = None not in (mine, stored.entered_by) and stored.entered_by != mine
        taken = stored.id in self.ledger.claimed or stored.id in self._targets
        return not other and not taken

    def _remove_copies(
        self,
        updates: Sequence[int],
        trouble: Sequence[Attempt],
        copies: dict[int, int],
        stored: Sequence[Stored],
    ) -> None:
        """Delete events that an update has made instead of changing the one it named.

        Only a copy that is ours beyond doubt goes: entered by this account since the import
        began, equal to what was sent, under an id that is none of the input's, while the event
        to update has not changed.
        """
        named = {e: i for a in trouble for e, i in a.strays.items()}
        mine = {s.id for s in stored if self._may_be_new(s)}
        for event in updates:
            if self.ledger.status[event] is not None:
                continue
            copy = copies.get(event)
            if copy is None or copy not in mine or named.get(event, copy) != copy:
                if event in named:
                    self.ledger.doubt(event, f"AMS answered with another id, {named[event]}")
                continue
            self._copies[event] = self._copies.get(event, 0) + 1
            gone = delete_event(self.client, copy)
            what = "was deleted again" if gone else "could not be deleted"
            self.warnings.append(f"AMS made a copy instead of an update: event {copy} {what}.")
            if not gone:
                self.ledger.doubt(event, f"AMS made a copy, event {copy}, that is still there")
            elif self._copies[event] > 1:
                self.ledger.reject(event, "AMS makes a copy instead of the update", None)

    # ------------------------------------------------------------ keeping track

    def _close_open(self) -> None:
        """Settle what an early end has left: sent or not, nothing is passed over in silence."""
        reason = self.stopped.message if self.stopped else "the import ended early"
        for event in self.ledger.open():
            if event in self._doubtful:
                self.ledger.doubt(event, f"sent, outcome not known: {reason}")
            else:
                self.ledger.reject(event, f"not stored: {reason}", None)

    def _report(self) -> None:
        settled = self.ledger.settled
        if settled > self._settled:
            self._on_settled(settled - self._settled)
            self._settled = settled

    def _save(self, force: bool = False) -> None:
        now = self.client.clock.now()
        if self._checkpoint is None or (
            not force and now - self._saved_at < self._recovery.save_every
        ):
            return
        self._saved_at = now
        good = ("inserted", "updated", "unchanged")
        ids = [
            self.ledger.event_ids[e] if self.ledger.status[e] in good else None for e in self._order
        ]
        self._progress.confirmed = runs(ids)
        self._progress.finished = None not in ids
        self._checkpoint.save(self._progress.dump())


_UNDECIDED = (
    "AMS holds an event of this person, date and time that this import may have written, "
    "but not with the same values"
)


def _shut_out(status: int) -> AMSError:
    """Return the error for a write that is refused even with a new session."""
    if status == 401:
        return AMSLoginError(
            "AMS does not accept the session for writing, even after a new login.",
            endpoint="eventsimport",
            status=401,
        )
    return AMSPermissionError(
        "The account may not write to this form.",
        endpoint="eventsimport",
        status=403,
        hint="Grant read and write access to the form.",
    )


def _dropped(fields: Sequence[str]) -> str | None:
    if not fields:
        return None
    listed = ", ".join(repr(f) for f in fields)
    return f"without the fields {listed}, which the form does not have"


def _words(reason: str) -> str:
    if reason in ("", "UNEXPECTED_ERROR"):
        return "AMS refused the event without a reason; often a required field has no value"
    return reason
