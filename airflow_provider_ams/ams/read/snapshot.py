"""What AMS holds, by columns, with its values as they were written."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.errors import AMSReplyError
from airflow_provider_ams.ams.forms.schema import FormSchema
from airflow_provider_ams.ams.read.synchronise import (
    Search,
    read_profiles,
    search,
    server_time,
    synchronise,
)
from airflow_provider_ams.ams.wire.dates import DateProblem, parse_day, parse_minute
from airflow_provider_ams.ams.wire.stored_values import restore
from airflow_provider_ams.ams.wire.values import Texts

RawEvent = Mapping[str, Any]


@dataclass(frozen=True)
class Span:
    """The days on which events start; None is open."""

    first: int | None = None
    last: int | None = None


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

    def take(self, chosen: Sequence[int]) -> Snapshot:
        """Return some of the events; the table's rows keep their places."""
        heads = ("ids", "user_ids", "start_days", "start_minutes", "end_days", "end_minutes")
        columns: dict[str, Any] = {
            name: [getattr(self, name)[e] for e in chosen] for name in (*heads, "table_rows")
        }
        fields = {name: [texts[e] for e in chosen] for name, texts in self.fields.items()}
        return replace(self, **columns, fields=fields)

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
    """Turn raw events into columns; parameters as for `SnapshotBuilder`."""
    builder = SnapshotBuilder(schema, table_fields, zone=zone)
    builder.add(raw)
    return builder.finish(server_time)


class SnapshotBuilder:
    """Turn raw events into columns, page by page: a million small objects never live at once.

    Parameters
    ----------
    schema : FormSchema or None
        The form. Without it every field counts as one that can be written, `table_fields` as the
        table's, and values stay as AMS shows them.
    table_fields : sequence of str
        See `schema`.
    zone : str, optional
        The site's time zone, for date fields.
    span : Span
        Events outside of it are left out.
    """

    def __init__(
        self,
        schema: FormSchema | None,
        table_fields: Sequence[str] = (),
        *,
        zone: str | None = None,
        span: Span = Span(),
    ) -> None:
        names = (list(schema.writable), list(schema.table)) if schema else ([], table_fields)
        self._schema = schema
        self._zone = zone
        self._first, self._last = span.first or 0, span.last or 1 << 31
        self._places: dict[int, int] = {}
        self._fields: dict[str, Texts] = {name: [] for name in names[0]}
        self._table: dict[str, Texts] = {name: [] for name in names[1]}
        self._table_rows: list[list[int]] = []
        self._total = 0
        # Person, start day and minute, end day and minute.
        self._heads: tuple[list[int], ...] = ([], [], [], [], [])
        self._days = _Parsed(parse_day)
        self._minutes = _Parsed(parse_minute)

    def add(self, raw: Iterable[RawEvent]) -> None:
        """Take events; one that was taken before is replaced.

        Raises
        ------
        AMSReplyError
            An event can't be read: it must not pass for one that is not there.
        """
        heads: list[tuple[int, ...]] = []
        values: list[dict[str, str]] = []
        tables: list[list[dict[str, str]]] = []
        for event in raw:
            try:
                head = self._head(event)
                found = self._values(event)
                event_id = int(event["id"])
            except (DateProblem, KeyError, TypeError, ValueError):
                raise AMSReplyError("A stored event can't be read.") from None
            if not self._first <= head[1] <= self._last:
                continue
            if event_id in self._places:
                self._append(heads, values, tables)
                heads, values, tables = [], [], []
                self._replace(self._places[event_id], head, *found)
                continue
            self._places[event_id] = len(self._places)
            heads.append(head)
            values.append(found[0])
            tables.append(found[1])
        self._append(heads, values, tables)

    def finish(self, server_time: int = 0, without: Collection[int] = ()) -> Snapshot:
        """Return the snapshot, with values as they were written, less the events `without`."""
        shape = self._schema.shape_of if self._schema else lambda name: "other"
        ids = list(self._places)
        fields = {n: restore(t, shape(n), self._zone) for n, t in self._fields.items()}
        table = {n: restore(t, shape(n), self._zone) for n, t in self._table.items()}
        users, *moments = self._heads
        whole = Snapshot(
            ids, users, moments[0], moments[1], moments[2], moments[3],
            fields, table, self._table_rows, server_time,
        )  # fmt: skip
        gone = self._places.keys() & without
        return whole.take([p for p, i in enumerate(ids) if i not in gone]) if gone else whole

    def _head(self, event: RawEvent) -> tuple[int, ...]:
        days, minutes = self._days, self._minutes
        return (
            int(event["userId"]),
            days[event["startDate"]],
            minutes[event["startTime"]],
            days[event["finishDate"]],
            minutes[event["finishTime"]],
        )

    def _values(self, event: RawEvent) -> tuple[dict[str, str], list[dict[str, str]]]:
        """Return all values of an event and those of its table rows."""
        rows = event.get("rows") or ()
        found = [_pairs(row) for row in rows]
        values = found[0] if found else {}
        if not self._table:
            return values, []
        # A first table row without any value shows only by the rows that follow it.
        if len(found) == 1 and not self._table.keys() & values.keys():
            return values, []
        return values, found

    def _append(
        self,
        heads: Sequence[tuple[int, ...]],
        values: Sequence[dict[str, str]],
        tables: Sequence[list[dict[str, str]]],
    ) -> None:
        for column, items in zip(self._heads, zip(*heads, strict=True), strict=False):
            column.extend(items)
        if self._schema is None:
            for found in values:
                self._widen(found)
        for name, texts in self._fields.items():
            texts.extend([found.get(name) or None for found in values])
        self._table_rows.extend([self._add_rows(table) for table in tables])

    def _replace(
        self, place: int, head: tuple[int, ...], values: dict[str, str], table: list[dict[str, str]]
    ) -> None:
        for column, item in zip(self._heads, head, strict=True):
            column[place] = item
        if self._schema is None:
            self._widen(values)
        for name, texts in self._fields.items():
            texts[place] = values.get(name) or None
        self._table_rows[place] = self._add_rows(table)

    def _widen(self, values: dict[str, str]) -> None:
        for name in values.keys() - self._fields.keys() - self._table.keys():
            self._fields[name] = [None] * len(self._table_rows)

    def _add_rows(self, table: list[dict[str, str]]) -> list[int]:
        first = self._total
        for row in table:
            for name, texts in self._table.items():
                texts.append(row.get(name) or None)
        self._total += len(table)
        return list(range(first, self._total))


def _pairs(row: Mapping[str, Any]) -> dict[str, str]:
    return {pair["key"]: pair["value"] for pair in row.get("pairs") or ()}


class _Parsed(dict[Any, int]):
    """Read each text once."""

    def __init__(self, parse: Callable[[object], int]) -> None:
        super().__init__()
        self._parse = parse

    def __missing__(self, text: object) -> int:
        value = self[text] = self._parse(text)
        return value


# ---------------------------------------------------------------- reading


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
    builder = SnapshotBuilder(schema, table_fields, zone=client.timezone, span=span)
    deleted, server_time = _read(client, form, users, span, builder.add)
    return builder.finish(server_time, deleted)


def stored_ids(client: AMSClient, form: str, users: Sequence[int], span: Span) -> set[int]:
    """Return the ids of the stored events of these users that start within a span of days."""
    return set(read_snapshot(client, form, users, span, None).ids)


def _read(
    client: AMSClient,
    form: str,
    users: Sequence[int],
    span: Span,
    sink: Callable[[Iterable[RawEvent]], None],
) -> tuple[Collection[int], int]:
    """Hand all events to `sink`; return the ids of deleted ones and AMS's clock."""
    if not users:
        return (), 0
    if span.first is None or span.last is None:
        read = synchronise(client, form, users, 0, sink=sink)
        return read.deleted_ids, read.server_time
    tail, length = client.now().date().toordinal() - span.last, span.last - span.first + 1
    if tail <= length // 2 + 1:
        read = synchronise(client, form, users, 0, first_day=span.first, sink=sink)
        return read.deleted_ids, read.server_time
    mark = server_time(client, form, users)
    sink(search(client, Search(form), users, span.first, span.last))
    return (), mark


# A profile record has no date: all of them are given the same, so that none differs.
_NO_DATE = {
    "startDate": "01/01/2000",
    "startTime": "12:00 AM",
    "finishDate": "01/01/2000",
    "finishTime": "1:00 AM",
}


def read_profile_snapshot(
    client: AMSClient, form: str, users: list[int], schema: FormSchema | None
) -> Snapshot:
    """Read the stored profile records of these users."""
    records = read_profiles(client, form, users)
    raw = [{"id": r.get("id") or r["userId"], **r, **_NO_DATE} for r in records]
    return take_snapshot(raw, schema, zone=client.timezone)
