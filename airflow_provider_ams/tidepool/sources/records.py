"""Rows that come as mappings: grouped into chunks of rows with the same keys."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any, NamedTuple

from airflow_provider_ams.tidepool.sources.chunk import ROWS, Chunk
from airflow_provider_ams.tidepool.values import none_if_missing


class Unreadable(NamedTuple):
    """What stood where a row should be."""

    reason: str
    raw: object


def unreadable(reason: str, raw: object) -> Unreadable:
    """Mark a row that could not be read."""
    return Unreadable(reason, raw)


def chunks_of(records: Iterable[tuple[int, Any]]) -> Iterator[Chunk]:
    """Group numbered records into chunks; a row's columns are its own keys and no others."""
    start = 0
    keys: frozenset[str] | None = None
    group: list[tuple[int, Any]] = []
    for number, record in records:
        own = _keys(record)
        if group and (own != keys or len(group) == ROWS):
            yield _chunk(start, group)
            start += len(group)
            group = []
        keys = own
        group.append((number, record))
    if group:
        yield _chunk(start, group)


def _keys(record: object) -> frozenset[str] | None:
    return frozenset(map(str, record)) if isinstance(record, Mapping) else None


def _chunk(start: int, group: list[tuple[int, Any]]) -> Chunk:
    lines = [number for number, _ in group]
    first = group[0][1]
    if not isinstance(first, Mapping):
        broken, raw = {}, {}
        for at, (_, record) in enumerate(group):
            bad = record if isinstance(record, Unreadable) else _not_a_mapping(record)
            broken[at], raw[at] = bad
        return Chunk(start, {}, lines, broken, raw)
    columns: dict[str, Any] = {
        str(key): [none_if_missing(record[key]) for _, record in group] for key in first
    }
    return Chunk(start, columns, lines)


def _not_a_mapping(record: object) -> Unreadable:
    return Unreadable(f"a row must be a dict, not {type(record).__name__}", repr(type(record)))


class RecordSource:
    """Read rows from an iterable of mappings.

    Parameters
    ----------
    records : iterable of mapping
        The rows; numbered from 1.
    keep : bool
        The rows are needed more than once: what can be iterated only once is kept in a temporary
        file during the first pass.
    """

    unit = "row"
    fixed_columns = False
    location = None
    name = "the rows"

    def __init__(self, records: Iterable[Mapping[str, object]], keep: bool = True) -> None:
        self._records = records
        self.labels = range(len(records)) if isinstance(records, (list, tuple)) else None
        self._spooled = keep and iter(records) is records
        self._spool: IO[bytes] | None = None

    def chunks(self) -> Iterator[Chunk]:
        """Yield the rows, as often as it is called."""
        if self._spool is not None:
            return self._replay(self._spool)
        fresh = chunks_of(enumerate(self._records, 1))
        return self._record(fresh) if self._spooled else fresh

    def _record(self, fresh: Iterator[Chunk]) -> Iterator[Chunk]:
        self._spool = tempfile.TemporaryFile(prefix="tidepool-rows-")  # noqa: SIM115 (lives as long as the source)
        for chunk in fresh:
            pickle.dump(chunk, self._spool, pickle.HIGHEST_PROTOCOL)
            yield chunk

    @staticmethod
    def _replay(spool: IO[bytes]) -> Iterator[Chunk]:
        spool.seek(0)
        while True:
            try:
                yield pickle.load(spool)
            except EOFError:
                return
