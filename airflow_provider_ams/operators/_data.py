"""Frames into and out of a task: read from anywhere, written to files, safe in XCom."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_ams.operators._hidden import reveal

if TYPE_CHECKING:
    import pandas as pd

# What can be written; more can be read, see the library's `read_table`.
_FORMATS = {
    ".csv": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
# What a file of dead letters has beyond the rows themselves; not sent when the file comes back.
STATUS, REASON = "ams_status", "ams_reason"
# Half a character: no UTF-8 has it, so that it is written out.
_HALF = re.compile("[\ud800-\udfff]")
# How a file is to be read: attributes of the operators, arguments of `read_table`.
READING = ("sep", "decimal", "encoding", "sheet")


def rows_of(operator: Any) -> pd.DataFrame:  # noqa: ANN401
    """Return an operator's `data` as a frame, read as its other parameters say.

    What a file of dead letters says of its rows is left out.
    """
    frame = read_rows(operator.data, **{name: getattr(operator, name) for name in READING})
    if operator.csv_safe and _is_csv(operator.data) and {STATUS, REASON} <= {*frame.columns}:
        from airflow_provider_ams.ams.csv_safe import plain_frame

        frame = plain_frame(frame)
    if is_file(operator.data) and not len(frame):
        from airflow_provider_ams.transport import locate

        name = locate(_object(operator.data)).name  # without what a URL may hold of secrets
        operator.log.warning(
            "%s has column names and no row below them: nothing is sent. If there should be rows, "
            "look at what makes the file.",
            name,
        )
    return frame.drop(columns=[STATUS, REASON], errors="ignore")


def is_file(value: Any) -> bool:  # noqa: ANN401
    """Tell whether a value leads to a file."""
    return isinstance(value, (str, os.PathLike)) or hasattr(type(value), "open")


def _is_csv(value: Any) -> bool:  # noqa: ANN401
    return is_file(value) and str(value).lower().endswith(".csv")


def read_rows(value: Any, **how: Any) -> pd.DataFrame:  # noqa: ANN401
    """Return a frame, from wherever it comes.

    Parameters
    ----------
    value : HiddenRows, DataFrame, sequence, str or path
        A frame, a list of dicts, a list of frames (a mapped task's results, put below each
        other), or the path of a file; anything with ``://`` is opened as an ObjectStoragePath.
    **how
        How a file is to be read: see the library's `read_table`.

    Raises
    ------
    AirflowFailException
        Anything else, or a file that can't be read as it is.
    AMSInputError
        A file that can't be opened now: it may be there when Airflow tries again.
    """
    import pandas as pd

    rows: object = reveal(value)
    if isinstance(rows, pd.DataFrame):
        return rows
    if is_file(rows):
        return _read_file(rows, how)
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
        raise AirflowFailException(
            f"data is a list of {', '.join(kinds)}; it must hold a dict for each row."
        )
    # As objects: a column of whole numbers with gaps must not turn into floats.
    return pd.DataFrame(rows, dtype=object)


def _format_of(path: str) -> str:
    suffix = os.path.splitext(path)[1].lower()
    if suffix not in _FORMATS:
        raise AirflowFailException(
            f"The file's ending is {suffix!r}; it must be one of {', '.join(_FORMATS)}."
        )
    return _FORMATS[suffix]


def _object(path: Any) -> Any:  # noqa: ANN401
    """Return a URL as Airflow's object path, which knows connections; anything else as it is."""
    if "://" in str(path) and not hasattr(path, "open"):
        from airflow.providers.common.compat.sdk import ObjectStoragePath

        return ObjectStoragePath(path)
    return path


def _read_file(path: Any, how: Mapping[str, Any]) -> pd.DataFrame:  # noqa: ANN401
    from airflow_provider_ams.ams import AMSConfigurationError, read_table
    from airflow_provider_ams.transport.files import FileProblem

    try:
        return read_table(_object(path), **how)
    except AMSConfigurationError as error:
        if isinstance(error.__cause__, FileProblem):
            raise
        raise AirflowFailException(str(error)) from error


def write_rows(
    frame: pd.DataFrame,
    path: Any,  # noqa: ANN401
    *,
    sep: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    csv_safe: bool = False,
) -> str:
    """Write a frame to a CSV, Parquet or JSON lines file and return the path as text.

    A local file appears whole or not at all, in a folder that is made if need be; only its owner
    can read it.

    Parameters
    ----------
    frame : DataFrame
        The rows; it is not changed.
    path : str, path or ObjectStoragePath
        The file.
    sep, decimal, encoding : str, optional
        How a CSV file is written, so that `read_table` reads it back with the same arguments.
    csv_safe : bool
        In a CSV file, no text is one that a spreadsheet takes for a formula.
    """
    kind = _format_of(str(path))
    if kind == "jsonl":
        _check_unique(frame)  # JSON holds any cell as it is
    else:
        frame = xcom_safe(frame, lists=kind != "csv")
    if csv_safe and kind == "csv":
        from airflow_provider_ams.ams.csv_safe import safe_frame

        frame = safe_frame(frame)
    with _whole_file(path) as file:
        if kind == "parquet":
            frame.to_parquet(file, index=False)
        elif kind == "jsonl":
            file.writelines(_lines(_days_as_text(frame)))
        else:
            if decimal == ",":
                frame = frame.apply(_comma_decimals)
            sep = sep or (";" if decimal == "," else ",")
            # What AMS says of a row may hold more than the file's encoding can.
            frame.to_csv(
                file, index=False, sep=sep, encoding=encoding or "utf-8", errors="backslashreplace"
            )
    return str(path)


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


def _comma_decimals(column: pd.Series[Any]) -> pd.Series[Any]:
    """Write numbers with a decimal comma, as they are read when one is given."""
    if column.dtype.kind == "f":
        column = column.astype(object).map(repr, na_action="ignore")
    elif column.dtype.kind != "O":
        return column
    number = re.compile(r"[+-]?\d+\.\d+", re.ASCII)
    return column.map(
        lambda v: v.replace(".", ",") if isinstance(v, str) and number.fullmatch(v) else v
    )


def _lines(frame: pd.DataFrame) -> Iterator[bytes]:
    """Yield a JSON object for each row; a date stays a date, and no date-time."""
    columns = [column.astype(object).where(column.notna(), None) for _, column in frame.items()]
    names = list(map(str, frame.columns))
    for cells in zip(*(column.tolist() for column in columns), strict=True):
        yield f"{_json_text(dict(zip(names, cells, strict=True)))}\n".encode()


def xcom_safe(frame: pd.DataFrame, *, lists: bool = True) -> pd.DataFrame:
    """Return a frame that comes out of XCom (Parquet) as it went in.

    Columns that hold lists, dicts or sets become JSON text, columns of mixed types plain text.

    Parameters
    ----------
    frame : DataFrame
        The frame; it is not changed.
    lists : bool
        Leave columns of lists of dicts, which are rows of a table, if Parquet can hold them.

    Raises
    ------
    AirflowFailException
        Two columns have the same name.
    """
    _check_unique(frame)
    changed = {}
    for name in frame.columns:
        column = frame[name]
        if column.dtype == object and (safe := _safe_column(column, lists)) is not column:
            changed[name] = safe
    return frame.assign(**changed) if changed else frame


def _check_unique(frame: pd.DataFrame) -> None:
    if not frame.columns.is_unique:
        twice = sorted({str(c) for c in frame.columns[frame.columns.duplicated()]})
        raise AirflowFailException(
            f"Columns appear more than once: {', '.join(twice)}. Rename all but one of each."
        )


def _safe_column(column: pd.Series[Any], lists: bool) -> pd.Series[Any]:
    import pyarrow as pa

    values = column.tolist()
    if lists and _are_rows(values):
        try:
            pa.array(column, from_pandas=True)
            return column
        except (pa.ArrowException, UnicodeEncodeError):
            pass
    if any(isinstance(v, (list, tuple, dict, set, frozenset)) or _is_array(v) for v in values):
        return column.map(_json_text, na_action="ignore").astype(object)
    try:
        pa.array(column, from_pandas=True)
    except (pa.ArrowException, UnicodeEncodeError):
        return column.map(_whole_text, na_action="ignore").astype(object)
    return column


def _whole_text(value: Any) -> str:  # noqa: ANN401
    """Return a value as text; half a character (a lone surrogate) is written out."""
    return str(value).encode("utf-8", "backslashreplace").decode()


def _are_rows(values: Sequence[Any]) -> bool:
    lists = [v for v in values if isinstance(v, (list, tuple)) or _is_array(v)]
    rows = [row for found in lists for row in found]
    return bool(rows) and all(isinstance(row, dict) and row for row in rows)


def _is_array(value: Any) -> bool:  # noqa: ANN401
    return type(value).__name__ == "ndarray"


def _json_text(value: Any) -> str:  # noqa: ANN401
    import orjson

    if isinstance(value, str):
        return value
    options = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
    try:
        return orjson.dumps(value, default=_plain, option=options).decode()
    except TypeError:  # half a character, or a number of more than 64 bits
        text = json.dumps(value, default=_plain, ensure_ascii=False)
        return _HALF.sub(lambda half: rf"\\u{ord(half[0]):04x}", text)


def _plain(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, dt.datetime):  # pandas has a class of its own
        return value.isoformat()
    if _is_array(value):
        return value.tolist()
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
