"""Retry rules: pure functions of what they are given."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_ams.transport import RetryBudget, RetryPolicy, parse_retry_after

NOW = 1_750_000_000.0  # Sun, 15 Jun 2025 15:06:40 GMT


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("Sun, 15 Jun 2025 15:07:10 GMT", 30.0),
        ("Sun, 15 Jun 2025 15:00:00 GMT", 0.0),
        ("soon", None),
        ("-3", None),
        ("1.5", None),
        ("", None),
        ("٣", None),
    ],
)
def test_retry_after_in_both_forms(text, seconds):
    assert parse_retry_after(text, NOW) == seconds


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_a_wait_is_never_negative_nor_above_the_cap(failures, draw):
    assert 0 <= RetryPolicy().delay(failures, draw) <= 30


@given(st.integers(1, 50), st.floats(0, 1, exclude_max=True), st.floats(0, 1e6))
def test_what_the_server_asked_for_is_a_floor(failures, draw, asked):
    assert RetryPolicy().delay(failures, draw, asked) >= asked


def test_waits_double_up_to_the_cap():
    delays = [RetryPolicy(base=1, cap=6).delay(n, 0.5) for n in range(1, 6)]
    assert delays == [0.5, 1.0, 2.0, 3.0, 3.0]


@pytest.mark.parametrize("bad", [{"tries": 0}, {"base": -1}, {"cap": -1}, {"max_wait": -1}])
def test_settings_that_mean_nothing_are_refused(bad):
    with pytest.raises(ValueError):
        RetryPolicy(**bad)


def test_a_budget_runs_out_and_is_earned_back():
    budget = RetryBudget(capacity=2, refill=0.5)
    assert [budget.spend() for _ in range(3)] == [True, True, False]
    budget.earn()
    assert not budget.spend()
    budget.earn()
    assert budget.spend()


def test_a_budget_never_holds_more_than_its_capacity():
    budget = RetryBudget(capacity=1, refill=0.75)
    for _ in range(10):
        budget.earn()
    assert [budget.spend(), budget.spend()] == [True, False]


def test_a_budget_is_exact_between_threads():
    budget, taken = RetryBudget(capacity=500, refill=0), []
    threads = [
        threading.Thread(target=lambda: taken.extend(budget.spend() for _ in range(200)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == 500
