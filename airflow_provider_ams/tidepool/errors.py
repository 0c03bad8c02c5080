"""What can go wrong with Tidepool, named by what the caller can do about it.

==============================  =========================================================
`TidepoolConfigurationError`    mend a setting, the source or the key, then run again
`TidepoolTransientError`        run again later: nothing is wrong with the request
`TidepoolUnknownOutcomeError`   run again with the journal: the same events, the same ids
`TidepoolRejectedError`         mend these rows and send them again
==============================  =========================================================

No message holds the API key or the content of an event: rows are named by their line.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow_provider_ams.transport.errors import ClientError

if TYPE_CHECKING:
    from airflow_provider_ams.tidepool.result import IngestResult


class TidepoolError(ClientError):
    """Base of everything this library raises; see `ClientError` for its parameters.

    Attributes
    ----------
    result : IngestResult or None
        How far the run came, when it had begun.
    """

    def __init__(self, message: str, **details: Any) -> None:  # noqa: ANN401
        super().__init__(message, **details)
        self.result: IngestResult | None = None


class TidepoolConfigurationError(TidepoolError, ValueError):
    """Change a setting: URL, key, option, column mapping. Trying again does not help."""


class TidepoolInputError(TidepoolConfigurationError):
    """The source can't be read, or is not what the options say."""


class TidepoolJournalError(TidepoolConfigurationError):
    """The journal belongs to another ingest, or another process is using it."""


class TidepoolPermissionError(TidepoolConfigurationError):
    """The API key was not accepted."""


class TidepoolTransientError(TidepoolError):
    """Try later: nothing is wrong with the request.

    Parameters
    ----------
    retry_after : float, optional
        Seconds the server asked to wait.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, **details: Any) -> None:  # noqa: ANN401
        super().__init__(message, **details)
        self.retry_after = retry_after


class TidepoolUnknownOutcomeError(TidepoolError):
    """Some events may or may not be stored: no usable answer came.

    Running the same ingest again with its journal sends them again with the same ids and says so.
    """


class TidepoolRejectedError(TidepoolError):
    """Some rows were refused, by the checks here or by the server; ``result`` names them.

    Parameters
    ----------
    described : str
        The first of them, one a line, with the reasons.
    """

    rows_told = True

    def __init__(self, message: str, *, described: str = "", **details: Any) -> None:  # noqa: ANN401
        super().__init__(message, **details)
        self.described = described

    def __str__(self) -> str:
        return f"{super().__str__()}\n{self.described}"


@contextmanager
def file_problems_as(kind: type[TidepoolError]) -> Iterator[None]:
    """Raise what is wrong with a file as an error of this library."""
    from airflow_provider_ams.transport.files import FileProblem

    try:
        yield
    except FileProblem as problem:
        raise kind(f"{problem.message}.", hint=problem.hint or None) from None
