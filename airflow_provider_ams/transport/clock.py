"""Time, sleep and randomness in one place, so that tests can pin all three."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Clock:
    """Hold the three impure functions that the client libraries use.

    Parameters
    ----------
    now : callable
        Seconds since the epoch, as ``time.time``.
    monotonic : callable
        Seconds of a clock that nobody sets, as ``time.monotonic``.
    sleep : callable
        Wait for so many seconds, as ``time.sleep``.
    random : callable
        A float in [0, 1), as ``random.random``.
    """

    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random.random
