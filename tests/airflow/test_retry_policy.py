"""Retry policies (Airflow 3.3): which errors they retry, and whose policy a task has."""

from __future__ import annotations

import pytest
from airflow.providers.common.compat.sdk import DAG

import airflow_provider_ams.retry_policy as policies
from airflow_provider_ams.ams.errors import (
    AMSConfigurationError,
    AMSImportError,
    AMSLoginError,
    AMSTransientError,
    AMSUnknownOutcomeError,
)
from airflow_provider_ams.operators.ams import AmsGetUserOperator
from airflow_provider_ams.operators.tidepool import TidepoolTrackEventsOperator
from airflow_provider_ams.tidepool import (
    TidepoolConfigurationError,
    TidepoolJournalError,
    TidepoolPermissionError,
    TidepoolRejectedError,
    TidepoolTransientError,
    TidepoolUnknownOutcomeError,
)

pytestmark = pytest.mark.skipif(
    policies.RetryPolicy is None, reason="this Airflow has no retry policies"
)


DELAYS = {"retry": 90}


def decided(policy, error):
    decision = policy.evaluate(error, 1, 3)
    delay = decision.retry_delay
    return decision.action.value, None if delay is None else delay.total_seconds()


@pytest.mark.parametrize(
    ("error", "action"),
    [
        (AMSConfigurationError("x"), "fail"),
        (AMSLoginError("x"), "fail"),
        (AMSImportError("x", result=None), "fail"),
        (AMSUnknownOutcomeError("x", result=None), "default"),
        (AMSTransientError("x"), "default"),
        (AMSTransientError("x", retry_after=90.0), "retry"),
        (RuntimeError("x"), "default"),
    ],
)
def test_ams(error, action):
    assert decided(policies.AMSRetryPolicy(), error) == (action, DELAYS.get(action))


@pytest.mark.parametrize(
    ("error", "action"),
    [
        (TidepoolConfigurationError("x"), "fail"),
        (TidepoolPermissionError("x"), "fail"),
        (TidepoolJournalError("x"), "fail"),
        (TidepoolRejectedError("x"), "fail"),
        (TidepoolUnknownOutcomeError("x"), "default"),
        (TidepoolTransientError("x"), "default"),
        (TidepoolTransientError("x", retry_after=90.0), "retry"),
        (RuntimeError("x"), "default"),
    ],
)
def test_tidepool(error, action):
    assert decided(policies.TidepoolRetryPolicy(), error) == (action, DELAYS.get(action))


OPERATORS = {
    "AMSRetryPolicy": lambda **given: AmsGetUserOperator(task_id="t", **given),
    "TidepoolRetryPolicy": lambda **given: TidepoolTrackEventsOperator(
        task_id="t", source="x.csv", **given
    ),
}


@pytest.mark.parametrize("name", OPERATORS)
def test_operators_have_the_policy_of_their_library(name):
    policy = OPERATORS[name]().retry_policy
    assert type(policy) is getattr(policies, name)
    assert policy.serialize() == {"__type": f"airflow_provider_ams.retry_policy.{name}"}


@pytest.mark.parametrize("name", OPERATORS)
def test_the_users_policy_goes_before(name):
    theirs = policies.AMSRetryPolicy()
    assert OPERATORS[name](retry_policy=theirs).retry_policy is theirs
    assert OPERATORS[name](retry_policy=None).retry_policy is None
    with DAG("d", schedule=None, default_args={"retry_policy": theirs}):
        assert OPERATORS[name]().retry_policy is theirs
