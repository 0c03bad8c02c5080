"""What can go wrong with AMS, named by what the caller can do about it.

==========================  ===========================================================
`AMSConfigurationError`     mend a setting, the input frame or a permission, then run again
`AMSLoginError`             check user name, password and site, then log in again
`AMSTransientError`         nothing was changed: run again later
`AMSUnknownOutcomeError`    a write got no trustworthy answer: look, or run again to reconcile
`AMSImportError`            AMS refused these rows: mend them and send them again
==========================  ===========================================================

Messages name endpoints, columns, row labels and counts. They never hold a password, a token or a
value out of an athlete's record.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_ams.ams.positions import describe_rows

if TYPE_CHECKING:
    from airflow_provider_ams.ams.results import DeleteResult, ImportResult
    from airflow_provider_ams.ams.validate.report import ValidationReport


class AMSError(Exception):
    """Base of everything this library raises.

    Parameters
    ----------
    message : str
        What happened.
    endpoint : str, optional
        The AMS endpoint concerned, such as ``eventsimport``.
    status : int, optional
        HTTP status of the reply.
    rows : sequence, optional
        Index labels of the input rows concerned.
    hint : str, optional
        What to do next.

    Attributes
    ----------
    result : ImportResult or None
        How far an import came, if one had begun.
    """

    def __init__(
        self,
        message: str,
        *,
        endpoint: str | None = None,
        status: int | None = None,
        rows: Sequence[Any] | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.endpoint = endpoint
        self.status = status
        self.rows = list(rows) if rows is not None else []
        self.hint = hint
        #: How far an import came before this error ended it.
        self.result: ImportResult | DeleteResult | None = None

    def __str__(self) -> str:
        return self._text()

    def __reduce__(self) -> tuple[Any, ...]:
        # Errors travel between processes with all that they carry.
        return _rebuilt, (type(self), self.args, self.__dict__)

    def _text(self, *, with_rows: bool = True) -> str:
        parts = [self.message]
        where = [self.endpoint, f"HTTP {self.status}" if self.status else None]
        if any(where):
            parts.append(f"[{', '.join(w for w in where if w)}]")
        if self.rows and with_rows:
            parts.append(f"(rows {describe_rows(self.rows)})")
        if self.hint:
            parts.append(self.hint)
        return " ".join(parts)


def _rebuilt(kind: type[AMSError], args: tuple[Any, ...], state: dict[str, Any]) -> AMSError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


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
        self._rows_told = rows_told

    def __str__(self) -> str:
        return self._text(with_rows=not self._rows_told)


class AMSValidationError(AMSInputError):
    """The frame does not fit the form.

    Parameters
    ----------
    report : ValidationReport
        Everything that is wrong.
    """

    def __init__(self, message: str, *, report: ValidationReport, **details: Any) -> None:  # noqa: ANN401
        super().__init__(message, **details)
        self.report = report


class AMSStalePlanError(AMSConfigurationError):
    """Stored events have changed since the plan was made; nothing was sent."""


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
    """AMS refused rows, after all that it takes have landed.

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
        self._rows_told = rows_told

    def __str__(self) -> str:
        return self._text(with_rows=not self._rows_told)


class AMSUnknownOutcomeError(AMSImportError):
    """For some rows nobody can tell whether AMS has stored them."""
