"""Are the frame's event ids events of the form and the person? AMS can't be asked by id."""

from __future__ import annotations

from collections.abc import Iterator

from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.forms.schema import FormSchema
from airflow_provider_ams.ams.positions import EventNo
from airflow_provider_ams.ams.prepare.events import EventDraft
from airflow_provider_ams.ams.problems import ERROR, Finding
from airflow_provider_ams.ams.read.snapshot import Snapshot, Span, read_snapshot

_HINT = "Use get_event_data() to have the right ones."
_ABSENT = "Invalid event_id values provided: no event of the form that belongs to the person"
_FOREIGN = "Invalid event_id values provided: an event of another person"


def read_ids(
    client: AMSClient, form: str, events: EventDraft, schema: FormSchema | None
) -> Snapshot:
    """Read stored events among which those named by ``event_id`` are, if they exist.

    Most updates leave the date as it is, so the days of the frame are looked at first; if an id is
    not there, the form's whole history of these people is.
    """
    named = [e for e, event_id in enumerate(events.event_ids) if event_id is not None]
    wanted = {events.event_ids[e] for e in named}
    people = sorted({events.user_ids[e] for e in named if events.user_ids[e] > 0})
    days = [day for e in named if (day := events.times.start_days[e]) is not None]
    if days and len(days) == len(named):
        span = Span(min(days), max(days))
        snapshot = read_snapshot(client, form, people, span, schema, list(events.table))
        if wanted <= {*snapshot.ids, *(event_id for event_id, _, _ in snapshot.unreadable)}:
            return snapshot
    return read_snapshot(client, form, people, Span(), schema, list(events.table))


def wrong_ids(events: EventDraft, stored: Snapshot) -> Iterator[Finding]:
    """Find event ids that are none of the form, or somebody else's."""
    owner = dict(zip(stored.ids, stored.user_ids, strict=True))
    unreadable = {event_id: why for event_id, _, why in stored.unreadable}
    absent: list[EventNo] = []
    foreign: list[EventNo] = []
    broken: dict[str, list[EventNo]] = {}
    for event, (event_id, user) in enumerate(zip(events.event_ids, events.user_ids, strict=True)):
        if event_id is None or user < 0:
            continue
        if event_id in unreadable:
            what = f"event {event_id}, as AMS holds it, can't be updated: {unreadable[event_id]}"
            broken.setdefault(what, []).append(EventNo(event))
        elif event_id not in owner:
            absent.append(EventNo(event))
        elif owner[event_id] != user:
            foreign.append(EventNo(event))
    for what, found in ((_ABSENT, absent), (_FOREIGN, foreign)):
        if found:
            rows = [p for event in found for p in events.rows[event]]
            yield Finding(ERROR, "event_id", "event_id", what, [], _HINT, rows)
    for what, found in broken.items():
        rows = [p for event in found for p in events.rows[event]]
        yield Finding(ERROR, "stored", None, what, [], "Mend the event in AMS.", rows)
