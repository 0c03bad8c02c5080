"""Look up stored events by their ids, and keep what an update must not change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.errors import AMSInputError, AMSReplyError
from airflow_provider_ams.ams.prepare.draft import Draft
from airflow_provider_ams.ams.read.search import Search, search
from airflow_provider_ams.ams.read.synchronise import synchronise
from airflow_provider_ams.ams.wire.dates import MINUTES_PER_DAY, stored_day, stored_minute
from airflow_provider_ams.ams.wire.records import Event


def stored_events(
    client: AMSClient, form: str, users: Iterable[int], ids: Iterable[int]
) -> dict[int, Event]:
    """Return the events with these ids; those that do not exist are missing.

    AMS can't be asked for an event by id, so the form's events of these users are read.
    """
    wanted = set(ids)
    read = synchronise(client, form, sorted(set(users)), 0)
    return {e.id: e for e in read.events if e.id in wanted}


def keep_stored_times(client: AMSClient, form: str, draft: Draft, users: Sequence[int]) -> None:
    """Look up the events to update, and take dates and times from them where the frame has none.

    An update that left them out would move the event. If the frame gives a new start alone, the
    event keeps its length. An id that AMS does not honour would make a new event, or overwrite
    somebody else's, with success: so every id is looked up first.

    Raises
    ------
    AMSInputError
        An ``event_id`` is not an event of this form and person.
    """
    ids = {row: event_id for row, event_id in enumerate(draft.event_ids) if event_id is not None}
    gaps = [row for row in ids if _gap(draft, row)]
    whole = [row for row in ids if not _gap(draft, row)]
    stored = _on_their_days(client, form, draft, users, whole)
    left = [row for row, event_id in ids.items() if event_id not in stored]
    if left:
        stored |= stored_events(client, form, [users[r] for r in left], [ids[r] for r in left])
    wrong = [
        row
        for row, event_id in ids.items()
        if event_id not in stored or stored[event_id].user_id != users[row]
    ]
    if wrong:
        raise AMSInputError(
            f"Invalid event_id values provided: {len(wrong)} rows name no event of '{form}' that "
            "belongs to the person. Nothing was sent.",
            rows=draft.labels_of(wrong),
            hint="Use get_event_data() to have the right ones.",
        )
    for row in gaps:
        _fill(draft, row, stored[ids[row]])


def _on_their_days(
    client: AMSClient, form: str, draft: Draft, users: Sequence[int], rows: Sequence[int]
) -> dict[int, Event]:
    """Return the events on the days of these rows: most updates stay on their day."""
    days = [day for row in rows if (day := draft.moments.start_days[row]) is not None]
    if not days:
        return {}
    people = sorted({users[row] for row in rows})
    return {e.id: e for e in search(client, Search(form), people, min(days), max(days))}


def _gap(draft: Draft, row: int) -> bool:
    m = draft.moments
    return None in (m.start_days[row], m.start_minutes[row], m.end_days[row], m.end_minutes[row])


def _fill(draft: Draft, row: int, event: Event) -> None:
    start = stored_day(event.start_date), stored_minute(event.start_time)
    end = stored_day(event.finish_date), stored_minute(event.finish_time)
    if start[0] is None or start[1] is None or end[0] is None or end[1] is None:
        raise AMSReplyError("The dates of a stored event can't be read.")
    m = draft.moments
    day = start[0] if m.start_days[row] is None else m.start_days[row]
    minute = start[1] if m.start_minutes[row] is None else m.start_minutes[row]
    assert day is not None
    assert minute is not None
    length = (end[0] - start[0]) * MINUTES_PER_DAY + end[1] - start[1]
    extra, end_minute = divmod(minute + length, MINUTES_PER_DAY)
    m.start_days[row], m.start_minutes[row] = day, minute
    if m.end_minutes[row] is None:
        m.end_minutes[row] = end_minute
        if m.end_days[row] is None:
            m.end_days[row] = day + extra
    elif m.end_days[row] is None:
        given = m.end_minutes[row]
        assert given is not None
        m.end_days[row] = day + int(given < minute)
