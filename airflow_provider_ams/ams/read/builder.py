"""From events, page by page, to the columns of a snapshot."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from airflow_provider_ams.ams.forms.schema import FormSchema
from airflow_provider_ams.ams.read.columns import Snapshot, Span
from airflow_provider_ams.ams.wire.dates import stored_day, stored_minute
from airflow_provider_ams.ams.wire.records import Event, Row
from airflow_provider_ams.ams.wire.stored_values import restore
from airflow_provider_ams.ams.wire.values import Texts

_Values = dict[str, "str | None"]
_ALWAYS = Span()


def take_snapshot(
    events: Sequence[Event],
    schema: FormSchema | None,
    table_fields: Sequence[str] = (),
    *,
    zone: str | None = None,
    server_time: int = 0,
) -> Snapshot:
    """Turn events into columns; parameters as for `SnapshotBuilder`."""
    builder = SnapshotBuilder(schema, table_fields, zone=zone)
    builder.add(events)
    return builder.finish(server_time)


class SnapshotBuilder:
    """Turn events into columns, page by page: a million small objects never live at once.

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
    users : collection of int, optional
        Who was asked for; events of others are not readable as theirs.
    """

    def __init__(
        self,
        schema: FormSchema | None,
        table_fields: Sequence[str] = (),
        *,
        zone: str | None = None,
        span: Span = _ALWAYS,
        users: Collection[int] | None = None,
    ) -> None:
        names = (list(schema.writable), list(schema.table)) if schema else ([], table_fields)
        filled_in = [f.name for f in schema.fields if not f.writable] if schema else []
        self._schema = schema
        self._zone = zone
        self._span = span
        self._users = users
        self._places: dict[int, int] = {}
        self._fields: dict[str, Texts] = {name: [] for name in names[0]}
        self._table: dict[str, Texts] = {name: [] for name in names[1]}
        self._explained = {*self._table, *filled_in}
        # Else a row that repeats the first one may be a row of the table that is like it.
        self._table_is_known = schema is not None and schema.marks_table and not schema.named_table
        self._table_rows: list[list[int]] = []
        self._total = 0
        self._entered_by: list[int | None] = []
        # Person, start day and minute, end day and minute.
        self._heads: tuple[list[int], ...] = ([], [], [], [], [])
        self._unreadable: dict[int, tuple[int, str]] = {}
        self._outside: set[int] = set()
        self._attached: set[int] = set()
        self._odd: dict[int, list[dict[str, str]]] = {}

    @property
    def is_empty(self) -> bool:
        """Whether no event at all was taken or found unreadable."""
        return not self._places and not self._unreadable

    def add(self, events: Iterable[Event]) -> None:
        """Take events; one that was taken before is replaced."""
        heads: list[tuple[int, ...]] = []
        values: list[_Values] = []
        tables: list[list[_Values]] = []
        for event in events:
            head = self._head(event)
            if head is None:
                continue
            found = self._values(event)
            if event.attachments:
                self._attached.add(event.id)
            if event.id in self._places:
                self._append(heads, values, tables)
                heads, values, tables = [], [], []
                self._replace(self._places[event.id], head, *found)
                continue
            self._places[event.id] = len(self._places)
            self._entered_by.append(event.entered_by)
            heads.append(head)
            values.append(found[0])
            tables.append(found[1])
        self._append(heads, values, tables)

    def finish(self, server_time: int = 0, without: Collection[int] = ()) -> Snapshot:
        """Return the snapshot, with values as they were written, less the events `without`."""
        kind = self._schema.kind_of if self._schema else lambda name: "unknown"
        ids = list(self._places)
        self._note_first_rows(ids)
        users, start_days, start_minutes, end_days, end_minutes = self._heads
        deleted = set(without)
        whole = Snapshot(
            ids=ids,
            user_ids=users,
            start_days=start_days,
            start_minutes=start_minutes,
            end_days=end_days,
            end_minutes=end_minutes,
            fields={n: restore(t, kind(n), self._zone) for n, t in self._fields.items()},
            table={n: restore(t, kind(n), self._zone) for n, t in self._table.items()},
            table_rows=self._table_rows,
            entered_by=self._entered_by,
            server_time=server_time,
            unreadable=[(i, *why) for i, why in self._unreadable.items() if i not in deleted],
            unexplained={self._places[i]: rows for i, rows in self._odd.items()},
            attached=self._attached,
        )
        gone = self._places.keys() & (deleted | self._unreadable.keys() | self._outside)
        return whole.take([p for p, i in enumerate(ids) if i not in gone]) if gone else whole

    def _head(self, event: Event) -> tuple[int, ...] | None:
        """Return whose the event is and when; None if it is left out, which is noted."""
        day, minute = stored_day(event.start_date), stored_minute(event.start_time)
        end_day, end_minute = stored_day(event.finish_date), stored_minute(event.finish_time)
        self._unreadable.pop(event.id, None)
        self._outside.discard(event.id)
        if day is not None and not self._span.holds(day):
            self._outside.add(event.id)
            return None
        why = ""
        if self._users is not None and event.user_id not in self._users:
            why = "it belongs to a person who was not asked for"
        elif day is None or minute is None or end_day is None or end_minute is None:
            why = "its date or time can't be read"
        elif (end_day, end_minute) < (day, minute):
            why = "its end is before its start"
        if why:
            self._unreadable[event.id] = (event.user_id, why)
            return None
        assert day is not None
        assert minute is not None
        assert end_day is not None
        assert end_minute is not None
        return event.user_id, day, minute, end_day, end_minute

    def _values(self, event: Event) -> tuple[_Values, list[_Values]]:
        """Return all values of an event and those of its table rows."""
        rows = [_pairs(row) for row in event.rows]
        values = rows[0] if rows else {}
        self._odd.pop(event.id, None)
        if len(rows) > 1:
            self._note_unexplained(event.id, values, rows[1:])
        if not self._table:
            return values, []
        # A first table row without any value shows only by the rows that follow it.
        if len(rows) == 1 and not self._table.keys() & values.keys():
            return values, []
        return values, rows

    def _note_unexplained(self, event_id: int, first: _Values, rows: Sequence[_Values]) -> None:
        odd = [
            {
                key: text
                for key, text in row.items()
                if text
                and key not in self._explained
                and not (self._table_is_known and first.get(key) == text)
            }
            for row in rows
        ]
        if any(odd):
            self._odd[event_id] = odd

    def _note_first_rows(self, ids: Sequence[int]) -> None:
        """Note events whose only row holds what other events show to be columns of a table."""
        columns = {key for rows in self._odd.values() for row in rows for key in row}
        for name in columns & self._fields.keys():
            for place, text in enumerate(self._fields[name]):
                if text is not None and ids[place] not in self._odd:
                    self._odd[ids[place]] = [{name: text}]

    def _append(
        self,
        heads: Sequence[tuple[int, ...]],
        values: Sequence[_Values],
        tables: Sequence[list[_Values]],
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
        self, place: int, head: tuple[int, ...], values: _Values, table: list[_Values]
    ) -> None:
        for column, item in zip(self._heads, head, strict=True):
            column[place] = item
        if self._schema is None:
            self._widen(values)
        for name, texts in self._fields.items():
            texts[place] = values.get(name) or None
        self._table_rows[place] = self._add_rows(table)

    def _widen(self, values: _Values) -> None:
        for name in values.keys() - self._fields.keys() - self._table.keys():
            self._fields[name] = [None] * len(self._table_rows)

    def _add_rows(self, table: list[_Values]) -> list[int]:
        first = self._total
        for row in table:
            for name, texts in self._table.items():
                texts.append(row.get(name) or None)
        self._total += len(table)
        return list(range(first, self._total))


def _pairs(row: Row) -> _Values:
    return {pair.key: pair.value for pair in row.pairs}
