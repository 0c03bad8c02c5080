"""Dates in templates and arguments, in the form that AMS wants: dd/MM/yyyy."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException
from jinja2 import Undefined, pass_context

if TYPE_CHECKING:
    from jinja2.runtime import Context as JinjaContext

_AMS = re.compile(r"\d{1,2}/\d{1,2}/\d{4}")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([T ].*)?")


@pass_context
def ams_date(
    context: JinjaContext,
    value: Any = None,  # noqa: ANN401
    days: int = 0,
    timezone: str | None = None,
) -> str:
    """Write a date in AMS form: the filter ``{{ data_interval_end | ams_date(days=-7) }}``.

    Parameters
    ----------
    context : jinja2 context
        Handed in by Jinja.
    value : date, datetime or str
        What to write. In a run without a data interval (asset-triggered, or by hand without a
        logical date) this is undefined, and the time the run was made for is taken.
    days : int
        Days to add.
    timezone : str, optional
        IANA name of the zone in which the date is wanted; the DAG's own zone if left out.

    Returns
    -------
    str
        ``dd/MM/yyyy``.
    """
    if value is None or isinstance(value, Undefined):
        value = context["dag_run"].run_after
    if timezone is None and context.get("dag") is not None:
        timezone = getattr(context["dag"].timezone, "name", None)
    return date_text(value, timezone, days)


def date_text(value: Any, timezone: str | None = None, days: int = 0) -> str:  # noqa: ANN401
    """Return a date as ``dd/MM/yyyy``.

    Parameters
    ----------
    value : str, date or datetime
        ``dd/MM/yyyy``, ISO 8601 date or date-time, or an object. A date-time with a zone is
        looked at in `timezone`.
    timezone : str, optional
        IANA name; without it a date-time keeps the date it shows.
    days : int
        Days to add.

    Raises
    ------
    AirflowFailException
        The text is no date.
    """
    day = _to_date(value, timezone) + dt.timedelta(days=days)
    return day.strftime("%d/%m/%Y")


def _to_date(value: Any, timezone: str | None) -> dt.date:  # noqa: ANN401
    if isinstance(value, str):
        text = value.strip()
        try:
            if _AMS.fullmatch(text):
                return dt.datetime.strptime(text, "%d/%m/%Y").date()
            if _ISO.fullmatch(text):
                return _to_date(dt.datetime.fromisoformat(text.replace("Z", "+00:00")), timezone)
        except ValueError:
            pass
        raise AirflowFailException(
            f"{text!r} is not a date: write dd/MM/yyyy, an ISO date or a template such as "
            "{{ data_interval_end | ams_date }}."
        )
    if isinstance(value, dt.datetime):
        if timezone is not None and value.tzinfo is not None:
            import pendulum

            value = pendulum.instance(value).in_timezone(timezone)
        day: dt.date = value.date()
        return day
    return value  # type: ignore[no-any-return] # a date, as documented
