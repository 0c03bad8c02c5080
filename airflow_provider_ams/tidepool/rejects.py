"""The rejects file: each skipped row as it was, with the reason beside it."""

from __future__ import annotations

import csv
import io
from typing import IO, Any

import orjson

from airflow_provider_ams.tidepool.location import Location
from airflow_provider_ams.tidepool.sources.chunk import Chunk
from airflow_provider_ams.tidepool.values import canonical

LINE, REASON = "rejected_line", "rejected_reason"


class Rejects:
    """Write rows to a file that is made with the first of them.

    CSV if the file's name says so, with line and reason before the cells, so that a row with too
    many or too few of them stays as it was; else one JSON object a line.

    Parameters
    ----------
    location : Location, optional
        Where to; None: rows are counted but kept nowhere.
    tidy : bool
        The file's name is our own choice: without rejects, one of an earlier run is taken away.
    """

    def __init__(self, location: Location | None, tidy: bool = False) -> None:
        self._location = location
        self._tidy = tidy
        self._file: IO[Any] | None = None
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
            file.write(_csv_line([line, reason, *cells]))
        else:
            row = chunk.raw.get(at, chunk.row(at))
            file.write(_json_line({"line": line, "reason": reason}, row))

    def _open(self, location: Location, chunk: Chunk) -> IO[Any]:
        if location.path is not None:
            location.path.touch(mode=0o600)
        self._file = location.open("wb")
        self.path = location.name
        if self._csv:
            self._file.write(_csv_line([LINE, REASON, *chunk.columns]))
        return self._file

    def close(self) -> None:
        """Finish the file."""
        if self._file is not None:
            self._file.close()
        elif self._tidy and self._location is not None and self._location.path is not None:
            self._location.path.unlink(missing_ok=True)


def _csv_line(cells: list[Any]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode("utf-8", "backslashreplace")


def _json_line(about: dict[str, object], row: object) -> bytes:
    try:
        return orjson.dumps(about | {"row": row}, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        body = canonical([[row]])[0][1:-1]
        return orjson.dumps(about)[:-1] + b',"row":' + body + b"}\n"
