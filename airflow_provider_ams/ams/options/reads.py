"""Options and filters of what reads: frozen, checked when built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from airflow_provider_ams.ams.errors import AMSConfigurationError
from airflow_provider_ams.ams.options.rules import (
    DATA_CONDITIONS,
    USER_KEYS,
    as_list,
    check_between,
    check_choice,
    check_types,
)

DTYPES = ("schema",)


@dataclass(frozen=True)
class LoginOption:
    """How to log in.

    Parameters
    ----------
    interactive_mode : bool
        Print status lines.
    cache : bool
        Use the client that an earlier call with the same URL and user has made.
    """

    interactive_mode: bool = True
    cache: bool = True


@dataclass(frozen=True)
class UserFilter:
    """Choose users.

    Parameters
    ----------
    user_key : str
        ``user_id``, ``username``, ``email``, ``about`` (first and last name), ``group``, or
        ``current_group`` (then without `user_value`).
    user_value : str, int or list
        The value or values to look for; names and e-mail addresses in any letter case.
    """

    user_key: str | None = None
    user_value: str | int | Sequence[str | int] | None = None

    def __post_init__(self) -> None:
        """Check the values."""
        if self.user_key is None:
            if self.user_value is not None:
                raise AMSConfigurationError("user_value needs a user_key.")
            return
        check_choice("user_key", self.user_key, USER_KEYS)
        if self.user_value is None and self.user_key != "current_group":
            raise AMSConfigurationError(f"user_key {self.user_key!r} needs a user_value.")


@dataclass(frozen=True)
class ProfileFilter(UserFilter):
    """Choose whose profile records to read; see `UserFilter`."""


@dataclass(frozen=True)
class SyncEventFilter(UserFilter):
    """Choose whose events to synchronise; see `UserFilter`."""


@dataclass(frozen=True)
class EventFilter(UserFilter):
    """Choose events; see `UserFilter` for the people.

    Parameters
    ----------
    data_key : str or list of str, optional
        Form fields to compare.
    data_value : str, number or list, optional
        Values to compare with, one for each key.
    data_condition : str or list of str, optional
        ``equal_to`` (default), ``not_equal_to``, ``contains``, ``less_than``, ``greater_than``,
        ``less_than_or_equal_to``, ``greater_than_or_equal_to``; the last four on number fields.
        All comparisons must hold.
    events_per_user : int, optional
        At most so many events for each user, the newest ones.
    """

    data_key: str | Sequence[str] | None = None
    data_value: Any = None
    data_condition: str | Sequence[str] | None = None
    events_per_user: int | None = None

    def __post_init__(self) -> None:
        """Check the values."""
        super().__post_init__()
        if self.events_per_user is not None:
            check_between("events_per_user", self.events_per_user, 1, 1_000_000)
        if self.data_key is None:
            if self.data_value is not None or self.data_condition is not None:
                raise AMSConfigurationError("data_value and data_condition need a data_key.")
            return
        keys, values = as_list(self.data_key), as_list(self.data_value)
        conditions = self.conditions
        if not len(keys) == len(values) == len(conditions):
            raise AMSConfigurationError(
                f"data_key has {len(keys)} entries, data_value {len(values)} and "
                f"data_condition {len(conditions)}; they must be as many."
            )
        for condition in conditions:
            check_choice("data_condition", condition, tuple(DATA_CONDITIONS))

    @property
    def conditions(self) -> list[str]:
        """The conditions, one for each key."""
        if self.data_condition is None:
            return ["equal_to"] * len(as_list(self.data_key))
        return [str(c) for c in as_list(self.data_condition)]


@dataclass(frozen=True)
class ExportOption:
    """What all reads share.

    Parameters
    ----------
    interactive_mode : bool
        Print status lines. Unlike imports, reads are silent unless asked.
    cache : bool
        Use the client (session and roster) of earlier calls with the same URL and user.
    guess_col_type : bool
        Turn columns in which every value is a number into numbers. A column with one value that
        would not survive it (``007``, 20 digits) stays text.
    dtype : str, optional
        ``schema``: columns and types are those of the form's fields, in its order, whatever was
        read, or nothing; `guess_col_type` then does not count, and False is refused.

        ====================================  ==================================================
        ids                                   Int64
        names, the event's dates and times    string, as without `dtype`
        number                                Float64
        duration                              Float64, in milliseconds (numbers as AMS shows them)
        date                                  datetime64[ms], midnight without a zone
        time, text, choice, choices, file     string, as it was written
        calculated, linked, personal          as their item type says, if it does; else string
        any other, and fields of no form      string
        ====================================  ==================================================

        AMS knows no booleans. A column with a value that does not fit its type stays string, with
        all values as they were written, and an `AMSTypeWarning` names the field and the events.
    types : dict of str, optional
        With `dtype`: field -> kind, for fields of which the form's schema does not say it; see
        `ImportOption`.
    """

    interactive_mode: bool = False
    cache: bool = True
    guess_col_type: bool = True
    dtype: str | None = None
    types: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        """Check the values."""
        check_types(self.types)
        if self.dtype is None:
            if self.types:
                raise AMSConfigurationError("types needs dtype='schema'.")
            return
        check_choice("dtype", self.dtype, DTYPES)
        if not self.guess_col_type:
            raise AMSConfigurationError(
                "dtype='schema' and guess_col_type=False contradict each other.",
                hint="Leave one of them out.",
            )


@dataclass(frozen=True)
class EventExportOption(ExportOption):
    """What the reads of events share; see `ExportOption` for the rest.

    Parameters
    ----------
    timestamps : bool
        Add ``start`` and ``end``, ``datetime64[ms, zone]`` in the site's zone, which must be set.
        Of an hour that clocks show twice, the first one counts; a time that they skip counts as if
        they had not moved yet (2:30 is what they call 3:30); NaT if AMS's text can't be read, with
        an `AMSTypeWarning`. Imports do not send these columns, and reject rows in which they
        differ from date and time.
    """

    timestamps: bool = False


@dataclass(frozen=True)
class EventOption(EventExportOption):
    """Options of `get_event_data`; see `EventExportOption` for the shared ones.

    Parameters
    ----------
    include_missing_users: bool
        Give each chosen user without an event a row of their own, with no ``event_id``.
    """

    include_missing_users: bool = False


@dataclass(frozen=True)
class SyncEventOption(EventExportOption):
    """Options of `sync_event_data`; see `EventExportOption`."""


@dataclass(frozen=True)
class ProfileOption(ExportOption):
    """Options of `get_profile_data`; see `ExportOption`."""


@dataclass(frozen=True)
class UserOption:
    """Options of `get_user`.

    Parameters
    ----------
    columns : list of str, optional
        Columns to return, in this order.
    interactive_mode, cache : bool
        As in `ExportOption`.
    """

    columns: Sequence[str] | None = None
    interactive_mode: bool = False
    cache: bool = True


@dataclass(frozen=True)
class GroupOption:
    """Options of `get_group`.

    Parameters
    ----------
    interactive_mode, cache : bool
        As in `ExportOption`.
    """

    interactive_mode: bool = False
    cache: bool = True
