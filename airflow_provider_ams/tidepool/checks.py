"""Check rows and make events of them, a column at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from airflow_provider_ams.tidepool.errors import TidepoolInputError
from airflow_provider_ams.tidepool.identity import DERIVED, ContentIds, RandomIds
from airflow_provider_ams.tidepool.options import FIELDS, REQUIRED, IngestOption
from airflow_provider_ams.tidepool.sources import Source
from airflow_provider_ams.tidepool.sources.chunk import Chunk
from airflow_provider_ams.tidepool.timestamps import Timestamps
from airflow_provider_ams.tidepool.values import plain_name

Event = dict[str, str]
Column = Sequence[Any]
Problems = dict[int, str]


@dataclass
class CheckedChunk:
    """Hold a chunk whose columns are ready for the wire.

    Parameters
    ----------
    chunk : Chunk
        As it was read.
    fields : dict
        Event field -> column; None stands for a missing value.
    problems : dict
        Position in the chunk -> all that is wrong with this row.
    """

    chunk: Chunk
    fields: dict[str, Column]
    problems: Problems


class Checker:
    """Check chunks against what an event needs.

    Parameters
    ----------
    option : IngestOption
        ``columns``, ``timezone``, ``ambiguous`` and ``event_name`` are used.
    """

    def __init__(self, option: IngestOption) -> None:
        self._option = option
        self._timestamps = Timestamps(option)

    def check_columns(self, source: Source, chunk: Chunk) -> None:
        """Refuse a table that lacks a column.

        Raises
        ------
        TidepoolInputError
            A needed or a mapped column is not there; names the columns that are.
        """
        names = list(chunk.columns)
        found = self._option.source_of(names)
        absent = [name for name in REQUIRED if name not in found]
        unknown = [name for name in self._option.columns if name not in names]
        if source.fixed_columns and (absent or unknown):
            raise TidepoolInputError(
                f"{source.name} has no column {' and no column '.join(unknown or absent)}; "
                f"its columns are {', '.join(names)}. The option columns maps a column to an "
                "event field, as {'message': 'text'}"
            )

    def check(self, chunk: Chunk) -> CheckedChunk:
        """Return the columns of a chunk for the wire, with all problems of each row."""
        size = len(chunk)
        where = self._option.source_of(list(chunk.columns))
        found: list[Problems] = []
        fields: dict[str, Column] = {}
        for field in FIELDS:
            column = chunk.columns[where[field]] if field in where else [None] * size
            fields[field], problems = self._convert(field)(column)
            found.append(problems)
        problems = _join(found) if any(found) else {}
        problems.update(chunk.broken)
        return CheckedChunk(chunk, fields, problems)

    def _convert(self, field: str) -> Callable[[Column], tuple[Column, Problems]]:
        if field == "text":
            return check_texts
        if field == "timestamp":
            return self._timestamps.convert
        return lambda column: check_names(field, column)


def _join(found: list[Problems]) -> Problems:
    rows = sorted({at for problems in found for at in problems})
    return {at: "; ".join(problems[at] for problems in found if at in problems) for at in rows}


def _encodable(column: Column) -> bool:
    try:
        "".join(column).encode()
    except UnicodeEncodeError:
        return False
    return True


def check_texts(column: Column) -> tuple[Column, Problems]:
    """Check the column ``text``: text that is not empty and can be encoded."""
    if set(map(type, column)) == {str} and all(map(str.strip, column)) and _encodable(column):
        return column, {}
    problems = {}
    for at, value in enumerate(column):
        if value is None:
            problems[at] = "text is missing"
        elif not isinstance(value, str):
            problems[at] = f"text must be text, not {type(value).__name__}"
        elif not value.strip():
            problems[at] = "text is empty"
        elif not _encodable([value]):
            problems[at] = "text holds half a character (a lone surrogate)"
    return column, problems


def check_names(field: str, column: Column) -> tuple[Column, Problems]:
    """Check a column of ids or names: text, whole numbers (made text) or missing (made None)."""
    kinds = set(map(type, column))
    if kinds == {str} and all(map(str.strip, column)) and _encodable(column):
        return column, {}
    if kinds == {type(None)}:
        return column, {}
    names: list[str | None] = [None] * len(column)
    problems = {}
    for at, value in enumerate(column):
        try:
            names[at] = name = plain_name(value)
        except TypeError as error:
            problems[at] = f"{field} must be text or a whole number, not {error}"
        else:
            if name is not None and not _encodable([name]):
                problems[at] = f"{field} holds half a character (a lone surrogate)"
    return names, problems


def make_events(checked: CheckedChunk, ids: ContentIds | RandomIds, event_name: str) -> list[Event]:
    """Return one event for each row of a chunk; call it for every chunk, in order.

    Rows with a problem get an event too, which must not be sent: occurrence numbers then do not
    depend on what is wrong with other rows.
    """
    fields = dict(checked.fields)
    if any(None in fields[name] for name in DERIVED):
        bases = ids.bases(checked.chunk)
        for name in DERIVED:
            fields[name] = _fill(fields[name], bases, ids, name)
    names = fields["event_name"]
    if None in names:
        fields["event_name"] = [event_name if name is None else name for name in names]
    columns = [fields[name] for name in FIELDS]
    return [dict(zip(FIELDS, row, strict=True)) for row in zip(*columns, strict=True)]


def _fill(column: Column, bases: list[str], ids: ContentIds | RandomIds, name: str) -> Column:
    missing = [at for at, value in enumerate(column) if value is None]
    if len(missing) == len(column):
        return ids.make(bases, name)
    filled = list(column)
    made = ids.make([bases[at] for at in missing], name)
    for at, value in zip(missing, made, strict=True):
        filled[at] = value
    return filled
