"""CSV files as people have them: read right, or refused with the file, the line and the remedy."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException

if TYPE_CHECKING:
    import pandas as pd

OPTIONS = ("sep", "encoding", "decimal")
_SEPARATORS = (",", ";", "\t", "|")
# UTF-32 first: its mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_COMMA_NUMBER = re.compile(r"[+-]?\d+,\d+", re.ASCII)
_WHOLE_OR_COMMA = re.compile(r"[+-]?\d+(?:,\d+)?", re.ASCII)
# "1,234" is a thousand and more, or one and a bit.
_MAYBE_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)


def read_csv(data: bytes, name: str, how: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Return a CSV file as a frame of texts; only the empty cell is missing.

    Parameters
    ----------
    data : bytes
        What the file holds.
    name : str
        Of the file, for messages.
    how : mapping, optional
        ``sep``, ``encoding`` and ``decimal``; what is not given is found out, if there is but one
        way to read the file.

    Raises
    ------
    AirflowFailException
        The file can't be read, or in several ways. The message holds no value.
    """
    import pandas as pd

    given = _options(how)
    text = _decoded(data, name, given.get("encoding"))
    if not text.strip():
        raise AirflowFailException(f"{name} is empty: it needs a line of column names.")
    sep = given.get("sep") or _separator(text, name)
    lines = list(_lines(text, sep, name))
    header, rows = lines[0][1], _even(lines, name)
    columns = [[cell or None for cell in cells] for cells in zip(*rows, strict=True)]
    columns = columns or [[] for _ in header]
    _dot_decimals(columns, header, sep, given.get("decimal"), name)
    frame = pd.concat([pd.Series(cells, dtype=object) for cells in columns], axis=1)
    return frame.set_axis(header, axis=1)


def _options(how: Mapping[str, str] | None) -> dict[str, str]:
    given = {key: value for key, value in (how or {}).items() if value is not None}
    odd = sorted(set(given) - set(OPTIONS))
    if odd:
        raise AirflowFailException(f"csv has no {odd[0]!r}; it takes {', '.join(OPTIONS)}.")
    if len(given.get("sep", ",")) != 1:
        raise AirflowFailException("csv: sep must be one character, such as ';' or a tab.")
    if given.get("decimal", ".") not in (".", ","):
        raise AirflowFailException("csv: decimal must be '.' or ','.")
    return given


def _decoded(data: bytes, name: str, encoding: str | None) -> str:
    marked = next((known for mark, known in _MARKS if data.startswith(mark)), None)
    if encoding is None and marked is None and b"\0" in data:
        line = data[: data.index(b"\0")].count(b"\n") + 1
        raise AirflowFailException(
            f"{name}, line {line}: this is no text (or UTF-16 without its mark): give a CSV file, "
            "or say csv={'encoding': 'utf-16-le'}."
        )
    try:
        # A mark that fits the encoding is none of the text.
        plain = encoding is not None and codecs.lookup(encoding).name == "utf-8"
        text = data.decode("utf-8-sig" if plain else encoding or marked or "utf-8")
    except LookupError:
        raise AirflowFailException(f"csv: there is no encoding {encoding!r}.") from None
    except UnicodeError as error:
        at = getattr(error, "start", 0)
        line = data[:at].count(b"\n") + 1
        raise AirflowFailException(
            f"{name}, line {line}: this is not {encoding or marked or 'utf-8'}: say how the file "
            "is written, such as csv={'encoding': 'cp1252'} (Excel on Windows)."
        ) from None
    return text.removeprefix("\ufeff")


def _lines(text: str, sep: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each line that is not empty with the number of its first line in the file."""
    # One limit for the whole process, and the same as for files of events: remarks may be long.
    csv.field_size_limit(1 << 24)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=sep, strict=True)
    begins = 1
    try:
        for cells in reader:
            if cells:
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error:
        raise AirflowFailException(
            f"{name}, line {begins}: a quotation mark has no counterpart; double it within a "
            'quoted text ("").'
        ) from None


def _separator(text: str, name: str) -> str:
    """Return the one sign that parts every line into as many cells as the first."""
    head = text.lstrip("\r\n").splitlines()[0]
    tried = {sep: _widths(text, sep, name) for sep in _SEPARATORS if sep in head}
    if len(tried) < 2:
        return next(iter(tried), ",")
    even = [sep for sep, widths in tried.items() if len(widths) == 1 and max(widths) > 1]
    if len(even) == 1:
        return even[0]
    signs = " or ".join(map(repr, even or tried))
    raise AirflowFailException(
        f"{name}, line 1: the columns may be parted by {signs}: say which, such as "
        "csv={'sep': ';'}."
    )


def _widths(text: str, sep: str, name: str) -> set[int]:
    try:
        return {len(cells) for _, cells in _lines(text, sep, name)}
    except AirflowFailException:
        return set()


def _even(lines: Sequence[tuple[int, list[str]]], name: str) -> list[list[str]]:
    """Return the rows below the header; each has as many cells."""
    width = len(lines[0][1])
    for number, cells in lines[1:]:
        if len(cells) != width:
            raise AirflowFailException(
                f"{name}, line {number}: {len(cells)} cells under {width} column names; quote "
                "cells that hold the separator, or say csv={'sep': ...}."
            )
    return [cells for _, cells in lines[1:]]


def _dot_decimals(
    columns: list[list[str | None]],
    header: Sequence[str],
    sep: str,
    decimal: str | None,
    name: str,
) -> None:
    """Write numbers with a comma as AMS takes them, with a dot."""
    if decimal == "." or (decimal is None and sep == ","):
        return
    if decimal is None:
        chosen = [number for number, cells in enumerate(columns) if _all_numbers(cells)]
        unsure = [n for n in chosen if all(map(_either, columns[n]))]
        if unsure and len(unsure) == len(chosen):
            raise AirflowFailException(
                f"{name}, line 2 and below, column {header[unsure[0]]!r}: the comma may part "
                "thousands or decimals: say csv={'decimal': ','} or '.'."
            )
    else:
        chosen = list(range(len(columns)))
    for number in chosen:
        columns[number] = [
            cell.replace(",", ".") if cell and _COMMA_NUMBER.fullmatch(cell) else cell
            for cell in columns[number]
        ]


def _all_numbers(cells: Sequence[str | None]) -> bool:
    held = [cell for cell in cells if cell is not None]
    return any("," in c for c in held) and all(map(_WHOLE_OR_COMMA.fullmatch, held))


def _either(cell: Any) -> bool:  # noqa: ANN401
    return cell is None or "," not in cell or bool(_MAYBE_THOUSANDS.fullmatch(cell))
