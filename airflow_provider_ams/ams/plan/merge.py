"""Lay what a frame says over what AMS holds, so that an update loses nothing.

AMS replaces whole events. What the frame does not have is written back: fields, table rows, dates
and times; a column that the frame has counts as it is, its empty cells too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from airflow_provider_ams.ams.forms.schema import FormSchema
from airflow_provider_ams.ams.prepare.draft import Draft
from airflow_provider_ams.ams.prepare.events import EventSet
from airflow_provider_ams.ams.read.snapshot import Snapshot
from airflow_provider_ams.ams.wire.dates import MINUTES_PER_DAY
from airflow_provider_ams.ams.wire.values import Texts

# Position of each event in a snapshot; None for new events.
Places = Sequence["int | None"]


def fill_moments(draft: Draft, places: Places, stored: Snapshot) -> None:
    """Take dates and times that the frame does not give from the stored events, row by row.

    A new start alone moves the whole event: it keeps its length.
    """
    m = draft.moments
    for row, at in enumerate(places):
        if at is None:
            continue
        start, end = stored.start_minutes[at], stored.end_minutes[at]
        length = (stored.end_days[at] - stored.start_days[at]) * MINUTES_PER_DAY + end - start
        day, minute = m.start_days[row], m.start_minutes[row]
        day = stored.start_days[at] if day is None else day
        minute = start if minute is None else minute
        extra, stop = divmod(minute + length, MINUTES_PER_DAY)
        m.start_days[row], m.start_minutes[row] = day, minute
        given = m.end_minutes[row]
        if given is None:
            m.end_minutes[row] = stop
        if m.end_days[row] is None:
            m.end_days[row] = day + (extra if given is None else int(given < minute))


def keep_fields(events: EventSet, places: Places, stored: Snapshot, schema: FormSchema) -> EventSet:
    """Return the events with the stored values of all fields that the frame does not have."""
    fields = dict(events.fields)
    for name in schema.writable:
        texts = stored.fields.get(name)
        if name in fields or texts is None:
            continue
        kept = [None if at is None else texts[at] for at in places]
        if any(text is not None for text in kept):
            fields[name] = kept
    return replace(events, fields=fields)


def keep_table(
    events: EventSet, places: Places, stored: Snapshot, schema: FormSchema
) -> tuple[EventSet, list[int]]:
    """Return the events with stored table rows, and the events whose rows can't be laid over.

    A frame without table fields keeps the stored rows. One with some of them lays its rows over
    the stored rows, first over first; that needs as many rows as are stored.
    """
    missing = [name for name in schema.table if name not in events.table]
    if not missing:
        return events, []
    if not events.has_table:
        rows = [[] if at is None else stored.table_rows[at] for at in places]
        if not any(rows):
            return events, []
        return replace(
            events, table=dict(stored.table), table_rows=rows, table_groups=rows, has_table=True
        ), []
    return _lay_over(events, places, stored, missing)


def _lay_over(
    events: EventSet, places: Places, stored: Snapshot, missing: Sequence[str]
) -> tuple[EventSet, list[int]]:
    total = max((len(texts) for texts in events.table.values()), default=0)
    table: dict[str, Texts] = {**events.table, **{name: [None] * total for name in missing}}
    table_rows = list(events.table_rows)
    unfit = []
    for event, at in enumerate(places):
        rows = stored.table_rows[at] if at is not None else []
        if not rows:
            continue
        group = events.table_groups[event]
        if len(group) != len(rows):
            unfit.append(event)
            continue
        for position, kept in zip(group, rows, strict=True):
            for name in missing:
                table[name][position] = stored.table[name][kept]
        table_rows[event] = list(group)
    return replace(events, table=table, table_rows=table_rows), unfit
