"""Retry policies for tasks that talk to AMS or Tidepool (Airflow 3.3 and later)."""

from __future__ import annotations

from abc import abstractmethod
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import RetryDecision

try:
    from airflow.providers.common.compat.sdk import RetryPolicy
except ImportError:  # below Airflow 3.3: tasks have no retry policies
    RetryPolicy = None  # type: ignore[assignment,misc]

if RetryPolicy is not None:

    class _LibraryRetryPolicy(RetryPolicy):
        @abstractmethod
        def _errors(self) -> tuple[type[Exception], type[Exception], type[Exception]]:
            """Return the library's errors: any, transient, unknown outcome."""

        def evaluate(
            self,
            exception: BaseException,
            try_number: int,
            max_tries: int,
            context: Any = None,  # noqa: ANN401
        ) -> RetryDecision:
            """Decide on one failed try."""
            from airflow.providers.common.compat.sdk import RetryDecision

            any_error, transient, unknown = self._errors()
            if isinstance(exception, transient):
                wait = getattr(exception, "retry_after", None)
                if wait is not None:
                    return RetryDecision.retry(timedelta(seconds=wait), "Retry-After")
            if isinstance(exception, any_error) and not isinstance(exception, (transient, unknown)):
                return RetryDecision.fail("no retry heals this")
            return RetryDecision.default()

        def serialize(self) -> dict[str, Any]:
            """Return what identifies the policy in the serialised DAG."""
            return {"__type": f"{type(self).__module__}.{type(self).__qualname__}"}

    class AMSRetryPolicy(_LibraryRetryPolicy):
        """Retry what time may heal, as late as AMS asks for, and fail at once on the rest.

        Configuration, login and rejected-row errors fail at once. Transient errors and unknown
        outcomes are retried: after the delay that AMS asked for (``Retry-After``), else after the
        task's own. The AMS operators use it by default; give it to tasks of your own that call
        the library: ``@task(retries=3, retry_policy=AMSRetryPolicy())``.
        """

        def _errors(self) -> tuple[type[Exception], type[Exception], type[Exception]]:
            from airflow_provider_ams.ams import errors

            return errors.AMSError, errors.AMSTransientError, errors.AMSUnknownOutcomeError

    class TidepoolRetryPolicy(_LibraryRetryPolicy):
        """The same for Tidepool; see `AMSRetryPolicy`.

        Settings, the API key, the journal and rejected rows fail at once; the Tidepool operators
        use it by default.
        """

        def _errors(self) -> tuple[type[Exception], type[Exception], type[Exception]]:
            from airflow_provider_ams.tidepool import errors

            return (
                errors.TidepoolError,
                errors.TidepoolTransientError,
                errors.TidepoolUnknownOutcomeError,
            )


def default_retry_policy(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return an operator's arguments with a policy in them, where Airflow has policies.

    Parameters
    ----------
    name : str
        Class of this module.
    arguments : dict
        What goes to Airflow's own operator class; a policy of the user's, given to the task or in
        ``default_args``, goes before.
    """
    theirs = {**(arguments.get("default_args") or {}), **arguments}
    if RetryPolicy is None or "retry_policy" in theirs:
        return arguments
    return {**arguments, "retry_policy": globals()[name]()}
