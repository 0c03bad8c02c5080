"""Rules that several options share, and the values that they allow."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_ams.ams.errors import AMSConfigurationError

ID_COLUMNS = ("user_id", "username", "email", "about")
USER_KEYS = ("user_id", "username", "email", "about", "group", "current_group")
# AMS names conditions by number; 4 to 7 work on number fields only.
DATA_CONDITIONS = {
    "equal_to": 1,
    "not_equal_to": 2,
    "contains": 3,
    "less_than": 4,
    "greater_than": 5,
    "less_than_or_equal_to": 6,
    "greater_than_or_equal_to": 7,
}
CONTRACTS = ("strict", "drop_unknown", "off")
ON_MISSING_FIELDS = ("clear", "keep", "error")
# What the values of a field are; the last three AMS fills in itself.
KINDS = (
    "text", "number", "date", "time", "duration", "choice", "choices", "file",
    "calculated", "linked", "personal",
)  # fmt: skip
# No other day has these figures in another order, or by two digits of its year.
_DAY = dt.datetime(2031, 12, 25, tzinfo=dt.timezone.utc)
MAX_BATCH = 500
MAX_IN_FLIGHT = 8


def check_choice(name: str, value: object, allowed: Sequence[object]) -> None:
    """Refuse a setting that is none of the values it may have."""
    if value not in allowed:
        listed = ", ".join(repr(a) for a in allowed)
        raise AMSConfigurationError(f"{name} is {value!r}; it must be one of {listed}.")


def check_between(name: str, value: int, low: int, high: int) -> None:
    """Refuse a setting that is no whole number of a range."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise AMSConfigurationError(
            f"{name} is {value!r}; it must be a whole number from {low} to {high}."
        )


def check_key(key: Sequence[str] | None) -> None:
    """Refuse a key that is no list of column names."""
    if key is None:
        return
    if isinstance(key, str):
        raise AMSConfigurationError(f"key is a text; write a list: [{key!r}].")
    if not key or not all(isinstance(k, str) and k for k in key):
        raise AMSConfigurationError(
            f"key is {key!r}; it must be a list of column names, such as ['start_date']."
        )


def check_types(types: Mapping[str, str] | None) -> None:
    """Refuse declared field types that are not known here."""
    for name, kind in (types or {}).items():
        check_choice(f"types[{name!r}]", kind, KINDS)


def check_columns(columns: Mapping[str, str] | None) -> None:
    """Refuse new names for columns that are no names."""
    if columns is None:
        return
    if not isinstance(columns, Mapping):
        raise AMSConfigurationError(
            f"columns is a {type(columns).__name__}; it must be a dict, such as "
            "{'Heart rate (bpm)': 'Heart rate'}."
        )
    for old, new in columns.items():
        if not all(isinstance(name, str) and name.strip() for name in (old, new)):
            raise AMSConfigurationError(f"columns: {old!r} -> {new!r} are not two names.")


def check_date_format(date_format: str | Mapping[str, str] | None) -> None:
    """Refuse a format by which a date can't be written and read again."""
    if date_format is None:
        return
    if not isinstance(date_format, (str, Mapping)):
        raise AMSConfigurationError(
            f"date_format is a {type(date_format).__name__}; it must be a text, such as "
            "'%d.%m.%Y', or a dict of column -> text."
        )
    forms = [date_format] if isinstance(date_format, str) else list(date_format.values())
    for form in forms:
        try:
            same = (
                dt.datetime.strptime(_DAY.strftime(form), form).replace(
                    hour=0, minute=0, second=0, microsecond=0, tzinfo=dt.timezone.utc
                )
                == _DAY
            )
        except (TypeError, ValueError):
            same = False
        if not same:
            raise AMSConfigurationError(
                f"date_format {form!r} does not say day, month and year as strptime takes them, "
                "such as '%d.%m.%Y'."
            )


def rejected_limit(tolerance: int | str | None, rows: int) -> float:
    """Return how many rejected rows an import of so many rows puts up with.

    Parameters
    ----------
    tolerance : int, str or None
        None (no rejected row), a number of rows, a percentage such as ``"2%"``, or ``"all"``.
    rows : int
        Input rows.

    Raises
    ------
    AMSConfigurationError
        Any other value.
    """
    if tolerance is None:
        return 0
    if tolerance == "all":
        return float("inf")
    if isinstance(tolerance, int) and not isinstance(tolerance, bool) and tolerance >= 0:
        return tolerance
    if isinstance(tolerance, str) and tolerance.endswith("%"):
        try:
            percent = float(tolerance[:-1])
        except ValueError:
            percent = -1.0
        if 0 <= percent <= 100:
            return rows * percent / 100
    raise AMSConfigurationError(
        f"tolerance is {tolerance!r}; it must be None, a number of rows, "
        "a percentage such as '2%', or 'all'."
    )


def as_list(value: object) -> list[Any]:
    """Return a list or tuple as a list, anything else as a list of one, None as an empty one."""
    if value is None:
        return []
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Sequence):
        return [value]
    return list(value)
