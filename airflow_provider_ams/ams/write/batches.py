"""Events -> calls: as few as may be, oldest first, none that AMS refuses for its make-up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
import orjson

from airflow_provider_ams.ams.positions import EventNo
from airflow_provider_ams.ams.prepare.events import EventSet


@dataclass(frozen=True)
class Batch:
    """Events that go out in one call.

    Parameters
    ----------
    events : list of int
        Event numbers.
    tries : int
        How often these events went out and came to nothing.
    """

    events: list[EventNo]
    tries: int = 0


class Calls(Protocol):
    """How events of one kind of form go out.

    Attributes
    ----------
    endpoint : str
        Where to.
    idempotent : bool
        Whether a call may simply be sent again when nobody can tell what came of it.
    """

    endpoint: ClassVar[str]
    idempotent: ClassVar[bool]

    def batches(self, events: EventSet, size: int) -> list[list[EventNo]]:
        """Divide events into calls."""

    def encode(self, events: EventSet, batch: list[EventNo]) -> bytes:
        """Return the body of a call."""


class EventCalls:
    """Events of an event form, many in a call; AMS does not detect duplicates."""

    endpoint: ClassVar[str] = "eventsimport"
    idempotent: ClassVar[bool] = False

    def batches(self, events: EventSet, size: int) -> list[list[EventNo]]:
        """Divide events into calls."""
        return make_batches(events, size)

    def encode(self, events: EventSet, batch: list[EventNo]) -> bytes:
        """Return the body of a call."""
        return orjson.dumps({"events": [events.wire(event) for event in batch]})


class ProfileCalls:
    """Records of a profile form, one in a call: it replaces the one that is there."""

    endpoint: ClassVar[str] = "profileimport"
    idempotent: ClassVar[bool] = True

    def batches(self, events: EventSet, size: int) -> list[list[EventNo]]:
        """Divide records into calls."""
        return [[EventNo(event)] for event in range(len(events))]

    def encode(self, events: EventSet, batch: list[EventNo]) -> bytes:
        """Return the body of a call."""
        return orjson.dumps(events.wire_profile(batch[0]))


def make_batches(events: EventSet, size: int) -> list[list[EventNo]]:
    """Divide events into calls, oldest first.

    AMS refuses a call with two events of one user and date on a form without table, whatever
    their times (docs/wire.md, section 8), so such events go into different calls: first every
    user's first event of a date, then every second one, and so on.

    Parameters
    ----------
    events : EventSet
        The events.
    size : int
        Events in a call at most.

    Returns
    -------
    list of list of int
        Event numbers, call by call.
    """
    days, minutes = np.asarray(events.start_days), np.asarray(events.start_minutes)
    order: list[EventNo] = np.lexsort((minutes, days)).tolist()  # stable
    if events.has_table:
        return [order[start : start + size] for start in range(0, len(order), size)]
    # One number for a user's day: tuples by the hundred thousand keep the garbage collector busy.
    _, users = np.unique(np.asarray(events.user_ids, dtype=np.int64), return_inverse=True)
    place: list[int] = (days * (len(users) + 1) + users).tolist()
    seen: dict[int, int] = {}
    rank = [0] * len(events)
    for event in order:
        rank[event] = seen[place[event]] = seen.get(place[event], -1) + 1
    if len(seen) < len(order):
        order = np.lexsort((minutes, np.asarray(rank), days)).tolist()
    batches: list[list[EventNo]] = []
    held: set[int] = set()
    for event in order:
        if not batches or len(batches[-1]) == size or place[event] in held:
            batches.append([])
            held = set()
        batches[-1].append(event)
        held.add(place[event])
    return batches
