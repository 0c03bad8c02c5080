"""A piece of a source: some rows as columns, and where each row was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO

from airflow_provider_ams.tidepool.errors import TidepoolInputError, file_problems_as
from airflow_provider_ams.transport import Location

ROWS = 200
# The columns by which a file of dead letters is known.
LINE, REASON = "rejected_line", "rejected_reason"


def open_file(location: Location) -> IO[bytes]:
    """Open a source's file.

    Raises
    ------
    TidepoolInputError
        It can't be opened; says why.
    """
    with file_problems_as(TidepoolInputError):
        return location.open()


@dataclass
class Chunk:
    """Hold consecutive rows of a source, column by column.

    Parameters
    ----------
    start : int
        Number of the first row, counted from 0 over the whole source.
    columns : dict
        Column name -> one value for each row; a missing value is None or an empty text.
    lines : sequence of int
        Where each row starts.
    broken : dict
        Position in the chunk -> why this row could not be read.
    raw : dict
        Position in the chunk -> what stood there, for broken rows.
    """

    start: int
    columns: dict[str, Sequence[object]]
    lines: Sequence[int]
    broken: dict[int, str] = field(default_factory=dict)
    raw: dict[int, object] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.lines)

    def row(self, at: int) -> dict[str, object]:
        """Return one row as a mapping."""
        return {name: column[at] for name, column in self.columns.items()}
