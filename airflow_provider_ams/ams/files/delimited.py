"""CSV files as people have them: read right, or refused with the file, the line and the remedy."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import IO

import pandas as pd

from airflow_provider_ams.ams.errors import AMSConfigurationError, AMSInputError
from airflow_provider_ams.ams.files.decimals import dot_decimals
from airflow_provider_ams.ams.files.opened import opened, refuse_other_formats
from airflow_provider_ams.transport.files import Location

Cells = list["str | None"]
_SEPARATORS = (",", ";", "\t", "|")
_SAMPLE = 1 << 18
_CHUNK = 10_000
# One limit for the whole process, and the same as for files of events: remarks may be long.
_LONGEST_CELL = 1 << 24
# UTF-32 first: its mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What Excel writes above the names so that it will read its own file.
_HINT = re.compile(r"sep=(.)\r?\n")
# Half of a surrogate pair, as some programs write it into UTF-8.
_HALF = re.compile(rb"\xed[\xa0-\xbf]")


def read_delimited(
    location: Location, sep: str | None, decimal: str | None, encoding: str | None
) -> pd.DataFrame:
    """Read a text file of cells; see `read_table`.

    Raises
    ------
    AMSInputError
        The file can't be read, or in several ways. The message holds no value.
    """
    with opened(location) as file:
        begins = file.read(_SAMPLE)
        whole = not file.read(1)
    known = _encoding(begins, location.name, encoding)
    try:
        sample = _sample(begins, known, whole)
        with opened(location) as file:
            text = io.TextIOWrapper(file, known, newline="")
            try:
                return _read(text, sample, sep, decimal, location.name)
            finally:
                text.detach()
    except UnicodeError as error:
        raise _undecodable(location, known, error) from None


def _encoding(begins: bytes, name: str, given: str | None) -> str:
    marked = next((known for mark, known in _MARKS if begins.startswith(mark)), None)
    if given is None and marked is None:
        refuse_other_formats(begins, name)
        if b"\0" in begins:
            line = begins[: begins.index(b"\0")].count(b"\n") + 1
            raise AMSInputError(
                f"{name}, line {line}: this is no text (or UTF-16 without its mark): give a CSV "
                "file, or say encoding='utf-16-le'."
            )
    try:
        # Python's other codecs ("hex", "rot13") make no text of bytes.
        io.TextIOWrapper(io.BytesIO(), given)
        # A mark that fits the encoding is none of the text.
        plain = given is not None and codecs.lookup(given).name == "utf-8"
    except (LookupError, TypeError, ValueError):
        raise AMSConfigurationError(
            f"{name} can't be read: there is no encoding {given!r}.",
            hint="Leave it out, or say one that Python knows, such as 'utf-8' or 'cp1252'.",
        ) from None
    return "utf-8-sig" if plain else given or marked or "utf-8"


def _sample(begins: bytes, encoding: str, whole: bool) -> tuple[str, bool]:
    """Return the beginning as text, up to the end of a line, and whether it is the whole file."""
    text = codecs.getincrementaldecoder(encoding)().decode(begins, final=whole)
    return (text if whole else text[: text.rfind("\n") + 1] or text), whole


def _undecodable(location: Location, encoding: str, error: UnicodeError) -> AMSInputError:
    """Find the line again at which a file is not what it was taken for."""
    line, half = 1, False
    decoder = codecs.getincrementaldecoder(encoding)()
    with opened(location) as file:
        for block in iter(lambda: file.read(1 << 16), b""):
            try:
                line += decoder.decode(block).count("\n")
            except UnicodeError as found:
                if isinstance(found, UnicodeDecodeError):
                    line += found.object[: found.start].count(b"\n")
                    half = bool(_HALF.match(found.object, found.start))
                break
    where = f"{location.name}, line {line}: "
    if half:
        return AMSInputError(f"{where}a text holds half a character (a lone surrogate); mend it.")
    if encoding in ("utf-16", "utf-32"):
        return AMSInputError(
            f"{where}this is not {encoding}, as the file's mark says: save it again."
        )
    return AMSInputError(
        f"{where}this is not {encoding.removesuffix('-sig')}: say how the file is written, such as "
        "encoding='cp1252' (Excel on Windows)."
    )


# ---------------------------------------------------------------- cells


def _read(
    file: IO[str], sample: tuple[str, bool], sep: str | None, decimal: str | None, name: str
) -> pd.DataFrame:
    text, whole = sample
    text = text.removeprefix("\ufeff")
    hint = _HINT.match(text)
    if hint is not None:
        text = text[hint.end() :]
    if not text.strip():
        raise _empty(name)
    sep = sep or (hint[1] if hint is not None else _separator(text, whole, name))
    first = file.readline().removeprefix("\ufeff")
    lines = file if hint is not None else chain([first], file)
    records = _records(lines, sep, name, begins=1 if hint is None else 2)
    _, header = next(records, (0, []))
    if not header:
        raise _empty(name)
    columns = _columns(records, len(header), name)
    kept = [n for n, title in enumerate(header) if title.strip() or any(columns[n])]
    header, columns = [header[n] for n in kept], [columns[n] for n in kept]
    dot_decimals(columns, header, sep, decimal, name)
    frame = pd.DataFrame(dict(enumerate(columns)), dtype=object)
    return frame.set_axis(header, axis=1)


def _empty(name: str) -> AMSInputError:
    return AMSInputError(f"{name} is empty: it needs a line of column names.")


def _records(
    lines: Iterable[str], sep: str, name: str, begins: int = 1
) -> Iterator[tuple[int, list[str]]]:
    """Yield each line that holds anything with the number of its first line in the file."""
    csv.field_size_limit(max(csv.field_size_limit(), _LONGEST_CELL))
    reader = csv.reader(lines, delimiter=sep, strict=True)
    above = begins - 1
    try:
        for cells in reader:
            if any(cells):
                yield begins, cells
            begins = above + reader.line_num + 1
    except csv.Error:
        raise AMSInputError(
            f"{name}, line {begins}: a quotation mark has no counterpart; double it within a "
            'quoted text ("").'
        ) from None


def _columns(records: Iterator[tuple[int, list[str]]], width: int, name: str) -> list[Cells]:
    """Return the cells below the header by columns; each line has as many as the header."""
    columns: list[Cells] = [[] for _ in range(width)]
    known: dict[str, str | None] = {"": None}  # equal texts are kept once
    while chunk := list(islice(records, _CHUNK)):
        for number, cells in chunk:
            if len(cells) != width:
                raise AMSInputError(
                    f"{name}, line {number}: {len(cells)} cells under {width} column names; quote "
                    "cells that hold the separator, or say which it is, such as sep=';'."
                )
        below = zip(*(cells for _, cells in chunk), strict=True)
        for column, texts in zip(columns, below, strict=True):
            column += [known.setdefault(text, text) for text in texts]
    return columns


def _separator(text: str, whole: bool, name: str) -> str:
    """Return the one sign that parts every line into as many cells as the first."""
    head = _first_line(text.lstrip("\r\n"))
    tried = {sep: _widths(text, sep, whole) for sep in _SEPARATORS if sep in head}
    if len(tried) < 2:
        return next(iter(tried), ",")
    even = [sep for sep, widths in tried.items() if len(widths) == 1 and max(widths) > 1]
    if len(even) == 1:
        return even[0]
    signs = " or ".join(map(repr, even or tried))
    raise AMSInputError(
        f"{name}, line 1: the columns may be parted by {signs}: say which, such as sep=';'."
    )


def _first_line(text: str) -> str:
    """Return what stands in front of the first line's end that is not within quotation marks."""
    for end in re.finditer("[\r\n]", text):
        if text.count('"', 0, end.start()) % 2 == 0:
            return text[: end.start()]
    return text


def _widths(text: str, sep: str, whole: bool) -> set[int]:
    widths: list[int] = []
    try:
        widths += (len(cells) for _, cells in _records(io.StringIO(text, newline=""), sep, ""))
    except AMSInputError:
        if whole:
            return set()
        # A quoted text may go on behind the end of the sample.
    return set(widths if whole else widths[:-1] or widths)
