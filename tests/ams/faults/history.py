"""What each try said of each row, checked against what AMS holds in the end.

As Jepsen's set and total-queue checkers do: a row that was told to be stored is there, exactly
once; one that every try told not to be stored is not; one of which nobody could tell is there at
most once; and nothing else is there.
"""

from __future__ import annotations

from collections import Counter

OK = ("inserted", "updated", "unchanged")


class History:
    """Collect what tries have told of the rows of one frame.

    Parameters
    ----------
    keys : list
        The content of each row, comparable.
    """

    def __init__(self, keys):
        self.keys = keys
        self.goal = Counter(keys)
        self._ok = Counter()
        self._ids: dict[object, set[int]] = {}
        self._maybe: set[int] = set()

    def told(self, rows):
        """Take the result rows of a try that came to an end; None for one that died."""
        if rows is None:
            self._maybe |= set(range(len(self.keys)))
            return
        assert len(rows) == len(self.keys)
        ids = rows["event_id"].dropna()
        assert ids.is_unique
        found = Counter()
        for n, (status, event_id) in enumerate(zip(rows["status"], rows["event_id"], strict=True)):
            assert status in (*OK, "rejected", "unknown")
            if status in OK:
                found[self.keys[n]] += 1
                if event_id == event_id and event_id is not None:
                    self._ids.setdefault(self.keys[n], set()).add(event_id)
            elif status == "unknown":
                self._maybe.add(n)
        self._ok |= found

    def check(self, held, edited=None, deleted=None):
        """Compare with what AMS holds, by content.

        Parameters
        ----------
        held : Counter
            Of the rows of this import's frame and whatever else is there unexpectedly.
        edited, deleted : Counter, optional
            What a person has changed or removed, by its former content.
        """
        edited, deleted = edited or Counter(), deleted or Counter()
        assert not held - self.goal, "there without being asked for, or more than once"
        maybe = Counter(self.keys[n] for n in self._maybe)
        for key, wanted in self.goal.items():
            there, gone = held[key] + edited[key], deleted[key]
            sure = max(self._ok[key], len(self._ids.get(key, ())) - gone)
            assert there <= wanted, "there more than once"
            assert there + gone >= sure, "told to be stored, and lost"
            assert there <= max(sure, self._ok[key] + gone) + maybe[key], (
                "told not to be stored, and there"
            )
