"""A set of row numbers, kept as a short list of ranges."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator


class Ranges:
    """Hold half-open ranges ``[start, end)`` of row numbers, merged and in order.

    Parameters
    ----------
    pairs : iterable of (int, int)
        What to start with, in any order.
    """

    def __init__(self, pairs: Iterable[Iterable[int]] = ()) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in pairs:
            self.add(start, end)

    def add(self, start: int, end: int) -> None:
        """Put all numbers from start to end - 1 in."""
        if start >= end:
            return
        first = bisect_left(self._ends, start)
        last = bisect_right(self._starts, end)
        if first < last:
            start = min(start, self._starts[first])
            end = max(end, self._ends[last - 1])
        self._starts[first:last] = [start]
        self._ends[first:last] = [end]

    def remove(self, start: int, end: int) -> None:
        """Take all numbers from start to end - 1 out."""
        first = bisect_right(self._ends, start)
        last = bisect_left(self._starts, end)
        if start >= end or first >= last:
            return
        left, right = (self._starts[first], start), (end, self._ends[last - 1])
        kept = [(low, high) for low, high in (left, right) if low < high]
        self._starts[first:last] = [low for low, _ in kept]
        self._ends[first:last] = [high for _, high in kept]

    def overlap(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield the parts of ``[start, end)`` that are in the set."""
        at = bisect_right(self._ends, start)
        while at < len(self._starts) and self._starts[at] < end:
            yield max(start, self._starts[at]), min(end, self._ends[at])
            at += 1

    def gaps(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield the parts of ``[start, end)`` that are not in the set."""
        for low, high in self.overlap(start, end):
            if start < low:
                yield start, low
            start = high
        if start < end:
            yield start, end

    def count(self) -> int:
        """Return how many numbers are in the set."""
        return sum(self._ends) - sum(self._starts)

    def pairs(self) -> list[list[int]]:
        """Return the ranges as plain lists, for JSON."""
        return [list(pair) for pair in zip(self._starts, self._ends, strict=True)]

    def __bool__(self) -> bool:
        return bool(self._starts)
