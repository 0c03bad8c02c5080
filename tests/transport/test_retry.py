"""Retry rules: pure functions of what they are given."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_ams.transport import (
    Clock,
    GiveUp,
    Retrier,
    RetryBudget,
    RetryPolicy,
    parse_retry_after,
)

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
        ("3601", 3600.0),
        ("9" * 400, 3600.0),
        ("Sun, 15 Jun 2125 15:07:10 GMT", 3600.0),
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


# -- the driver -----------------------------------------------------------------------------


class Busy(Exception):
    def __init__(self, retry_after=None):
        super().__init__("busy")
        self.retry_after = retry_after


@pytest.fixture
def slept():
    return []


@pytest.fixture
def retrier(slept):
    def make(budget=None, on_retry=None, draw=0.5, **policy):
        clock = Clock(sleep=slept.append, random=lambda: draw)
        return Retrier(RetryPolicy(**policy), clock, budget, on_retry)

    return make


def failing(times, retry_after=None):
    """Return a call that fails so often and then returns how often it was made."""
    calls = []

    def attempt():
        calls.append(1)
        if len(calls) <= times:
            raise Busy(retry_after)
        return len(calls)

    return attempt


@pytest.mark.parametrize(
    ("failures", "asked", "outcome", "slept_for"),
    [
        (1, None, None, [0.5]),
        (2, None, None, [1.0]),
        (2, 7.0, None, [7.0]),
        (3, None, GiveUp("tries", 2.0), []),
        (3, 90.0, GiveUp("tries", 90.0), []),
        (1, 61.0, GiveUp("wait", 61.0), []),
        (1, 60.0, None, [60.0]),
    ],
)
def test_a_wait_is_slept_through_or_said_to_be_none(
    retrier, slept, failures, asked, outcome, slept_for
):
    assert retrier(tries=3, base=1).wait(failures, asked) == outcome
    assert slept == slept_for


def test_a_spent_budget_ends_all_tries_but_not_those_the_server_asked_for(retrier, slept):
    one = retrier(RetryBudget(capacity=1, refill=1), base=1)
    assert one.wait(1) is None
    assert one.wait(1) == GiveUp("budget", 0.5)
    assert one.wait(1, 0.0) == GiveUp("budget", 0.5)
    assert one.wait(1, 4.0) is None
    one.succeeded()
    assert one.wait(2) is None
    assert slept == [0.5, 4.0, 1.0]


@pytest.mark.parametrize("outcome", ["tries", "wait"])
def test_giving_up_costs_no_budget(retrier, outcome):
    budget = RetryBudget(capacity=1, refill=0)
    limits = {"tries": 1} if outcome == "tries" else {"max_wait": 0}
    assert retrier(budget, **limits).wait(1).reason == outcome
    assert budget.spend()


def test_it_runs_until_it_works_and_counts_the_retries(retrier, slept):
    retries = []
    one = retrier(on_retry=lambda: retries.append(len(slept)), base=1)
    assert one.run(failing(3), Busy) == 4
    assert retries == [0, 1, 2]
    assert slept == [0.5, 1.0, 2.0]


def test_a_success_earns_budget(retrier):
    budget = RetryBudget(capacity=1, refill=1)
    one = retrier(budget)
    assert [one.run(failing(1), Busy) for _ in range(5)] == [2] * 5


def test_other_errors_pass_through_at_once(retrier, slept):
    def attempt():
        raise KeyError("gone")

    with pytest.raises(KeyError):
        retrier().run(attempt, Busy)
    assert slept == []


def test_the_last_error_is_raised_with_what_was_added_to_it(retrier, slept):
    def explain(error, given_up):
        error.add = given_up

    with pytest.raises(Busy) as raised:
        retrier(tries=2).run(failing(9, retry_after=5.0), Busy, explain)
    assert raised.value.add == GiveUp("tries", 5.0)
    assert slept == [5.0]


def test_another_error_can_be_raised_instead(retrier):
    def explain(error, given_up):
        raise RuntimeError(given_up.reason) from error

    with pytest.raises(RuntimeError, match="wait"):
        retrier().run(failing(9, retry_after=100.0), Busy, explain)


@given(st.integers(0, 12), st.integers(1, 8), st.none() | st.floats(0, 100))
def test_never_more_tries_than_allowed_and_every_wait_is_as_long_as_asked(times, tries, asked):
    slept = []
    clock = Clock(sleep=slept.append, random=lambda: 0.9)
    attempt = failing(times, asked)
    try:
        made = Retrier(RetryPolicy(tries=tries), clock).run(attempt, Busy)
    except Busy:
        assert len(slept) == (tries - 1 if (asked or 0) <= 60 else 0)
        assert times > len(slept)
    else:
        assert made == times + 1 == len(slept) + 1
    assert len(slept) < tries
    assert all(wait >= (asked or 0) for wait in slept)
