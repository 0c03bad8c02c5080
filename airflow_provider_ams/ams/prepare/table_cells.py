"""Table cells that hold a dict or a list of dicts: a row of the table for each dict.

They may be Python's, arrays and structs as Parquet has them, or JSON texts as a CSV file has them:
a column that is named in `table_fields` is declared to be of the table, one way or the other.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype

from airflow_provider_ams.ams.exact_json import parse_exact
from airflow_provider_ams.ams.positions import InputRow
from airflow_provider_ams.ams.prepare.columns import match_names
from airflow_provider_ams.ams.problems import Problems
from airflow_provider_ams.ams.wire.values import is_encodable

_NOTHING = ("[]", "{}")
_DICTS = "Give a list with a dict for each table row."


def spread_table_cells(
    frame: pd.DataFrame, table_fields: list[str], problems: Problems
) -> tuple[pd.DataFrame, list[InputRow], list[str]]:
    """Spread cells that hold a dict or a list of dicts over table rows of their own."""
    looked = {t: _nested_cells(frame[t]) for t in table_fields}
    cells_of = {t: cells for t, cells in looked.items() if cells is not None}
    nested = list(cells_of)
    if not nested:
        return frame, [InputRow(r) for r in range(len(frame))], []
    source: list[InputRow] = []
    cells: list[dict[str, Any]] = []
    for row, values in enumerate(zip(*cells_of.values(), strict=True)):
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


def nested_columns(frame: pd.DataFrame, table_fields: Sequence[str]) -> list[str]:
    """Return the columns that hold rows of the table in their cells."""
    return [t for t in table_fields if t in frame and _nested_cells(frame[t]) is not None]


def hollow_columns(
    frame: pd.DataFrame, table: Mapping[str, Any], fields: Collection[str]
) -> list[str]:
    """Return what are no fields of the form and hold nothing: columns of rows, without any."""
    known = {*fields, *match_names(table, fields)}
    return [
        name
        for name, column in table.items()
        if name not in known and all(map(_is_nothing, frame[column].tolist()))
    ]


def _is_nothing(value: object) -> bool:
    return _is_missing(value) or (isinstance(value, str) and value in _NOTHING)


def _nested_cells(column: pd.Series[Any]) -> list[Any] | None:
    """Return a column's cells, as Python has them, if they hold rows of the table.

    Of a column that mixes such cells with plain values, the fewer are the mistake.
    """
    arrow = isinstance(column.dtype, pd.ArrowDtype)
    if not (arrow or column.dtype == object or isinstance(column.dtype, pd.StringDtype)):
        return None
    kind = infer_dtype(column, skipna=True)
    # Lists are "mixed"; Parquet's come as arrays, a CSV file's as texts.
    if not kind.startswith(("mixed", "string", "unknown")):
        return None
    cells = [_unpacked(v) for v in column.tolist()]
    if kind == "string" and not any(_holds_rows(v) and v for v in cells):
        return None  # a text "[]" may be just that
    rows = sum(map(_holds_rows, cells))
    return cells if rows and 2 * rows >= sum(not _is_missing(v) for v in cells) else None


def _unpacked(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, np.ndarray) and value.ndim:
        return value.tolist()
    if not isinstance(value, str) or value[:1] not in ("[", "{"):
        return value
    try:
        return parse_exact(value.encode())
    except ValueError:
        return value


def _holds_rows(value: object) -> bool:
    if isinstance(value, (list, tuple)):
        return not value or any(isinstance(v, dict) for v in value)
    return isinstance(value, dict)


def _table_rows(values: Sequence[Any], row: int, problems: Problems) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for value in values:
        found = [value] if isinstance(value, dict) else value
        if not isinstance(found, (list, tuple)):
            if not _is_missing(value):
                what = "a table cell mixes plain values with dicts"
                problems.add(what, row, rule="value", hint=_DICTS)
            continue
        if not all(isinstance(v, dict) for v in found):
            what = "a table cell holds a list of something else than dicts"
            problems.add(what, row, rule="value", hint=_DICTS)
            continue
        names = [str(name) for cell in found for name in cell]
        if not all(map(is_encodable, names)):
            what = "a table cell has a key with half a character (a lone surrogate)"
            problems.add(what, row, rule="value")
            continue
        if not all(map(str.strip, names)):
            problems.add("a table cell has a key without a name", row, rule="value")
            continue
        for number, cell in enumerate(found):
            if number == len(rows):
                rows.append({})
            held = len(rows[number])
            rows[number] |= {str(k): v for k, v in cell.items()}
            if len(rows[number]) != held + len(cell):
                what = "two values of its table cells stand for one field of a row"
                problems.add(what, row, rule="value")
    return rows


def _is_missing(value: Any) -> bool:  # noqa: ANN401
    return bool(pd.api.types.is_scalar(value) and (pd.isna(value) or value == ""))
