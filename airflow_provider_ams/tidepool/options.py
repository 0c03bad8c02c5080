"""How to ingest: one frozen dataclass, checked when it is built."""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, field

from airflow_provider_ams.tidepool.errors import TidepoolConfigurationError
from airflow_provider_ams.transport import Tolerance, rejected_limit

FIELDS = ("text", "timestamp", "id", "session_id", "user_id", "event_name")
REQUIRED = ("text", "timestamp")
MAX_BATCH = 100

_CHOICES = {
    "validate": ("first", "all", "none"),
    "ambiguous": ("reject", "first", "second"),
    "format": (None, "csv", "jsonl", "parquet"),
}


@dataclass(frozen=True, kw_only=True)
class IngestOption:
    """Say how a source is read, checked, sent and resumed.

    Parameters
    ----------
    batch_size : int
        Events in a call, 1 to 100 (what the API takes).
    validate : {"first", "all", "none"}
        Which batches go to ``/validate`` before they are tracked. Unless all rejected rows are
        tolerated, ``"all"`` validates the whole source before the first event is tracked.
    pause : float
        Seconds between two batches. Tidepool's rate limit is not documented: the default is the
        pause in its own sample script.
    max_in_flight : int
        Batches in flight at a time.
    tolerance : int, str or None
        Rejected rows to put up with: None (none), a number, a percentage (``"2%"``), ``"all"``.
        They are left out and written to the dead letters. Short of ``"all"`` the whole source is
        read first, and nothing is sent if more of its rows than that are wrong.
    columns : mapping
        Source column -> event field, e.g. ``{"message": "text", "sent_at": "timestamp"}``.
        Columns with the name of a field need no entry; columns that feed no field are not sent,
        but take part in the ids that are made from a row.
    timezone : str, optional
        IANA zone of timestamps without one; not given, such a timestamp is an error.
    ambiguous : {"reject", "first", "second"}
        A local time that comes twice when clocks go back: refuse the row, or take the first
        (summer time) or second (winter time). A local time that never came is always refused.
    event_name : str
        For rows without an event name.
    random_ids : bool
        Make missing ids at random instead of from the row's content. The journal keeps what is
        needed to make the same ones after a crash.
    resend : int
        How often in one run a batch with no usable answer is sent again, with the same ids.
        0 stops at the first lost answer. It is not known whether Tidepool drops repeated ids.
    format : {None, "csv", "jsonl", "parquet"}
        None: by the name's ending.
    encoding : str, optional
        Of text files; None: UTF-8, or UTF-16 if the file starts with its mark.
    dialect : mapping, optional
        Settings of Python's ``csv`` reader (``delimiter``, ``quotechar``, ``escapechar``, ...);
        None: detected from the first lines. ``csv_safe`` says that the file was written so.
    storage_options : mapping
        Passed to fsspec for URLs.
    dead_letter_path : path or URL, optional
        Where rejected rows go, each with the reason; None: next to a source that is a file.
    csv_safe : bool
        Dead letters in a CSV file are safe to open in a spreadsheet: a text that it would take
        for a formula gets an apostrophe in front. Dead letters that come back as the source are
        read as they were; for other files that were written so, there is the `dialect`
        ``{"csv_safe": True}``.
    restart : bool
        Forget the journal and send everything (again).
    same_project : bool
        The API key has changed since the journal was begun, but belongs to the same project.
    interactive_mode : bool
        Show status lines and a progress bar.
    """

    batch_size: int = MAX_BATCH
    validate: str = "first"
    pause: float = 0.2
    max_in_flight: int = 1
    tolerance: Tolerance = None
    columns: Mapping[str, str] = field(default_factory=dict)
    timezone: str | None = None
    ambiguous: str = "reject"
    event_name: str = "USER_MESSAGE"
    random_ids: bool = False
    resend: int = 1
    format: str | None = None
    encoding: str | None = None
    dialect: Mapping[str, object] | None = None
    storage_options: Mapping[str, object] = field(default_factory=dict, repr=False)
    dead_letter_path: object = None
    csv_safe: bool = False
    restart: bool = False
    same_project: bool = False
    interactive_mode: bool = True

    def __post_init__(self) -> None:
        """Refuse settings that can't mean anything."""
        for name, valid in _CHOICES.items():
            if getattr(self, name) not in valid:
                raise TidepoolConfigurationError(
                    f"{name}={getattr(self, name)!r} is not known: use one of "
                    + ", ".join(repr(choice) for choice in valid)
                )
        self._check_number("batch_size", 1, MAX_BATCH)
        self._check_number("max_in_flight", 1, 64)
        self._check_number("resend", 0, 10)
        if not (isinstance(self.pause, (int, float)) and 0 <= self.pause < float("inf")):
            raise TidepoolConfigurationError("pause is a number of seconds, 0 or more")
        if not isinstance(self.event_name, str) or not self.event_name.strip():
            raise TidepoolConfigurationError("event_name must be a text that is not empty")
        self._check_columns()
        self._check_timezone()
        self.rejected_limit(0)

    def _check_number(self, name: str, low: int, high: int) -> None:
        value = getattr(self, name)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise TidepoolConfigurationError(f"{name} must be a whole number, {low} to {high}")

    def _check_columns(self) -> None:
        if not isinstance(self.columns, Mapping):
            raise TidepoolConfigurationError("columns maps column names to event fields")
        targets = list(self.columns.values())
        unknown = sorted({str(target) for target in targets if target not in FIELDS})
        if unknown:
            raise TidepoolConfigurationError(
                f"columns maps to {', '.join(unknown)}: event fields are {', '.join(FIELDS)}"
            )
        if len(set(targets)) < len(targets):
            raise TidepoolConfigurationError("columns maps two columns to the same event field")

    def _check_timezone(self) -> None:
        if self.timezone is None:
            return
        try:
            zoneinfo.ZoneInfo(self.timezone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError, TypeError):
            raise TidepoolConfigurationError(
                f"timezone={self.timezone!r} is not known: use an IANA name as 'Europe/London'"
            ) from None

    @property
    def reads_ahead(self) -> bool:
        """The whole source is read before anything is sent."""
        return self.tolerance != "all"

    def rejected_limit(self, rows: int) -> float:
        """Return how many rejected rows of so many are put up with.

        Raises
        ------
        TidepoolConfigurationError
            The tolerance is not one of its values.
        """
        try:
            return rejected_limit(self.tolerance, rows)
        except ValueError as error:
            raise TidepoolConfigurationError(str(error)) from None

    def source_of(self, names: list[str]) -> dict[str, str]:
        """Return which of these columns feeds which event field, as field -> column."""
        found = {name: name for name in names if name in FIELDS and name not in self.columns}
        return found | {
            target: column for column, target in self.columns.items() if column in names
        }

    def identity(self) -> dict[str, object]:
        """Return the options that change what is sent, for the journal to compare."""
        return {
            "columns": dict(sorted(self.columns.items())),
            "timezone": self.timezone,
            "ambiguous": self.ambiguous,
            "event_name": self.event_name,
            "random_ids": self.random_ids,
            "format": self.format,
            "encoding": self.encoding,
            "csv_safe": self.csv_safe,
            "dialect": None if self.dialect is None else repr(sorted(self.dialect.items())),
        }
