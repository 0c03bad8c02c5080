"""Frames into and out of a task: read from anywhere, written to files, safe in XCom."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_ams.operators._csv import read_csv
from airflow_provider_ams.operators._hidden import reveal

if TYPE_CHECKING:
    import pandas as pd

_FORMATS = {
    ".csv": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}


def read_rows(value: Any, csv: Mapping[str, str] | None = None) -> pd.DataFrame:  # noqa: ANN401
    """Return a frame, from wherever it comes.

    Parameters
    ----------
    value : HiddenRows, DataFrame, sequence, str or path
        A frame, a list of dicts, a list of frames (a mapped task's results, put below each
        other), or the path of a CSV, Parquet or JSON lines file; anything with ``://`` is opened
        as an ObjectStoragePath.
    csv : mapping, optional
        How a CSV file is written: ``sep``, ``encoding``, ``decimal``; see `read_csv`.

    Raises
    ------
    AirflowFailException
        Anything else, or a file that can't be read.
    """
    import pandas as pd

    rows: object = reveal(value)
    if isinstance(rows, pd.DataFrame):
        return rows
    if isinstance(rows, (str, os.PathLike)) or hasattr(rows, "open"):
        return _read_file(rows, csv)
    if isinstance(rows, Sequence):
        return _from_list(list(rows))
    raise AirflowFailException(
        f"data is a {type(rows).__name__}; it must be a DataFrame, a list of dicts, "
        "another task's output or a path."
    )


def _from_list(rows: list[Any]) -> pd.DataFrame:
    import pandas as pd

    if rows and all(isinstance(row, pd.DataFrame) for row in rows):
        below: pd.DataFrame = pd.concat(rows, ignore_index=True)
        return below
    if not all(isinstance(row, dict) for row in rows):
        kinds = sorted({type(row).__name__ for row in rows})
        raise AirflowFailException(f"data is a list of {', '.join(kinds)}; it must hold dicts.")
    # As objects: a column of whole numbers with gaps must not turn into floats.
    return pd.DataFrame(rows, dtype=object)


def _format_of(path: str) -> str:
    suffix = os.path.splitext(path)[1].lower()
    if suffix not in _FORMATS:
        raise AirflowFailException(
            f"The file's ending is {suffix!r}; it must be one of {', '.join(_FORMATS)}."
        )
    return _FORMATS[suffix]


def _opened(path: Any, mode: str) -> Any:  # noqa: ANN401
    path = _object(path)
    return path.open(mode) if hasattr(path, "open") else open(path, mode)


def _object(path: Any) -> Any:  # noqa: ANN401
    """Return a URL as Airflow's object path, which knows connections; anything else as it is."""
    if "://" in str(path) and not hasattr(path, "open"):
        from airflow.providers.common.compat.sdk import ObjectStoragePath

        return ObjectStoragePath(path)
    return path


def _read_file(path: Any, csv: Mapping[str, str] | None) -> pd.DataFrame:  # noqa: ANN401
    kind, name = _format_of(str(path)), str(path)
    with _opened(path, "rb") as file:
        if kind == "parquet":
            return _read_parquet(file, name)
        if kind == "jsonl":
            return _from_list(
                [_row_of(line, n, name) for n, line in enumerate(file, 1) if line.strip()]
            )
        # As text, and only the empty cell is missing: "007" and "NA" are what they look like.
        return read_csv(file.read(), name, csv)


def _read_parquet(file: Any, name: str) -> pd.DataFrame:  # noqa: ANN401
    import pandas as pd
    import pyarrow as pa

    try:
        return pd.read_parquet(file)
    except pa.ArrowException as error:
        raise AirflowFailException(f"{name} is no Parquet file: {type(error).__name__}.") from None


def _row_of(line: bytes, number: int, name: str) -> Any:  # noqa: ANN401
    import orjson

    try:
        return orjson.loads(line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line)
    except orjson.JSONDecodeError:
        raise AirflowFailException(
            f"{name}, line {number}: this is no JSON in UTF-8; each line must hold one object."
        ) from None


def write_rows(frame: pd.DataFrame, path: Any) -> str:  # noqa: ANN401
    """Write a frame to a CSV, Parquet or JSON lines file and return the path as text.

    A local file appears whole or not at all, in a folder that is made if need be; only its owner
    can read it.
    """
    kind = _format_of(str(path))
    frame = xcom_safe(frame)
    with _whole_file(path) as file:
        _write(frame, kind, file)
    return str(path)


def _write(frame: pd.DataFrame, kind: str, file: Any) -> None:  # noqa: ANN401
    if kind == "parquet":
        frame.to_parquet(file, index=False)
    elif kind == "jsonl":
        _days_as_text(frame).to_json(
            file, orient="records", lines=True, date_format="iso", force_ascii=False
        )
    else:
        frame.to_csv(file, index=False)


def _days_as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose days are ISO dates, as in CSV: JSON would give each of them a time."""
    days = {
        str(name): column.dt.strftime("%Y-%m-%d").where(column.notna(), None)
        for name, column in frame.items()
        if column.dtype.kind == "M"
        and getattr(column.dtype, "tz", None) is None
        and (column.isna() | (column == column.dt.normalize())).all()
    }
    return frame.assign(**days) if days else frame


def xcom_safe(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame that comes out of XCom (Parquet) as it went in.

    Columns that hold lists, dicts or sets become JSON text, columns of mixed types plain text.

    Raises
    ------
    AirflowFailException
        Two columns have the same name.
    """
    if not frame.columns.is_unique:
        twice = sorted({str(c) for c in frame.columns[frame.columns.duplicated()]})
        raise AirflowFailException(f"Columns appear more than once: {', '.join(twice)}.")
    changed = {}
    for name in frame.columns:
        column = frame[name]
        if column.dtype == object and (safe := _safe_column(column)) is not column:
            changed[name] = safe
    return frame.assign(**changed) if changed else frame


def _safe_column(column: pd.Series[Any]) -> pd.Series[Any]:
    import pyarrow as pa

    values = column.tolist()
    if any(isinstance(v, (list, tuple, dict, set, frozenset)) or _is_array(v) for v in values):
        return column.map(_json_text, na_action="ignore").astype(object)
    try:
        pa.array(column, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        return column.map(str, na_action="ignore").astype(object)
    return column


def _is_array(value: Any) -> bool:  # noqa: ANN401
    return type(value).__name__ == "ndarray"


def _json_text(value: Any) -> str:  # noqa: ANN401
    import orjson

    if isinstance(value, str):
        return value
    options = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
    return orjson.dumps(value, default=_plain, option=options).decode()


def _plain(value: Any) -> Any:  # noqa: ANN401
    return sorted(value, key=str) if isinstance(value, (set, frozenset)) else str(value)


def write_text(text: str, path: Any) -> str:  # noqa: ANN401
    """Write a text to a file, local (only its owner can read it) or any ObjectStoragePath."""
    with _whole_file(path) as file:
        file.write(text.encode())
    return str(path)


@contextmanager
def _whole_file(path: Any) -> Iterator[IO[bytes]]:  # noqa: ANN401
    """Open a file to write; a local one is its owner's alone and appears whole, or not at all."""
    from airflow_provider_ams.transport import atomic_writer, locate

    location = locate(_object(path))
    if location.path is not None:
        location.path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_writer(location) as file:
        yield file
