"""What can go wrong with Tidepool, named by what the caller can do about it.

No message holds the API key or the content of an event: rows are named by their line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_ams.tidepool.result import IngestResult


class TidepoolError(Exception):
    """Anything this library raises on purpose.

    Parameters
    ----------
    message : str
        What happened, where, and what to do next.
    result : IngestResult, optional
        How far the run came, when it had begun.
    """

    def __init__(self, message: str, result: IngestResult | None = None) -> None:
        super().__init__(message)
        self.result = result


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
    message : str
        What happened.
    retry_after : float, optional
        Seconds the server asked to wait.
    """

    def __init__(
        self, message: str, retry_after: float | None = None, result: IngestResult | None = None
    ) -> None:
        super().__init__(message, result)
        self.retry_after = retry_after


class TidepoolUnknownOutcomeError(TidepoolError):
    """Some events may or may not be stored: no usable answer came.

    Running the same ingest again with its journal sends them again with the same ids and says so.
    """


class TidepoolRejectedError(TidepoolError):
    """Some rows were refused, by the checks here or by the server; ``result`` names them."""
