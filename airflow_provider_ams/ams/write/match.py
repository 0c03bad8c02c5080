"""Recognise events that were sent among events that AMS holds.

AMS changes what it stores and adds fields of its own, so two events are equal here if they agree
in person, start and end and in every field that the import sends, by the one rule of
`wire.stored_values`; where the import sends no value, none may be stored. Matching is an
assignment: each stored event stands for one sent event at most, equal texts before texts that mean
the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_ams.ams.forms.schema import FormSchema
from airflow_provider_ams.ams.plan.diff import kind_of
from airflow_provider_ams.ams.positions import EventNo, StoredNo
from airflow_provider_ams.ams.prepare.events import EventSet
from airflow_provider_ams.ams.read.snapshot import Snapshot
from airflow_provider_ams.ams.wire.stored_values import (
    hidden_day,
    hidden_moment,
    loose_meanings,
    meanings,
)
from airflow_provider_ams.ams.wire.values import Texts
from airflow_provider_ams.ams.wire.written_back import TYPES, ZONE

# Why a stored value may be the one sent or not, beside `TYPES` and `ZONE`.
MOMENT, CUT = "moment", "cut"
_EXACT, _SAME, _LOOSE = "exact", "same", "loose"
Line = tuple[Hashable, ...]
Place = tuple[int, int, int]


@dataclass
class Match:
    """What a read-back found.

    Parameters
    ----------
    found : dict
        Event number -> the stored event that it is.
    without : dict
        Event number -> fields that AMS did not keep.
    undecided : dict
        Event number -> stored events that may be it, of which nobody can tell.
    """

    found: dict[EventNo, StoredNo] = field(default_factory=dict)
    without: dict[EventNo, list[str]] = field(default_factory=dict)
    undecided: dict[EventNo, list[StoredNo]] = field(default_factory=dict)


class Comparison:
    """Compare events to send with stored ones, column by column.

    Parameters
    ----------
    events : EventSet
        What was sent.
    stored : Snapshot
        What is there.
    schema : FormSchema or None
        The form; without it all fields are texts.
    zone : str, optional
        The site's time zone, for date fields.
    """

    def __init__(
        self,
        events: EventSet,
        stored: Snapshot,
        schema: FormSchema | None,
        zone: str | None = None,
    ) -> None:
        self.events = events
        self.stored = stored
        self.schema = schema
        self.zone = zone
        read_only = {n for n, i in schema.by_name.items() if not i.writable} if schema else set()
        self.names = [n for n in events.fields if n not in read_only]
        self.table = [n for n in events.table if n not in read_only]

    def place(self, event: EventNo) -> Place:
        """Return person and start of an event to send."""
        e = self.events
        return e.user_ids[event], e.start_days[event], e.start_minutes[event]

    def stored_places(self, among: Iterable[StoredNo]) -> dict[Place, list[StoredNo]]:
        """Return stored events by person and start."""
        s = self.stored
        places: dict[Place, list[StoredNo]] = defaultdict(list)
        for at in among:
            places[s.user_ids[at], s.start_days[at], s.start_minutes[at]].append(at)
        return places

    def lines(
        self,
        records: EventSet | Snapshot,
        numbers: Sequence[int],
        level: str,
        names: Sequence[str] | None = None,
        *,
        ends: bool = True,
    ) -> list[Line]:
        """Return what each event is compared by, at a level of strictness."""
        names = self.names if names is None else names
        columns: list[Sequence[Hashable]] = [[None] * len(numbers)]
        if ends:
            columns += [[c[n] for n in numbers] for c in (records.end_days, records.end_minutes)]
        for name in names:
            texts = records.fields.get(name)
            picked: Texts = [None] * len(numbers) if texts is None else [texts[n] for n in numbers]
            columns.append(self._means(name, picked, level))
        if self.table:
            columns.append(self._tables(records, numbers, level))
        return list(zip(*columns, strict=True))

    def _tables(
        self, records: EventSet | Snapshot, numbers: Sequence[int], level: str
    ) -> list[Hashable]:
        rows = [records.table_rows[n] for n in numbers]
        used = [row for group in rows for row in group]
        columns: list[list[Hashable]] = []
        for name in self.table:
            texts = records.table.get(name)
            picked: Texts = [None] * len(used) if texts is None else [texts[r] for r in used]
            columns.append(self._means(name, picked, level))
        lines = iter(zip(*columns, strict=True))
        tables = [[next(lines) for _ in group] for group in rows]
        # Rows without a value of the table are no rows of it.
        return [tuple(r for r in t if any(v is not None for v in r)) for t in tables]

    def _means(self, name: str, texts: Texts, level: str) -> list[Hashable]:
        if level == _EXACT:
            return list(texts)
        kind = kind_of(self.schema, name)
        mean = loose_meanings if level == _LOOSE else meanings
        return mean(texts, kind, self.zone)

    def holds(self, event: EventNo, at: StoredNo, *, exact: bool = False) -> bool:
        """Tell whether a stored event is what was sent, moved to its person and time."""
        s = self.stored
        where = s.user_ids[at], s.start_days[at], s.start_minutes[at]
        level = _EXACT if exact else _SAME
        mine = self.lines(self.events, [event], level)
        return where == self.place(event) and mine == self.lines(s, [at], level)

    def other_fields(self, event: EventNo, at: StoredNo) -> list[str]:
        """Return the fields in which a stored event plainly is not what was sent."""
        s, e = self.stored, self.events
        starts = (s.start_days[at], s.start_minutes[at]), (s.end_days[at], s.end_minutes[at])
        mine = (
            (e.start_days[event], e.start_minutes[event]),
            (
                e.end_days[event],
                e.end_minutes[event],
            ),
        )
        found = [n for n, a, b in zip(("start", "end"), mine, starts, strict=True) if a != b]
        for name in self.names:
            texts = s.fields.get(name)
            sent, held = e.fields[name][event], None if texts is None else texts[at]
            meant, is_there = self._means(name, [sent, held], _LOOSE)
            if meant != is_there:
                found.append(name)
        if self.table and not self._same_tables(event, at, _LOOSE):
            found += self.table
        return found

    # ------------------------------------------------------------ new events

    def match_new(self, wanted: Sequence[EventNo], among: Sequence[StoredNo]) -> Match:
        """Find each wanted event among stored ones, each stored event being used once.

        After the whole matches come those with another end, which AMS has been seen to change, and
        without the fields that no stored event has at all: AMS drops fields that a form does not
        have (docs/wire.md, sections 4 and 8).
        """
        match = Match()
        left = list(among)
        for level in (_EXACT, _SAME):
            left = self._assign(match, wanted, left, level)
        there = {n for n in self.names if any(self._has(n, at) for at in among)}
        kept = [n for n in self.names if n in there]
        gone = [n for n in self.names if n not in there]
        before = set(match.found)
        left = self._assign(match, wanted, left, _SAME, kept, ends=False)
        for event in match.found.keys() - before:
            lost = [n for n in gone if self.events.fields[n][event] is not None]
            if lost:
                match.without[event] = sorted(lost)
        self._note_undecided(match, wanted, left)
        return match

    def _has(self, name: str, at: StoredNo) -> bool:
        texts = self.stored.fields.get(name)
        return texts is not None and texts[at] is not None

    def _assign(
        self,
        match: Match,
        wanted: Sequence[EventNo],
        among: Sequence[StoredNo],
        level: str,
        names: Sequence[str] | None = None,
        *,
        ends: bool = True,
    ) -> list[StoredNo]:
        """Assign equal events to each other; returns the stored ones that are left.

        Equality is one of whole lines, so that any assignment within a line is as good as another.
        """
        open_events = [event for event in wanted if event not in match.found]
        if not open_events or not among:
            return list(among)
        pool: dict[Any, list[StoredNo]] = defaultdict(list)
        s = self.stored
        for at, line in zip(among, self.lines(s, among, level, names, ends=ends), strict=True):
            where = s.user_ids[at], s.start_days[at], s.start_minutes[at]
            pool[where, line].append(at)
        taken: set[StoredNo] = set()
        lines = self.lines(self.events, open_events, level, names, ends=ends)
        for event, line in zip(open_events, lines, strict=True):
            candidates = pool.get((self.place(event), line))
            if candidates:
                match.found[event] = candidates.pop(0)
                taken.add(match.found[event])
        return [at for at in among if at not in taken]

    def _note_undecided(
        self, match: Match, wanted: Sequence[EventNo], left: Sequence[StoredNo]
    ) -> None:
        places = self.stored_places(left)
        for event in wanted:
            if event not in match.found and (held := places.get(self.place(event))):
                match.undecided[event] = held

    # ------------------------------------------------------------ doubt

    def unclear_fields(self, event: EventNo, at: StoredNo) -> dict[str, str] | None:
        """Return the fields that differ and might yet be the same; None if any plainly differs.

        Returns
        -------
        dict or None
            Field -> what would have to be known: `TYPES`, its kind; `ZONE`, the site's time zone;
            `MOMENT`, how AMS shows dates with a time; `CUT`, whether AMS has cut it short.
        """
        s, e = self.stored, self.events
        ends = s.end_days[at], s.end_minutes[at]
        if (e.end_days[event], e.end_minutes[event]) != ends:
            return None
        unclear = {}
        for name in self.names:
            texts = s.fields.get(name)
            sent, held = self.events.fields[name][event], None if texts is None else texts[at]
            meant, found = self._means(name, [sent, held], _SAME)
            if meant == found:
                continue
            why = self._why_unclear(name, sent, held, meant, found)
            if why is None:
                return None
            unclear[name] = why
        if self.table and not self._same_tables(event, at, _SAME):
            if not self._same_tables(event, at, _LOOSE):
                return None
            unclear |= dict.fromkeys(self.table, TYPES)
        return unclear

    def _why_unclear(
        self, name: str, sent: str | None, held: str | None, meant: Hashable, found: Hashable
    ) -> str | None:
        """Return why nobody can tell whether a stored text is the one sent; None if anybody can."""
        loosely, held_loosely = self._means(name, [sent, held], _LOOSE)
        if loosely == held_loosely:
            return TYPES
        if sent and held:
            kind = kind_of(self.schema, name)
            if kind == "date" and hidden_day(sent, held, self.zone):
                return ZONE
            if kind == "unknown" and hidden_moment(sent, held):
                return MOMENT
        return CUT if _is_cut(meant, found) else None

    def _same_tables(self, event: EventNo, at: StoredNo, level: str) -> bool:
        mine = self._tables(self.events, [event], level)
        return mine == self._tables(self.stored, [at], level)


def _is_cut(meant: Hashable, found: Hashable) -> bool:
    """Tell whether AMS may have stored the beginning of a text; numbers and dates are none."""
    if not isinstance(meant, str) or not isinstance(found, str):
        return False
    return bool(found) and meant.startswith(found)
