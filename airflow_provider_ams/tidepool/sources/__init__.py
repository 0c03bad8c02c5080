"""Where events come from: CSV, JSON lines, Parquet, a DataFrame, an iterable of dicts."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Protocol, cast

from airflow_provider_ams.tidepool.errors import (
    TidepoolConfigurationError,
    TidepoolInputError,
    file_problems_as,
)
from airflow_provider_ams.tidepool.options import IngestOption
from airflow_provider_ams.tidepool.sources.chunk import Chunk
from airflow_provider_ams.transport import Location, locate

_BY_ENDING = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}
_PACKED = (".gz", ".bz2", ".xz", ".zst", ".zip")


class Source(Protocol):
    """Rows that can be read from the beginning as often as needed.

    ``unit`` is what a row is counted by, ``fixed_columns`` tells that all chunks have the same
    columns, ``location`` is None for what is not a file, ``labels`` are the index labels of rows
    that are in memory.
    """

    name: str
    unit: str
    fixed_columns: bool

    @property
    def location(self) -> Location | None:
        """Where the file is."""

    @property
    def labels(self) -> Sequence[Any] | None:
        """Index labels of rows that are in memory."""

    def chunks(self) -> Iterator[Chunk]:
        """Yield the rows."""


def open_source(source: object, option: IngestOption, *, keep: bool = True) -> Source:
    """Return the reader for a source.

    Parameters
    ----------
    source : str, path, DataFrame or iterable of mapping
        A local path, an fsspec URL, an object path with ``open``, a frame, or rows.
    option : IngestOption
        How to read it.
    keep : bool
        It will be read more than once.

    Raises
    ------
    TidepoolConfigurationError
        It is nothing that can be read, or its format is not known.
    """
    if hasattr(source, "iloc") and hasattr(source, "columns"):
        from airflow_provider_ams.tidepool.sources.tables import FrameSource

        return FrameSource(cast(Any, source))
    if isinstance(source, (list, tuple)) or (
        isinstance(source, Iterable)
        and not isinstance(source, (str, bytes, Mapping))
        and not hasattr(source, "open")
    ):
        from airflow_provider_ams.tidepool.sources.records import RecordSource

        return RecordSource(cast("Iterable[Mapping[str, object]]", source), keep)
    if not isinstance(source, (str, os.PathLike)) and not hasattr(source, "open"):
        raise TidepoolConfigurationError(
            f"a source is a path, a URL, a DataFrame or rows as dicts, not {type(source).__name__}"
        )
    with file_problems_as(TidepoolInputError):
        return _file_source(locate(source, option.storage_options), option)


def _file_source(location: Location, option: IngestOption) -> Source:
    kind = option.format or _kind(location.name)
    if kind == "csv":
        from airflow_provider_ams.tidepool.sources.delimited import DelimitedSource

        return DelimitedSource(location, option)
    if kind == "jsonl":
        from airflow_provider_ams.tidepool.sources.jsonlines import JSONLinesSource

        return JSONLinesSource(location, option)
    from airflow_provider_ams.tidepool.sources.tables import ParquetSource

    return ParquetSource(location)


def _kind(name: str) -> str:
    path = PurePosixPath(name.lower())
    if path.suffix in _PACKED:
        path = path.with_suffix("")
    try:
        return _BY_ENDING[path.suffix]
    except KeyError:
        raise TidepoolConfigurationError(
            f"the format of {name} is not clear from its name: set the option format to "
            "'csv', 'jsonl' or 'parquet'"
        ) from None


__all__ = ["Chunk", "Source", "open_source"]
