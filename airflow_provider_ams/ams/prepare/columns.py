"""What the columns of a frame are: reserved ones, and form fields."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

import pandas as pd

from airflow_provider_ams.ams.options.rules import ID_COLUMNS
from airflow_provider_ams.ams.prepare.date_columns import is_zoned
from airflow_provider_ams.ams.prepare.nearest import fold_name, nearest_of, rename_hint
from airflow_provider_ams.ams.problems import Problems
from airflow_provider_ams.ams.wire.values import is_encodable

# Column -> (attribute of the record, dtype).
EVENT_COLUMNS = {
    "user_id": ("user_id", "int64"),
    "about": (None, "object"),
    "username": (None, "object"),
    "event_id": ("id", "int64"),
    "form": ("form", "object"),
    "start_date": ("start_date", "object"),
    "start_time": ("start_time", "object"),
    "end_date": ("finish_date", "object"),
    "end_time": ("finish_time", "object"),
    "entered_by_user_id": ("entered_by", "Int64"),
}
PROFILE_COLUMNS = {
    "user_id": ("user_id", "int64"),
    "about": (None, "object"),
    "username": (None, "object"),
    "profile_id": ("id", "Int64"),
    "form": ("form", "object"),
    "entered_by_user_id": ("entered_by", "Int64"),
}
RESERVED = frozenset(EVENT_COLUMNS) | frozenset(PROFILE_COLUMNS) | {"email"}
# Recognised in any letter case; "email", "about" and "form" only as they stand, a form may well
# have a field called "Email".
ANY_CASE = RESERVED - {"email", "about", "form"}
FIELD_PREFIX = "field:"
# What reads add to the dates and times if they are asked to.
TIMESTAMPS = ("start", "end")
# AMS has these as built-in fields; sending them makes duplicates of them (docs/wire.md, section 4).
_BUILT_IN = frozenset({"first name", "last name"})


def field_column(name: str) -> str:
    """Return the column of a form field: its name, or ``field:name`` if a column has that name."""
    return f"{FIELD_PREFIX}{name}" if name in RESERVED or name.lower() in ANY_CASE else name


def is_built_in(column: object) -> bool:
    """Tell whether a column is one of AMS's own details of the person."""
    return str(column).casefold() in _BUILT_IN


def rename_reserved(df: pd.DataFrame, id_col: str) -> pd.DataFrame:
    """Return the frame with reserved columns as they are called (``User_ID `` -> ``user_id``)."""
    # A form may have a field "Email" beside the column "email".
    any_case = ANY_CASE if id_col in df.columns else ANY_CASE | {id_col}
    renamed = {}
    for column in df.columns:
        if not isinstance(column, str) or column in RESERVED or column == id_col:
            continue
        name = fold_name(column)
        if name.lower() in any_case:
            renamed[column] = name.lower()
        elif name != column and name in {*RESERVED, id_col} and name not in df.columns:
            renamed[column] = name
    return df.rename(columns=renamed) if renamed else df


def match_names(columns: Iterable[str], fields: Collection[str]) -> dict[str, str]:
    """Return which columns stand for fields whose name differs in spelling alone.

    Accents composed or not, hard spaces and space around a name do not count. A column that could
    be several fields, or that stands beside another one for the same field, stays what it is.

    Parameters
    ----------
    columns : iterable of str
        Names as the frame has them.
    fields : collection of str
        Names as the form has them.
    """
    names = list(columns)
    wanted = [name for name in names if name not in fields]
    if not wanted:
        return {}
    like: dict[str, list[str]] = {}
    for known in fields:
        like.setdefault(fold_name(known), []).append(known)
    held = Counter(fold_name(name) for name in names)
    return {
        name: found[0]
        for name in wanted
        if len(found := like.get(fold_name(name), [])) == 1 and held[fold_name(name)] == 1
    }


def shadowed_fields(columns: Iterable[object], fields: Iterable[str]) -> list[str]:
    """Return the form's fields whose name a reserved column has, and that no column stands for."""
    given = {str(c) for c in columns}
    lower = {c.lower() for c in given}
    return [
        name
        for name in fields
        if (name in given or (name.lower() in ANY_CASE and name.lower() in lower))
        and field_column(name) != name
        and field_column(name) not in given
    ]


def field_name(column: object, id_col: str) -> str | None:
    """Return the form field that a column stands for; None for the reserved ones."""
    name = str(column)
    if name.startswith(FIELD_PREFIX):
        return name[len(FIELD_PREFIX) :]
    if name in RESERVED or name == id_col or is_built_in(name):
        return None
    return name


def timestamp_columns(frame: pd.DataFrame) -> list[str]:
    """Return the columns that a read has added to tell when events start and end.

    They hold moments with a zone, which no field of a form can, beside the event's own dates.
    """
    if not frame.columns.is_unique:  # which is refused elsewhere
        return []
    columns = [name for name in TIMESTAMPS if name in frame and f"{name}_date" in frame]
    return [name for name in columns if is_zoned(frame[name].dtype)]


def field_names(
    df: pd.DataFrame, id_col: str, table_fields: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Return the form fields that a frame's columns stand for: event-level ones, the table's."""
    frame = rename_reserved(df, id_col)
    columns = frame.columns.drop(timestamp_columns(frame))
    names = [n for c in columns if (n := field_name(c, id_col)) is not None]
    like = {*table_fields, *match_names(table_fields, names).values()}
    table = [n for n in names if n in like]
    return [n for n in names if n not in table], table


def check_names(columns: Iterable[object], problems: Problems) -> None:
    """Note names that can't be sent; pandas itself can't handle all of them."""
    broken = [ascii(c) for c in columns if isinstance(c, str) and not is_encodable(c)]
    if broken:
        problems.add(f"the names of columns {', '.join(broken)} hold half a character")


def check_columns(
    frame: pd.DataFrame,
    id_col: str,
    table_fields: Sequence[str],
    needs_start: bool,
    needs_event_id: bool,
    problems: Problems,
) -> None:
    """Note what is wrong with the columns of a frame as a whole."""
    doubled = frame.columns[frame.columns.duplicated()].unique().tolist()
    if doubled:
        what = f"columns {doubled} occur more than once"
        problems.add(what, hint="Rename or drop all but one of each.")
        return
    texts = [c for c in frame.columns if isinstance(c, str)]
    if needs_event_id and "event_id" not in frame:
        problems.add("missing 'event_id': read the events with get_event_data() to have it")
    # Rows without an id are told one by one, unless none can have a date.
    can_update = "event_id" in frame and frame["event_id"].notna().any()
    if needs_start and "start_date" not in frame and not can_update:
        what = "missing 'start_date': add a column of dd/MM/yyyy dates"
        problems.add(what, hint=rename_hint("start_date", texts))
    if id_col not in frame:
        what = f"missing {id_col!r}, the column that names the person (id_col)"
        problems.add(what, hint=_person_hint(id_col, texts))
    absent = [t for t in table_fields if t not in frame and not match_names([t], frame.columns)]
    if absent:
        names = ", ".join(map(repr, absent))
        what = f"table_fields names {names}, which the frame does not have"
        problems.add(what, hint=nearest_of(absent[0], texts))
    twice = [c for c in frame.columns if f"{FIELD_PREFIX}{c}" in frame and field_name(c, id_col)]
    twice = [c for c in twice if c not in timestamp_columns(frame)]
    if twice:
        both = [f"{FIELD_PREFIX}{c}" for c in twice]
        problems.add(f"columns {twice} and {both} stand for the same fields; drop one of each")
    odd = [c for c in frame.columns if not isinstance(c, str) or not c.strip()]
    if odd:
        what = f"columns {odd} have no text as their name"
        problems.add(what, hint="Name or drop them.")


def _person_hint(id_col: str, names: Sequence[str]) -> str:
    other = next((c for c in ID_COLUMNS if c in names), None)
    return (
        f"The frame has {other!r}: say id_col={other!r}." if other else rename_hint(id_col, names)
    )
