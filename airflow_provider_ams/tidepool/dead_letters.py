"""Dead letters: each rejected row as it was, with the reason beside it."""

from __future__ import annotations

import csv
import io
from contextlib import ExitStack
from typing import IO, Any

import orjson

from airflow_provider_ams.tidepool.errors import TidepoolConfigurationError, file_problems_as
from airflow_provider_ams.tidepool.sources.chunk import LINE, REASON, Chunk
from airflow_provider_ams.tidepool.values import canonical
from airflow_provider_ams.transport import Location, atomic_writer, safe_cell


class DeadLetters:
    """Write rows to a file that takes its place when it is closed, if there are any.

    CSV if the file's name says so, with line and reason before the cells, so that a row with too
    many or too few of them stays as it was; else one JSON object a line.

    Parameters
    ----------
    location : Location, optional
        Where to; None: rows are counted but kept nowhere.
    csv_safe : bool
        In a CSV file, no text is one that a spreadsheet takes for a formula.
    tidy : bool
        The file's name is our own choice: one of an earlier run is taken away if nothing is
        rejected in this one.
    """

    def __init__(
        self, location: Location | None, *, csv_safe: bool = False, tidy: bool = False
    ) -> None:
        self._location = location
        self._csv_safe = csv_safe
        self._tidy = tidy
        self._file: IO[bytes] | None = None
        self._open_file = ExitStack()
        self._csv = location is not None and location.name.lower().endswith((".csv", ".tsv"))
        self.path: str | None = None

    def add(self, chunk: Chunk, at: int, reason: str) -> None:
        """Write one row."""
        if self._location is None:
            return
        file = self._file or self._open(self._location, chunk)
        line = chunk.lines[at]
        if self._csv:
            raw = chunk.raw.get(at)
            cells = raw if isinstance(raw, list) else list(chunk.row(at).values())
            file.write(self._csv_line([line, reason, *cells]))
        else:
            row = chunk.raw.get(at, chunk.row(at))
            file.write(_json_line({"line": line, "reason": reason}, row))

    def _open(self, location: Location, chunk: Chunk) -> IO[bytes]:
        with file_problems_as(TidepoolConfigurationError):
            self._file = file = self._open_file.enter_context(atomic_writer(location))
        self.path = location.name
        if self._csv:
            file.write(self._csv_line([LINE, REASON, *chunk.columns]))
        return file

    def _csv_line(self, cells: list[Any]) -> bytes:
        if self._csv_safe:
            cells = [safe_cell(cell) if isinstance(cell, str) else cell for cell in cells]
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerow(cells)
        return text.getvalue().encode("utf-8", "backslashreplace")

    def close(self) -> None:
        """Put the file in its place.

        Raises
        ------
        TidepoolConfigurationError
            It can't be written there.
        """
        with file_problems_as(TidepoolConfigurationError):
            self._open_file.close()
        if self._file is None and self._tidy and self._location and self._location.path:
            self._location.path.unlink(missing_ok=True)


def _json_line(about: dict[str, object], row: object) -> bytes:
    try:
        return orjson.dumps(about | {"row": row}, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        body = canonical([[row]])[0][1:-1]
        return orjson.dumps(about)[:-1] + b',"row":' + body + b"}\n"
