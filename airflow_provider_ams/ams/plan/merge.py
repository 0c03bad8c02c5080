"""Lay what a frame says over what AMS holds, so that an update loses nothing.

AMS replaces whole events (docs/wire.md, section 8). What the frame does not have is written back:
fields and table rows; a column that the frame has counts as it is, its empty cells too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from airflow_provider_ams.ams.forms.schema import FormSchema
from airflow_provider_ams.ams.plan.match import StoredIndex
from airflow_provider_ams.ams.positions import EventNo
from airflow_provider_ams.ams.prepare.events import EventSet
from airflow_provider_ams.ams.read.snapshot import Snapshot
from airflow_provider_ams.ams.wire.values import Texts


def keep_fields(
    events: EventSet, stored_index: StoredIndex, stored: Snapshot, schema: FormSchema
) -> EventSet:
    """Return the events with the stored values of all fields that the frame does not have."""
    fields = dict(events.fields)
    for name in schema.writable:
        texts = stored.fields.get(name)
        if name in fields or texts is None:
            continue
        kept = [None if at is None else texts[at] for at in stored_index]
        if any(text is not None for text in kept):
            fields[name] = kept
    return replace(events, fields=fields)


def keep_identity(
    events: EventSet, stored_index: StoredIndex, stored: Snapshot, field: str
) -> EventSet:
    """Return the events with the ids of stored ones where they have none of their own."""
    held = stored.fields.get(field) or [None] * len(stored)
    own = events.fields[field]
    kept = [
        text if text is not None or at is None else held[at]
        for text, at in zip(own, stored_index, strict=True)
    ]
    return replace(events, fields={**events.fields, field: kept})


def keep_table(
    events: EventSet, stored_index: StoredIndex, stored: Snapshot, schema: FormSchema
) -> tuple[EventSet, list[EventNo]]:
    """Return the events with stored table rows, and the events whose rows can't be laid over.

    A frame without table fields keeps the stored rows. One with some of them lays its rows over
    the stored rows, first over first; that needs as many rows as are stored.
    """
    missing = [name for name in schema.table if name not in events.table]
    if not missing:
        return events, []
    if not events.has_table:
        rows = [[] if at is None else stored.table_rows[at] for at in stored_index]
        if not any(rows):
            return events, []
        table = dict(stored.table)
        kept = replace(events, table=table, table_rows=rows, table_groups=rows, has_table=True)
        return kept, []
    return _lay_over(events, stored_index, stored, missing)


def _lay_over(
    events: EventSet, stored_index: StoredIndex, stored: Snapshot, missing: Sequence[str]
) -> tuple[EventSet, list[EventNo]]:
    total = max((len(texts) for texts in events.table.values()), default=0)
    table: dict[str, Texts] = {**events.table, **{name: [None] * total for name in missing}}
    table_rows = list(events.table_rows)
    unfit = []
    for event, at in enumerate(stored_index):
        rows = stored.table_rows[at] if at is not None else []
        if not rows:
            continue
        group = events.table_groups[event]
        if len(group) != len(rows):
            unfit.append(EventNo(event))
            continue
        for position, kept in zip(group, rows, strict=True):
            for name in missing:
                table[name][position] = stored.table[name][kept]
        table_rows[event] = list(group)
    return replace(events, table=table, table_rows=table_rows), unfit
