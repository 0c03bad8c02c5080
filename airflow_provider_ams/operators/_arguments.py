"""Arguments that templates render as text, read back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_ams.operators._dates import date_text

if TYPE_CHECKING:
    from airflow_provider_ams.hooks.ams import AmsHook


def as_window(from_date: str | None, to_date: str | None, hook: AmsHook) -> tuple[str, str] | None:
    """Return the first and last day as ``dd/MM/yyyy``; None without them.

    Raises
    ------
    AirflowFailException
        One of them is missing, or is no date.
    """
    if from_date is None and to_date is None:
        return None
    if from_date is None or to_date is None:
        raise AirflowFailException("from_date and to_date go together.")
    zone = hook.settings.get("timezone")
    return date_text(from_date, zone), date_text(to_date, zone)


def as_number(value: int | str) -> int | str:
    """Return digits, as templates render them, as a number."""
    return int(value) if isinstance(value, str) and value.isdigit() else value
