"""Options of the imports: frozen, checked when built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from airflow_provider_ams.ams.errors import AMSConfigurationError
from airflow_provider_ams.ams.options.rules import (
    CONTRACTS,
    ID_COLUMNS,
    MAX_BATCH,
    MAX_IN_FLIGHT,
    ON_MISSING_FIELDS,
    check_between,
    check_choice,
    check_columns,
    check_date_format,
    check_key,
    check_types,
    rejected_limit,
)


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
        With more, `AMSImportError` is raised after all good rows have landed. A row that can't
        be read is rejected, too, with all rows of its event.
    boolean_text : tuple of str, optional
        Option texts that stand for True and False in the form, such as ``("Yes", "No")``. AMS has
        no boolean type; without this a column of booleans is refused.
    settle_seconds : float
        Seconds that AMS is given to finish a call whose answer was lost, before the events of it
        that are not there count as not stored and go out again. A site that may store a call
        later than that needs more.
    validate : bool
        Check the frame against the form first, see `validate_event_data`. Rows with a value that
        the form does not take (required, options, formats) are rejected like rows that can't be
        read, and the others go; with an error about the whole frame nothing is sent.
    contract : str
        What validating does about columns that the form can't take: ``strict`` (an error),
        ``drop_unknown`` (leave them out, with a warning) or ``off`` (do not look at the form).
    types : dict of str, optional
        Field -> kind (``text``, ``number``, ``date``, ``time``, ``duration``, ``choice``,
        ``choices``, ``file``), for fields of which the form's schema does not say it.
    columns : dict of str, optional
        Name in the frame -> form field (or ``start_date``, ``username``, ...), for columns that
        have other names. They are renamed before anything else: all other options use the form's
        names. Messages speak of the frame's.
    date_format : str or dict, optional
        How texts of dates are written, as for ``strptime`` (``"%m/%d/%Y"``): in ``start_date``,
        ``end_date`` and all date fields of the form, or column by column. Without it a column of
        dates is ``dd/MM/yyyy`` or ISO 8601, a column of times ``h:mm AM`` or ``HH:MM``, whichever
        most of its texts are; the others are rejected, as are days of which nobody can tell
        whether the month stands first.
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
    types: Mapping[str, str] | None = None
    columns: Mapping[str, str] | None = None
    date_format: str | Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        """Check the values."""
        check_choice("id_col", self.id_col, ID_COLUMNS)
        check_choice("contract", self.contract, CONTRACTS)
        check_between("batch_size", self.batch_size, 1, MAX_BATCH)
        check_between("max_in_flight", self.max_in_flight, 1, MAX_IN_FLIGHT)
        rejected_limit(self.tolerance, 0)
        check_types(self.types)
        check_columns(self.columns)
        check_date_format(self.date_format)
        if not 0 <= self.settle_seconds < float("inf"):
            raise AMSConfigurationError(
                f"settle_seconds is {self.settle_seconds!r}; it must be a number of seconds, 0 or "
                "more."
            )
        texts = self.boolean_text
        if texts is not None and (
            len(texts) != 2 or not all(isinstance(t, str) and t for t in texts)
        ):
            raise AMSConfigurationError(
                f"boolean_text is {texts!r}; it must be two texts, the one for True first, such as "
                "('Yes', 'No')."
            )


@dataclass(frozen=True)
class EventImportOption(ImportOption):
    """What the event imports share, beyond `ImportOption`.

    Parameters
    ----------
    table_fields : list of str, optional
        Columns that are fields of the form's table, or whose cells hold rows of it: a list of
        dicts, field -> value, or the same as JSON text. The other columns are event-level fields.
    idempotency_field : str, optional
        A text field of the form to spare, for a stable id of each new event. Events are then
        recognised by it alone: rows that AMS holds already, from an earlier or another import, are
        not inserted again. Costs a read of the frame's days before, and one after.
    """

    table_fields: Sequence[str] | None = None
    idempotency_field: str | None = None

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
        check_choice("on_missing_fields", self.on_missing_fields, ON_MISSING_FIELDS)


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
        check_choice("on_missing_fields", self.on_missing_fields, ON_MISSING_FIELDS)
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
        check_choice("on_missing_fields", self.on_missing_fields, ON_MISSING_FIELDS)
