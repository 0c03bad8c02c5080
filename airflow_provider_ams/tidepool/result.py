"""What an ingest did: counts, and one line for each rejected row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pandas as pd


class RejectedRow(NamedTuple):
    """A row that is not in Tidepool, and why.

    Parameters
    ----------
    line : int
        Where the row starts: the physical line of a text file, else the row counted from 1.
    reason : str
        All that is wrong with it, without its values.
    unit : {"line", "row"}
        What is counted.
    """

    line: int
    reason: str
    unit: str = "line"

    def __str__(self) -> str:
        return f"{self.unit} {self.line}: {self.reason}"


class ResentRows(NamedTuple):
    """Rows that were sent again, with the same ids, as the first answer was lost.

    Parameters
    ----------
    first_line, last_line : int
        Where the first and the last of them start.
    events : int
        How many.
    reason : str
        Why it is not known whether the first sending was stored.
    unit : {"line", "row"}
        What is counted.
    """

    first_line: int
    last_line: int
    events: int
    reason: str
    unit: str = "line"

    def __str__(self) -> str:
        return (
            f"{self.unit}s {self.first_line} to {self.last_line}: {self.events} events sent again "
            f"with the same ids ({self.reason})"
        )


@dataclass
class IngestResult:
    """Count what became of the rows of a source.

    Parameters
    ----------
    row_count : int
        Rows read.
    tracked : int
        Events the server confirmed in this run.
    already : int
        Rows confirmed in an earlier run and not sent again.
    validated : int
        Events the server found valid in this run, without storing them.
    rejected : list of RejectedRow
        Rows that were not accepted, in order of their line.
    resent : list of ResentRows
        Events that were sent more than once and may be stored twice, under one id.
    unknown : int
        Events that may or may not be stored: no usable answer came.
    batches, requests, retries : int
        Batches confirmed, HTTP requests made, and how many of these were repetitions.
    seconds : float
        From start to end.
    dead_letter_path, journal_path : str, optional
        Files written.
    rows : DataFrame, optional
        For a DataFrame or a list, exactly one row for each input row, in input order and with its
        index: ``status`` (``inserted``, ``unchanged`` if an earlier run has stored it,
        ``rejected``, ``unknown``; ``valid`` after a validation), ``event_id`` (text),
        ``reason`` (text, for rows that did not land, or landed with a remark) and ``batch``
        (Int64, the number of the batch that settled the row). None for files and iterators, whose
        rows are not kept in memory.
    """

    row_count: int = 0
    tracked: int = 0
    already: int = 0
    validated: int = 0
    rejected: list[RejectedRow] = field(default_factory=list, repr=False)
    resent: list[ResentRows] = field(default_factory=list)
    unknown: int = 0
    batches: int = 0
    requests: int = 0
    retries: int = 0
    seconds: float = 0.0
    dead_letter_path: str | None = None
    journal_path: str | None = None
    rows: pd.DataFrame | None = field(default=None, repr=False)

    @property
    def resent_events(self) -> int:
        """Events that were sent more than once."""
        return sum(rows.events for rows in self.resent)

    def summary(self) -> dict[str, int | float | str | None]:
        """Return the counts as a small mapping of plain values."""
        return {
            "rows": self.row_count,
            "tracked": self.tracked,
            "already": self.already,
            "validated": self.validated,
            "rejected": len(self.rejected),
            "resent": self.resent_events,
            "unknown": self.unknown,
            "batches": self.batches,
            "requests": self.requests,
            "retries": self.retries,
            "seconds": round(self.seconds, 3),
            "dead_letter_path": self.dead_letter_path,
            "journal_path": self.journal_path,
        }

    def __str__(self) -> str:
        counts = ", ".join(
            f"{name} {value}"
            for name, value in self.summary().items()
            if isinstance(value, (int, float))
        )
        return "\n".join([counts, *map(str, self.resent), *map(str, self.rejected)])


def describe_rejected(rejected: list[RejectedRow], shown: int = 20) -> str:
    """Name the first rejected rows in the text of an error."""
    lines = [str(row) for row in rejected[:shown]]
    if len(rejected) > shown:
        lines.append(f"... and {len(rejected) - shown} more (see .result.rejected)")
    return "\n".join(lines)
