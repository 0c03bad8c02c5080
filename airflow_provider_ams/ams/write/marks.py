"""Since when AMS has to be asked: its own clock, told once and carried on by ours."""

from __future__ import annotations

from dataclasses import dataclass

# AMS may keep times of changes to the second: an event changed just before may look older.
_GRAIN_MS = 1100


@dataclass(frozen=True)
class ServerClock:
    """AMS's clock, read once.

    Parameters
    ----------
    told : int
        Epoch milliseconds that AMS has told.
    at : float
        When the answer was there, on our monotonic clock.
    """

    told: int
    at: float

    def at_least(self, monotonic: float) -> int:
        """Return a time that AMS's clock had reached for certain at a moment of ours.

        AMS told its time before its answer was there, and both clocks run equally fast.
        """
        return self.told + max(0, int((monotonic - self.at) * 1000))

    def since(self, monotonic: float) -> int:
        """Return since when to ask for what was sent at a moment, however coarse AMS's times."""
        return max(self.told, self.at_least(monotonic) - _GRAIN_MS)
