"""What can go wrong with AMS, named by what the caller can do about it.

==========================  ===========================================================
`AMSConfigurationError`     mend a setting, the input frame or a permission, then run again
`AMSLoginError`             check user name, password and site, then log in again
`AMSTransientError`         run again later; what had landed by then is in ``.result``
`AMSUnknownOutcomeError`    a write got no trustworthy answer: look, or run again to reconcile
`AMSImportError`            rows were rejected, by AMS or a check: mend them, send them again
==========================  ===========================================================

Messages name endpoints, columns, row labels and counts. They never hold a password, a token or a
value out of an athlete's record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from airflow_provider_ams.transport.errors import ClientError

if TYPE_CHECKING:
    import os

    import pandas as pd

    from airflow_provider_ams.ams.results import DeleteResult, ImportResult


class Report(Protocol):
    """What validation found, as `ValidationReport` has it."""

    @property
    def ok(self) -> bool:
        """Whether an import would be green."""

    def frame(self) -> pd.DataFrame:
        """Return a row for each field and rule."""

    def details(self) -> pd.DataFrame:
        """Return a row for each input row and problem."""

    def text(self) -> str:
        """Return the report as plain text."""

    def html(self) -> str:
        """Return the report as a page."""

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the report to a file."""


class AMSError(ClientError):
    """Base of everything this library raises; see `ClientError` for its parameters.

    Attributes
    ----------
    result : ImportResult, DeleteResult or None
        How far an import came, if one had begun.
    """

    def __init__(self, message: str, **details: Any) -> None:  # noqa: ANN401
        super().__init__(message, **details)
        #: How far an import came before this error ended it.
        self.result: ImportResult | DeleteResult | None = None


class AMSConfigurationError(AMSError):
    """A setting is missing or wrong; nothing was sent that could change data."""


class AMSInputError(AMSConfigurationError):
    """The frame handed in can't be sent as it is; nothing was sent.

    Parameters
    ----------
    rows_told : bool
        The message names the rows already.
    """

    def __init__(self, message: str, *, rows_told: bool = False, **details: Any) -> None:  # noqa: ANN401
        super().__init__(message, **details)
        self.rows_told = rows_told


class AMSValidationError(AMSInputError):
    """The frame does not fit the form.

    Parameters
    ----------
    report : ValidationReport
        Everything that is wrong.
    """

    def __init__(self, message: str, *, report: Report, **details: Any) -> None:  # noqa: ANN401
        super().__init__(message, **details)
        self.report = report


class AMSStalePlanError(AMSConfigurationError):
    """Stored events have changed since the plan was made; they are not overwritten."""


class AMSPermissionError(AMSConfigurationError):
    """The account may not open this form or feature (HTTP 403)."""


class AMSLoginError(AMSError):
    """AMS did not accept the user name, the password or the site."""


class AMSTransientError(AMSError):
    """AMS could not be reached or answered with a failure that time may heal.

    Parameters
    ----------
    retry_after : float, optional
        Seconds that AMS asked to wait.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, **details: Any) -> None:  # noqa: ANN401
        super().__init__(message, **details)
        self.retry_after = retry_after


class AMSReplyError(AMSTransientError):
    """A read was answered with something that can't be understood."""


class AMSImportError(AMSError):
    """Rows were rejected, by AMS or by a check before; the others have landed.

    Parameters
    ----------
    result : ImportResult or DeleteResult
        One row for each input row, with status and reason.
    rows_told : bool
        The message names the rows already.
    """

    def __init__(
        self,
        message: str,
        *,
        result: ImportResult | DeleteResult,
        rows_told: bool = False,
        **details: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(message, **details)
        self.result: ImportResult | DeleteResult = result
        self.rows_told = rows_told


class AMSUnknownOutcomeError(AMSImportError):
    """For some rows nobody can tell whether AMS has stored them."""
