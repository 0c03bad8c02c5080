"""Frames whose CSV files a spreadsheet can open without running what athletes have typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from airflow_provider_ams.transport import plain_cell, safe_cell

if TYPE_CHECKING:
    import pandas as pd


def safe_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with texts and names of columns as `safe_cell` makes them."""
    return _changed(frame, safe_cell)


def plain_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame that was read from a CSV file of a `safe_frame` as it was before."""
    return _changed(frame, plain_cell)


def _changed(frame: pd.DataFrame, change: Callable[[str], str]) -> pd.DataFrame:
    changed = frame.copy(deep=False)
    for place in range(frame.shape[1]):
        column = frame.iloc[:, place]
        if column.dtype.kind == "O":  # texts, whatever else is among them
            cells = [change(v) if type(v) is str else v for v in column.tolist()]
            new: Any = type(column)(cells, index=column.index, dtype=column.dtype)
            changed.isetitem(place, new)
    names = [change(name) if type(name) is str else name for name in frame.columns]
    return changed.set_axis(names, axis=1)
