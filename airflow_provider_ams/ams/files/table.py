"""`read_table`: one way into a frame from every kind of file, by one stated rule each."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import pandas as pd

from airflow_provider_ams.ams.csv_safe import plain_frame
from airflow_provider_ams.ams.errors import AMSConfigurationError, AMSInputError
from airflow_provider_ams.ams.files.delimited import read_delimited
from airflow_provider_ams.ams.files.records import read_json_lines, read_parquet
from airflow_provider_ams.ams.files.workbook import read_workbook
from airflow_provider_ams.transport.files import FileProblem, Location, locate

_TEXT, _LINES, _PARQUET, _WORKBOOK = "text", "JSON lines", "Parquet", "Excel"
FORMATS = {
    ".csv": _TEXT,
    ".tsv": _TEXT,
    ".txt": _TEXT,
    ".jsonl": _LINES,
    ".ndjson": _LINES,
    ".parquet": _PARQUET,
    ".pq": _PARQUET,
    ".xlsx": _WORKBOOK,
    ".xlsm": _WORKBOOK,
}
_PACKED = ".gz"
_HINT = "Check the path, and that it may be read where this runs."


def read_table(
    path: Any,  # noqa: ANN401
    *,
    sep: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
    csv_safe: bool = False,
) -> pd.DataFrame:
    """Read a file into a frame, as an import takes it.

    What is not given is found out by one rule each. Where a rule leaves more than one way to read
    the file, it is refused, and the message names the option that decides. Options for files of
    another kind are left alone.

    Parameters
    ----------
    path : str, path or object with ``open``
        The file, local or any URL that fsspec knows. Its ending says what it is: ``.csv``,
        ``.tsv``, ``.txt`` (text), ``.jsonl``, ``.ndjson`` (JSON lines), each with ``.gz`` behind
        it if need be; ``.parquet``, ``.pq``; ``.xlsx``, ``.xlsm`` (needs the extra ``excel``).
    sep : str, optional
        What parts the cells of a text file: one character. Else the one of comma, semicolon, tab
        and bar that parts every line (of the first 256 KB) into as many cells as the first.
    decimal : str, optional
        The decimal sign of a text file, ``.`` or ``,``; beside a comma, dots in a column of numbers
        part thousands. Else it is a dot if the cells are parted by commas, and otherwise what the
        columns that hold nothing but numbers show: ``1.234`` alone may be either.
    encoding : str, optional
        How a text file is written. Else what its byte order mark says, UTF-8 without one.
    sheet : str, optional
        Which sheet of a workbook, if more than one holds anything.
    csv_safe : bool
        A text file was written so that a spreadsheet runs no text in it as a formula: the
        apostrophes before these texts are taken away again.

    Returns
    -------
    DataFrame
        Cells of a text file are texts, as they stand (``007`` stays ``007``, ``NA`` is a text);
        only the empty cell is missing. Numbers with a decimal comma have a dot instead. A line
        without any value is no row. Cells of a workbook are numbers, texts, dates, times; a cell
        whose format shows no time of day is a date, and a whole number shown with leading zeros
        is a text. JSON and Parquet keep their types, lists of objects included.

    Raises
    ------
    AMSInputError
        The file can't be read, or in more than one way: the message names the file, the line, and
        what to do. It repeats no value.
    AMSConfigurationError
        An option can't be used.
    """
    try:
        location = locate(path)
        kind = _kind(location)
        _check_options(sep, decimal)
        if kind == _TEXT:
            frame = read_delimited(location, sep, decimal, encoding)
            return plain_frame(frame) if csv_safe else frame
        if kind == _LINES:
            return read_json_lines(location)
        if kind == _PARQUET:
            return read_parquet(location)
        return read_workbook(location, sheet)
    except FileProblem as problem:
        told = problem.message
        told = told.replace("there is", "There is", 1) if told.startswith("there is") else told
        raise AMSInputError(f"{told}.", hint=problem.hint or _HINT) from problem


def _kind(location: Location) -> str:
    name = PurePosixPath(location.name.lower())
    packed = name.suffix == _PACKED
    suffix = PurePosixPath(name.stem).suffix if packed else name.suffix
    kind = FORMATS.get(suffix)
    if kind is None or (packed and kind not in (_TEXT, _LINES)):
        ending = "".join(name.suffixes[-2:])
        told = f"has the ending {ending!r}" if ending else "has no ending"
        raise AMSInputError(
            f"{location.name} {told}; it must be one of {', '.join(FORMATS)}, and texts may have "
            f"{_PACKED} behind it.",
            hint="Save an older Excel file as .xlsx." if suffix == ".xls" else None,
        )
    return kind


def _check_options(sep: str | None, decimal: str | None) -> None:
    if sep is not None and not (isinstance(sep, str) and len(sep) == 1 and sep not in '"\r\n'):
        raise AMSConfigurationError("sep must be one character, such as ';' or a tab.")
    if decimal not in (None, ".", ","):
        raise AMSConfigurationError("decimal must be '.' or ','.")
