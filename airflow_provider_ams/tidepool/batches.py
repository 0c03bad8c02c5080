"""Cut checked events into batches that can be confirmed, or not, as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from airflow_provider_ams.tidepool.checks import Event
from airflow_provider_ams.tidepool.ranges import Ranges
from airflow_provider_ams.tidepool.sources.chunk import Chunk


@dataclass
class Batch:
    """Hold the events of one call and the rows they are from.

    Parameters
    ----------
    start, end : int
        The rows ``[start, end)`` are done with when this batch is: those of its events and rows
        between them that are not sent.
    events : list of dict
        What is sent.
    rows : list of int
        Row number of each event.
    chunks : list of Chunk
        Where each event was read.
    number : int
        Counted from 1 over a run.
    """

    start: int
    end: int
    events: list[Event] = field(repr=False)
    rows: list[int] = field(repr=False)
    chunks: list[Chunk] = field(repr=False)
    number: int = 0

    def __len__(self) -> int:
        return len(self.events)

    def position(self, at: int) -> tuple[Chunk, int]:
        """Return the chunk of an event and its position there."""
        chunk = self.chunks[at]
        return chunk, self.rows[at] - chunk.start

    def line(self, at: int) -> int:
        """Return where the row of an event starts."""
        chunk, place = self.position(at)
        return chunk.lines[place]

    def without(self, refused: set[int]) -> Batch:
        """Return the batch without the events at these positions."""
        if not refused:
            return self
        kept = [at for at in range(len(self)) if at not in refused]
        return Batch(
            self.start,
            self.end,
            [self.events[at] for at in kept],
            [self.rows[at] for at in kept],
            [self.chunks[at] for at in kept],
            self.number,
        )


Ready = tuple[Chunk, list[Event], set[int]]


def cut(ready: Iterable[Ready], size: int, confirmed: Ranges) -> Iterator[Batch]:
    """Yield batches of the rows that are not confirmed.

    Parameters
    ----------
    ready : iterable of (Chunk, list of event, set of int)
        Chunks in order, an event for each row, and the positions that must not be sent.
    size : int
        Events in a batch.
    confirmed : Ranges
        Rows to leave out. A batch never reaches over a gap, so that it stays one range.
    """
    batch = Batch(0, 0, [], [], [])
    for chunk, events, wrong in ready:
        for low, high in confirmed.gaps(chunk.start, chunk.start + len(chunk)):
            if low != batch.end:
                if batch.events:
                    yield batch
                batch = Batch(low, low, [], [], [])
            for first, last in _good_runs(low - chunk.start, high - chunk.start, wrong):
                while first < last:
                    some = min(last - first, size - len(batch))
                    _extend(batch, chunk, events, first, first + some)
                    first += some
                    if len(batch) == size:
                        yield batch
                        batch = Batch(batch.end, batch.end, [], [], [])
            batch.end = high
    if batch.events:
        yield batch


def _extend(batch: Batch, chunk: Chunk, events: list[Event], first: int, last: int) -> None:
    batch.events += events[first:last]
    batch.rows += range(chunk.start + first, chunk.start + last)
    batch.chunks += [chunk] * (last - first)
    batch.end = chunk.start + last


def _good_runs(low: int, high: int, wrong: set[int]) -> Iterator[tuple[int, int]]:
    if not wrong:
        yield low, high
        return
    for at in sorted(at for at in wrong if low <= at < high):
        if low < at:
            yield low, at
        low = at + 1
    if low < high:
        yield low, high
