"""The server's clock: settable, and strictly increasing from one change to the next."""

from __future__ import annotations

import time
from collections.abc import Callable


def wall_ms() -> int:
    """Return the time of this machine in epoch milliseconds."""
    return time.time_ns() // 1_000_000


class Clock:
    """Tell server time in epoch milliseconds.

    Parameters
    ----------
    source
        Where the time comes from, in epoch milliseconds.

    Attributes
    ----------
    skew
        How far the clock is ahead of its source.
    """

    def __init__(self, source: Callable[[], int] = wall_ms) -> None:
        self._source = source
        self._offset = 0
        self._frozen: int | None = None
        self._last = 0
        self.skew = 0

    def now(self) -> int:
        """Return the present time."""
        running = self._source() + self._offset + self.skew
        return running if self._frozen is None else self._frozen

    def stamp(self) -> int:
        """Return a time later than every stamp before it."""
        self._last = max(self.now(), self._last + 1)
        return self._last

    def not_before(self, ms: int) -> None:
        """Let all stamps from now on be later than this time."""
        self._last = max(self._last, ms)

    def move(self, now_ms: int | None, advance_ms: int, freeze: bool | None) -> int:
        """Set, advance, stop or restart the clock; returns the time it shows then."""
        target = (self.now() if now_ms is None else now_ms) + advance_ms
        stopped = self._frozen is not None if freeze is None else freeze
        self._frozen = target if stopped else None
        self._offset = target - self._source() - self.skew
        return target

    def reset(self) -> None:
        """Show the time of this machine again."""
        self._offset, self._frozen, self._last = 0, None, 0
