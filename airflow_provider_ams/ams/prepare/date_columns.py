"""Columns of dates and times, in whatever dtype, as days and minutes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pandas as pd
from pandas.api.types import infer_dtype, is_datetime64_any_dtype

from airflow_provider_ams.ams.problems import Problems
from airflow_provider_ams.ams.wire.dates import DateProblem, parse_day

_EPOCH_DAY = dt.date(1970, 1, 1).toordinal()


def parse_column(
    column: pd.Series[Any], parse: Callable[[object], int], problems: Problems
) -> list[int | None]:
    """Read a column of dates or times; None for missing cells, problems noted by row."""
    known: dict[Any, int | str | None] = {}
    parsed: list[int | None] = []
    missing = column.isna().tolist()
    for row, (value, gone) in enumerate(zip(column.tolist(), missing, strict=True)):
        if gone or value == "":
            parsed.append(None)
            continue
        if value not in known:
            known[value] = _attempt(parse, value)
        result = known[value]
        if isinstance(result, str):
            what = f"a value in {column.name!r} {result}"
            problems.add(what, row, rule="dates", field=str(column.name))
            parsed.append(None)
        else:
            parsed.append(result)
    return parsed


def parse_days(column: pd.Series[Any], problems: Problems) -> list[int | None]:
    """Read a column of dates or of wall-clock date-times; None for missing cells."""
    if not is_datetime64_any_dtype(column):
        return parse_column(column, _plain_day, problems)
    missing = column.isna().to_numpy()
    days = column.to_numpy().astype("datetime64[D]").astype("int64") + _EPOCH_DAY
    if not missing.any():
        return days.tolist()
    return [None if gone else d for d, gone in zip(days.tolist(), missing.tolist(), strict=True)]


def _plain_day(value: object) -> int:
    # Here its time of day, or its zone, would be lost without a word.
    if isinstance(value, dt.datetime) and (value.tzinfo or value.time() != dt.time()):
        raise DateProblem("is a date-time among dates or texts; make the whole column date-times")
    return parse_day(value)


def _attempt(parse: Callable[[object], int], value: object) -> int | str:
    try:
        return parse(value)
    except DateProblem as problem:
        return str(problem)


def has_zone(column: pd.Series[Any]) -> bool:
    """Tell whether a column holds times with a time zone, in whatever dtype."""
    dtype = column.dtype
    if dtype.kind != "O":
        return getattr(getattr(dtype, "pyarrow_dtype", dtype), "tz", None) is not None
    return any(isinstance(v, dt.datetime) and v.tzinfo is not None for v in column.tolist())


def _as_datetimes(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return date-times kept as objects or by Arrow as a pandas date-time column."""
    arrow = isinstance(column.dtype, pd.ArrowDtype) and column.dtype.kind == "M"
    if not arrow and (column.dtype.kind != "O" or infer_dtype(column, skipna=True) != "datetime"):
        return column
    values = column.tolist()
    zones = {v.tzinfo is not None for v in values if isinstance(v, dt.datetime) and v == v}
    if len(zones) > 1:
        raise DateProblem(f"{column.name!r} holds times with a time zone and times without")
    times = pd.to_datetime(pd.Series(values, dtype=object), utc=True in zones)
    return pd.Series(times.array, index=column.index, name=column.name)


def local_datetimes(column: pd.Series[Any], zone: str | None) -> pd.Series[Any]:
    """Return a date-time column as wall-clock times of the site.

    A column with a time zone is converted, and for that the site's zone must be known.

    Raises
    ------
    DateProblem
        The column has a zone and the site's is not set, or has one on some rows only.
    """
    column = _as_datetimes(column)
    if getattr(column.dtype, "tz", None) is None:
        return column
    if zone is None:
        raise DateProblem(
            f"{column.name!r} has a time zone: set the site's zone (timezone=, AMS_TIMEZONE) "
            "so that it can be converted"
        )
    local: pd.Series[Any] = column.dt.tz_convert(zone).dt.tz_localize(None)
    return local


def minutes_of(column: pd.Series[Any]) -> list[int | None] | None:
    """Return the times of day of a date-time column, None for a column of dates alone."""
    if not is_datetime64_any_dtype(column):
        return None
    hours = (column.dt.hour * 60 + column.dt.minute).tolist()
    if all(h != h or h == 0 for h in hours):
        return None
    return [None if h != h else int(h) for h in hours]


def has_seconds(column: pd.Series[Any]) -> bool:
    """Tell whether a date-time column holds anything finer than minutes."""
    present = column.dropna()
    return bool((present != present.dt.floor("min")).any())
