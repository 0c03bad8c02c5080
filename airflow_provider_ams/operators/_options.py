"""An operator's attributes as the options of a library call."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_ams.operators._dates import date_text
from airflow_provider_ams.operators._hidden import reveal

_Option = TypeVar("_Option")
# What a template renders is text, unless the DAG renders native objects.
_NUMBERS = {
    "batch_size",
    "events_per_user",
    "max_deletes",
    "max_in_flight",
    "pause",
    "resend",
    "settle_seconds",
    "tolerance",
}


def library_option(
    option_class: type[_Option],
    operator: object,
    **settings: Any,  # noqa: ANN401
) -> _Option:
    """Build a library option from the operator's attributes of the same names.

    Parameters
    ----------
    option_class : type
        A dataclass of the library: its fields are the list of names.
    operator : BaseOperator
        An attribute that is None leaves the library's default.
    **settings
        Go before the operator's attributes; None leaves the library's default here too.
    """
    names = [field.name for field in dataclasses.fields(option_class)]  # type: ignore[arg-type]
    found = {name: _value_of(operator, name) for name in names} | settings
    return option_class(**{name: value for name, value in found.items() if value is not None})


def _value_of(operator: object, name: str) -> Any:  # noqa: ANN401
    value = reveal(getattr(operator, name, None))
    return as_number(value) if name in _NUMBERS else value


def as_number(value: Any) -> Any:  # noqa: ANN401
    """Return a text that is a number, as templates render them, as a number."""
    if not isinstance(value, str):
        return value
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            pass
    return value


def as_values(value: Any) -> Any:  # noqa: ANN401
    """Turn a column or another task's sequence into a plain list."""
    value = reveal(value)
    if value is None or isinstance(value, (str, int)):
        return value
    return list(value.tolist() if hasattr(value, "tolist") else value)


def as_window(
    from_date: str | None, to_date: str | None, timezone: str | None
) -> tuple[str, str] | None:
    """Return the first and last day as ``dd/MM/yyyy``; None without them.

    Parameters
    ----------
    from_date, to_date : str, optional
        As the operator has them.
    timezone : str, optional
        IANA name of the zone in which a date-time counts.

    Raises
    ------
    AirflowFailException
        One of them is missing, or is no date.
    """
    if from_date is None and to_date is None:
        return None
    if from_date is None or to_date is None:
        raise AirflowFailException("from_date and to_date go together: give both or neither.")
    return date_text(from_date, timezone), date_text(to_date, timezone)
