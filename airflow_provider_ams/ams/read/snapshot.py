"""Read stored events and profile records as a snapshot, in the cheapest way that is complete."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.errors import AMSReplyError
from airflow_provider_ams.ams.forms.schema import FormSchema
from airflow_provider_ams.ams.read.builder import SnapshotBuilder, take_snapshot
from airflow_provider_ams.ams.read.columns import Snapshot, Span
from airflow_provider_ams.ams.read.profiles import read_profiles
from airflow_provider_ams.ams.read.search import Search, search
from airflow_provider_ams.ams.read.synchronise import server_time, synchronise
from airflow_provider_ams.ams.wire.dates import parse_day
from airflow_provider_ams.ams.wire.records import Event, Profile

__all__ = [
    "Snapshot",
    "SnapshotBuilder",
    "Span",
    "read_profile_snapshot",
    "read_snapshot",
    "stored_ids",
    "take_snapshot",
]

# Wide enough for every event; some sites refuse stranger years.
_EVER = Span(parse_day("01/01/1900"), parse_day("31/12/2199"))


def read_snapshot(
    client: AMSClient,
    form: str,
    users: Sequence[int],
    span: Span,
    schema: FormSchema | None,
    table_fields: Sequence[str] = (),
    *,
    confirm_empty: bool = True,
) -> Snapshot:
    """Read the stored events of these users that start within a span of days.

    There are three ways, and the cheapest is taken. `synchronise` from a date returns exactly
    full pages, but has no end: it is for spans that reach close to today. For a span further
    back, ``eventsearch`` has an end, but costs extra requests where a page ends in the middle of
    a day. Without dates the whole history has to be read.

    Parameters
    ----------
    client : AMSClient
        The client.
    form : str
        Exact name.
    users : sequence of int
        Whose events.
    span : Span
        First and last day.
    schema, table_fields
        As for `SnapshotBuilder`.
    confirm_empty : bool
        If nothing at all came back, ask another endpoint whether that is so: what is decided
        upon it would otherwise be written a second time.

    Raises
    ------
    AMSReplyError
        An answer can't be read, or two of them contradict each other.
    """
    builder = SnapshotBuilder(
        schema, table_fields, zone=client.timezone, span=span, users=frozenset(users)
    )
    came = 0

    def sink(events: Sequence[Event]) -> None:
        nonlocal came
        came += len(events)
        builder.add(events)

    deleted, mark, searched = _read(client, form, users, span, sink)
    if users and not came and confirm_empty:
        _confirm_empty(client, form, users, span, searched)
    return builder.finish(mark, deleted)


def stored_ids(client: AMSClient, form: str, users: Sequence[int], span: Span) -> set[int]:
    """Return the ids of the stored events of these users that start within a span of days.

    Those that can't be read are among them: they exist.
    """
    found = read_snapshot(client, form, users, span, None)
    return {*found.ids, *(event_id for event_id, _, _ in found.unreadable)}


def _read(
    client: AMSClient,
    form: str,
    users: Sequence[int],
    span: Span,
    sink: Callable[[Sequence[Event]], None],
) -> tuple[Collection[int], int, bool]:
    """Hand all events to `sink`; return deleted ids, AMS's clock, and whether by search."""
    if not users:
        return (), 0, False
    if span.first is None or span.last is None:
        read = synchronise(client, form, users, 0, sink=sink)
        return read.deleted_ids, read.server_time, False
    tail, length = client.now().date().toordinal() - span.last, span.last - span.first + 1
    if tail <= length // 2 + 1:
        read = synchronise(client, form, users, 0, first_day=span.first, sink=sink)
        return read.deleted_ids, read.server_time, False
    mark = server_time(client, form, users)
    sink(search(client, Search(form), users, span.first, span.last))
    return (), mark, True


def _confirm_empty(
    client: AMSClient, form: str, users: Sequence[int], span: Span, searched: bool
) -> None:
    """Ask the endpoint that was not asked whether there is really nothing."""
    first, last = span.first or _EVER.first, span.last or _EVER.last
    assert first is not None
    assert last is not None
    checker = SnapshotBuilder(None, span=Span(first, last))
    if searched:
        read = synchronise(client, form, users, 0, first_day=first, sink=checker.add)
        found = len(checker.finish(without=read.deleted_ids)) > 0
    else:
        # One event of each person is enough, and keeps the answer on one page.
        checker.add(search(client, Search(form, per_user=1), users, first, last))
        found = not checker.is_empty
    if found:
        raise AMSReplyError(
            "AMS answers once that there are no events, and once that there are some.",
            endpoint="eventsearch" if searched else "synchronise",
            hint="Run again; if it stays so, the account may lack access to some people.",
        )


def read_profile_snapshot(
    client: AMSClient, form: str, users: Sequence[int], schema: FormSchema | None
) -> Snapshot:
    """Read the stored profile records of these users."""
    records = read_profiles(client, form, users)
    return take_snapshot([_undated(r) for r in records], schema, zone=client.timezone)


def _undated(record: Profile) -> Event:
    # A profile record has no date: all of them are given the same, so that none differs.
    return Event(
        id=record.id or record.user_id,
        user_id=record.user_id,
        start_date="01/01/2000",
        start_time="12:00 AM",
        finish_date="01/01/2000",
        finish_time="1:00 AM",
        rows=record.rows,
    )
