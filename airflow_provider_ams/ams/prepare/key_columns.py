"""Natural keys by columns: an object for each key would be the garbage collector's to look at."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, overload

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.int64]
_ROOM = 1 << 62


@dataclass(frozen=True)
class KeyColumns(Sequence[Hashable]):
    """The keys of rows or events, part by part; an item is the tuple of its parts.

    Parameters
    ----------
    columns : sequence of sequence
        Person, then the parts of the key: entry i of each belongs to key i.
    """

    columns: Sequence[Sequence[Hashable]]

    def __len__(self) -> int:
        return len(self.columns[0])

    @overload
    def __getitem__(self, at: int) -> Hashable: ...
    @overload
    def __getitem__(self, at: slice) -> KeyColumns: ...
    def __getitem__(self, at: int | slice) -> Hashable | KeyColumns:
        if isinstance(at, slice):
            return KeyColumns([column[at] for column in self.columns])
        return tuple(column[at] for column in self.columns)

    def __iter__(self) -> Iterator[Hashable]:
        return zip(*self.columns, strict=True)

    def take(self, chosen: Sequence[int]) -> KeyColumns:
        """Return some of the keys."""
        return KeyColumns([[column[at] for at in chosen] for column in self.columns])

    def codes(self) -> Codes:
        """Return a number for each key; equal keys have the same."""
        return joint_codes(self)[0]


def joint_codes(*keys: KeyColumns) -> list[Codes]:
    """Return a number for each key of several lists; equal keys have the same in all of them."""
    ends = np.cumsum([len(some) for some in keys])[:-1]
    codes: Any = np.zeros(sum(map(len, keys)), dtype=np.int64)
    bound = 1
    for parts in zip(*(some.columns for some in keys), strict=True):
        known = {value: n for n, value in enumerate(dict.fromkeys(chain(*parts)))}
        part = np.fromiter(map(known.__getitem__, chain(*parts)), np.int64, len(codes))
        if bound * (len(known) + 1) > _ROOM:
            distinct, codes = np.unique(codes, return_inverse=True)
            bound = len(distinct)
        codes = codes * len(known) + part
        bound *= len(known) + 1
    return list(np.split(codes, ends))


class Holders:
    """Which of the stored keys each wanted key is equal to.

    Parameters
    ----------
    wanted, held : KeyColumns
        The keys to look for, and those to find; parts of the same meaning.
    """

    def __init__(self, wanted: KeyColumns, held: KeyColumns) -> None:
        ours, theirs = joint_codes(wanted, held)
        self._order = np.argsort(theirs, kind="stable")
        ordered = theirs[self._order]
        self._first = np.searchsorted(ordered, ours, "left")
        self._count = np.searchsorted(ordered, ours, "right") - self._first

    def only(self) -> list[int | None]:
        """Return the position of the one equal key; None if there is none, or if there are more."""
        found: list[int | None] = [None] * len(self._first)
        single = np.flatnonzero(self._count == 1)
        places = self._order[self._first[single]].tolist()
        for at, place in zip(single.tolist(), places, strict=True):
            found[at] = place
        return found

    def several(self) -> Iterator[tuple[int, list[int]]]:
        """Yield each wanted key that several are equal to, and their positions."""
        for at in np.flatnonzero(self._count > 1).tolist():
            yield at, self.all(at)

    def all(self, at: int) -> list[int]:
        """Return the positions of all keys that are equal to a wanted one."""
        first = self._first[at]
        places: list[int] = self._order[first : first + self._count[at]].tolist()
        return places
