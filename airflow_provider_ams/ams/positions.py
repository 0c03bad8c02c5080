"""Names for the four ways to count, so that one is not taken for another.

A row of the input, a row of the draft (cells that hold several table rows are spread over rows of
their own), an event of the import, a stored event of a snapshot.
"""

from __future__ import annotations

from typing import NewType

InputRow = NewType("InputRow", int)
DraftRow = NewType("DraftRow", int)
EventNo = NewType("EventNo", int)
StoredNo = NewType("StoredNo", int)
