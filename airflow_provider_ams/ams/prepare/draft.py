"""Frame -> checked events. All that is wrong is told at once, and nothing is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from airflow_provider_ams.ams.errors import AMSInputError, describe_rows
from airflow_provider_ams.ams.prepare.table_cells import spread_nested
from airflow_provider_ams.ams.prepare.times import Moments, read_moments
from airflow_provider_ams.ams.read.frames import ANY_CASE, FIELD_PREFIX, RESERVED
from airflow_provider_ams.ams.wire.dates import (
    Problems,
)
from airflow_provider_ams.ams.wire.ids import as_id
from airflow_provider_ams.ams.wire.values import Texts

# AMS has these as built-in fields; sending them makes duplicates of them.
_BUILT_IN = frozenset({"first name", "last name"})


@dataclass
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
    moments : Moments
        As given.
    event_ids : list of int or None
        As given.
    field_columns, table_columns : dict
        Form field -> column.
    """

    frame: pd.DataFrame
    labels: pd.Index
    source: list[int]
    moments: Moments
    event_ids: list[int | None]
    field_columns: dict[str, Any]
    table_columns: dict[str, Any]
    warnings: list[str] = field(default_factory=list)
    #: What the rows of one event share, if not event id or person, date and time.
    event_keys: list[Any] | None = None
    #: Columns that have been turned into texts already.
    texts: dict[Any, Texts] = field(default_factory=dict, repr=False)

    def people(self, id_col: str) -> pd.Series[Any]:
        """Return who each row of `frame` is about, under the input's labels."""
        return self.frame[id_col].set_axis(self.labels.take(self.source))

    def labels_of(self, positions: Sequence[int]) -> list[Any]:
        """Return the input's labels for rows of `frame`."""
        return list(dict.fromkeys(self.labels[self.source[p]] for p in positions))


def read_frame(
    df: pd.DataFrame,
    id_col: str,
    *,
    table_fields: Sequence[str] | None = None,
    needs_start: bool = True,
    needs_event_id: bool = False,
    takes_event_id: bool = True,
    zone: str | None = None,
    problems: Problems | None = None,
) -> Draft:
    """Check a frame's columns and read its dates, times and event ids.

    Parameters
    ----------
    df : DataFrame
        The input; it is not changed.
    id_col : str
        Column that names the person.
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
    problems : Problems, optional
        Collects what is wrong with values, in place of an error; wrong columns still raise one.

    Raises
    ------
    AMSInputError
        With everything that is wrong.
    """
    if not isinstance(df, pd.DataFrame):
        raise AMSInputError(f"DataFrame is invalid: it is a {type(df).__name__}.")
    frame = rename_reserved(df, id_col)
    lenient = problems is not None
    problems = Problems() if problems is None else problems
    _check_columns(frame, id_col, table_fields or (), needs_start, needs_event_id, problems)
    labels = frame.index
    frame = frame.reset_index(drop=True)
    frame, source, nested = spread_nested(frame, list(table_fields or ()), problems)
    warnings: list[str] = []
    moments = read_moments(frame, problems, zone, warnings)
    ids: list[int | None] = [None] * len(frame)
    if takes_event_id:
        ids = _event_ids(frame, problems, needs_event_id)
    if needs_start and "start_date" in frame:
        for row, (day, event_id) in enumerate(zip(moments.start_days, ids, strict=True)):
            if day is None and event_id is None:
                what = "a new event has no 'start_date'"
                problems.add(what, row, rule="dates", field="start_date")
    draft = Draft(frame, labels, source, moments, ids, {}, {}, warnings)
    if problems and not lenient:
        raise invalid(problems, draft)
    table = {*(table_fields or ()), *nested}
    for column in frame.columns:
        name = field_name(column, id_col)
        if name is not None:
            (draft.table_columns if column in table else draft.field_columns)[name] = column
    return draft


def invalid(problems: Problems, draft: Draft) -> AMSInputError:
    """Return one error for everything that is wrong with a frame."""
    parts, rows = [], []
    for what, positions in problems.items():
        labels = draft.labels_of(positions)
        parts.append(f"{what} (rows {describe_rows(labels)})" if labels else what)
        rows += labels
    # The one complaint that stands for itself: callers know it by its beginning.
    lead = "" if all(p.startswith("Invalid event_id") for p in parts) else "DataFrame is invalid: "
    return AMSInputError(
        f"{lead}{'; '.join(parts)}. Nothing was sent.",
        rows=list(dict.fromkeys(rows)),
        rows_told=True,
    )


def rename_reserved(df: pd.DataFrame, id_col: str) -> pd.DataFrame:
    """Return the frame with reserved columns in lower case (``User_ID`` -> ``user_id``)."""
    # A form may have a field "Email" beside the column "email".
    names = ANY_CASE if id_col in df.columns else ANY_CASE | {id_col}
    renamed = {
        c: c.lower()
        for c in df.columns
        if isinstance(c, str) and c != c.lower() and c.lower() in names
    }
    return df.rename(columns=renamed)


def field_name(column: object, id_col: str) -> str | None:
    """Return the form field that a column stands for; None for the reserved ones."""
    name = str(column)
    if name.startswith(FIELD_PREFIX):
        return name[len(FIELD_PREFIX) :]
    if name in RESERVED or name == id_col or name.casefold() in _BUILT_IN:
        return None
    return name


def _check_columns(
    frame: pd.DataFrame,
    id_col: str,
    table_fields: Sequence[str],
    needs_start: bool,
    needs_event_id: bool,
    problems: Problems,
) -> None:
    doubled = frame.columns[frame.columns.duplicated()].unique().tolist()
    if doubled:
        raise AMSInputError(
            f"DataFrame is invalid: columns {doubled} occur more than once. Nothing was sent."
        )
    if needs_event_id and "event_id" not in frame:
        problems.add("missing 'event_id': read the events with get_event_data() to have it")
    can_update = "event_id" in frame and frame["event_id"].notna().all() and len(frame)
    if needs_start and "start_date" not in frame and not can_update:
        problems.add("missing 'start_date': add a column of dd/MM/yyyy dates")
    if id_col not in frame:
        problems.add(f"missing {id_col!r}, the column that names the person (id_col)")
    absent = [t for t in table_fields if t not in frame]
    if absent:
        problems.add(f"table_fields {absent} are no columns of the frame")
    odd = [c for c in frame.columns if not isinstance(c, str) or not c.strip()]
    if odd:
        problems.add(f"columns {odd} have no text as their name")
    if problems:
        raise AMSInputError(
            "DataFrame is invalid: "
            + "; ".join(what for what, _ in problems.items())
            + ". Nothing was sent."
        )


def _event_ids(frame: pd.DataFrame, problems: Problems, needed: bool) -> list[int | None]:
    if "event_id" not in frame:
        return [None] * len(frame)
    ids: list[int | None] = []
    missing = frame["event_id"].isna().tolist()
    for row, (value, gone) in enumerate(zip(frame["event_id"].tolist(), missing, strict=True)):
        number = None if gone else as_id(value)
        if number is None and not gone and value != "":
            what = "Invalid event_id values provided, not whole numbers"
            problems.add(what, row, rule="event_id", field="event_id")
        elif number is None and needed:
            what = "Invalid event_id values provided, missing"
            problems.add(what, row, rule="event_id", field="event_id")
        ids.append(number)
    return ids
