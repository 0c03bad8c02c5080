"""Rows and events by position: names for the four ways to count, so that none is mistaken.

A row of the input, a row of the draft (cells that hold several table rows are spread over rows of
their own), an event of the import, a stored event of a snapshot.
"""

from __future__ import annotations

from typing import NewType

from airflow_provider_ams.transport.errors import describe_rows as describe_rows

InputRow = NewType("InputRow", int)
DraftRow = NewType("DraftRow", int)
EventNo = NewType("EventNo", int)
StoredNo = NewType("StoredNo", int)
