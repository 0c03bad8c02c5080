"""What the columns of a frame are: reserved ones, and form fields."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from airflow_provider_ams.ams.problems import Problems

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
# AMS has these as built-in fields; sending them makes duplicates of them (docs/wire.md, section 4).
_BUILT_IN = frozenset({"first name", "last name"})


def field_column(name: str) -> str:
    """Return the column of a form field: its name, or ``field:name`` if a column has that name."""
    return f"{FIELD_PREFIX}{name}" if name in RESERVED or name.lower() in ANY_CASE else name


def is_built_in(column: object) -> bool:
    """Tell whether a column is one of AMS's own details of the person."""
    return str(column).casefold() in _BUILT_IN


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
    if name in RESERVED or name == id_col or is_built_in(name):
        return None
    return name


def field_names(
    df: pd.DataFrame, id_col: str, table_fields: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Return the form fields that a frame's columns stand for: event-level ones, the table's."""
    columns = rename_reserved(df, id_col).columns
    names = [n for c in columns if (n := field_name(c, id_col)) is not None]
    table = [n for n in names if n in table_fields]
    return [n for n in names if n not in table], table


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
        problems.add(f"columns {doubled} occur more than once")
        return
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
