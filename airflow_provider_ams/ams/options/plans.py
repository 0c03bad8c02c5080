"""Options of what looks before it writes: forms, validation, plans, mirrors, deletes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from airflow_provider_ams.ams.errors import AMSConfigurationError
from airflow_provider_ams.ams.options.reads import UserFilter
from airflow_provider_ams.ams.options.rules import (
    ON_MISSING_FIELDS,
    check_between,
    check_choice,
    check_key,
    check_types,
    rejected_limit,
)
from airflow_provider_ams.ams.options.writes import EventImportOption, ImportOption

FORM_TYPES = ("event", "profile", "database")
MODES = ("insert", "update", "upsert", "mirror")
_NO_KEY = "A mirror needs a key to find events by, such as key=['start_date', 'start_time']."


@dataclass(frozen=True)
class FormOption:
    """Options of `get_forms` and `get_form_schema`.

    Parameters
    ----------
    form_type : str
        ``event``, ``profile`` or ``database``: a form may exist under several types.
    types : dict of str, optional
        Field -> kind, for fields of which the form's schema does not say it; see `ImportOption`.
    table : list of str, optional
        Fields of the form's table, if the schema does not mark them.
    interactive_mode, cache : bool
        As in `ExportOption`.
    """

    form_type: str = "event"
    types: Mapping[str, str] | None = None
    table: Sequence[str] | None = None
    interactive_mode: bool = True
    cache: bool = True

    def __post_init__(self) -> None:
        """Check the values."""
        check_choice("form_type", self.form_type, FORM_TYPES)
        check_types(self.types)


@dataclass(frozen=True)
class PlanOption(EventImportOption):
    """Options of `plan_event_data` and `validate_event_data`; see `EventImportOption`.

    Parameters
    ----------
    mode : str
        What is to be done with the rows: ``insert``, ``update`` (each row has an ``event_id``),
        ``upsert`` (by ``event_id`` or `key`) or ``mirror`` (by `key`, within a window).
    key : list of str, optional
        As in `UpsertEventOption`.
    on_missing_fields : str
        As in `UpdateEventOption`.
    default_dates : bool
        As in `InsertEventOption`.
    form_type : str
        ``event`` or ``profile``, for validation.
    users : UserFilter, optional
        For a mirror: whose events; everybody the account can see if left out.
    check_event_ids : bool
        For validation: read the stored events to see whether each ``event_id`` is one of the form
        and the person. A plan always does.
    """

    mode: str = "upsert"
    key: Sequence[str] | None = None
    on_missing_fields: str = "clear"
    default_dates: bool = False
    form_type: str = "event"
    users: UserFilter | None = None
    check_event_ids: bool = True

    def __post_init__(self) -> None:
        """Check the values."""
        super().__post_init__()
        check_choice("mode", self.mode, MODES)
        check_choice("on_missing_fields", self.on_missing_fields, ON_MISSING_FIELDS)
        check_choice("form_type", self.form_type, FORM_TYPES[:2])
        check_key(self.key)
        if self.mode == "mirror" and self.key is None:
            raise AMSConfigurationError(_NO_KEY)
        if self.mode in ("insert", "update") and self.key is not None:
            raise AMSConfigurationError(f"mode {self.mode!r} takes no key; 'upsert' does.")

    @classmethod
    def of(cls, option: ImportOption, mode: str, **more: Any) -> PlanOption:  # noqa: ANN401
        """Return the options of an import as those of its plan."""
        known = {f.name for f in fields(cls)}
        shared = {f.name: getattr(option, f.name) for f in fields(option) if f.name in known}
        return cls(**{**shared, "mode": mode, **more})

    @property
    def compares(self) -> bool:
        """Whether what is stored decides what is sent."""
        looks = self.mode == "mirror" or self.key is not None
        return self.validate or looks or self.on_missing_fields == "keep"

    @property
    def identifies(self) -> bool:
        """Whether new events carry an id of their own."""
        return self.idempotency_field is not None and self.form_type == "event"

    @property
    def overwrites(self) -> bool:
        """Whether fields that the frame does not have are emptied in stored events."""
        return self.mode != "insert" and self.on_missing_fields == "clear"


@dataclass(frozen=True)
class MirrorEventOption(EventImportOption):
    """Options of `mirror_event_data`; see `EventImportOption` for the shared ones.

    Parameters
    ----------
    key : list of str
        As in `UpsertEventOption`.
    max_deletes : int or str
        Events that may be deleted at most: a number, or a percentage of the stored events of the
        window (``"5%"``). With more to delete, nothing is sent at all. 0 by default.
    on_missing_fields : str
        As in `UpdateEventOption`.
    users : UserFilter, optional
        Whose events to mirror; everybody the account can see if left out.
    require_confirmation : bool
        In interactive mode, ask before events are deleted.
    """

    key: Sequence[str] | None = None
    max_deletes: int | str = 0
    on_missing_fields: str = "clear"
    users: UserFilter | None = None
    require_confirmation: bool = True

    def __post_init__(self) -> None:
        """Check the values."""
        super().__post_init__()
        check_key(self.key)
        if self.key is None:
            raise AMSConfigurationError(_NO_KEY)
        delete_limit(self.max_deletes, 0)
        check_choice("on_missing_fields", self.on_missing_fields, ON_MISSING_FIELDS)


@dataclass(frozen=True)
class DeleteEventOption:
    """Options of `delete_event_data` and `delete_multiple_events`.

    Parameters
    ----------
    max_deletes : int
        With more ids than this, nothing is deleted.
    window : tuple of str or date, optional
        First and last day (``dd/MM/yyyy``) on which the events start. Spares AMS a read of the
        form's whole history to see that the ids belong to the form; an id outside the window is
        refused.
    users : UserFilter, optional
        Whose events they are, for the same purpose; everybody the account can see if left out.
    batch_size : int
        Events in one call, 1 to 500.
    require_confirmation : bool
        In interactive mode, ask first.
    interactive_mode, cache : bool
        As in `ImportOption`.
    """

    max_deletes: int = 100
    window: tuple[object, object] | None = None
    users: UserFilter | None = None
    batch_size: int = 100
    require_confirmation: bool = True
    interactive_mode: bool = True
    cache: bool = True

    def __post_init__(self) -> None:
        """Check the values."""
        check_between("max_deletes", self.max_deletes, 0, 1_000_000)
        check_between("batch_size", self.batch_size, 1, 500)
        if self.window is not None and len(self.window) != 2:
            raise AMSConfigurationError("window must be two dates, the first and the last day.")


def delete_limit(max_deletes: int | str, stored: int) -> float:
    """Return how many of so many stored events may be deleted.

    Raises
    ------
    AMSConfigurationError
        `max_deletes` is neither a number nor a percentage.
    """
    if max_deletes is None or max_deletes == "all":
        raise _no_limit(max_deletes)
    try:
        return rejected_limit(max_deletes, stored)
    except AMSConfigurationError:
        raise _no_limit(max_deletes) from None


def _no_limit(max_deletes: object) -> AMSConfigurationError:
    return AMSConfigurationError(
        f"max_deletes is {max_deletes!r}; it must be a number or a percentage such as '5%'."
    )
