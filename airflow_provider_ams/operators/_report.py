"""The one table that a task logs at its end, and errors in Airflow's terms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from airflow.providers.common.compat.sdk import AirflowFailException


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


@contextmanager
def airflow_errors(repeatable: bool = True) -> Iterator[None]:
    """Tell Airflow which errors no retry can heal; the AMS error stays attached as the cause.

    Parameters
    ----------
    repeatable : bool
        Whether the work may simply be done again when nobody can tell what came of it. True for
        reads, updates and profiles; an insert sent again would be a second event.

    Raises
    ------
    AirflowFailException
        The configuration, the login or rows must be mended first.
    AMSTransientError
        As it came: Airflow tries again.
    """
    from airflow_provider_ams.ams.errors import (
        AMSError,
        AMSTransientError,
        AMSUnknownOutcomeError,
    )

    try:
        yield
    except AMSTransientError:
        raise
    except AMSError as error:
        if repeatable and isinstance(error, AMSUnknownOutcomeError):
            raise
        raise AirflowFailException(str(error)) from error
