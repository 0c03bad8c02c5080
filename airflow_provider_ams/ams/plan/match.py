"""Find the stored event that each event of a frame stands for."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

from airflow_provider_ams.ams.errors import AMSConfigurationError
from airflow_provider_ams.ams.forms.schema import FormSchema
from airflow_provider_ams.ams.positions import EventNo, StoredNo
from airflow_provider_ams.ams.prepare.events import EventDraft
from airflow_provider_ams.ams.prepare.key_columns import Holders
from airflow_provider_ams.ams.prepare.keys import record_keys, unknown_parts
from airflow_provider_ams.ams.prepare.nearest import nearest_of
from airflow_provider_ams.ams.problems import ERROR, Finding
from airflow_provider_ams.ams.read.snapshot import Snapshot
from airflow_provider_ams.ams.validate.event_ids import wrong_ids

StoredIndex = Sequence["StoredNo | None"]


@dataclass(frozen=True)
class Matched:
    """Which stored event each event stands for.

    Parameters
    ----------
    stored_index : list of int or None
        Its position in the snapshot; None for a new one.
    findings : list of Finding
        Rows of which nobody can tell.
    claimed : set of int
        Positions in the snapshot that such rows may stand for.
    """

    stored_index: list[StoredNo | None]
    findings: list[Finding] = dataclasses.field(default_factory=list)
    claimed: set[StoredNo] = dataclasses.field(default_factory=set)


def match_people(events: EventDraft, stored: Snapshot) -> Matched:
    """Find profile records, of which each person has one."""
    held = {user: StoredNo(at) for at, user in enumerate(stored.user_ids)}
    return Matched([held.get(user) for user in events.user_ids])


def match_ids(events: EventDraft, stored: Snapshot) -> Matched:
    """Find events by the frame's ``event_id``."""
    held = {event_id: StoredNo(at) for at, event_id in enumerate(stored.ids)}
    index = [None if i is None else held.get(i) for i in events.event_ids]
    return Matched(index, list(wrong_ids(events, stored)))


def check_identity(field: str, schema: FormSchema | None) -> None:
    """Refuse a field that can't keep an id as it is.

    Raises
    ------
    AMSConfigurationError
        It is no event-level text field of the form that can be written.
    """
    if schema is None:
        return
    kind = schema.kind_of(field)
    if field not in schema.writable or kind not in ("text", "unknown"):
        what = f"is a {kind} field" if field in schema.writable else "can't be written"
        what = what if field in schema.by_name else "is no field of the form"
        raise AMSConfigurationError(
            f"idempotency_field {field!r} {what}.", hint=_spare_text_fields(field, schema)
        )


def _spare_text_fields(field: str, schema: FormSchema) -> str:
    texts = [name for name, item in schema.writable.items() if item.kind in ("text", "unknown")]
    near = "" if field in schema.by_name else f" {nearest_of(field, texts)}"
    return f"It must be a text field to spare.{near}"


def match_identity(events: EventDraft, stored: Snapshot, field: str, matched: Matched) -> Matched:
    """Find events by their own id, which no other event has; the rest as `matched` says."""
    texts = stored.fields.get(field) or [None] * len(stored)
    held: dict[str, list[StoredNo]] = defaultdict(list)
    for at, text in enumerate(texts):
        if text is not None:
            held[text].append(StoredNo(at))
    index = list(matched.stored_index)
    for event, text in enumerate(events.fields[field]):
        found = held.get(text or "", [])
        if index[event] is None and events.event_ids[event] is None and found:
            index[event] = min(found, key=lambda at: stored.ids[at])
    return replace(matched, stored_index=index)


def match_keys(
    events: EventDraft, stored: Snapshot, key: Sequence[str], schema: FormSchema | None
) -> Matched:
    """Find events by key; a key that several stored events have is a finding."""
    keys = events.keys
    assert keys is not None
    holders = Holders(keys, record_keys(stored, key, schema))
    matched = Matched(cast("list[StoredNo | None]", holders.only()))
    for event, found in holders.several():
        matched.claimed.update(map(StoredNo, found))
        ids = ", ".join(str(stored.ids[at]) for at in found)
        what = f"several stored events have this key: {ids}"
        rows = events.rows[EventNo(event)]
        matched.findings.append(Finding(ERROR, "key", None, what, positions=rows))
    unclear = unknown_parts(key, schema)
    if unclear:
        _find_unclear(events, stored, key, schema, matched, unclear)
    if stored.unreadable:
        _find_unreadable(events, stored, matched)
    return matched


def _find_unreadable(events: EventDraft, stored: Snapshot, matched: Matched) -> None:
    """Find new events of people of whom AMS holds events that can't be read: one may be it."""
    held: dict[int, list[int]] = defaultdict(list)
    for event_id, user, _ in stored.unreadable:
        held[user].append(event_id)
    for event, user in enumerate(events.user_ids):
        if user in held and matched.stored_index[event] is None:
            ids = ", ".join(map(str, held[user]))
            what = f"AMS holds events of the person that can't be read: {ids}"
            rows = events.rows[EventNo(event)]
            matched.findings.append(
                Finding(ERROR, "stored", None, what, [], "Mend them in AMS.", rows)
            )


def _find_unclear(
    events: EventDraft,
    stored: Snapshot,
    key: Sequence[str],
    schema: FormSchema | None,
    matched: Matched,
    unclear: Sequence[str],
) -> None:
    """Find new events that may be stored ones, if only the kind of a key's field were known."""
    taken = {at for at in matched.stored_index if at is not None}
    wanted, held = (record_keys(r, key, schema, loose=True) for r in (events, stored))
    holders = Holders(wanted, held)
    names = ", ".join(map(repr, unclear))
    hint = f"Say what the field is, such as types={{{unclear[0]!r}: 'number'}}."
    for event, index in enumerate(matched.stored_index):
        if index is not None:
            continue
        found = [StoredNo(at) for at in holders.all(event) if at not in taken]
        if not found:
            continue
        matched.claimed.update(found)
        ids = ", ".join(str(stored.ids[at]) for at in found)
        what = f"event {ids} may have this key: the form does not say what {names} is"
        rows = events.rows[EventNo(event)]
        matched.findings.append(Finding(ERROR, "key", unclear[0], what, [], hint, rows))
