"""The point in AMS's time up to which events have been read, kept in an Airflow Variable."""

from __future__ import annotations

import datetime as dt

from airflow.providers.common.compat.sdk import AirflowFailException, Variable

WATERMARK = "last_synchronisation_time"


def load_watermark(variable: str | None, start: int | str | None) -> int:
    """Return the watermark in epoch milliseconds.

    Parameters
    ----------
    variable : str or None
        Key of the Variable that holds it.
    start : int, str or None
        Taken when there is no such Variable: epoch milliseconds or ISO 8601 text.

    Raises
    ------
    AirflowFailException
        Neither is there, or what is there can't be read.
    """
    stored = None if variable is None else Variable.get(variable, None)
    value = start if stored in (None, "") else stored
    if value in (None, ""):
        raise AirflowFailException(
            "There is no watermark yet: give last_synchronisation_time, epoch milliseconds or an "
            "ISO date, for the first run (0 reads everything)."
        )
    return _milliseconds(value)


def _milliseconds(value: int | str | None) -> int:
    text = str(value).strip()
    if text.isascii() and text.isdigit():
        return int(text)
    try:
        moment = dt.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise AirflowFailException(
            f"The watermark {text!r} is neither epoch milliseconds nor an ISO date."
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.timezone.utc)
    return int(moment.timestamp() * 1000)


def save_watermark(variable: str, watermark: int) -> int:
    """Store a watermark unless a later one is there; returns what is stored now."""
    stored = Variable.get(variable, None)
    if stored not in (None, "") and _milliseconds(stored) >= watermark:
        return _milliseconds(stored)
    Variable.set(variable, str(watermark))
    return watermark
