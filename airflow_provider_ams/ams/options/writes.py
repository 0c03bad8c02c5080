"""Options and filters of the public functions: frozen, checked when built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from airflow_provider_ams.ams.errors import AMSConfigurationError

ID_COLUMNS = ("user_id", "username", "email", "about")
USER_KEYS = ("user_id", "username", "email", "about", "group", "current_group")
# AMS names conditions by number; 4 to 7 work on number fields only.
DATA_CONDITIONS = {
    "equal_to": 1,
    "not_equal_to": 2,
    "contains": 3,
    "less_than": 4,
    "greater_than": 5,
    "less_than_or_equal_to": 6,
    "greater_than_or_equal_to": 7,
}
CONTRACTS = ("strict", "drop_unknown", "off")
ON_MISSING_FIELDS = ("clear", "keep", "error")
MAX_BATCH = 500
MAX_IN_FLIGHT = 8


def _choice(name: str, value: object, allowed: Sequence[object]) -> None:
    if value not in allowed:
        listed = ", ".join(repr(a) for a in allowed)
        raise AMSConfigurationError(f"{name} is {value!r}; it must be one of {listed}.")


def _between(name: str, value: int, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise AMSConfigurationError(
            f"{name} is {value!r}; it must be a whole number from {low} to {high}."
        )


def check_key(key: Sequence[str] | None) -> None:
    """Refuse a key that is no list of column names."""
    if key is None:
        return
    if isinstance(key, str):
        raise AMSConfigurationError(f"key is a text; write a list: [{key!r}].")
    if not key or not all(isinstance(k, str) and k for k in key):
        raise AMSConfigurationError("key must be a list of column names.")


def rejected_limit(tolerance: int | str | None, rows: int) -> float:
    """Return how many rejected rows an import of so many rows puts up with.

    Parameters
    ----------
    tolerance : int, str or None
        None (no rejected row), a number of rows, a percentage such as ``"2%"``, or ``"all"``.
    rows : int
        Input rows.

    Raises
    ------
    AMSConfigurationError
        Any other value.
    """
    if tolerance is None:
        return 0
    if tolerance == "all":
        return float("inf")
    if isinstance(tolerance, int) and not isinstance(tolerance, bool) and tolerance >= 0:
        return tolerance
    if isinstance(tolerance, str) and tolerance.endswith("%"):
        try:
            percent = float(tolerance[:-1])
        except ValueError:
            percent = -1.0
        if 0 <= percent <= 100:
            return rows * percent / 100
    raise AMSConfigurationError(
        f"tolerance is {tolerance!r}; it must be None, a number of rows, "
        "a percentage such as '2%', or 'all'."
    )


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
class ImportOption:
    """What all imports share.

    Parameters
    ----------
    interactive_mode : bool
        Print status lines and a progress bar.
    cache : bool
        Use the client (session and roster) of earlier calls with the same URL and user.
    id_col : str
        Column that names the person: ``user_id``, ``username``, ``email`` or ``about``
        (first and last name).
    batch_size : int
        Events in one call, 1 to 500. AMS is known to work well with 25.
    max_in_flight : int
        Calls in flight at a time, 1 to 8. The vendor warns of concurrent load.
    tolerance : int, str or None
        Rejected rows to put up with: None (none), a number, a percentage (``"2%"``), ``"all"``.
        With more, `AMSImportError` is raised after all good rows have landed.
    boolean_text : tuple of str, optional
        Option texts that stand for True and False in the form, such as ``("Yes", "No")``. AMS has
        no boolean type; without this a column of booleans is refused.
    settle_seconds : float
        Seconds that AMS is given to finish a call whose answer was lost, before the events of it
        that are not there count as not stored and go out again. A site that may store a call
        later than that needs more.
    validate : bool
        Check the frame against the form first, see `validate_event_data`. Rows with a value that
        the form does not take (required, options, formats) are rejected and not sent, the others
        go; with any other error nothing is sent.
    contract : str
        What validating does about columns that the form can't take: ``strict`` (an error),
        ``drop_unknown`` (leave them out, with a warning) or ``off`` (do not look at the form).
    """

    interactive_mode: bool = True
    cache: bool = True
    id_col: str = "user_id"
    batch_size: int = 25
    max_in_flight: int = 1
    tolerance: int | str | None = None
    boolean_text: tuple[str, str] | None = None
    settle_seconds: float = 5.0
    validate: bool = False
    contract: str = "strict"

    def __post_init__(self) -> None:
        """Check the values."""
        _choice("id_col", self.id_col, ID_COLUMNS)
        _choice("contract", self.contract, CONTRACTS)
        _between("batch_size", self.batch_size, 1, MAX_BATCH)
        _between("max_in_flight", self.max_in_flight, 1, MAX_IN_FLIGHT)
        rejected_limit(self.tolerance, 0)
        if not 0 <= self.settle_seconds < float("inf"):
            raise AMSConfigurationError(
                f"settle_seconds is {self.settle_seconds!r}; it must be seconds, 0 or more."
            )
        texts = self.boolean_text
        if texts is not None and (
            len(texts) != 2 or not all(isinstance(t, str) and t for t in texts)
        ):
            raise AMSConfigurationError(
                "boolean_text must be two texts, the one for True first, such as ('Yes', 'No')."
            )


@dataclass(frozen=True)
class EventImportOption(ImportOption):
    """What the event imports share, beyond `ImportOption`.

    Parameters
    ----------
    table_fields : list of str, optional
        Columns that are fields of the form's table. The other columns are event-level fields.
    """

    table_fields: Sequence[str] | None = None

    def __post_init__(self) -> None:
        """Check the values."""
        super().__post_init__()
        if isinstance(self.table_fields, str):
            raise AMSConfigurationError(
                f"table_fields is a text; write a list: [{self.table_fields!r}]."
            )


@dataclass(frozen=True)
class InsertEventOption(EventImportOption):
    """Options of `insert_event_data`; see `EventImportOption` for the shared ones.

    Parameters
    ----------
    default_dates : bool
        Give events without a ``start_date`` column today's date in the site's time zone. Without
        this a missing ``start_date`` is an error.
    """

    default_dates: bool = False


@dataclass(frozen=True)
class UpdateEventOption(EventImportOption):
    """Options of `update_event_data`; see `EventImportOption` for the shared ones.

    Parameters
    ----------
    require_confirmation : bool
        In interactive mode, ask before events are overwritten.
    on_missing_fields : str
        What becomes of form fields that the frame does not have: ``clear`` (AMS empties them, as
        it does by itself; a warning names them), ``keep`` (the stored events are read and their
        values written back; unchanged events are not sent) or ``error``.
    """

    require_confirmation: bool = True
    on_missing_fields: str = "clear"

    def __post_init__(self) -> None:
        """Check the values."""
        super().__post_init__()
        _choice("on_missing_fields", self.on_missing_fields, ON_MISSING_FIELDS)


@dataclass(frozen=True)
class UpsertEventOption(EventImportOption):
    """Options of `upsert_event_data`; see `EventImportOption` for the shared ones.

    Parameters
    ----------
    default_dates : bool
        As in `InsertEventOption`, for the rows without an ``event_id``.
    on_missing_fields : str
        As in `UpdateEventOption`.
    key : list of str, optional
        Find events by these columns and not by ``event_id``: ``start_date``, ``start_time``,
        ``end_date``, ``end_time`` and form fields; the person always belongs to it. New rows are
        inserted, changed rows updated, unchanged rows not sent. With ``start_date`` in it only
        events of the frame's dates are read, else all events of its people.
    """

    default_dates: bool = False
    on_missing_fields: str = "clear"
    key: Sequence[str] | None = None

    def __post_init__(self) -> None:
        """Check the values."""
        super().__post_init__()
        _choice("on_missing_fields", self.on_missing_fields, ON_MISSING_FIELDS)
        check_key(self.key)


@dataclass(frozen=True)
class UpsertProfileOption(ImportOption):
    """Options of `upsert_profile_data`; see `ImportOption`.

    Parameters
    ----------
    on_missing_fields : str
        As in `UpdateEventOption`.
    """

    on_missing_fields: str = "clear"

    def __post_init__(self) -> None:
        """Check the values."""
        super().__post_init__()
        _choice("on_missing_fields", self.on_missing_fields, ON_MISSING_FIELDS)


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
        _choice("user_key", self.user_key, USER_KEYS)
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
            _between("events_per_user", self.events_per_user, 1, 1_000_000)
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
            _choice("data_condition", condition, tuple(DATA_CONDITIONS))

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
    """

    interactive_mode: bool = False
    cache: bool = True
    guess_col_type: bool = True


@dataclass(frozen=True)
class EventOption(ExportOption):
    """Options of `get_event_data`; see `ExportOption` for the shared ones.

    Parameters
    ----------
    include_missing_users: bool
        Give each chosen user without an event a row of their own, with no ``event_id``.
    """

    include_missing_users: bool = False


@dataclass(frozen=True)
class SyncEventOption(ExportOption):
    """Options of `sync_event_data`; see `ExportOption`."""


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
    """Options of `get_group`; as in `ExportOption`."""

    interactive_mode: bool = False
    cache: bool = True


def as_list(value: object) -> list[Any]:
    """Return a list or tuple as a list, anything else as a list of one, None as an empty one."""
    if value is None:
        return []
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Sequence):
        return [value]
    return list(value)
