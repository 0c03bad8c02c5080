"""What is known of each event of an import."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from airflow_provider_ams.ams.prepare.events import EventSet


class Ledger:
    """One entry for each event: its status, id, reason and the call that settled it.

    Parameters
    ----------
    events : EventSet
        The events of the import.
    """

    def __init__(self, events: EventSet) -> None:
        count = len(events)
        self.events = events
        self.status: list[str | None] = [None] * count
        self.event_ids: list[int | None] = list(events.event_ids)
        self.reasons: list[str | None] = [None] * count
        self.batches: list[int | None] = [None] * count
        self.claimed: set[int] = set()
        self.settled = 0
        self.rejected = 0

    def confirm(self, event: int, event_id: int, batch: int, reason: str | None = None) -> None:
        """Note that AMS holds the event under this id."""
        fresh = self.events.event_ids[event] is None
        self._settle(event, "inserted" if fresh else "updated", reason, batch)
        self.event_ids[event] = event_id
        self.claimed.add(event_id)

    def leave(self, event: int) -> None:
        """Note that AMS holds the event as it is to be, so that it is not sent."""
        self._settle(event, "unchanged", None, None)

    def reject(self, event: int, reason: str, batch: int | None) -> None:
        """Note that AMS refused the event, and why."""
        self._settle(event, "rejected", reason, batch)
        self.rejected += 1

    def doubt(self, event: int, reason: str, batch: int | None = None) -> None:
        """Note that nobody can tell whether AMS holds the event."""
        self._settle(event, "unknown", reason, batch)

    def _settle(self, event: int, status: str, reason: str | None, batch: int | None) -> None:
        self.settled += self.status[event] is None
        self.status[event] = status
        self.reasons[event] = reason
        self.batches[event] = batch

    def open(self) -> list[int]:
        """Return the events that nothing is known of yet."""
        return [i for i, status in enumerate(self.status) if status is None]

    def frame(self, labels: pd.Index) -> pd.DataFrame:
        """Return one row for each input row, in input order."""
        return result_frame(
            labels, self.events.rows, self.status, self.event_ids, self.reasons, self.batches
        )


def result_frame(
    labels: pd.Index,
    rows: Sequence[Sequence[int]],
    status: Sequence[str | None],
    ids: Sequence[int | None],
    reasons: Sequence[str | None],
    batches: Sequence[int | None],
) -> pd.DataFrame:
    """Return one row for each input row; `rows` says which belong to each event."""
    order = [0] * len(labels)
    for number, positions in enumerate(rows):
        for position in positions:
            order[position] = number
    return pd.DataFrame(
        {
            "status": pd.Series([status[i] for i in order], index=labels, dtype=object),
            "event_id": pd.Series([ids[i] for i in order], index=labels, dtype="Int64"),
            "reason": pd.Series([reasons[i] for i in order], index=labels, dtype=object),
            "batch": pd.Series([batches[i] for i in order], index=labels, dtype="Int64"),
        },
        index=labels,
    )
