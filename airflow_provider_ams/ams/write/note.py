"""The note of an import: since when, for which input, and which events were confirmed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from airflow_provider_ams.ams.positions import EventNo
from airflow_provider_ams.ams.prepare.events import EventDraft, EventSet

VERSION = 2
# A run is [position, length, first id]; with more of them the note would outgrow a few KB.
MAX_RUNS = 150


@dataclass
class Progress:
    """How far an import has come.

    Parameters
    ----------
    digest : str
        Of the frame's events, the form and the kind of import.
    since : int
        AMS's clock before the first call, epoch milliseconds.
    open_since : int
        The same, before the first call of which nothing is confirmed; 0 if it is not known.
    now : str
        Wall-clock time of the site that missing start times were given, ISO 8601.
    confirmed : list of list of int, optional
        Runs ``[position, length, first id]`` in sending order, with 0 for ids that AMS has not
        told; None if there are too many.
    finished : bool
        Every event was confirmed.
    order : str
        Of the events that the positions count.
    owner : str
        The try that may send.
    """

    digest: str
    since: int
    now: str
    confirmed: list[list[int]] | None = None
    finished: bool = False
    order: str = ""
    owner: str = ""
    open_since: int = 0

    def dump(self) -> dict[str, Any]:
        """Return the note as JSON."""
        return {"version": VERSION, **asdict(self)}

    @classmethod
    def parse(cls, state: dict[str, Any] | None) -> Progress | None:
        """Read a note; None for no note, or one of another version."""
        if not state or state.get("version") != VERSION:
            return None
        values = {k: v for k, v in state.items() if k != "version"}
        try:
            note = cls(**values)
        except TypeError:
            return None
        texts = (note.digest, note.now, note.order, note.owner)
        times = (note.since, note.open_since)
        fits = all(isinstance(t, str) for t in texts) and {type(t) for t in times} == {int}
        fits = fits and isinstance(note.finished, bool)
        return note if fits and _are_runs(note.confirmed) else None


def _are_runs(packed: object) -> bool:
    return packed is None or (isinstance(packed, list) and all(map(_is_run, packed)))


def _is_run(run: object) -> bool:
    return isinstance(run, list) and [type(n) for n in run] == [int] * 3 and min(run) >= 0


def digest(events: EventDraft) -> str:
    """Return a fingerprint of a frame's events; how they are sent is not in it."""
    total = hashlib.sha256()
    for parts in _parts(events):
        total.update(orjson.dumps(parts))
    return total.hexdigest()


def _parts(events: EventDraft) -> Iterable[object]:
    yield events.form, events.rows, events.user_ids, events.event_ids
    yield events.times.columns
    yield [list(rows) for rows in events.table_rows]
    yield from (*events.fields.items(), *events.table.items())


def order_digest(events: EventSet, order: Sequence[EventNo]) -> str:
    """Return a fingerprint of which events the positions of a note count."""
    rows = [events.rows[event] for event in order]
    ids = [events.event_ids[event] for event in order]
    return hashlib.sha256(orjson.dumps((rows, ids))).hexdigest()[:16]


def runs(ids: Sequence[int | None]) -> list[list[int]] | None:
    """Pack ids by position into runs of consecutive ids; None if there are too many runs."""
    packed: list[list[int]] = []
    for position, number in enumerate(ids):
        if number is None:
            continue
        last = packed[-1] if packed else None
        follows = last and (number == last[2] + last[1] if last[2] else number == 0)
        if last and follows and position == last[0] + last[1]:
            last[1] += 1
        else:
            packed.append([position, 1, number])
            if len(packed) > MAX_RUNS:
                return None
    return packed


def unpack(packed: Sequence[Sequence[int]]) -> dict[int, int]:
    """Return position -> id."""
    return {p + i: first and first + i for p, length, first in packed for i in range(length)}
