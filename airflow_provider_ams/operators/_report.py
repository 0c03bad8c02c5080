"""The one table that a task logs at its end, and errors in Airflow's terms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from airflow.providers.common.compat.sdk import AirflowFailException

if TYPE_CHECKING:
    from airflow_provider_ams.ams import AMSError


def table(title: str, figures: Mapping[str, object]) -> str:
    """Return a heading, a line of names and a line of figures.

    Parameters
    ----------
    title : str
        The first line.
    figures : mapping
        Column name to figure.
    """
    cells = {
        name: f"{value:.2f}" if isinstance(value, float) else str(value)
        for name, value in figures.items()
    }
    widths = {name: max(len(name), len(text)) for name, text in cells.items()}
    head = "  ".join(name.rjust(widths[name]) for name in cells)
    line = "  ".join(text.rjust(widths[name]) for name, text in cells.items())
    return f"{title}\n{head}\n{line}"


def raise_for_airflow(error: AMSError, repeatable: bool = True) -> NoReturn:
    """Raise an error of the library as Airflow is to take it.

    Airflow logs an exception with each exception behind it and all their frames. The message says
    what happened, where and what to do; the AMS error stays at hand as the ``__context__``. Only
    what no import can foresee is shown with its frames.

    Parameters
    ----------
    error : AMSError
        What went wrong.
    repeatable : bool
        Whether the work may simply be done again when nobody can tell what came of it. True for
        reads, updates and profiles; an insert sent again would be a second event.

    Raises
    ------
    AirflowFailException
        The configuration, the login or rows must be mended first.
    AMSTransientError, AMSUnknownOutcomeError
        As it came: Airflow tries again.
    """
    from airflow_provider_ams.ams.errors import (
        AMSError,
        AMSTransientError,
        AMSUnknownOutcomeError,
    )

    unknown, cause = isinstance(error, AMSUnknownOutcomeError), error.__cause__
    crash = cause if unknown and not isinstance(cause, AMSError) else None
    if isinstance(error, AMSTransientError) or (repeatable and unknown):
        raise error.with_traceback(None) from crash
    raise AirflowFailException(str(error)) from crash


@contextmanager
def airflow_errors() -> Iterator[None]:
    """Tell Airflow which errors no retry can heal; see `raise_for_airflow`."""
    from airflow_provider_ams.ams.errors import AMSError

    try:
        yield
    except AMSError as error:
        raise_for_airflow(error)
