"""When to try again, and how long to wait."""

from __future__ import annotations

from datetime import datetime, timezone
from email.utils import format_datetime

import pytest

from airflow_provider_ams.transport import RetryBudget, RetryPolicy, parse_retry_after

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0.0),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("٣", None),
        (format_datetime(NOW.replace(minute=2), usegmt=True), 120.0),
        (format_datetime(NOW.replace(hour=11), usegmt=True), 0.0),
        ("Mon, 99 Xyz 2026 00:00:00 GMT", None),
    ],
)
def test_retry_after(text, seconds):
    assert parse_retry_after(text, NOW.timestamp()) == seconds


@pytest.mark.parametrize(
    ("failures", "draw", "asked", "seconds"),
    [
        (1, 0.0, None, 0.0),
        (1, 1.0, None, 0.5),
        (2, 1.0, None, 1.0),
        (3, 0.5, None, 1.0),
        (7, 1.0, None, 30.0),
        (1000, 1.0, None, 30.0),
        (1, 1.0, 20.0, 20.0),
        (7, 1.0, 20.0, 30.0),
        (1, 0.0, 0.0, 0.0),
    ],
)
def test_delay(failures, draw, asked, seconds):
    assert RetryPolicy().delay(failures, draw, asked) == seconds


def test_defaults():
    policy = RetryPolicy()
    assert (policy.tries, policy.base, policy.cap, policy.max_wait) == (5, 0.5, 30.0, 60.0)
    assert RetryPolicy(tries=1, base=0, cap=0, max_wait=0).delay(3, 1.0) == 0


@pytest.mark.parametrize("wrong", [{"tries": 0}, {"base": -1.0}, {"cap": -0.1}, {"max_wait": -1.0}])
def test_senseless_settings_are_refused(wrong):
    with pytest.raises(ValueError, match="or more"):
        RetryPolicy(**wrong)


def test_the_budget_is_spent_and_earned():
    budget = RetryBudget(capacity=2.0, refill=0.5)
    assert [budget.spend() for _ in range(3)] == [True, True, False]
    budget.earn()
    assert not budget.spend()
    budget.earn()
    assert budget.spend()
    for _ in range(100):
        budget.earn()
    assert [budget.spend() for _ in range(3)] == [True, True, False]


def test_the_budget_of_a_client():
    budget = RetryBudget()
    assert [budget.spend() for _ in range(21)] == [True] * 20 + [False]
    for _ in range(4):
        budget.earn()
    assert not budget.spend()
    budget.earn()
    assert budget.spend()
