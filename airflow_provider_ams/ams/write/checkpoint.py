"""Where an import notes how far it has come, so that another process can finish it.

AMS itself is the ledger; the note only says since when to read it back, for which input, and
which calls were confirmed. It is written before the first call, then now and then: what it misses
is read back.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from airflow_provider_ams.ams.errors import AMSConfigurationError, AMSError, AMSTransientError
from airflow_provider_ams.ams.positions import EventNo
from airflow_provider_ams.ams.prepare.events import EventDraft, EventSet
from airflow_provider_ams.ams.write.ledger import LANDED, Ledger
from airflow_provider_ams.ams.write.note import Progress, digest, order_digest, runs, unpack
from airflow_provider_ams.ams.write.places import Checkpoint
from airflow_provider_ams.transport import Clock, UnreadableNote

# Seconds between two notes of the progress.
SAVE_EVERY = 5.0
# Seconds between two looks at a place that is read in no time: a pause shows on the clock, so that
# looking at each of many quick calls would only cost.
CHEAP_SECONDS = 0.002
# Looks at a place that is slow, or in a process that is paused, before an import gives up.
_LOOKS = 3


class Journal:
    """Keep the note of one import, and see to it that no other try has taken over.

    The try that has signed the note may send. It looks at the note again before it sends, and a
    note that bears another signature is never overwritten.

    Parameters
    ----------
    checkpoint : Checkpoint or None
        Where to; without one nothing is kept.
    clock : Clock
        Time.
    lease_seconds : float
        How long this try may send without a look at the note. A try that was paused, and woke up
        when another one had taken over, sends nothing more.
    """

    def __init__(
        self, checkpoint: Checkpoint | None, clock: Clock, lease_seconds: float = 1.0
    ) -> None:
        self._checkpoint = checkpoint
        self._clock = clock
        self._lease_seconds = lease_seconds
        self._owner = uuid.uuid4().hex
        #: Whose signature the note bears as far as this try knows; "" for none.
        self._signed = ""
        self._saved_at: float | None = None
        self._looked_at = self._now()
        self._lock = threading.Lock()
        #: What an earlier try has noted.
        self.noted: Progress | None = None
        #: An earlier try may have sent something, and there is no note that says what.
        self.lost = False
        if checkpoint is not None:
            self._load(checkpoint)
        self.progress = Progress("", 0, "")

    @property
    def kept(self) -> bool:
        """Whether there is a place to keep the note."""
        return self._checkpoint is not None

    def _load(self, checkpoint: Checkpoint) -> None:
        problem = "this is no note of an import"
        try:
            with _kept():
                state = checkpoint.load()
        except UnreadableNote as error:
            state, problem = {}, error.message
        self.noted = Progress.parse(state)
        self._signed = _signature(state)
        if self.noted is not None:
            return
        self.lost = state is not None or not checkpoint.blank
        if self.lost and checkpoint.look_back is None:
            raise AMSConfigurationError(
                f"resume: {problem}.", hint="Name another file; this one is left as it is."
            )

    @property
    def trusted(self) -> bool:
        """Whether what the note says is confirmed need not be looked up again."""
        return self._checkpoint is None or self._checkpoint.trust

    @property
    def unsettled(self) -> bool:
        """Whether an earlier try may have died with a call under way."""
        return self.lost or (self.noted is not None and not self.noted.finished)

    def begin(self, events: EventDraft, now: str, *, afresh: bool, timed: bool = True) -> Progress:
        """Go on with the noted import if it is the same one, else begin a new one.

        Parameters
        ----------
        events : EventDraft
            What the frame says.
        now : str
            The site's time, for a new import.
        afresh : bool
            Begin a new one anyway: what an earlier try has done is found in another way.
        timed : bool
            Whether an event is recognised by its times, among others.

        Raises
        ------
        AMSConfigurationError
            The note is lost, and rows lack what they could be recognised by.
        """
        mark = digest(events) if self.kept else ""
        same = self.noted is not None and self.noted.digest == mark
        if same and not afresh and self.noted is not None:
            self.progress = self.noted
        elif self.lost and not afresh:
            if timed:
                _check_times(events)
            assert self._checkpoint is not None
            self.progress = Progress(mark, self._checkpoint.look_back or 0, now)
        else:
            self.progress = Progress(mark, 0, now)
        return self.progress

    def take_over(self, events: EventSet, order: Sequence[EventNo]) -> dict[EventNo, int]:
        """Sign the note; return what it says is confirmed, if it counts the same events.

        Returns
        -------
        dict
            Event number -> its id, 0 if AMS has not told it.
        """
        progress = self.progress
        mine = order_digest(events, order) if self.kept else ""
        known = unpack(progress.confirmed or [])
        usable = self.trusted and not progress.finished and progress.order == mine
        progress.order = mine
        if not usable:
            return {}
        return {order[at]: event_id for at, event_id in known.items() if at < len(order)}

    # ------------------------------------------------------------ keeping

    def claim(self) -> None:
        """Sign the note before anything is looked up: whoever signed it before sends no more."""
        if self._checkpoint is not None:
            self._keep(self._checkpoint)

    def save(
        self,
        ledger: Ledger,
        order: Sequence[EventNo],
        *,
        open_since: Callable[[], int] = lambda: 0,
        force: bool = False,
    ) -> None:
        """Note what is confirmed, every few seconds or now.

        Raises
        ------
        AMSTransientError
            Another try has taken over, or the note can't be kept.
        """
        if self._checkpoint is None or not (force or self._is_due()):
            return
        ids = [_noted_id(ledger, event) for event in order]
        self.progress.confirmed = runs(ids)
        self.progress.finished = None not in ids
        self.progress.open_since = open_since()
        self._keep(self._checkpoint)

    def _is_due(self) -> bool:
        return self._saved_at is None or self._clock.monotonic() - self._saved_at >= SAVE_EVERY

    def finish(self) -> None:
        """Note that nothing is left to do."""
        if self._checkpoint is None:
            return
        self.progress.confirmed, self.progress.finished = None, True
        self._keep(self._checkpoint)

    def _keep(self, checkpoint: Checkpoint) -> None:
        """Replace the note, unless another try has signed it."""
        self.progress.owner = self._owner
        # Made before the look: whatever a try that takes over later sends is later than this.
        note = self.progress.dump()
        with self._lock, _kept():
            began = self._now()
            checkpoint.replace(note, lambda: self._compare(checkpoint))
        self._saved_at = self._clock.monotonic()
        first, self._signed, self._looked_at = not self._signed, self._owner, began
        if checkpoint.fenced:
            return
        # A try that takes over waits for twice as long before it sends, and looks again then.
        if self._passed(began) > 2 * self._limit:
            # It may have overwritten the note of a try that took over in these seconds.
            raise LostLease("This try was paused while it kept its note; it sends nothing more.")
        if first and checkpoint.look_back is None:
            # Another first try that found no note either may still overwrite this one.
            self._clock.sleep(2 * self._limit)
            self._look(checkpoint)

    @property
    def _limit(self) -> float:
        """Seconds after which what a look has told may no longer be true."""
        return self._lease_seconds or 0.5

    def check_lease(self) -> None:
        """Make sure that this try may still send.

        Raises
        ------
        AMSTransientError
            Another try has taken over, or the note can't be read.
        """
        if self._checkpoint is None:
            return
        allowed = self._lease_seconds
        if self._checkpoint.cheap:
            allowed = min(allowed, CHEAP_SECONDS)
        with self._lock:
            if self._passed(self._looked_at) >= allowed:
                self._look(self._checkpoint)

    def _look(self, checkpoint: Checkpoint) -> None:
        """Look at the note, and again if this process was paused while it looked."""
        for _ in range(_LOOKS):
            began = self._now()
            with _kept():
                self._compare(checkpoint)
            self._looked_at = began
            if self._passed(began) < self._limit:
                return
        raise AMSTransientError(
            f"Reading the note of the import takes more than {self._limit:g} s: whether another "
            "try has taken over can't be told in time, and nothing more is sent."
        )

    @contextmanager
    def sending(self) -> Iterator[Callable[[], None]]:
        """Send the last byte of a call in the block: no other try takes over in it.

        Where the place has no lock, call what is given right before: it makes sure that this
        process was not paused since the last look.

        Raises
        ------
        AMSTransientError
            Another try has taken over, or the note can't be read.
        """
        if self._checkpoint is None:
            yield _nothing
            return
        with ExitStack() as stack:
            with _kept():
                held = stack.enter_context(self._checkpoint.hold())
            if held:  # without the lock of this object: a thread that has it may wait for this one
                with _kept():
                    self._compare(self._checkpoint)
                yield _nothing
            else:
                self.check_lease()
                yield self.check_lease

    def _now(self) -> tuple[float, float]:
        return self._clock.now(), self._clock.monotonic()

    def _passed(self, since: tuple[float, float]) -> float:
        """Return the seconds since then, by the clock that has moved more.

        A suspended machine may stop the one; the other may be set, forwards or backwards.
        """
        return max(abs(a - b) for a, b in zip(self._now(), since, strict=True))

    def _compare(self, checkpoint: Checkpoint) -> None:
        try:
            state = checkpoint.load()
        except UnreadableNote:
            state = None
            if not self._signed:
                return  # as it was when this try began
        if _signature(state) != self._signed:
            raise LostLease(
                "Another try of this import has taken over; this one sends nothing more."
            )


def _signature(state: dict[str, Any] | None) -> str:
    return str((state or {}).get("owner") or "")


def _check_times(events: EventDraft) -> None:
    times = events.times
    moments = zip(times.start_days, times.start_minutes, events.event_ids, strict=True)
    missing = sum(i is None and None in (day, minute) for day, minute, i in moments)
    if missing:
        raise AMSConfigurationError(
            "An earlier try may have inserted rows, and its note is lost: events without a start "
            f"date and time ({missing} of {len(events)}) can't be recognised. Nothing was sent.",
            hint="Give start_date and start_time, or look in AMS what is there.",
        )


def _nothing() -> None:
    """Nothing to check."""


@contextmanager
def _kept() -> Iterator[None]:
    """Turn what a place for notes raises into an error that a later try may heal."""
    try:
        yield
    except (AMSError, UnreadableNote):
        raise
    except Exception as error:
        raise AMSTransientError(
            f"The note of the import can't be kept ({type(error).__name__}): nothing more is sent."
        ) from error


class LostLease(AMSTransientError):
    """Another try of the same import has taken over."""


def _noted_id(ledger: Ledger, event: EventNo) -> int | None:
    return (ledger.event_ids[event] or 0) if ledger.status[event] in LANDED else None
