"""What AMS holds, by columns, with its values as they were written."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from airflow_provider_ams.ams.canonical import restore
from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.dates import DateProblem, parse_day, parse_minute
from airflow_provider_ams.ams.errors import AMSReplyError
from airflow_provider_ams.ams.reading import Search, search, synchronise
from airflow_provider_ams.ams.schema import FormSchema
from airflow_provider_ams.ams.values import Texts

RawEvent = Mapping[str, Any]


@dataclass
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
    server_time : int
        AMS's clock before the reading, epoch milliseconds.
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
    server_time: int = 0

    def __len__(self) -> int:
        return len(self.ids)

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
        packed = orjson.dumps((self.user_ids[event], when, values, rows))
        return hashlib.blake2b(packed, digest_size=12).hexdigest()


def take_snapshot(
    raw: Sequence[RawEvent],
    schema: FormSchema | None,
    table_fields: Sequence[str] = (),
    *,
    zone: str | None = None,
    server_time: int = 0,
) -> Snapshot:
    """Turn raw events into columns.

    Parameters
    ----------
    raw : sequence of dict
        As AMS returns them: the first table row is merged into row 0.
    schema : FormSchema or None
        The form. Without it every field counts as one that can be written, `table_fields` as the
        table's, and values stay as AMS shows them.
    table_fields : sequence of str
        See `schema`.
    zone : str, optional
        The site's time zone, for date fields.
    server_time : int
        AMS's clock before the reading.

    Raises
    ------
    AMSReplyError
        An event can't be read: it must not pass for one that is not there.
    """
    days: dict[Any, int] = {}
    minutes: dict[Any, int] = {}
    try:
        start_days = [_known(days, e["startDate"], parse_day) for e in raw]
        start_minutes = [_known(minutes, e["startTime"], parse_minute) for e in raw]
        end_days = [_known(days, e["finishDate"], parse_day) for e in raw]
        end_minutes = [_known(minutes, e["finishTime"], parse_minute) for e in raw]
        users = [int(e["userId"]) for e in raw]
    except (DateProblem, KeyError, TypeError, ValueError):
        raise AMSReplyError("The person or dates of a stored event can't be read.") from None
    fields, table, table_rows = _columns(raw, schema, dict.fromkeys(table_fields))
    shape = schema.shape_of if schema else lambda name: "other"
    return Snapshot(
        [int(e["id"]) for e in raw],
        users,
        start_days,
        start_minutes,
        end_days,
        end_minutes,
        {name: restore(texts, shape(name), zone) for name, texts in fields.items()},
        {name: restore(texts, shape(name), zone) for name, texts in table.items()},
        table_rows,
        server_time,
    )


def _known(seen: dict[Any, int], text: object, parse: Callable[[object], int]) -> int:
    if text not in seen:
        seen[text] = parse(text)
    return seen[text]


def _columns(
    raw: Sequence[RawEvent], schema: FormSchema | None, table_fields: Collection[str]
) -> tuple[dict[str, Texts], dict[str, Texts], list[list[int]]]:
    in_table: Collection[str] = schema.table if schema else table_fields
    fields: dict[str, Texts] = (
        {name: [None] * len(raw) for name in schema.writable} if schema else {}
    )
    table: dict[str, Texts] = {name: [] for name in in_table}
    table_rows: list[list[int]] = []
    total = 0
    for number, event in enumerate(raw):
        rows = event.get("rows") or ()
        positions: list[int] = []
        for place, row in enumerate(rows):
            cells: dict[str, str | None] = {}
            for pair in row.get("pairs") or ():
                name, text = pair["key"], pair.get("value") or None
                if name in in_table:
                    cells[name] = text
                elif name in fields:
                    fields[name][number] = text
                elif schema is None and place == 0:
                    fields[name] = [None] * len(raw)
                    fields[name][number] = text
            # A first table row without any value shows only by the rows that follow it.
            if in_table and (cells or place or len(rows) > 1):
                for name, column in table.items():
                    column.append(cells.get(name))
                positions.append(total)
                total += 1
        table_rows.append(positions)
    return fields, table, table_rows


# ---------------------------------------------------------------- reading


@dataclass(frozen=True)
class Span:
    """The days on which events start; None is open."""

    first: int | None = None
    last: int | None = None


def read_snapshot(
    client: AMSClient,
    form: str,
    users: Sequence[int],
    span: Span,
    schema: FormSchema | None,
    table_fields: Sequence[str] = (),
) -> Snapshot:
    """Read the stored events of these users that start within a span of days.

    There are three ways, and the cheapest is taken. `synchronise` from a date returns exactly
    full pages, but has no end: it is for spans that reach close to today. For a span further
    back, ``eventsearch`` has an end, but costs extra requests where a page ends in the middle of
    a day. Without dates the whole history has to be read.
    """
    raw, server_time = _read(client, form, users, span)
    kept = _within(raw, span) if span.first is not None else raw
    return take_snapshot(kept, schema, table_fields, zone=client.timezone, server_time=server_time)


def stored_ids(client: AMSClient, form: str, users: Sequence[int], span: Span) -> set[int]:
    """Return the ids of the stored events of these users that start within a span of days."""
    raw, _ = _read(client, form, users, span)
    kept = _within(raw, span) if span.first is not None else raw
    return {int(e["id"]) for e in kept}


def _read(
    client: AMSClient, form: str, users: Sequence[int], span: Span
) -> tuple[Sequence[RawEvent], int]:
    if not users:
        return [], 0
    if span.first is None or span.last is None:
        read = synchronise(client, form, users, 0)
        return read.events, read.server_time
    today = client.now().date().toordinal()
    if today - span.last <= span.last - span.first + 31:
        read = synchronise(client, form, users, 0, first_day=span.first)
        return read.events, read.server_time
    now = int(client.clock.now() * 1000)
    mark = synchronise(client, form, users[:1], now, first_page_only=True).server_time
    return search(client, Search(form), users, span.first, span.last), mark


def _within(raw: Sequence[RawEvent], span: Span) -> list[RawEvent]:
    first, last = span.first or 0, span.last or 1 << 31
    days: dict[Any, int] = {}
    try:
        return [e for e in raw if first <= _known(days, e.get("startDate"), parse_day) <= last]
    except DateProblem:
        raise AMSReplyError("The dates of a stored event can't be read.") from None
