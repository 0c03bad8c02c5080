"""JSON lines: one object a line."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from airflow_provider_ams.tidepool.errors import TidepoolInputError
from airflow_provider_ams.tidepool.options import IngestOption
from airflow_provider_ams.tidepool.sources.chunk import Chunk
from airflow_provider_ams.tidepool.sources.delimited import open_text
from airflow_provider_ams.tidepool.sources.records import chunks_of, unreadable
from airflow_provider_ams.transport import Location

_LONGEST_LINE = 1 << 24


class JSONLinesSource:
    """Read a file with one JSON object a line; blank lines are no rows.

    Parameters
    ----------
    location : Location
        The file.
    option : IngestOption
        ``encoding`` is used.
    """

    unit = "line"
    labels = None
    fixed_columns = False

    def __init__(self, location: Location, option: IngestOption) -> None:
        self.location = location
        self.name = location.name
        self._option = option

    def chunks(self) -> Iterator[Chunk]:
        """Yield the rows; a line that is not a JSON object is a broken row.

        Raises
        ------
        TidepoolInputError
            The file is not text, or is one JSON array.
        """
        return chunks_of(self._records())

    def _records(self) -> Iterator[tuple[int, object]]:
        with open_text(self.location, self._option.encoding) as file:
            number = 0
            try:
                while line := file.readline(_LONGEST_LINE):
                    number += 1
                    if number == 1 and line.lstrip().startswith("["):
                        raise TidepoolInputError(
                            f"{self.name} is a JSON array: write one object a line instead"
                        )
                    if line.strip():
                        yield number, _parse(line)
            except UnicodeError:
                raise TidepoolInputError(
                    f"{self.name} is not text from line {number + 1} on: set the option encoding"
                ) from None


def _parse(line: str) -> object:
    try:
        value = orjson.loads(line)
    except ValueError:
        return unreadable("not JSON", line.rstrip("\r\n"))
    if not isinstance(value, dict):
        return unreadable("not a JSON object", value)
    return value
