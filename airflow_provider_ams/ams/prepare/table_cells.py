"""Table cells that hold a dict or a list of dicts: a row of the table for each dict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from airflow_provider_ams.ams.positions import InputRow
from airflow_provider_ams.ams.problems import Problems


def spread_table_cells(
    frame: pd.DataFrame, table_fields: list[str], problems: Problems
) -> tuple[pd.DataFrame, list[InputRow], list[str]]:
    """Spread cells that hold a dict or a list of dicts over table rows of their own."""
    nested = [
        t
        for t in table_fields
        if frame[t].dtype == object
        and any(isinstance(v, (dict, list, tuple)) for v in frame[t].tolist())
    ]
    if not nested:
        return frame, [InputRow(r) for r in range(len(frame))], []
    source: list[InputRow] = []
    cells: list[dict[str, Any]] = []
    for row, values in enumerate(zip(*(frame[c].tolist() for c in nested), strict=True)):
        rows = _table_rows(values, len(source), problems)
        source += [InputRow(row)] * max(1, len(rows))
        cells += rows or [{}]
    keys = list(dict.fromkeys(k for cell in cells for k in cell))
    clash = [k for k in keys if k in frame.columns and k not in nested]
    if clash:
        problems.add(f"table fields {clash} stand both in {nested} and as columns")
    first = pd.Series([p == 0 or source[p - 1] != source[p] for p in range(len(source))])
    spread = frame.drop(columns=nested).iloc[list[int](source)].reset_index(drop=True)
    for column in [t for t in table_fields if t not in nested]:
        # A plain table value beside nested rows belongs to the first of them.
        spread[column] = spread[column].where(first)
    for key in (k for k in keys if k not in clash):
        spread[key] = pd.Series([cell.get(key) for cell in cells], dtype=object)
    return spread, source, keys


def _table_rows(values: Sequence[Any], row: int, problems: Problems) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for value in values:
        found = [value] if isinstance(value, dict) else value
        if not isinstance(found, (list, tuple)):
            missing = value is None or value != value or value == ""
            if not missing:
                problems.add("a table cell mixes plain values with dicts", row)
            continue
        if not all(isinstance(v, dict) for v in found):
            problems.add("a table cell holds a list of something else than dicts", row)
            continue
        for number, cell in enumerate(found):
            if number == len(rows):
                rows.append({})
            rows[number] = {**rows[number], **{str(k): v for k, v in cell.items()}}
    return rows
