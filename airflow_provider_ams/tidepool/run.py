"""Run an ingest: check, validate, track."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from airflow_provider_ams.tidepool.account import Account
from airflow_provider_ams.tidepool.batches import Batch, cut
from airflow_provider_ams.tidepool.dead_letters import DeadLetters
from airflow_provider_ams.tidepool.errors import (
    TidepoolError,
    TidepoolRejectedError,
    TidepoolUnknownOutcomeError,
)
from airflow_provider_ams.tidepool.journal import Journal
from airflow_provider_ams.tidepool.options import IngestOption
from airflow_provider_ams.tidepool.ranges import Ranges
from airflow_provider_ams.tidepool.reading import Reader
from airflow_provider_ams.tidepool.result import IngestResult, describe_rejected
from airflow_provider_ams.tidepool.sending import TRACK, VALIDATE, Delivery, Endpoint, Sender
from airflow_provider_ams.tidepool.sources import Source
from airflow_provider_ams.transport import Bar, Clock, Console, InFlight

log = logging.getLogger(__name__)

_TELL_EVERY = 30.0
# So many refusals and not one event accepted: no longer a matter of single rows.
_SENSELESS = 20
_CORRECT = "Nothing was tracked. Correct them, or leave them out with tolerance='all'."
_GO_ON = (
    "The other rows of their batches were tracked. Run it again with tolerance='all': it goes on "
    "behind the rows that are confirmed and writes these to the dead letters; correct them there "
    "and ingest that file."
)
_MAPPING = (
    "Not one event was accepted so far: this looks like a wrong column mapping rather than wrong "
    "rows."
)

# What a batch went through: the call, the batch as it was then, and what became of it.
Steps = list[tuple[Endpoint, Batch, Delivery]]


class Ingest:
    """One run over one source.

    Parameters
    ----------
    sender : Sender
        Where events go.
    source : Source
        Where they come from.
    option : IngestOption
        How.
    journal : Journal
        What was done before; begun.
    dead_letters : DeadLetters
        Where rejected rows go.
    clock : Clock
        Time and sleep.
    """

    def __init__(
        self,
        sender: Sender,
        source: Source,
        option: IngestOption,
        journal: Journal,
        dead_letters: DeadLetters,
        clock: Clock,
    ) -> None:
        self._sender = sender
        self._option = option
        self._journal = journal
        self._dead_letters = dead_letters
        self._clock = clock
        self._name = source.name
        self._console = Console(option.interactive_mode)
        self._account = Account(journal, dead_letters, source.unit, source.labels)
        self._reader = Reader(source, option, self._account)
        self._confirmed = Ranges(journal.confirmed.pairs())
        self._limit = float("inf")
        self._failed: list[TidepoolError] = []
        self._last_call = float("-inf")
        self._last_word = clock.now()

    @property
    def result(self) -> IngestResult:
        """How far the run came."""
        return self._account.result

    def run(self, track: bool = True) -> IngestResult:
        """Check, validate and track.

        Parameters
        ----------
        track : bool
            False: validate only.

        Raises
        ------
        TidepoolError
            By its class, what can be done about it; its ``result`` tells how far the run came.
        """
        started = self._clock.now()
        failed: TidepoolError | None = None
        try:
            self._run(track)
        except TidepoolError as error:
            failed = error
            error.result = self.result
            if isinstance(error, TidepoolUnknownOutcomeError):
                error.rows = self._account.labels_of(self._account.unknown)
            raise
        finally:
            self.result.seconds = self._clock.now() - started
            self.result.rejected.sort()
            self._account.finish(failed, track)
            self._dead_letters.close()
            self.result.dead_letter_path = self._dead_letters.path
        self._console.done(str(self.result).partition("\n")[0])
        return self.result

    def _run(self, track: bool) -> None:
        ahead = self._option.reads_ahead
        if ahead:
            self._limit = self._option.rejected_limit(self._reader.check_all())
            self._refuse(_CORRECT)
        if self._option.validate == "all" and (ahead or not track):
            self._pass(self._batches(), self._validate)
            self._refuse(_CORRECT)
            if track:
                self._pass(self._batches(), self._track)
        elif not track:
            self._pass(self._only_first(self._batches()), self._validate)
        elif self._option.validate == "all":
            self._pass(self._batches(), self._validate_and_track)
        else:
            self._pass(self._probed(self._batches()), self._track)
        self._refuse(_CORRECT)

    def _refuse(self, advice: str) -> None:
        """Fail if more rows were rejected than the options put up with."""
        if len(self.result.rejected) > self._limit:
            raise self._rejected(advice)

    def _rejected(self, advice: str) -> TidepoolRejectedError:
        rejected = sorted(self.result.rejected)
        return TidepoolRejectedError(
            f"{len(rejected)} of {self.result.row_count} rows of {self._name} were refused.",
            described=describe_rejected(rejected),
            rows=self._account.labels_of(row.line for row in rejected),
            hint=advice,
        )

    # -- which batches ----------------------------------------------------------------------

    def _batches(self) -> Iterator[Batch]:
        ready = self._reader.ready(self._journal.salt, self._confirmed)
        batches = cut(ready, self._option.batch_size, self._confirmed)
        for number, batch in enumerate(batches, 1):
            batch.number = number
            yield batch

    def _probed(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """Validate the first batch before it is passed on, as Tidepool's sample script does."""
        if self._option.validate == "first":
            for batch in batches:
                yield self._probe(batch)
                break
        yield from batches

    def _probe(self, batch: Batch) -> Batch:
        self._pace()
        delivery = self._sender.deliver(VALIDATE, batch.events, self._option.resend)
        self._last_call = self._clock.now()
        left = self._account.count_validated(batch, delivery)
        verdict = self._verdict(VALIDATE, delivery)
        if verdict is not None:
            raise verdict
        self._refuse(_CORRECT)
        return left

    def _only_first(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """Pass the first batch on (none, if none is to be validated), and read the rest."""
        wanted = self._option.validate == "first"
        for at, batch in enumerate(batches):
            if wanted and at == 0:
                yield batch

    # -- what is done with a batch, in any thread -------------------------------------------

    def _validate(self, batch: Batch) -> Steps:
        delivery = self._sender.deliver(VALIDATE, batch.events, self._option.resend)
        return [(VALIDATE, batch, delivery)]

    def _track(self, batch: Batch) -> Steps:
        if not batch.events:
            return [(TRACK, batch, Delivery())]
        delivery = self._sender.deliver(TRACK, batch.events, self._option.resend)
        return [(TRACK, batch, delivery)]

    def _validate_and_track(self, batch: Batch) -> Steps:
        steps = self._validate(batch)
        delivery = steps[0][2]
        left = batch.without(set(delivery.rejected))
        if delivery.error is not None:
            return [*steps, (TRACK, left, Delivery())]
        return steps + self._track(left)

    # -- one pass over the batches, in one thread -------------------------------------------

    def _pass(self, batches: Iterable[Batch], work: Callable[[Batch], Steps]) -> None:
        """Do the work on each batch, so many at a time, and note what becomes of it."""
        total = self.result.row_count if self._option.reads_ahead else None
        width = self._option.max_in_flight
        with (
            self._console.bar(total, "rows") as bar,
            InFlight[Batch, Steps](width, "tidepool", inline=True) as in_flight,
        ):
            try:
                self._send_all(batches, work, in_flight, bar)
            except BaseException:
                # Calls in flight may end; none is begun or repeated.
                self._sender.stopped.set()
                raise
            finally:
                while not in_flight.empty:
                    self._settle(*in_flight.take(), bar)
        if self._failed:
            raise self._failed[0]

    def _send_all(
        self,
        batches: Iterable[Batch],
        work: Callable[[Batch], Steps],
        in_flight: InFlight[Batch, Steps],
        bar: Bar,
    ) -> None:
        for batch in batches:
            while in_flight.full:
                self._settle(*in_flight.take(), bar)
            if self._failed:
                return
            self._pace()
            if work != self._validate:
                self._account.note_sending(batch)
            in_flight.submit(batch, partial(work, batch))
            while in_flight.ready:
                self._settle(*in_flight.take(), bar)

    def _settle(self, batch: Batch, steps: Steps, bar: Bar) -> None:
        self._last_call = self._clock.now()
        for step in steps:
            self._take_in(*step)
        bar.update(batch.end - batch.start)
        self._say()

    def _take_in(self, endpoint: Endpoint, batch: Batch, delivery: Delivery) -> None:
        if endpoint is VALIDATE:
            self._account.count_validated(batch, delivery)
        else:
            self._account.count_tracked(batch, delivery)
        verdict = self._verdict(endpoint, delivery)
        if verdict is not None:
            self._failed.append(verdict)
            self._sender.stopped.set()

    def _verdict(self, endpoint: Endpoint, delivery: Delivery) -> TidepoolError | None:
        """Return why the run must end after a call, None to go on."""
        if delivery.error is not None or not delivery.rejected:
            return delivery.error
        result = self.result
        if endpoint is TRACK and len(result.rejected) > self._limit:
            return self._rejected(_GO_ON)
        nothing = not (result.tracked or result.already or result.validated)
        if nothing and len(delivery.rejected) >= _SENSELESS:
            return self._rejected(_MAPPING)
        return None

    def _pace(self) -> None:
        """Wait until the pause since the last call, begun or answered, is over."""
        rest = self._last_call + self._option.pause - self._clock.now()
        if rest > 0:
            # Never longer than the pause, even if somebody sets the clock back.
            self._clock.sleep(min(rest, self._option.pause))
        self._last_call = self._clock.now()

    def _say(self) -> None:
        """Say now and then how far it is: a back-fill may run for hours."""
        now = self._clock.now()
        if now - self._last_word >= _TELL_EVERY:
            self._last_word = now
            result = self.result
            log.info(
                "%s: %d rows read, %d events tracked", self._name, result.row_count, result.tracked
            )
