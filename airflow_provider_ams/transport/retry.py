"""Retry or not, and how long to wait: pure rules, and the one loop that follows them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import NamedTuple, TypeVar

from airflow_provider_ams.transport.clock import Clock

# A server that asks for more has a clock that is wrong, or a mistake in its header.
MAX_RETRY_AFTER = 3600.0

T = TypeVar("T")
E = TypeVar("E", bound=Exception)


def parse_retry_after(value: str | None, now: float) -> float | None:
    """Read a ``Retry-After`` header in either form (seconds, or an HTTP date).

    Parameters
    ----------
    value : str or None
        The header's text.
    now : float
        Seconds since the epoch; an HTTP date is counted from here.

    Returns
    -------
    float or None
        Seconds to wait, 0 to 3600; None when absent or unreadable.
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), MAX_RETRY_AFTER)
    try:
        seconds = parsedate_to_datetime(text).timestamp() - now
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(0.0, seconds), MAX_RETRY_AFTER)


@dataclass(frozen=True)
class RetryPolicy:
    """Exponential back-off with full jitter.

    Parameters
    ----------
    tries : int
        Attempts in all, the first one included.
    base, cap : float
        Seconds: the wait before try n is drawn from [0, min(cap, base * 2**(n-1))].
    max_wait : float
        Seconds: a longer wait (a server's ``Retry-After``) is not slept through but handed back
        to the caller, who may have a cheaper place to wait.
    """

    tries: int = 5
    base: float = 0.5
    cap: float = 30.0
    max_wait: float = 60.0

    def __post_init__(self) -> None:
        """Refuse settings that can't mean anything."""
        if self.tries < 1:
            raise ValueError(f"tries must be 1 or more, not {self.tries}")
        if min(self.base, self.cap, self.max_wait) < 0:
            raise ValueError("base, cap and max_wait are seconds, 0 or more")

    def delay(self, failures: int, draw: float, retry_after: float | None = None) -> float:
        """Return the seconds to wait after so many failures in a row.

        Parameters
        ----------
        failures : int
            Failures so far, 1 or more.
        draw : float
            A random number in [0, 1): the jitter.
        retry_after : float, optional
            What the server asked for; a floor, never shortened by jitter.
        """
        jittered = draw * min(self.cap, self.base * 2.0 ** min(failures - 1, 32))
        return jittered if retry_after is None else max(retry_after, jittered)


class RetryBudget:
    """Stop retries from hammering a server that fails as a whole.

    Each retry costs one token, each success earns a part of one back. With the budget spent, an
    error is passed on at once, however many tries are left.

    Parameters
    ----------
    capacity : float
        Tokens at the start, and at most.
    refill : float
        Tokens earned by a success.
    """

    def __init__(self, capacity: float = 20.0, refill: float = 0.2) -> None:
        self.capacity = capacity
        self.refill = refill
        self._tokens = capacity
        self._lock = threading.Lock()

    def spend(self) -> bool:
        """Take a token for one retry; False when none is left."""
        with self._lock:
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True

    def earn(self) -> None:
        """Give back a part of a token for a success."""
        with self._lock:
            self._tokens = min(self.capacity, self._tokens + self.refill)


class GiveUp(NamedTuple):
    """Why there is to be no other try.

    Parameters
    ----------
    reason : {"tries", "wait", "budget"}
        All tries are used up, the wait is longer than the policy sleeps through, or the server
        fails as a whole.
    delay : float
        Seconds that the next wait would have taken.
    """

    reason: str
    delay: float


class Retrier:
    """Drive every retry: wait before the next try, or say why there is none.

    Safe to use from several threads; what counts as a failure is up to the caller.

    Parameters
    ----------
    policy : RetryPolicy
        How often and how long to wait.
    clock : Clock
        Sleep and randomness.
    budget : RetryBudget, optional
        Shared by all calls to one server; None: no limit beyond the policy's.
    on_retry : callable, optional
        Called before each wait that is slept through.
    """

    def __init__(
        self,
        policy: RetryPolicy,
        clock: Clock,
        budget: RetryBudget | None = None,
        on_retry: Callable[[], None] | None = None,
    ) -> None:
        self.policy = policy
        self._clock = clock
        self._budget = budget
        self._on_retry = on_retry

    def wait(self, failures: int, retry_after: float | None = None) -> GiveUp | None:
        """Sleep until the next try is due, or say at once why there is to be none.

        Parameters
        ----------
        failures : int
            Failures in a row so far, 1 or more.
        retry_after : float, optional
            Seconds the server asked for.

        Returns
        -------
        GiveUp or None
            None: try again now.
        """
        delay = self.policy.delay(failures, self._clock.random(), retry_after)
        if failures >= self.policy.tries:
            return GiveUp("tries", delay)
        if delay > self.policy.max_wait:
            return GiveUp("wait", delay)
        # Waiting as long as the server asks does not hammer it, so that costs nothing.
        if not retry_after and self._budget is not None and not self._budget.spend():
            return GiveUp("budget", delay)
        if self._on_retry is not None:
            self._on_retry()
        self._clock.sleep(delay)
        return None

    def succeeded(self) -> None:
        """Earn back a part of the budget."""
        if self._budget is not None:
            self._budget.earn()

    def run(
        self,
        attempt: Callable[[], T],
        transient: type[E],
        on_give_up: Callable[[E, GiveUp], None] | None = None,
    ) -> T:
        """Try until it works, fails for good, or there is to be no other try.

        Parameters
        ----------
        attempt : callable
            One try.
        transient : exception class
            What is worth another try; its ``retry_after``, if it has one, is what the server
            asked for. Any other error passes through.
        on_give_up : callable, optional
            Called with the last error and the reason, to add to the error or to raise another.
            If it returns, the error is raised.
        """
        failures = 0
        while True:
            try:
                result = attempt()
            except transient as error:
                failures += 1
                given_up = self.wait(failures, getattr(error, "retry_after", None))
                if given_up is not None:
                    if on_give_up is not None:
                        on_give_up(error, given_up)
                    raise
            else:
                self.succeeded()
                return result
