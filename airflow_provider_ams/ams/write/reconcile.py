"""Recognise events that were sent among events that AMS returns.

AMS changes what it stores: numbers come back as doubles in Java's text form, dates of date fields
as epoch milliseconds, line breaks as HTML, empty values not at all, the first table row merged
into row 0, and fields appear that were never sent. Equality here means: everything that was sent
is there, the same up to these changes.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from airflow_provider_ams.ams.prepare.events import EventSet
from airflow_provider_ams.ams.wire.dates import DateProblem, parse_day, stored_day, stored_minute
from airflow_provider_ams.ams.wire.records import Event

_BREAK = re.compile(r"<\s*br\s*/?\s*>|\r\n?", re.IGNORECASE)
_EPOCH_DAY = 719_163  # 01/01/1970 as an ordinal
_MS_PER_DAY = 86_400_000


def same_text(sent: str, stored: str) -> bool:
    """Tell whether a stored text is what AMS makes of a sent one."""
    if sent == stored:
        return True
    a, b = _number(sent), _number(stored)
    if a is not None and b is not None:
        return a == b or float(a) == float(b)
    if b is not None and _same_date(sent, b):
        return True
    return _lines(sent) == _lines(stored)


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) < 400 else None


def _same_date(sent: str, milliseconds: Decimal) -> bool:
    try:
        day = parse_day(sent)
    except DateProblem:
        return False
    # The zone in which AMS places midnight is not known: up to a day to either side.
    return abs(milliseconds / _MS_PER_DAY - (day - _EPOCH_DAY)) < 1


def _lines(text: str) -> str:
    return _BREAK.sub("\n", text).strip()


@dataclass(frozen=True)
class Stored:
    """An event as AMS returned it, made comparable.

    Parameters
    ----------
    id, user_id : int
        Event id and user id.
    entered_by : int or None
        The account that entered it.
    start, end : tuple of int
        Day and minute.
    rows : list of dict
        Field -> text, row by row.
    """

    id: int
    user_id: int
    entered_by: int | None
    start: tuple[int, int]
    end: tuple[int, int]
    rows: list[dict[str, str]] = field(repr=False)


def stored_event(event: Event) -> Stored | None:
    """Return an event in comparable form; None if its dates can't be read."""
    start = stored_day(event.start_date), stored_minute(event.start_time)
    end = stored_day(event.finish_date), stored_minute(event.finish_time)
    if start[0] is None or start[1] is None or end[0] is None or end[1] is None:
        return None
    rows = [{p.key: p.value for p in row.pairs if p.value} for row in event.rows]
    moments = (start[0], start[1]), (end[0], end[1])
    return Stored(event.id, event.user_id, event.entered_by, *moments, rows)


def sent_rows(events: EventSet, event: int) -> list[dict[str, str]]:
    """Return the rows of an event as AMS will show them: the first table row in row 0."""
    rows = [{p["key"]: p["value"] for p in r["pairs"]} for r in events.wire_rows(event)]
    if len(rows) > 1:
        rows[1] = {**rows[0], **rows[1]}
        del rows[0]
    return rows


def same_rows(
    sent: Sequence[Mapping[str, str]],
    stored: Sequence[Mapping[str, str]],
    ignored: frozenset[str] = frozenset(),
) -> bool:
    """Tell whether everything sent is stored, row by row; `ignored` fields may be missing."""
    if len(stored) > len(sent):
        return False
    for number, row in enumerate(sent):
        kept = stored[number] if number < len(stored) else {}
        for key, text in row.items():
            if key not in kept:
                if key not in ignored:
                    return False
            elif not same_text(text, kept[key]):
                return False
    return True


@dataclass
class Match:
    """What a read-back found.

    Parameters
    ----------
    ids : dict
        Event number -> id of the stored event.
    without : dict
        Event number -> fields that AMS did not keep.
    undecided : set of int
        Events for which something is stored that is neither theirs for sure nor somebody else's.
    """

    ids: dict[int, int] = field(default_factory=dict)
    without: dict[int, list[str]] = field(default_factory=dict)
    undecided: set[int] = field(default_factory=set)


def match_inserts(events: EventSet, wanted: Sequence[int], stored: Iterable[Stored]) -> Match:
    """Find each wanted event among the stored ones, each stored event being used once.

    Two equal events need two stored ones. First whole matches are made; then, for fields that no
    stored event has (AMS drops fields that a form does not have), without those fields.
    """
    pool: dict[tuple[int, tuple[int, int]], list[Stored]] = defaultdict(list)
    seen_fields: set[str] = set()
    for candidate in stored:
        pool[candidate.user_id, candidate.start].append(candidate)
        seen_fields.update(key for row in candidate.rows for key in row)
    match = Match()
    for strict in (True, False):
        for event in wanted:
            if event not in match.ids:
                _match_one(events, event, pool, match, seen_fields, strict)
    for event in wanted:
        if event not in match.ids and pool.get(_place(events, event)):
            match.undecided.add(event)
    return match


def _place(events: EventSet, event: int) -> tuple[int, tuple[int, int]]:
    return events.user_ids[event], (events.start_days[event], events.start_minutes[event])


def _match_one(
    events: EventSet,
    event: int,
    pool: Mapping[tuple[int, tuple[int, int]], list[Stored]],
    match: Match,
    seen_fields: set[str],
    strict: bool,
) -> None:
    candidates = pool.get(_place(events, event))
    if not candidates:
        return
    rows = sent_rows(events, event)
    unseen = frozenset(key for row in rows for key in row) - seen_fields
    end = (events.end_days[event], events.end_minutes[event])
    for candidate in candidates:
        if strict and candidate.end != end:
            continue
        if same_rows(rows, candidate.rows, frozenset() if strict else unseen):
            candidates.remove(candidate)
            match.ids[event] = candidate.id
            if not strict and unseen:
                match.without[event] = sorted(unseen)
            return


def match_updates(
    events: EventSet, wanted: Sequence[int], stored: Iterable[Stored]
) -> tuple[Match, dict[int, int]]:
    """Find out which updates have landed, and which have made a copy instead.

    Returns
    -------
    Match
        Updates whose event holds what was sent.
    dict
        Event number -> id of a stored event that holds what was sent although it is not the one
        to update, while that one has not changed.
    """
    by_id = {s.id: s for s in stored}
    targets = {i for i in events.event_ids if i is not None}
    match = Match()
    copies: dict[int, int] = {}
    others: dict[tuple[int, tuple[int, int]], list[Stored]] = defaultdict(list)
    for candidate in by_id.values():
        if candidate.id not in targets:
            others[candidate.user_id, candidate.start].append(candidate)
    for event in wanted:
        target = events.event_ids[event]
        assert target is not None
        rows = sent_rows(events, event)
        held = by_id.get(target)
        if held is not None and _holds(events, event, held, rows):
            match.ids[event] = target
        elif held is None:
            for candidate in others.get(_place(events, event), ()):
                if candidate.id > target and _holds(events, event, candidate, rows):
                    copies[event] = candidate.id
    return match, copies


def _holds(events: EventSet, event: int, held: Stored, rows: Sequence[Mapping[str, str]]) -> bool:
    start = (events.start_days[event], events.start_minutes[event])
    same_person = held.user_id == events.user_ids[event]
    return same_person and held.start == start and same_rows(rows, held.rows)
