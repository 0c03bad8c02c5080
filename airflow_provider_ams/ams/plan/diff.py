"""What would change in AMS: old -> new for each field of each event, found by columns."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple

from airflow_provider_ams.ams.forms.schema import FormSchema
from airflow_provider_ams.ams.plan.match import StoredIndex
from airflow_provider_ams.ams.positions import EventNo, StoredNo
from airflow_provider_ams.ams.prepare.events import EventSet
from airflow_provider_ams.ams.read.snapshot import Snapshot
from airflow_provider_ams.ams.wire.dates import SHOWN_TIMES, day_text
from airflow_provider_ams.ams.wire.stored_values import differing, meanings
from airflow_provider_ams.ams.wire.values import Texts


class Change(NamedTuple):
    """One field of one event; a table field is called ``name[row]``, rows counted from 1."""

    field: str
    old: str | None
    new: str | None


def differences(
    events: EventSet,
    stored_index: StoredIndex,
    stored: Snapshot,
    schema: FormSchema | None,
    zone: str | None = None,
) -> dict[EventNo, list[Change]]:
    """Return the changes of each event that is stored and would change.

    Parameters
    ----------
    events : EventSet
        What is to be there; a field that it does not have is cleared.
    stored_index : sequence of int or None
        Where each event is in `stored`.
    stored : Snapshot
        What is there.
    schema : FormSchema or None
        The form. Without it only fields of `events` are compared, as texts.
    zone : str, optional
        The site's time zone, for date fields.
    """
    found: dict[EventNo, list[Change]] = {}
    known = [EventNo(event) for event, at in enumerate(stored_index) if at is not None]
    there = [at for at in stored_index if at is not None]
    _moments(events, known, there, stored, found)
    for name in compared_fields(events, schema):
        texts, held = events.fields.get(name), stored.fields.get(name)
        new: Texts = [None] * len(known) if texts is None else _taken(texts, known)
        old: Texts = [None] * len(known) if held is None else list(map(held.__getitem__, there))
        if new == old:
            continue
        for i in differing(new, old, kind_of(schema, name), zone):
            found.setdefault(known[i], []).append(Change(name, old[i], new[i]))
    if events.has_table or any(stored.table_rows):
        _tables(events, known, there, stored, schema, zone, found)
    return found


def _taken(texts: Texts, known: Sequence[EventNo]) -> Texts:
    return texts if len(known) == len(texts) else list(map(texts.__getitem__, known))


def kind_of(schema: FormSchema | None, name: str) -> str:
    """Return the kind of a field; without the form, and for fields it does not have, unknown."""
    return schema.kind_of(name) if schema else "unknown"


def compared_fields(events: EventSet, schema: FormSchema | None) -> list[str]:
    """Return the event-level fields that an update would set, or empty."""
    if schema is None:
        return list(events.fields)
    mine = [n for n in events.fields if n not in schema.by_name or n in schema.writable]
    return list(dict.fromkeys((*schema.writable, *mine)))


def _moments(
    events: EventSet,
    known: Sequence[EventNo],
    there: Sequence[StoredNo],
    stored: Snapshot,
    found: dict[EventNo, list[Change]],
) -> None:
    pairs = (
        ("start", events.start_days, events.start_minutes, stored.start_days, stored.start_minutes),
        ("end", events.end_days, events.end_minutes, stored.end_days, stored.end_minutes),
    )
    for name, days, minutes, old_days, old_minutes in pairs:
        for event, at in zip(known, there, strict=True):
            if days[event] != old_days[at] or minutes[event] != old_minutes[at]:
                old, new = (old_days[at], old_minutes[at]), (days[event], minutes[event])
                found.setdefault(event, []).append(Change(name, _moment(*old), _moment(*new)))


def _moment(day: int, minute: int) -> str:
    return f"{day_text(day)} {SHOWN_TIMES[minute]}"


def _tables(
    events: EventSet,
    known: Sequence[EventNo],
    there: Sequence[StoredNo],
    stored: Snapshot,
    schema: FormSchema | None,
    zone: str | None,
    found: dict[EventNo, list[Change]],
) -> None:
    names = list(dict.fromkeys((*stored.table, *events.table)))
    new, new_means = table_lines(events.table, names, schema, zone)
    old, old_means = table_lines(stored.table, names, schema, zone)
    for event, at in zip(known, there, strict=True):
        after = events.table_rows[event] if events.has_table else ()
        before = stored.table_rows[at]
        if len(after) == len(before) and all(
            new_means[a] == old_means[b] for a, b in zip(after, before, strict=True)
        ):
            continue
        changes = _rows(
            names,
            [new[a] for a in after],
            [old[b] for b in before],
            [new_means[a] for a in after],
            [old_means[b] for b in before],
        )
        if changes:
            found.setdefault(event, []).extend(changes)


def table_lines(
    table: dict[str, Texts],
    names: Sequence[str],
    schema: FormSchema | None,
    zone: str | None = None,
) -> tuple[list[tuple[str | None, ...]], list[tuple[Hashable, ...]]]:
    """Return the table's rows: their texts, and what they mean."""
    size = max((len(texts) for texts in table.values()), default=0)
    columns = [table.get(name) or [None] * size for name in names]
    means = [
        meanings(column, kind_of(schema, name), zone)
        for name, column in zip(names, columns, strict=True)
    ]
    return list(zip(*columns, strict=True)), list(zip(*means, strict=True))


def _rows(
    names: Sequence[str],
    new: Sequence[tuple[str | None, ...]],
    old: Sequence[tuple[str | None, ...]],
    new_means: Sequence[tuple[Hashable, ...]],
    old_means: Sequence[tuple[Hashable, ...]],
) -> list[Change]:
    empty: tuple[None, ...] = (None,) * len(names)
    changes = []
    for row in range(max(len(new), len(old))):
        after, before = (lines[row] if row < len(lines) else empty for lines in (new, old))
        means = [m[row] if row < len(m) else empty for m in (new_means, old_means)]
        for column, name in enumerate(names):
            if means[0][column] != means[1][column]:
                changes.append(Change(f"{name}[{row + 1}]", before[column], after[column]))
    return changes
