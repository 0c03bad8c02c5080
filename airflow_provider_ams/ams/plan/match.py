"""Find the stored event that each row of a frame stands for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

from airflow_provider_ams.ams.prepare.draft import Draft
from airflow_provider_ams.ams.read.snapshot import Snapshot
from airflow_provider_ams.ams.validate.inspect import wrong_ids


@dataclass
class Matched:
    """Which stored event each row of a draft stands for.

    Parameters
    ----------
    places : list of int or None
        Its position in the snapshot; None for a new one.
    rejects : dict
        Position of an input row -> why nobody can tell.
    claimed : set of int
        Positions in the snapshot that rows may stand for.
    """

    places: list[int | None]
    rejects: dict[int, str] = field(default_factory=dict)
    claimed: set[int] = field(default_factory=set)


def match_people(draft: Draft, users: Sequence[int], stored: Snapshot) -> Matched:
    """Find profile records, of which each person has one."""
    held = {user: place for place, user in enumerate(stored.user_ids)}
    draft.event_ids = [stored.ids[held[u]] if u in held else None for u in users]
    return Matched([held.get(u) for u in users])


def match_ids(draft: Draft, users: Sequence[int], stored: Snapshot) -> Matched:
    """Find events by the frame's ``event_id``."""
    at = {event_id: place for place, event_id in enumerate(stored.ids)}
    places = [None if i is None else at.get(i) for i in draft.event_ids]
    found = wrong_ids(draft, users, stored)
    return Matched(places, {position: f.what for f in found for position in f.rows})


def match_keys(draft: Draft, stored: Snapshot, held: Sequence[Hashable]) -> Matched:
    """Find events by key; `held` are the keys of the stored ones. Fills in the event ids."""
    keys = draft.event_keys
    assert keys is not None
    at = {key: place for place, key in enumerate(held)}
    twins = _twins(held) if len(at) < len(held) else {}
    matched = Matched([at.get(key) for key in keys])
    for row, place in enumerate(matched.places):
        if place is None:
            continue
        places = twins.get(keys[row])
        if places is None:
            draft.event_ids[row] = stored.ids[place]
            continue
        ids = ", ".join(str(stored.ids[p]) for p in places)
        matched.claimed.update(places)
        matched.places[row] = None
        matched.rejects[draft.source[row]] = f"several stored events have this key: {ids}"
    return matched


def undated(draft: Draft, matched: Matched) -> dict[int, str]:
    """Return the rows of new events that have no date."""
    days = draft.moments.start_days
    return {
        draft.source[row]: "a new event has no 'start_date'"
        for row, at in enumerate(matched.places)
        if at is None and days[row] is None
    }


def _twins(keys: Sequence[Hashable]) -> dict[Hashable, list[int]]:
    """Return the keys that several events share, with the events' places."""
    found: dict[Hashable, list[int]] = defaultdict(list)
    for place, key in enumerate(keys):
        found[key].append(place)
    return {key: places for key, places in found.items() if len(places) > 1}
