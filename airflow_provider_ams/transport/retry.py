"""Retry or not, and how long to wait: pure rules without I/O."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from email.utils import parsedate_to_datetime


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
        Seconds to wait, never negative; None when absent or unreadable.
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (TypeError, ValueError):
        return None


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
