"""What came of each row, for sources whose rows are in memory anyway."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_LANDED = ("inserted", "unchanged", "unknown", "valid")


class Outcomes:
    """Hold a status for each row of a source.

    Parameters
    ----------
    labels : sequence
        The rows' index labels.
    """

    def __init__(self, labels: Sequence[Any]) -> None:
        size = len(labels)
        self._labels = labels
        self._status: list[str | None] = [None] * size
        self._ids: list[str | None] = [None] * size
        self._reasons: list[str | None] = [None] * size
        self._batches: list[int | None] = [None] * size

    def name(self, start: int, ids: Sequence[str]) -> None:
        """Note the ids of the events that consecutive rows become."""
        self._ids[start : start + len(ids)] = ids

    def settle(
        self, rows: Iterable[int], status: str, reason: str | None = None, batch: int | None = None
    ) -> None:
        """Note what came of some rows."""
        for row in rows:
            self._status[row] = status
            self._reasons[row] = reason
            self._batches[row] = batch

    def remark(self, rows: Iterable[int], text: str) -> None:
        """Note something about rows beside their status."""
        for row in rows:
            self._reasons[row] = text

    def frame(self, status: str, reason: str | None) -> pd.DataFrame:
        """Return one row for each input row.

        Parameters
        ----------
        status, reason : str
            Of the rows that nothing was noted about.
        """
        import pandas as pd

        self.settle([at for at, known in enumerate(self._status) if known is None], status, reason)
        ids = [
            event_id if known in _LANDED else None
            for event_id, known in zip(self._ids, self._status, strict=True)
        ]
        index = pd.Index(self._labels)
        return pd.DataFrame(
            {
                "status": pd.Series(self._status, index=index, dtype=object),
                "event_id": pd.Series(ids, index=index, dtype=object),
                "reason": pd.Series(self._reasons, index=index, dtype=object),
                "batch": pd.Series(self._batches, index=index, dtype="Int64"),
            },
            index=index,
        )
