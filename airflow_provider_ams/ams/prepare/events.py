"""A checked frame as events, by columns, and their form on the wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from airflow_provider_ams.ams.wire.dates import WIRE_TIMES, day_text
from airflow_provider_ams.ams.wire.values import Texts

_MOMENTS = ("start_days", "start_minutes", "end_days", "end_minutes")


@dataclass
class EventSet:
    """Events to write, column by column: entry i of each list belongs to event i.

    Parameters
    ----------
    form : str
        Exact name.
    rows : sequence of sequence of int
        Positions of the input rows that make up each event.
    user_ids, start_days, start_minutes, end_days, end_minutes : list of int
        Whose and when.
    event_ids : list of int or None
        None: a new event.
    fields : dict
        Event-level fields: name -> text of each event.
    table : dict
        Table fields: name -> text of each table row.
    table_rows : list of list of int
        Positions in `table` of each event's table rows; empty for forms without table.
    has_table : bool
        Whether table fields were named.
    table_groups : list of list of int
        As `table_rows`, with the rows that hold no value.
    """

    form: str
    rows: Sequence[Sequence[int]]
    user_ids: list[int]
    start_days: list[int]
    start_minutes: list[int]
    end_days: list[int]
    end_minutes: list[int]
    event_ids: list[int | None]
    fields: dict[str, Texts]
    table: dict[str, Texts] = field(default_factory=dict)
    table_rows: Sequence[Sequence[int]] = ()
    has_table: bool = False
    table_groups: Sequence[Sequence[int]] = ()

    def __len__(self) -> int:
        return len(self.user_ids)

    def take(self, chosen: Sequence[int]) -> EventSet:
        """Return some of the events; the table's rows keep their places."""
        columns: dict[str, Any] = {
            name: [getattr(self, name)[e] for e in chosen]
            for name in ("rows", "user_ids", *_MOMENTS, "event_ids")
        }
        tables: dict[str, Any] = {
            name: [getattr(self, name)[e] for e in chosen] if self.has_table else ()
            for name in ("table_rows", "table_groups")
        }
        fields = {name: [texts[e] for e in chosen] for name, texts in self.fields.items()}
        return replace(self, **columns, **tables, fields=fields)

    def wire_rows(self, event: int) -> list[dict[str, Any]]:
        """Return an event's rows as AMS wants them.

        Row 0 holds the event-level fields alone, then one row for each table row: AMS has been
        seen to split an event whose row 0 mixes both into two.
        """
        rows: list[dict[str, Any]] = [{"row": 0, "pairs": _pairs(self.fields, event)}]
        if self.has_table:
            for number, position in enumerate(self.table_rows[event], start=1):
                rows.append({"row": number, "pairs": _pairs(self.table, position)})
        return rows

    def wire(self, event: int) -> dict[str, Any]:
        """Return one event as it goes over the wire."""
        body: dict[str, Any] = {
            "formName": self.form,
            "startDate": day_text(self.start_days[event]),
            "finishDate": day_text(self.end_days[event]),
            "startTime": WIRE_TIMES[self.start_minutes[event]],
            "finishTime": WIRE_TIMES[self.end_minutes[event]],
            "userId": {"userId": self.user_ids[event]},
            "rows": self.wire_rows(event),
        }
        if self.event_ids[event] is not None:
            body["existingEventId"] = self.event_ids[event]
        return body


def _pairs(columns: Mapping[str, Texts], position: int) -> list[dict[str, str]]:
    return [
        {"key": key, "value": text}
        for key, texts in columns.items()
        if (text := texts[position]) is not None
    ]


def make_batches(events: EventSet, size: int) -> list[list[int]]:
    """Divide events into calls, oldest first.

    AMS refuses a call with two events of one user and date on a form without table, whatever
    their times, so such events go into different calls: first every user's first event of a
    date, then every second one, and so on.

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
    order: list[int] = np.lexsort((minutes, days)).tolist()  # stable
    if events.has_table:
        return [order[start : start + size] for start in range(0, len(order), size)]
    # One number for a user's day: tuples by the hundred thousand keep the garbage collector busy.
    users = np.asarray(events.user_ids, dtype=np.int64)
    place: list[int] = (days * (int(users.max(initial=0)) + 1) + users).tolist()
    seen: dict[int, int] = {}
    rank = [0] * len(events)
    for i in order:
        rank[i] = seen[place[i]] = seen.get(place[i], -1) + 1
    if len(seen) < len(order):
        order = np.lexsort((minutes, np.asarray(rank), days)).tolist()
    batches: list[list[int]] = []
    held: set[int] = set()
    for i in order:
        if not batches or len(batches[-1]) == size or place[i] in held:
            batches.append([])
            held = set()
        batches[-1].append(i)
        held.add(place[i])
    return batches
