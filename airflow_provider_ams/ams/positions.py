"""Rows and events by position: names for the four ways to count, so that none is mistaken.

A row of the input, a row of the draft (cells that hold several table rows are spread over rows of
their own), an event of the import, a stored event of a snapshot.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NewType

InputRow = NewType("InputRow", int)
DraftRow = NewType("DraftRow", int)
EventNo = NewType("EventNo", int)
StoredNo = NewType("StoredNo", int)

_ROWS_SHOWN = 10


def describe_rows(rows: Sequence[Any]) -> str:
    """Return row labels as text, the first ten of them and how many more."""
    shown = ", ".join(str(row) for row in rows[:_ROWS_SHOWN])
    more = len(rows) - _ROWS_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
