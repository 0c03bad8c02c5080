"""Frame -> checked events. All that is wrong is told at once, and nothing is sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from airflow_provider_ams.ams.dates import (
    DEFAULT_LENGTH,
    MINUTES_PER_DAY,
    DateProblem,
    Problems,
    has_seconds,
    local_datetimes,
    minutes_of,
    parse_column,
    parse_days,
    parse_minute,
)
from airflow_provider_ams.ams.errors import AMSInputError, describe_rows
from airflow_provider_ams.ams.events import EventSet
from airflow_provider_ams.ams.frames import ANY_CASE, FIELD_PREFIX, RESERVED
from airflow_provider_ams.ams.users import as_user_id
from airflow_provider_ams.ams.values import Texts, read_texts

DATE_COLUMNS = ("start_date", "start_time", "end_date", "end_time")
# AMS has these as built-in fields; sending them makes duplicates of them.
_BUILT_IN = frozenset({"first name", "last name"})


@dataclass
class Moments:
    """Start and end of each row or event; None where the frame says nothing."""

    start_days: list[int | None]
    start_minutes: list[int | None]
    end_days: list[int | None]
    end_minutes: list[int | None]


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
    frame, source, nested = _spread(frame, list(table_fields or ()), problems)
    warnings: list[str] = []
    moments = _moments(frame, problems, zone, warnings)
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


# ---------------------------------------------------------------- nested table cells


def _spread(
    frame: pd.DataFrame, table_fields: list[str], problems: Problems
) -> tuple[pd.DataFrame, list[int], list[str]]:
    """Spread cells that hold a dict or a list of dicts over table rows of their own."""
    nested = [
        t
        for t in table_fields
        if frame[t].dtype == object
        and any(isinstance(v, (dict, list, tuple)) for v in frame[t].tolist())
    ]
    if not nested:
        return frame, list(range(len(frame))), []
    source: list[int] = []
    cells: list[dict[str, Any]] = []
    for row, values in enumerate(zip(*(frame[c].tolist() for c in nested), strict=True)):
        rows = _table_rows(values, row, problems)
        source += [row] * max(1, len(rows))
        cells += rows or [{}]
    keys = list(dict.fromkeys(k for cell in cells for k in cell))
    clash = [k for k in keys if k in frame.columns and k not in nested]
    if clash:
        problems.add(f"table fields {clash} stand both in {nested} and as columns")
    first = pd.Series([p == 0 or source[p - 1] != source[p] for p in range(len(source))])
    spread = frame.drop(columns=nested).iloc[source].reset_index(drop=True)
    for column in [t for t in table_fields if t not in nested]:
        # A plain table value beside nested rows belongs to the first of them.
        spread[column] = spread[column].where(first)
    for key in (k for k in keys if k not in clash):
        spread[key] = pd.Series([cell.get(key) for cell in cells], dtype=object)
    return spread, source, keys


def _table_rows(values: Sequence[Any], row: int, problems: Problems) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for value in values:
        found = [value] if isinstance(value, dict) else value
        if not isinstance(found, (list, tuple)):
            missing = value is None or value != value or value == ""
            if not missing:
                problems.add("a table cell mixes plain values with dicts", row)
            continue
        if not all(isinstance(v, dict) for v in found):
            problems.add("a table cell holds a list of something else than dicts", row)
            continue
        for number, cell in enumerate(found):
            if number == len(rows):
                rows.append({})
            rows[number] = {**rows[number], **{str(k): v for k, v in cell.items()}}
    return rows


# ---------------------------------------------------------------- dates, times, ids


def _moments(
    frame: pd.DataFrame, problems: Problems, zone: str | None, warnings: list[str]
) -> Moments:
    columns: dict[str, list[int | None]] = {}
    for name in DATE_COLUMNS:
        if name not in frame:
            columns.setdefault(name, [None] * len(frame))
            continue
        series = frame[name]
        if name.endswith("date"):
            try:
                series = local_datetimes(series, zone)
            except DateProblem as problem:
                problems.add(str(problem))
                columns[name] = [None] * len(frame)
                continue
            times = minutes_of(series)
            time_name = name.replace("date", "time")
            if times is not None and time_name not in frame:
                columns[time_name] = times
                if has_seconds(series):
                    warnings.append(f"Seconds in {name!r} were left out: AMS keeps minutes.")
            columns[name] = parse_days(series, problems)
        else:
            columns[name] = parse_column(series, parse_minute, problems)
    return Moments(
        columns["start_date"], columns["start_time"], columns["end_date"], columns["end_time"]
    )


def _event_ids(frame: pd.DataFrame, problems: Problems, needed: bool) -> list[int | None]:
    if "event_id" not in frame:
        return [None] * len(frame)
    ids: list[int | None] = []
    missing = frame["event_id"].isna().tolist()
    for row, (value, gone) in enumerate(zip(frame["event_id"].tolist(), missing, strict=True)):
        number = None if gone else as_user_id(value)
        if number is None and not gone and value != "":
            what = "Invalid event_id values provided, not whole numbers"
            problems.add(what, row, rule="event_id", field="event_id")
        elif number is None and needed:
            what = "Invalid event_id values provided, missing"
            problems.add(what, row, rule="event_id", field="event_id")
        ids.append(number)
    return ids


# ---------------------------------------------------------------- rows -> events


def build_events(
    draft: Draft,
    form: str,
    user_ids: Sequence[int],
    *,
    now: dt.datetime,
    booleans: tuple[str, str] | None = None,
    problems: Problems | None = None,
) -> EventSet:
    """Group rows into events, fill in missing times and convert all values.

    Parameters
    ----------
    draft : Draft
        From `read_frame`.
    form : str
        Exact name.
    user_ids : sequence of int
        Of each row of the draft.
    now : datetime
        Wall-clock time of the site, for missing start dates and times.
    booleans : tuple of str, optional
        Texts for True and False.
    problems : Problems, optional
        Collects contradictions and wrong ends, in place of an error.

    Raises
    ------
    AMSInputError
        Rows of one event contradict each other, an end is before its start, or a value has no
        text form.
    """
    lenient = problems is not None
    problems = Problems() if problems is None else problems
    has_table = bool(draft.table_columns)
    groups = _groups(draft, user_ids, has_table, problems)
    pick = _Picker(draft, groups, problems)
    moments = Moments(
        pick.one("start_date", draft.moments.start_days),
        pick.one("start_time", draft.moments.start_minutes),
        pick.one("end_date", draft.moments.end_days),
        pick.one("end_time", draft.moments.end_minutes),
    )
    days, minutes, end_days, end_minutes = fill_times(moments, now, groups, problems)
    fields = {
        name: pick.one(str(column), texts_of(draft, column, booleans, problems))
        for name, column in draft.field_columns.items()
    }
    table = {
        name: texts_of(draft, column, booleans, problems)
        for name, column in draft.table_columns.items()
    }
    if problems and not lenient:
        raise invalid(problems, draft)
    return EventSet(
        form,
        _input_rows(groups, draft.source),
        pick.first(user_ids),
        days,
        minutes,
        end_days,
        end_minutes,
        pick.first(draft.event_ids),
        fields,
        table,
        [_rows_with_values(g, table) for g in groups] if has_table else (),
        has_table,
        groups if has_table else (),
    )


def texts_of(
    draft: Draft,
    column: Any,  # noqa: ANN401
    booleans: tuple[str, str] | None,
    problems: Problems,
) -> Texts:
    """Return a column of the frame as texts, converted once; what can't be is noted."""
    if column in draft.texts:
        return draft.texts[column]
    draft.texts[column], found = read_texts(draft.frame[column], booleans)
    for what, rows in found.items():
        for row in rows:
            problems.add(f"column {column!r} {what}", row, rule="value", field=str(column))
    return draft.texts[column]


def _rows_with_values(group: Sequence[int], table: Mapping[str, Texts]) -> list[int]:
    return [p for p in group if any(texts[p] is not None for texts in table.values())]


def _groups(
    draft: Draft, user_ids: Sequence[int], has_table: bool, problems: Problems
) -> list[list[int]]:
    """Return the rows of each event: by event id, else by user, date and start time."""
    if not has_table:
        seen: dict[int, int] = {}
        for row, event_id in enumerate(draft.event_ids):
            if event_id is not None and seen.setdefault(event_id, row) != row:
                what = "an event_id occurs more than once"
                problems.add(what, row, rule="event_id", field="event_id")
        return [[row] for row in range(len(draft.frame))]
    groups: dict[Any, list[int]] = {}
    days, minutes = draft.moments.start_days, draft.moments.start_minutes
    for row, event_id in enumerate(draft.event_ids):
        key: Any = event_id
        if draft.event_keys is not None:
            key = draft.event_keys[row]
        elif event_id is None:
            key = (user_ids[row], days[row], minutes[row])
        groups.setdefault(key, []).append(row)
    for group in groups.values():
        for row in group:
            if user_ids[row] != user_ids[group[0]]:
                problems.add("rows of one event name different people", row, rule="users")
    return list(groups.values())


def _input_rows(groups: list[list[int]], source: list[int]) -> list[list[int]]:
    """Return the positions in the input of each event's rows."""
    if source == list(range(len(source))):
        return groups
    return [list(dict.fromkeys(source[row] for row in group)) for group in groups]


class _Picker:
    """Take the one value that each event has in a column that is not of the table."""

    def __init__(self, draft: Draft, groups: list[list[int]], problems: Problems) -> None:
        self._groups = groups
        self._problems = problems
        self._single = all(len(g) == 1 for g in groups) and len(groups) == len(draft.frame)

    def first(self, values: Sequence[Any]) -> list[Any]:
        """Return the values of each event's first row."""
        return list(values) if self._single else [values[group[0]] for group in self._groups]

    def one(self, name: str, values: list[Any]) -> list[Any]:
        """Return the value of each event, wherever in its rows it stands."""
        if self._single:
            return values
        picked = []
        for group in self._groups:
            present = [(p, values[p]) for p in group if values[p] is not None]
            first = present[0][1] if present else None
            for position, value in present:
                if value != first:
                    what = f"{name!r} differs within one event; it is no table field"
                    self._problems.add(what, position, rule="event_level", field=name)
            picked.append(first)
        return picked


def fill_times(
    moments: Moments, now: dt.datetime, groups: Sequence[Sequence[int]], problems: Problems
) -> tuple[list[int], list[int], list[int], list[int]]:
    """Fill in what is missing: start now, one hour long, over midnight if need be."""
    today, this_minute = now.date().toordinal(), now.hour * 60 + now.minute
    days = [today if d is None else d for d in moments.start_days]
    minutes = [this_minute if m is None else m for m in moments.start_minutes]
    end_days, end_minutes = [], []
    for i, (end_day, end_minute) in enumerate(
        zip(moments.end_days, moments.end_minutes, strict=True)
    ):
        if end_day is None and end_minute is None:
            over, end_minute = divmod(minutes[i] + DEFAULT_LENGTH, MINUTES_PER_DAY)
            end_days.append(days[i] + over)
            end_minutes.append(end_minute)
            continue
        given = end_minute is not None
        if end_minute is None:
            over, end_minute = divmod(minutes[i] + DEFAULT_LENGTH, MINUTES_PER_DAY)
        else:
            over = int(end_minute < minutes[i])
        if end_day is None or (end_day == days[i] and not given):
            end_day = days[i] + over
        if (end_day, end_minute) < (days[i], minutes[i]):
            problems.add("the end is before the start", groups[i][0], rule="dates")
        end_days.append(end_day)
        end_minutes.append(end_minute)
    return days, minutes, end_days, end_minutes
