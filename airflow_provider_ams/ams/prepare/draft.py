"""Frame -> draft: columns known, dates, times and ids read, nothing filled in yet."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from airflow_provider_ams.ams.positions import DraftRow, InputRow
from airflow_provider_ams.ams.prepare.columns import (
    check_columns,
    check_names,
    field_name,
    match_names,
    rename_reserved,
    timestamp_columns,
)
from airflow_provider_ams.ams.prepare.nearest import nearest_of
from airflow_provider_ams.ams.prepare.table_cells import spread_table_cells
from airflow_provider_ams.ams.prepare.times import Times, read_times
from airflow_provider_ams.ams.prepare.timestamps import check_timestamps
from airflow_provider_ams.ams.problems import Problems
from airflow_provider_ams.ams.wire.ids import as_id
from airflow_provider_ams.ams.wire.values import Texts, read_texts

_ROWS = ("holds list", "holds dict", "holds ndarray", "holds tuple")
_IDS_HINT = "Use get_event_data() to have the right ones."
_VALUE_HINTS = {
    "no text form in AMS": "Make texts or numbers of them first.",
    "an infinite number": "Give a number, or leave the cell empty.",
    "a number that is too long": "Give it as text, or mend it.",
}
_ROWS_HINT = "If its cells hold rows of the form's table, name it in table_fields."


@dataclass(frozen=True)
class Draft:
    """A frame whose columns are known and read, before people and missing times are filled in.

    Parameters
    ----------
    frame : DataFrame
        The input, reserved columns renamed to lower case, nested cells spread out.
    labels : Index
        The input's index.
    source : list of int
        Position in the input of each row of `frame`.
    times : Times
        As given.
    event_ids : list of int or None
        As given.
    fields, table : dict
        Form field -> column: event-level fields, and those of the form's table.
    warnings : list of str
        What the caller should know.
    """

    frame: pd.DataFrame
    labels: pd.Index
    source: list[InputRow]
    times: Times
    event_ids: list[int | None]
    fields: dict[str, Any]
    table: dict[str, Any]
    warnings: list[str]
    _texts: dict[Any, Texts] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.frame)

    def texts(
        self,
        column: Any,  # noqa: ANN401
        booleans: tuple[str, str] | None,
        problems: Problems,
    ) -> Texts:
        """Return a column as texts, converted once; what can't be is noted."""
        if column not in self._texts:
            self._texts[column], found = read_texts(self.frame[column], booleans)
            for what, rows in found.items():
                hint = _value_hint(what)
                told = f"column {column!r} {what}"
                for row in rows:
                    problems.add(told, row, rule="value", field=str(column), hint=hint)
        return self._texts[column]

    def set_texts(self, column: Any, texts: Texts) -> None:  # noqa: ANN401
        """Take these for the texts of a column, instead of what it holds."""
        self._texts[column] = texts

    def without(self, names: Collection[str]) -> Draft:
        """Return the draft without some of its fields."""
        fields, table = (
            {name: column for name, column in columns.items() if name not in names}
            for columns in (self.fields, self.table)
        )
        return replace(self, fields=fields, table=table)

    def renamed(self, names: Mapping[str, str]) -> Draft:
        """Return the draft with other names for some of its fields."""
        fields, table = (
            {names.get(name, name): column for name, column in columns.items()}
            for columns in (self.fields, self.table)
        )
        return replace(self, fields=fields, table=table)

    def inputs(self, rows: Sequence[DraftRow]) -> list[InputRow]:
        """Return the input's rows that rows of the draft come from, each once."""
        return list(dict.fromkeys(self.source[row] for row in rows))


def read_frame(
    df: pd.DataFrame,
    id_col: str,
    problems: Problems,
    *,
    table_fields: Sequence[str] | None = None,
    needs_start: bool = True,
    needs_event_id: bool = False,
    takes_event_id: bool = True,
    zone: str | None = None,
    date_format: str | Mapping[str, str] | None = None,
) -> Draft | None:
    """Check a frame's columns and read its dates, times and event ids.

    Parameters
    ----------
    df : DataFrame
        The input; it is not changed.
    id_col : str
        Column that names the person.
    problems : Problems
        Takes what is wrong.
    table_fields : sequence of str, optional
        Columns of the form's table; a cell may be a dict or a list of dicts, whose keys then are
        the table's fields.
    needs_start : bool
        ``start_date`` must be there, for each row without event id.
    needs_event_id : bool
        Each row must have an event id.
    takes_event_id : bool
        False: an ``event_id`` column is ignored (insert).
    zone : str, optional
        The site's zone, for columns that carry one.
    date_format : str or mapping, optional
        How texts of dates are written, as for ``strptime``: in all columns of dates, or by column.

    Returns
    -------
    Draft or None
        None if the frame as a whole can't be used.
    """
    if not isinstance(df, pd.DataFrame):
        kind = "None" if df is None else f"a {type(df).__name__}"
        problems.add(f"it is {kind}", hint="Give a DataFrame, such as pandas.DataFrame(rows).")
        return None
    check_names(df.columns, problems)
    if problems:
        return None
    frame = rename_reserved(df, id_col)
    check_columns(frame, id_col, table_fields or (), needs_start, needs_event_id, problems)
    if problems:
        return None
    labels = frame.index
    spelt = {c: t for t, c in match_names(table_fields or (), frame.columns).items()}
    frame, source, nested = spread_table_cells(
        frame.rename(columns=spelt).reset_index(drop=True), list(table_fields or ()), problems
    )
    warnings = _index_warnings(labels)
    moments = timestamp_columns(frame)
    columns = _fields(frame.columns.drop(moments), id_col, {*(table_fields or ()), *nested})
    known = [*map(str, frame.columns), *columns[0], *columns[1]]
    # Not every night has all that may be in nested cells.
    formats = _formats(None if nested else known, date_format, problems)
    times = read_times(frame, problems, zone, warnings, formats)
    check_timestamps(frame[moments], times, zone, problems)
    ids: list[int | None] = [None] * len(frame)
    if takes_event_id:
        ids = _event_ids(frame, problems, needs_event_id)
    if needs_start and "start_date" in frame:
        _check_starts(times, ids, problems)
    return Draft(frame, labels, source, times, ids, *columns, warnings)


def _value_hint(what: str) -> str:
    """Return what to do about a value that can't be sent."""
    if what.startswith(_ROWS):
        return _ROWS_HINT
    return next((hint for end, hint in _VALUE_HINTS.items() if what.endswith(end)), "")


def _index_warnings(labels: pd.Index[Any]) -> list[str]:
    """Tell of an index that has a name, as a column has: it is not sent."""
    names = [str(name) for name in labels.names if name is not None]
    if not names:
        return []
    return [
        f"The index {', '.join(map(repr, names))} is no column and is not sent; reset_index() "
        "makes it one."
    ]


def _formats(
    known: list[str] | None, date_format: str | Mapping[str, str] | None, problems: Problems
) -> Mapping[str, str | None]:
    if date_format is None or isinstance(date_format, str):
        return dict.fromkeys(("start_date", "end_date"), date_format)
    for name in date_format:
        if known is not None and name not in known:
            what = f"date_format= names {name!r}, which is no column"
            problems.add(what, rule="columns", hint=nearest_of(name, known))
    return dict(date_format)


def _fields(
    given: pd.Index[Any], id_col: str, table: set[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    columns: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
    for column in given:
        name = field_name(column, id_col)
        if name is not None:
            columns[column in table][name] = column
    return columns


def _check_starts(times: Times, ids: Sequence[int | None], problems: Problems) -> None:
    found = [p for p in problems if p.field == "start_date"]
    if any(not p.rows for p in found):
        return
    unread = {row for p in found for row in p.rows}
    for row, (day, event_id) in enumerate(zip(times.start_days, ids, strict=True)):
        # What can't be read is not missing as well.
        if day is None and event_id is None and row not in unread:
            what = "a new event has no 'start_date'"
            hint = "Give the start_date, or the event_id of a stored event."
            problems.add(what, row, rule="dates", field="start_date", hint=hint)


def _event_ids(frame: pd.DataFrame, problems: Problems, needed: bool) -> list[int | None]:
    if "event_id" not in frame:
        return [None] * len(frame)
    ids: list[int | None] = []
    missing = frame["event_id"].isna().tolist()
    for row, (value, gone) in enumerate(zip(frame["event_id"].tolist(), missing, strict=True)):
        number = None if gone else as_id(value)
        blank = gone or (isinstance(value, str) and value == "")
        if number is None and not blank:
            what = "Invalid event_id values provided, not whole numbers of up to 18 digits"
            problems.add(what, row, rule="event_id", field="event_id", hint=_IDS_HINT)
        elif number is None and needed:
            what = "Invalid event_id values provided, missing"
            problems.add(what, row, rule="event_id", field="event_id", hint=_IDS_HINT)
        ids.append(number)
    return ids
