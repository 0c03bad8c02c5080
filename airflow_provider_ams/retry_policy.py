"""A retry policy for tasks that talk to AMS (Airflow 3.3 and later)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import RetryDecision

try:
    from airflow.providers.common.compat.sdk import RetryPolicy
except ImportError:  # below Airflow 3.3: tasks have no retry policies
    RetryPolicy = None  # type: ignore[assignment,misc]

if RetryPolicy is not None:

    class AMSRetryPolicy(RetryPolicy):
        """Retry what time may heal, as late as AMS asks for, and fail at once on the rest.

        Configuration, login and rejected-row errors fail at once. Transient errors and unknown
        outcomes are retried: after the delay that AMS asked for (``Retry-After``), else after the
        task's own. The AMS operators use it by default; give it to tasks of your own that call
        the library: ``@task(retries=3, retry_policy=AMSRetryPolicy())``.
        """

        def evaluate(
            self,
            exception: BaseException,
            try_number: int,
            max_tries: int,
            context: Any = None,  # noqa: ANN401
        ) -> RetryDecision:
            """Decide on one failed try."""
            from airflow.providers.common.compat.sdk import RetryDecision

            from airflow_provider_ams.ams.errors import (
                AMSError,
                AMSTransientError,
                AMSUnknownOutcomeError,
            )

            if isinstance(exception, AMSTransientError) and exception.retry_after is not None:
                return RetryDecision.retry(timedelta(seconds=exception.retry_after), "Retry-After")
            if isinstance(exception, (AMSTransientError, AMSUnknownOutcomeError)):
                return RetryDecision.default()
            if isinstance(exception, AMSError):
                return RetryDecision.fail("no retry heals this")
            return RetryDecision.default()

        def serialize(self) -> dict[str, Any]:
            """Return what identifies the policy in the serialised DAG."""
            return {"__type": f"{type(self).__module__}.{type(self).__qualname__}"}


def default_retry_policy() -> dict[str, Any]:
    """Return the operator argument that sets the policy; nothing where there are none."""
    return {} if RetryPolicy is None else {"retry_policy": AMSRetryPolicy()}
