"""Settings of the sandbox: what differs between AMS sites, or is a switch in the tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any


@dataclass(frozen=True)
class Settings:
    """Hold every setting; the defaults are the behaviour seen on live servers.

    Attributes
    ----------
    site, username, password
        Name of the application (last part of the base URL) and the login of the API account.
    latency_ms
        Milliseconds that every AMS and Tidepool request waits, beside the others in flight.
    page_size
        Objects on a page of ``usersynchronise``, ``synchronise`` and ``eventsearch``.
    sync_cursor_key
        Where ``synchronise`` puts its cursor: ``pagination.cursor``, ``cursor``,
        ``export.cursor`` or ``export.nextCursor``.
    search_cursor_key
        The same for ``eventsearch``: ``nextCursor``, ``next_cursor`` or ``cursor``.
    search_cursor_bug
        The cursor of ``eventsearch`` is a bare date and skips what else happened on it.
    cursors_expire
        Every cursor is refused with a 500 once anything has been written after it was given.
    sync_time_drift_ms
        Each further page of ``synchronise`` reports a sync time this much later.
    repeat_deletions
        ``idsOfDeletedEvents`` lists all deletions ever, not only those since the given time.
    empty_body_when_no_rows
        Event and user searches without a match answer 200 with an empty body.
    reject_unpaginated
        ``synchronise``, ``eventsearch`` and ``usersynchronise`` without paging answer 500.
    max_unpaged_users
        ``synchronise`` without paging answers 500 above so many users; 0 is no limit.
    max_events_per_call
        ``eventsimport`` answers 500 above so many events; 0 is no limit.
    same_day_rule
        Two events of one user and date in one bulk call fail on a form without a table.
    twelve_am_is_noon
        ``12:MM AM`` is stored as noon; midnight must be written ``00:MM AM``.
    split_mixed_rows
        Event-level and table fields in row 0 are stored as two events.
    undeliverable_users
        User ids whose events are dropped from a bulk call without an error.
    update_duplicates
        Every update stores a new event, answers its id and leaves the old one alone.
    unknown_event_id
        An update of an id that is not there, or of another form or user: ``new_id`` stores
        it as a new event with success, ``failure`` refuses the call.
    partial_errors, partial_state, partial_error_text
        Bulk calls store the good events and report the bad ones in ``error[]`` under this
        state; the text of each error, or None for the true reason.
    strict_values
        Numbers, dates, times and options that do not fit their field refuse the call;
        otherwise they are stored as text.
    whole_numbers_with_point
        Whole numbers read back as ``5.0`` instead of ``5``.
    line_breaks_as_br
        Line breaks in text read back as ``<br>``.
    forbidden_forms
        Names of forms that answer 403.
    schemas_forbidden
        The list of forms and their schemas answer 403; their events do not.
    session_calls, session_seconds
        A session token dies after so many calls, or seconds of server time; 0 is never.
    rate_limit
        AMS and Tidepool requests a second above which 429 is answered; 0 is no limit.
    tidepool_keys
        API keys that are accepted.
    tidepool_require_ids
        Events must carry ``id``, ``session_id`` and ``user_id``.
    tidepool_max_bytes
        Size of a Tidepool body above which 413 is answered.
    """

    site: str = "site"
    username: str = "api.account"
    password: str = field(default="sandbox-password", repr=False)
    latency_ms: float = 0.0
    page_size: int = 100
    sync_cursor_key: str = "pagination.cursor"
    search_cursor_key: str = "nextCursor"
    search_cursor_bug: bool = True
    cursors_expire: bool = False
    sync_time_drift_ms: int = 0
    repeat_deletions: bool = False
    empty_body_when_no_rows: bool = False
    reject_unpaginated: bool = False
    max_unpaged_users: int = 0
    max_events_per_call: int = 0
    same_day_rule: bool = True
    twelve_am_is_noon: bool = True
    split_mixed_rows: bool = False
    undeliverable_users: tuple[int, ...] = ()
    update_duplicates: bool = False
    unknown_event_id: str = "new_id"
    partial_errors: bool = False
    partial_state: str = "IMPORTED_WITH_ERRORS"
    partial_error_text: str | None = None
    strict_values: bool = False
    whole_numbers_with_point: bool = False
    line_breaks_as_br: bool = True
    forbidden_forms: tuple[str, ...] = ()
    schemas_forbidden: bool = False
    session_calls: int = 0
    session_seconds: float = 0.0
    rate_limit: float = 0.0
    tidepool_keys: tuple[str, ...] = field(default=("sandbox-key",), repr=False)
    tidepool_require_ids: bool = True
    tidepool_max_bytes: int = 10_000_000

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, list):
                object.__setattr__(self, item.name, tuple(value))
            _check_type(item.name, getattr(self, item.name), item.default)
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} must be one of {', '.join(choices)}")

    def changed(self, values: Mapping[str, Any]) -> Settings:
        """Return settings with these values, or raise ValueError naming the valid names."""
        names = {item.name for item in fields(self)}
        unknown = sorted(set(values) - names)
        if unknown:
            raise ValueError(
                f"no setting {', '.join(unknown)}; there are {', '.join(sorted(names))}"
            )
        return replace(self, **values)

    def as_dict(self) -> dict[str, Any]:
        """Return all settings as plain data."""
        return asdict(self)


def _check_type(name: str, value: object, default: object) -> None:
    wanted = str if default is None else type(default)
    fits = value is None if default is None else False
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        fits = True
    if not fits and type(value) is not wanted:
        raise ValueError(f"{name} must be of type {wanted.__name__}, not {type(value).__name__}")


CHOICES: dict[str, tuple[str, ...]] = {
    "sync_cursor_key": ("pagination.cursor", "cursor", "export.cursor", "export.nextCursor"),
    "search_cursor_key": ("nextCursor", "next_cursor", "cursor"),
    "unknown_event_id": ("new_id", "failure"),
}
