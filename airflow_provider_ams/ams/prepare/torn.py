"""Table rows that can't be told to belong to an event: no event goes without one of its rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

from airflow_provider_ams.ams.positions import DraftRow
from airflow_provider_ams.ams.prepare.draft import Draft
from airflow_provider_ams.ams.problems import Problems

_TORN = "another row, which may belong to the same event, can't be read"
# What tells to which event a row belongs.
_PLACES = ("start_date", "start_time", "event_id")
# The number of a person who is not named at all; people who are not known have others below 0.
NOBODY = -1


def note_torn_events(
    draft: Draft,
    user_ids: Sequence[int],
    names: Sequence[Hashable],
    groups: Sequence[Sequence[DraftRow]],
    problems: Problems,
) -> None:
    """Reject the events that a row without a readable place may belong to.

    Parameters
    ----------
    draft : Draft
        The frame.
    user_ids : sequence of int
        Of each row; people who are not known have numbers below 0.
    names : sequence of tuple
        The person, and what else tells an event by its rows; None for what can't be read.
    groups : sequence of sequence of int
        Rows of each event.
    problems : Problems
        Tells which rows can't be placed, and takes the events.
    """
    lost = {row for p in problems if p.field in _PLACES or p.rule == "key" for row in p.rows}
    torn = {g for g in _same_person(lost, names, groups, draft)}
    torn |= {g for g in _neighbours(user_ids, names, groups)}
    for number in sorted(torn):
        for row in groups[number]:
            problems.add(_TORN, row, rule="event")


def _same_person(
    lost: set[DraftRow],
    names: Sequence[Any],
    groups: Sequence[Sequence[DraftRow]],
    draft: Draft,
) -> Iterator[int]:
    if not lost:
        return
    of_person: dict[Hashable, list[int]] = defaultdict(list)
    for number, group in enumerate(groups):
        if group[0] not in lost:
            of_person[names[group[0]][0]].append(number)
    for name in {names[row] for row in lost}:
        for number in of_person[name[0]]:
            first = groups[number][0]
            # An event that is named by its id may start whenever.
            if draft.event_ids[first] is not None or _may_be(name, names[first]):
                yield number


def _neighbours(
    user_ids: Sequence[int], names: Sequence[Any], groups: Sequence[Sequence[DraftRow]]
) -> Iterator[int]:
    """Find events above a row without a person, and around one whose person is not known."""
    strangers = [row for row, user in enumerate(user_ids) if user < 0]
    if not strangers:
        return
    number_of = {row: number for number, group in enumerate(groups) for row in group}
    above: dict[int, int] = {}
    last = -1
    for row, user in enumerate(user_ids):
        above[row] = last
        last = row if user >= 0 else last
    for row in strangers:
        before = above[row]
        if before < 0 or not _may_be(names[row][1:], names[before][1:]):
            continue
        after = DraftRow(row + 1)
        around = number_of.get(after) == number_of[DraftRow(before)]
        if user_ids[row] == NOBODY or around:
            yield number_of[DraftRow(before)]


def _may_be(part: Sequence[object], whole: Sequence[object]) -> bool:
    return all(a is None or a == b for a, b in zip(part, whole, strict=True))
