"""Keep account: what was sent, confirmed, refused, and what of it the journal must know."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from airflow_provider_ams.tidepool.batches import Batch
from airflow_provider_ams.tidepool.checks import Event
from airflow_provider_ams.tidepool.dead_letters import DeadLetters
from airflow_provider_ams.tidepool.errors import TidepoolError
from airflow_provider_ams.tidepool.journal import Journal
from airflow_provider_ams.tidepool.outcomes import Outcomes
from airflow_provider_ams.tidepool.ranges import Ranges
from airflow_provider_ams.tidepool.result import IngestResult, RejectedRow, ResentRows
from airflow_provider_ams.tidepool.sending import Delivery
from airflow_provider_ams.tidepool.sources.chunk import Chunk

log = logging.getLogger(__name__)

_CUT_OFF = "an earlier run ended before the answer came"


class Account:
    """Turn what became of batches into notes in the journal and counts in the result.

    Parameters
    ----------
    journal : Journal
        Begun.
    dead_letters : DeadLetters
        Where rejected rows go.
    unit : {"line", "row"}
        What the source counts its rows by.
    labels : sequence, optional
        Index labels of the rows, if each is to have an outcome of its own.
    """

    def __init__(
        self,
        journal: Journal,
        dead_letters: DeadLetters,
        unit: str = "line",
        labels: Sequence[object] | None = None,
    ) -> None:
        self._unit = unit
        self._labels = labels
        self._outcomes = None if labels is None else Outcomes(labels)
        self.result = IngestResult(journal_path=journal.path)
        self._journal = journal
        self._dead_letters = dead_letters
        self._rejected: set[int] = set()
        # Rows of earlier runs without an answer: to be reported when they go out again.
        self._unanswered = Ranges(journal.in_flight.pairs())
        #: Rows that the server has refused in this run.
        self.refused = Ranges()
        #: Where the rows are that may or may not be stored.
        self.unknown: list[int] = []

    def start_over(self) -> None:
        """Count the rows from the first one again."""
        self.result.row_count = self.result.already = 0

    def count_rows(self, chunk: Chunk, problems: dict[int, str]) -> None:
        """Count the rows of a chunk and keep those with problems."""
        self.result.row_count += len(chunk)
        for at, reason in problems.items():
            self._reject(chunk, at, reason, None)

    def count_confirmed(self, chunk: Chunk, wrong: set[int], confirmed: Ranges) -> None:
        """Count the rows of a chunk that an earlier run has stored."""
        for low, high in confirmed.overlap(chunk.start, chunk.start + len(chunk)):
            good = [row for row in range(low, high) if row - chunk.start not in wrong]
            self.result.already += len(good)
            if self._outcomes is not None:
                self._outcomes.settle(good, "unchanged")

    def name_events(self, chunk: Chunk, events: Sequence[Event]) -> None:
        """Note the ids of the events that the rows of a chunk become."""
        if self._outcomes is not None:
            self._outcomes.name(chunk.start, [event["id"] for event in events])

    def count_validated(self, batch: Batch, delivery: Delivery) -> Batch:
        """Take in the outcome of a validation; returns what is left of the batch."""
        self._count_calls(delivery)
        self.result.validated += sum(end - start for start, end in delivery.accepted)
        self._reject_all(batch, delivery)
        return batch.without(set(delivery.rejected))

    def note_sending(self, batch: Batch) -> None:
        """Tell the journal, before a batch is sent."""
        self._journal.sending(batch.start, batch.end)

    def count_tracked(self, batch: Batch, delivery: Delivery) -> None:
        """Take in the outcome of a tracking call."""
        self._tell_journal(batch, delivery)
        self._count_calls(delivery)
        self._reject_all(batch, delivery)
        self.result.tracked += sum(end - start for start, end in delivery.accepted)
        self.unknown += [batch.line(i) for low, high in delivery.doubtful for i in range(low, high)]
        self.result.unknown = len(self.unknown)
        self.result.batches += bool(delivery.accepted)
        self._settle_all(batch, delivery)
        self._report_resent(batch, delivery)

    def _tell_journal(self, batch: Batch, delivery: Delivery) -> None:
        confirmed = Ranges([(batch.start, batch.end)])
        sure = Ranges([(batch.start, batch.end)])
        for low, high in list(self.refused.overlap(batch.start, batch.end)):
            confirmed.remove(low, high)
        if delivery.accepted != [(0, len(batch))]:
            accepted = Ranges(delivery.accepted)
            for low, high in accepted.gaps(0, len(batch)):
                for row in batch.rows[low:high]:
                    confirmed.remove(row, row + 1)
            for low, high in delivery.doubtful:
                sure.remove(batch.rows[low], batch.rows[high - 1] + 1)
        for start, end in sure.pairs():
            self._journal.answered(start, end, Ranges(confirmed.overlap(start, end)))

    def _count_calls(self, delivery: Delivery) -> None:
        self.result.requests += delivery.requests
        self.result.retries += delivery.retries

    def _settle_all(self, batch: Batch, delivery: Delivery) -> None:
        if self._outcomes is None:
            return
        for low, high in delivery.accepted:
            self._outcomes.settle(batch.rows[low:high], "inserted", batch=batch.number)
        if delivery.error is not None:
            reason = f"sent, outcome not known: {first_line(delivery.error)}"
            for low, high in delivery.doubtful:
                self._outcomes.settle(batch.rows[low:high], "unknown", reason, batch.number)

    def _report_resent(self, batch: Batch, delivery: Delivery) -> None:
        overlap = list(self._unanswered.overlap(batch.start, batch.end))
        if overlap and delivery.requests:
            before = [at for at, row in enumerate(batch.rows) if _within(row, overlap)]
            self._resent(batch, before, _CUT_OFF, delivery)
        if delivery.resent:
            self._resent(batch, list(range(len(batch))), delivery.resent, delivery)

    def _resent(self, batch: Batch, at: list[int], reason: str, delivery: Delivery) -> None:
        if not at:
            return
        rows = ResentRows(batch.line(at[0]), batch.line(at[-1]), len(at), reason, self._unit)
        log.warning("%s", rows)
        self.result.resent.append(rows)
        if self._outcomes is not None:
            landed = [i for low, high in delivery.accepted for i in range(low, high)]
            remarked = [batch.rows[i] for i in landed if at[0] <= i <= at[-1]]
            self._outcomes.remark(remarked, f"sent again with the same id ({reason})")

    def _reject_all(self, batch: Batch, delivery: Delivery) -> None:
        for at, reason in sorted(delivery.rejected.items()):
            row = batch.rows[at]
            self.refused.add(row, row + 1)
            self._reject(*batch.position(at), reason, batch.number)

    def _reject(self, chunk: Chunk, at: int, reason: str, batch: int | None) -> None:
        row = chunk.start + at
        if row in self._rejected:  # in an earlier pass over the source
            return
        self._rejected.add(row)
        self.result.rejected.append(RejectedRow(chunk.lines[at], reason, self._unit))
        self._dead_letters.add(chunk, at, reason)
        if self._outcomes is not None:
            self._outcomes.settle([row], "rejected", reason, batch)

    def labels_of(self, lines: Iterable[int]) -> list[object]:
        """Return what the caller knows rows by: their index labels, or where a file has them."""
        labels = self._labels
        return list(lines) if labels is None else [labels[line - 1] for line in lines]

    def finish(self, error: TidepoolError | None, track: bool) -> None:
        """Put the outcome of each row into the result."""
        if self._outcomes is None:
            return
        reason = first_line(error) if error is not None else None
        if track:
            status, reason = "rejected", f"not sent: {reason or 'the run ended early'}"
        else:
            status = "valid"
        self.result.rows = self._outcomes.frame(status, reason)


def first_line(error: TidepoolError) -> str:
    """Return what an error says, without the rows it names."""
    return error.message.partition("\n")[0]


def _within(row: int, ranges: list[tuple[int, int]]) -> bool:
    return any(start <= row < end for start, end in ranges)
