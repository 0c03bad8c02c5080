"""What nobody knows about writing: what is refused, dropped, replaced or kept."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_ams.sandbox.dialect.choices import choice, flag

RARELY = 0.1


@dataclass(frozen=True, repr=False)
class WriteDialect:
    """Say what imports and deletions do."""

    max_events_per_call: int = choice(
        0,
        *(25, 100),
        doc="eventsimport answers 500 above so many events; 0 is no limit.",
        topic="limits",
        odds=0.2,
        free=True,
    )
    same_day_rule: bool = flag(
        True,
        doc="Two events of one user and date in one bulk call fail on a form without a table.",
        topic="bulk import",
    )
    twelve_am_is_noon: bool = flag(
        True,
        doc="`12:MM AM` is stored as noon; midnight must be written `00:MM AM`.",
        topic="dates and times",
    )
    split_mixed_rows: bool = flag(
        False,
        doc="Event-level and table fields in row 0 are stored as two events.",
        topic="rows",
    )
    undeliverable_accounts: str = choice(
        "none",
        *("inactive", "staff", "inactive and staff"),
        doc="Events of these accounts are dropped without an error, as `undeliverable_users`.",
        topic="silent drops",
        odds=0.3,
    )
    update_duplicates: bool = flag(
        False,
        doc="Every update stores a new event, answers its id and leaves the old one alone.",
        topic="updates",
        odds=0.05,
    )
    unknown_event_id: str = choice(
        "new_id",
        "failure",
        doc="An update of an id that is not there, or of another form or user, stores a new event"
        " with success, or refuses the call.",
        topic="updates",
    )
    unchanged_update_counts: bool = flag(
        True, doc="An update that changes nothing is in the next delta.", topic="updates"
    )
    blank_on_write: str = choice(
        "clears",
        "ignored",
        doc='A value of "" in an update clears its field, or leaves what was there.',
        topic="values on write",
        odds=0.3,
    )
    unknown_form: str = choice(
        "failure",
        *("403", "rpc"),
        doc="The answer to events of a form that is not there.",
        topic="errors",
    )
    partial_errors: bool = flag(
        False,
        doc="Bulk calls store the good events and report the bad ones in `error[]`.",
        topic="bulk import",
        odds=0.2,
    )
    partial_state: str = choice(
        "IMPORTED_WITH_ERRORS",
        *("PARTIAL_ERROR", "ERROR", "ERRORS"),
        doc="The state of such a call.",
        topic="bulk import",
        free=True,
    )
    partial_error_text: str | None = choice(
        None,
        *("", "Record could not be imported"),
        doc="The text of each such error; None is the true reason.",
        topic="bulk import",
        free=True,
    )
    strict_values: bool = flag(
        False,
        doc="Numbers, dates, times and options that do not fit their field refuse the call;"
        " otherwise they are stored as text.",
        topic="values on write",
        odds=0.3,
    )
    text_limit: int = choice(
        0,
        255,
        doc="Text is cut to so many characters in silence; 0 is no limit.",
        topic="values on write",
        odds=RARELY,
        free=True,
    )
    profile_import: str = choice(
        "replaces",
        "merges",
        doc="profileimport clears the fields that are left out, or keeps them.",
        topic="profiles",
    )
    foreign_author: str = choice(
        "kept",
        "caller",
        doc="Who has entered an event with another account's enteredByUserId.",
        topic="values on write",
    )
    delete_missing: str = choice(
        "FAILURE",
        *("ERROR", "SUCCESS"),
        doc="The state when deleteevent finds no such event.",
        topic="deletions",
    )
    delete_all_unknown: str = choice(
        "nothing deleted",
        *("others deleted", "ignored"),
        doc="event/deleteAll with ids that are not there: an RPC exception and nothing deleted, an"
        " RPC exception and the others deleted, or success.",
        topic="deletions",
    )
