"""CSV in any dialect, a chunk at a time, with the physical line of each row."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import re
from collections.abc import Iterable, Iterator
from typing import IO, TYPE_CHECKING, Any

from airflow_provider_ams.tidepool.errors import TidepoolInputError
from airflow_provider_ams.tidepool.options import FIELDS, REQUIRED, IngestOption
from airflow_provider_ams.tidepool.sources.chunk import LINE, REASON, ROWS, Chunk, open_file
from airflow_provider_ams.transport import Location, plain_cell

if TYPE_CHECKING:
    from _csv import Reader as CSVReader

_SAMPLE = 1 << 16
_LONGEST_CELL = 1 << 24
_DELIMITERS = ",;\t|"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def open_text(location: Location, encoding: str | None) -> io.TextIOWrapper:
    """Open a text file without touching its line ends; its byte order mark is not text."""
    if encoding is None:
        with open_file(location) as probe:
            encoding = "utf-16" if probe.read(2) in _UTF16 else "utf-8-sig"
    try:
        codecs.lookup(encoding)
    except LookupError:
        raise TidepoolInputError(f"encoding={encoding!r} is not known") from None
    return io.TextIOWrapper(open_file(location), encoding=encoding, newline="")


def sniff(sample: str, option: IngestOption) -> dict[str, Any]:
    """Find out the dialect from the first lines.

    The delimiter is the one with which the header shows the columns that are needed: a far surer
    sign than counting characters in chat texts.
    """
    wanted = option.columns
    known = [name for name in FIELDS if name not in wanted.values()] + list(wanted)
    needed = [name for name in REQUIRED if name not in wanted.values()]
    needed += [column for column, target in wanted.items() if target in REQUIRED]

    def score(dialect: dict[str, Any]) -> tuple[int, int, int]:
        header = _names(next(csv.reader(sample.splitlines(), **dialect), []))
        found = [sum(name in header for name in names) for names in (needed, known)]
        return found[0], found[1], len(header)

    candidates = [
        {"delimiter": delimiter, "quotechar": quote} for quote in "\"'" for delimiter in _DELIMITERS
    ]
    best = max(candidates, key=score)
    return best | _escapes(sample, best["delimiter"])


def _escapes(sample: str, delimiter: str) -> dict[str, Any]:
    """Tell backslash escapes, in which quotes in a cell are written, from doubled quotes."""
    ends = re.escape(delimiter) + r"\r\n"
    doubled = re.search(rf'[^{ends}]""|""[^{ends}]', sample)
    if doubled is None and re.search(rf'\\"[^{ends}]', sample):
        return {"doublequote": False, "escapechar": "\\"}
    return {}


def _names(header: Iterable[str]) -> list[str]:
    return [name.strip() for name in header]


def _header(row: list[str], name: str) -> list[str]:
    names = _names(row)
    names = [column or f"column {at}" for at, column in enumerate(names, 1)]
    double = sorted({column for column in names if names.count(column) > 1})
    if double:
        raise TidepoolInputError(f"{name} has two columns with the name {', '.join(double)}")
    return names


class DelimitedSource:
    """Read a CSV file.

    Parameters
    ----------
    location : Location
        The file.
    option : IngestOption
        ``encoding``, ``dialect``, ``csv_safe`` and ``columns`` are used.
    """

    unit = "line"
    labels = None
    fixed_columns = True

    def __init__(self, location: Location, option: IngestOption) -> None:
        self.location = location
        self.name = location.name
        self._option = option
        self._safe = False  # known once the header is

    def chunks(self) -> Iterator[Chunk]:
        """Yield the rows.

        Raises
        ------
        TidepoolInputError
            The file is not text, has no header, or a quote is not closed.
        """
        # The limit is one for the whole process: it is only ever raised.
        csv.field_size_limit(max(csv.field_size_limit(), _LONGEST_CELL))
        with open_text(self.location, self._option.encoding) as file:
            try:
                yield from self._read(file)
            except UnicodeError:
                raise TidepoolInputError(
                    f"{self.name} is not {file.encoding} text: set the option encoding"
                ) from None

    def _read(self, file: IO[str]) -> Iterator[Chunk]:
        head = file.read(_SAMPLE)
        head += file.readline()
        dialect: dict[str, Any] = dict(self._option.dialect or {})
        self._safe = bool(dialect.pop("csv_safe", False))
        dialect = dialect or sniff(head, self._option)
        try:
            reader = csv.reader(itertools.chain(io.StringIO(head, newline=""), file), **dialect)
        except (TypeError, ValueError, csv.Error) as error:
            raise TidepoolInputError(f"dialect is not right: {error}") from None
        names = self._next(reader, [])
        if self._option.csv_safe and {LINE, REASON} <= {*_names(names)}:
            self._safe = True
        header = _header(self._plain(names), self.name)
        if not header:
            raise TidepoolInputError(f"{self.name} is empty: the first line must name the columns")
        start = 0
        while chunk := self._chunk(reader, header, start):
            yield chunk
            start += len(chunk)

    def _plain(self, row: list[str]) -> list[str]:
        return [plain_cell(cell) for cell in row] if self._safe else row

    def _next(self, reader: CSVReader, default: list[str]) -> list[str]:
        for row in reader:
            if row:
                return list(row)
        return default

    def _chunk(self, reader: CSVReader, header: list[str], start: int) -> Chunk | None:
        rows: list[list[str]] = []
        lines: list[int] = []
        line = reader.line_num + 1
        try:
            for row in reader:
                if row:  # a blank line is no row
                    rows.append(self._plain(row))
                    lines.append(line)
                line = reader.line_num + 1
                if len(rows) == ROWS:
                    break
        except csv.Error as error:
            raise TidepoolInputError(
                f"{self.name} is not CSV at line {line}: {error} (is a quote not closed?)"
            ) from None
        return _columns(rows, lines, header, start) if rows else None


def _columns(rows: list[list[str]], lines: list[int], header: list[str], start: int) -> Chunk:
    width = len(header)
    broken: dict[int, str] = {}
    raw: dict[int, object] = {}
    if set(map(len, rows)) != {width}:
        for at, row in enumerate(rows):
            if len(row) != width:
                broken[at] = f"{len(row)} cells where the header has {width}"
                raw[at] = row
                rows[at] = (row + [""] * width)[:width]
    columns: dict[str, Any] = dict(zip(header, zip(*rows, strict=True), strict=True))
    return Chunk(start, columns, lines, broken, raw)
