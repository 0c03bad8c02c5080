"""A stable id for each new event, kept in a field of the form: the same rows have the same ids."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Hashable, Iterator
from dataclasses import replace

import orjson

from airflow_provider_ams.ams.prepare.events import EventDraft
from airflow_provider_ams.ams.problems import ERROR, Finding
from airflow_provider_ams.ams.wire.values import Texts

# Of this library alone: ids of others do not collide with its own.
_NAMESPACE = uuid.UUID("6f1a3c0e-6c1f-5d55-9f0e-3f6a3f1b7a52")


def with_identity(events: EventDraft, field: str) -> EventDraft:
    """Return the events with their ids in a field.

    An id is made of the form, what tells events from one another (the key, else everything the
    frame says of the event), and a count of equal ones. A value that the frame gives is kept, and
    an event with an ``event_id`` needs none.
    """
    given = events.fields.get(field) or [None] * len(events)
    seen: Counter[bytes] = Counter()
    ids: Texts = []
    for event, own in enumerate(given):
        if own is not None or events.event_ids[event] is not None:
            ids.append(own)
            continue
        content = _content(events, event, field)
        seen[content] += 1
        name = f"{events.form}\n{seen[content]}\n".encode() + content
        ids.append(str(uuid.uuid5(_NAMESPACE, name.hex())))
    return replace(events, fields={**events.fields, field: ids})


def shared_identities(events: EventDraft, field: str) -> Iterator[Finding]:
    """Find events to which the frame gives the same id: AMS would be left with one of them."""
    given = events.fields.get(field) or [None] * len(events)
    counts = Counter(given)
    again = [e for e, own in enumerate(given) if own is not None and counts[own] > 1]
    if again:
        what = "several events have the same id in the idempotency field"
        rows = [p for event in again for p in events.rows[event]]
        yield Finding(ERROR, "key", field, what, positions=rows)


def _content(events: EventDraft, event: int, field: str) -> bytes:
    if events.keys is not None:
        return _packed(events.keys[event])
    fields = {name: texts[event] for name, texts in events.fields.items() if name != field}
    rows = events.table_rows[event] if events.table else ()
    table = [{name: texts[row] for name, texts in events.table.items()} for row in rows]
    times = [column[event] for column in events.times.columns]
    return _packed((events.user_ids[event], times, _present(fields), [_present(t) for t in table]))


def _present(texts: dict[str, str | None]) -> list[tuple[str, str]]:
    return sorted((name, text) for name, text in texts.items() if text is not None)


def _packed(value: Hashable | object) -> bytes:
    return orjson.dumps(value, default=str)
