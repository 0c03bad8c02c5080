"""What AMS holds, by columns, with its values as they were written."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from airflow_provider_ams.ams.wire.values import Texts


@dataclass(frozen=True)
class Span:
    """The days on which events start; None is open."""

    first: int | None = None
    last: int | None = None

    def holds(self, day: int) -> bool:
        """Tell whether a day lies within."""
        return (self.first or 0) <= day <= (self.last or 1 << 31)


@dataclass(kw_only=True)
class Snapshot:
    """Stored events, column by column: entry i of each list belongs to event i.

    Fields that AMS fills in itself (calculated, linked, personal) are not in it.

    Parameters
    ----------
    ids, user_ids, start_days, start_minutes, end_days, end_minutes : list of int
        Which, whose and when.
    fields : dict
        Event-level field -> text of each event, as it was written.
    table : dict
        Table field -> text of each table row.
    table_rows : list of list of int
        Positions in `table` of each event's table rows.
    entered_by : list of int or None
        Who entered each event.
    server_time : int
        AMS's clock before the reading, epoch milliseconds.
    unreadable : list of tuple
        Id, person and what is wrong of each stored event that can't be taken for what it is (no
        readable times, an end before the start, somebody who was not asked for). It is in none
        of the columns, and exists all the same.
    unexplained : dict
        Event -> rows with the fields (and texts) of a table of which neither the form nor `table`
        knows anything: those from the second on, or the only one. An update would lose them.
    attached : set of int
        Ids of the events that have files.
    """

    ids: list[int]
    user_ids: list[int]
    start_days: list[int]
    start_minutes: list[int]
    end_days: list[int]
    end_minutes: list[int]
    fields: dict[str, Texts]
    table: dict[str, Texts]
    table_rows: list[list[int]]
    entered_by: list[int | None] = field(default_factory=list)
    server_time: int = 0
    unreadable: list[tuple[int, int, str]] = field(default_factory=list)
    unexplained: dict[int, list[dict[str, str]]] = field(default_factory=dict)
    attached: set[int] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, chosen: Sequence[int]) -> Snapshot:
        """Return some of the events; the table's rows keep their places."""
        heads = ("ids", "user_ids", "start_days", "start_minutes", "end_days", "end_minutes")
        columns: dict[str, Any] = {
            name: [getattr(self, name)[e] for e in chosen] for name in (*heads, "table_rows")
        }
        columns["entered_by"] = [self.entered_by[e] for e in chosen] if self.entered_by else []
        fields = {name: [texts[e] for e in chosen] for name, texts in self.fields.items()}
        odd = {n: self.unexplained[e] for n, e in enumerate(chosen) if e in self.unexplained}
        return replace(self, **columns, fields=fields, unexplained=odd)

    def digest(self, event: int) -> str:
        """Return a fingerprint of all that can be written of an event."""
        values = sorted((n, t) for n, c in self.fields.items() if (t := c[event]) is not None)
        rows = [
            sorted((n, t) for n, c in self.table.items() if (t := c[p]) is not None)
            for p in self.table_rows[event]
        ]
        when = (
            self.start_days[event],
            self.start_minutes[event],
            self.end_days[event],
            self.end_minutes[event],
        )
        parts: list[Any] = [self.user_ids[event], when, values, rows]
        if event in self.unexplained:
            parts.append([sorted(row.items()) for row in self.unexplained[event]])
        return hashlib.blake2b(orjson.dumps(parts), digest_size=12).hexdigest()
