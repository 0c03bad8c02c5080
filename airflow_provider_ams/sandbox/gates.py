"""Requests that wait until the control plane lets them go."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field


@dataclass(eq=False)
class Waiter:
    """Hold one request that waits."""

    endpoint: str
    writes: bool
    freed: asyncio.Event = field(default_factory=asyncio.Event)


class Gates:
    """Keep the requests that wait, by endpoint."""

    def __init__(self) -> None:
        self._waiting: list[Waiter] = []

    async def wait(self, endpoint: str, writes: bool, seconds: float) -> None:
        """Wait to be let go, so long at most."""
        waiter = Waiter(endpoint, writes)
        self._waiting.append(waiter)
        try:
            await asyncio.wait_for(waiter.freed.wait(), seconds)
        except asyncio.TimeoutError:
            return
        finally:
            self._waiting.remove(waiter)

    def waiting(self) -> list[Waiter]:
        """Return the requests that wait, in order of arrival."""
        return [waiter for waiter in self._waiting if not waiter.freed.is_set()]

    def counts(self) -> dict[str, int]:
        """Return how many requests wait, by endpoint."""
        return dict(Counter(waiter.endpoint for waiter in self.waiting()))
