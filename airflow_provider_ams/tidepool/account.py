"""Keep account: what was sent, confirmed, refused, and what of it the journal must know."""

from __future__ import annotations

import logging

from airflow_provider_ams.tidepool.batches import Batch
from airflow_provider_ams.tidepool.journal import Journal
from airflow_provider_ams.tidepool.ranges import Ranges
from airflow_provider_ams.tidepool.rejects import Rejects
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
    rejects : Rejects
        Where rejected rows go.
    unit : {"line", "row"}
        What the source counts its rows by.
    """

    def __init__(self, journal: Journal, rejects: Rejects, unit: str = "line") -> None:
        self._unit = unit
        self.result = IngestResult(journal_path=journal.path)
        self._journal = journal
        self._rejects = rejects
        # Rows of earlier runs without an answer: to be reported when they go out again.
        self._unanswered = Ranges(journal.flying.pairs())

    def start_over(self) -> None:
        """Count the rows from the first one again."""
        self.result.rows = self.result.already = 0

    def count_rows(self, chunk: Chunk, problems: dict[int, str]) -> None:
        """Count the rows of a chunk and keep those with problems."""
        self.result.rows += len(chunk)
        for at, reason in problems.items():
            self._reject(chunk, at, reason)

    def count_confirmed(self, chunk: Chunk, wrong: set[int], confirmed: Ranges) -> None:
        """Count the rows of a chunk that an earlier run has brought home."""
        for low, high in confirmed.overlap(chunk.start, chunk.start + len(chunk)):
            self.result.already += high - low
            self.result.already -= sum(low <= chunk.start + at < high for at in wrong)

    def count_validated(self, batch: Batch, delivery: Delivery) -> Batch:
        """Take in the outcome of a validation; returns what is left of the batch."""
        self._count_calls(delivery)
        self.result.validated += sum(end - start for start, end in delivery.accepted)
        self._reject_all(batch, delivery)
        return batch.without(set(delivery.rejected))

    def note_sending(self, batch: Batch) -> None:
        """Tell the journal, before a batch is sent."""
        self._journal.sending(batch.start, batch.end)

    def note_not_sent(self, batch: Batch) -> None:
        """Tell the journal that a batch never left."""
        self._journal.answered(batch.start, batch.end, Ranges())

    def count_tracked(self, batch: Batch, delivery: Delivery) -> None:
        """Take in the outcome of a tracking call."""
        confirmed = Ranges([(batch.start, batch.end)])
        sure = Ranges([(batch.start, batch.end)])
        for row in batch.refused:
            confirmed.remove(row, row + 1)
        if delivery.accepted != [(0, len(batch))]:
            accepted = Ranges(delivery.accepted)
            for low, high in accepted.gaps(0, len(batch)):
                for row in batch.rows[low:high]:
                    confirmed.remove(row, row + 1)
            for low, high in delivery.doubtful:
                sure.remove(batch.rows[low], batch.rows[high - 1] + 1)
        for start, end in sure.pairs():
            self._journal.answered(start, end, Ranges(confirmed.overlap(start, end)))
        self._count_calls(delivery)
        self._reject_all(batch, delivery)
        self._report_resent(batch, delivery)
        self.result.tracked += sum(end - start for start, end in delivery.accepted)
        self.result.batches += bool(delivery.accepted)

    def _count_calls(self, delivery: Delivery) -> None:
        self.result.requests += delivery.requests
        self.result.retries += delivery.retries

    def _report_resent(self, batch: Batch, delivery: Delivery) -> None:
        overlap = list(self._unanswered.overlap(batch.start, batch.end))
        if overlap and delivery.requests:
            before = [at for at, row in enumerate(batch.rows) if _within(row, overlap)]
            self._resent(batch, before, _CUT_OFF)
        if delivery.resent:
            self._resent(batch, list(range(len(batch))), delivery.resent)

    def _resent(self, batch: Batch, at: list[int], reason: str) -> None:
        if not at:
            return
        rows = ResentRows(batch.line(at[0]), batch.line(at[-1]), len(at), reason, self._unit)
        log.warning("%s", rows)
        self.result.resent.append(rows)

    def _reject_all(self, batch: Batch, delivery: Delivery) -> None:
        for at, reason in sorted(delivery.rejected.items()):
            self._reject(*batch.position(at), reason)

    def _reject(self, chunk: Chunk, at: int, reason: str) -> None:
        self.result.rejected.append(RejectedRow(chunk.lines[at], reason, self._unit))
        self._rejects.add(chunk, at, reason)


def _within(row: int, ranges: list[tuple[int, int]]) -> bool:
    return any(start <= row < end for start, end in ranges)
