"""What nobody knows about reading: pages, cursors, limits, deletions, bounds."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_ams.sandbox.dialect.choices import choice, flag

RARELY = 0.1


@dataclass(frozen=True, repr=False)
class ReadDialect:
    """Say how events and users are selected and cut into pages."""

    page_size: int = choice(
        100,
        *(25, 500),
        doc="Objects on a page of usersynchronise, synchronise and eventsearch.",
        topic="paging",
        odds=0.3,
        free=True,
    )
    sync_cursor_key: str = choice(
        "pagination.cursor",
        *("cursor", "export.cursor", "export.nextCursor"),
        doc="Where synchronise puts its cursor.",
        topic="paging",
    )
    search_cursor_key: str = choice(
        "nextCursor",
        *("next_cursor", "cursor"),
        doc="The same for eventsearch.",
        topic="paging",
    )
    search_cursor_bug: bool = flag(
        True,
        doc="The cursor of eventsearch is a bare date and skips what else happened on it.",
        topic="paging",
    )
    cursors_expire: bool = flag(
        False,
        doc="A cursor is refused with a 500 once anything was written after it was given.",
        topic="paging",
        odds=RARELY,
    )
    sync_time_drift_ms: int = choice(
        0,
        *(7, 1_500),
        doc="Each further page of synchronise reports a sync time this much later.",
        topic="paging",
        free=True,
    )
    repeat_deletions: bool = flag(
        False,
        doc="idsOfDeletedEvents lists all deletions ever, not only those since the given time.",
        topic="deletions",
    )
    deletions_of: str = choice(
        "form",
        *("users", "site"),
        doc="idsOfDeletedEvents covers the form, the users asked for on it, or all forms.",
        topic="deletions",
    )
    search_bounds: str = choice(
        "both times",
        *("dates", "no times", "not when paged", "first page only"),
        doc="eventsearch ignores its dates unless both times are sent; honours dates without"
        " times; ignores the times of day; or ignores dates and times on paged calls, or on all"
        " pages but the first.",
        topic="eventsearch",
    )
    since_and_start_date: str = choice(
        "both",
        *("since", "start date"),
        doc="synchronise with a time and a `startDate` goes by both, or by one of them.",
        topic="synchronise",
    )
    unknown_group: str = choice(
        "empty",
        *("empty body", "rpc"),
        doc="The answer to members of a group that is not there.",
        topic="groups",
    )
    search_without_users: str = choice(
        "everybody",
        *("nobody", "500"),
        doc="eventsearch without userIds reads everybody's events, nobody's, or answers 500.",
        topic="eventsearch",
    )
    reject_unpaginated: bool = flag(
        False,
        doc="synchronise, eventsearch and usersynchronise answer 500 without paging.",
        topic="limits",
        odds=RARELY,
    )
    max_unpaged_users: int = choice(
        500,
        *(0, 50),
        doc="The same above so many users; 0 is no limit.",
        topic="limits",
        odds=0.3,
        free=True,
    )
