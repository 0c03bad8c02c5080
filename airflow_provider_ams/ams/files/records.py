"""JSON lines and Parquet: files that know their types."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from airflow_provider_ams.ams.errors import AMSInputError
from airflow_provider_ams.ams.exact_json import parse_exact
from airflow_provider_ams.ams.files.opened import opened, refuse_other_formats
from airflow_provider_ams.transport.files import Location

_MARK = b"\xef\xbb\xbf"


def read_json_lines(location: Location) -> pd.DataFrame:
    """Read a file that has a JSON object in each line; lines without anything are skipped.

    Raises
    ------
    AMSInputError
        A line is no object, or there is none.
    """
    name = location.name
    rows: list[Any] = []
    with opened(location) as file:
        for number, line in enumerate(file, 1):
            if number == 1:
                refuse_other_formats(line, name)
                line = line.removeprefix(_MARK)
            if line.strip():
                rows.append(_row(line, f"{name}, line {number}"))
    if not rows:
        raise AMSInputError(
            f"{name} is empty: it holds no object, and so names no column. If there is nothing to "
            "send, skip the import."
        )
    # As objects: a column of whole numbers with gaps must not turn into floats.
    return pd.DataFrame(rows, dtype=object)


def _row(line: bytes, where: str) -> Any:  # noqa: ANN401
    try:
        row = parse_exact(line)
    except ValueError:
        raise AMSInputError(
            f"{where}: this is no JSON in UTF-8, or a name stands twice in an object; write one "
            "whole object in each line."
        ) from None
    if not isinstance(row, dict):
        kind = type(row).__name__
        raise AMSInputError(f"{where}: this is a {kind}; each line must hold one object (dicts).")
    return row


def read_parquet(location: Location) -> pd.DataFrame:
    """Read a Parquet file; an index with a name that pandas stored in it is a column again.

    Whole numbers beside gaps stay whole: as floats they would lose digits beyond 2**53.

    Raises
    ------
    AMSInputError
        It is none.
    """
    with opened(location) as file:
        try:
            frame: pd.DataFrame = pq.read_table(file).to_pandas(integer_object_nulls=True)
            named = [level for level in frame.index.names if level is not None]
            return frame.reset_index(named) if named else frame
        except (pa.ArrowException, ValueError, ArithmeticError) as error:
            kind = type(error).__name__
            raise AMSInputError(
                f"{location.name} is no Parquet file ({kind}): write it again."
            ) from None
