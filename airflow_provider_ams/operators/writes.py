"""Operators that insert, update and upsert the events of an AMS form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_ams.hooks.ams import AmsHook
from airflow_provider_ams.operators._write import AmsWriteOperator

if TYPE_CHECKING:
    pass


class AmsInsertEventDataOperator(AmsWriteOperator):
    """Insert events into a form; unlike the library it validates the rows first.

    Sent twice, a row is two events. A task that has no place to note how far it came therefore
    fails at once, instead of trying again, when nobody can tell whether rows were stored.

    Parameters
    ----------
    form, data, id_col, batch_size, max_in_flight, tolerance, boolean_text, types, validate
    contract, columns, date_format, sep, decimal, encoding, sheet
        What to send, and how; see `AmsWriteOperator`.
    idempotency_field : str, optional
        A text field of the form to spare, for a stable id of each new event: rows that AMS holds
        already are then recognised, whoever wrote them. See the library's `EventImportOption`.
    table_fields : list of str, optional
        Columns that are fields of the form's table.
    default_dates : bool
        Give rows without a ``start_date`` today's date in the site's time zone.
    dry_run, settle_seconds, dead_letter_path, state_path, ams_conn_id
        See `AmsWriteOperator`.
    """

    template_fields: Sequence[str] = (
        *AmsWriteOperator.template_fields,
        "table_fields",
        "state_path",
    )
    function = "insert_event_data"
    option_class = "InsertEventOption"
    plan_options: ClassVar[dict[str, Any]] = {"mode": "insert"}

    def __init__(
        self,
        *,
        form: str,
        data: Any,  # noqa: ANN401
        id_col: str = "user_id",
        table_fields: Sequence[str] | None = None,
        default_dates: bool = False,
        batch_size: int | None = None,
        max_in_flight: int | None = None,
        tolerance: int | str | None = None,
        boolean_text: tuple[str, str] | None = None,
        types: Mapping[str, str] | None = None,
        idempotency_field: str | None = None,
        columns: Mapping[str, str] | None = None,
        date_format: str | Mapping[str, str] | None = None,
        sep: str | None = None,
        decimal: str | None = None,
        encoding: str | None = None,
        sheet: str | None = None,
        validate: bool = True,
        contract: str = "strict",
        dry_run: bool = False,
        settle_seconds: float | None = None,
        dead_letter_path: Any = None,  # noqa: ANN401
        state_path: str | None = None,
        ams_conn_id: str = AmsHook.default_conn_name,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(ams_conn_id=ams_conn_id, **kwargs)
        self.keep(locals())

    def can_repeat(self) -> bool:
        """Return False: an insert sent again is a second event."""
        return False


class AmsUpdateEventDataOperator(AmsWriteOperator):
    """Change events by ``event_id``; unlike the library it validates, and keeps other fields.

    Parameters
    ----------
    form, data, id_col, batch_size, max_in_flight, tolerance, boolean_text, types, validate
    contract, columns, date_format, sep, decimal, encoding, sheet
        What to send, and how; see `AmsWriteOperator`.
    idempotency_field : str, optional
        A text field of the form to spare, for a stable id of each new event: rows that AMS holds
        already are then recognised, whoever wrote them. See the library's `EventImportOption`.
    table_fields : list of str, optional
        Columns that are fields of the form's table.
    on_missing_fields : str
        What becomes of fields that `data` does not have: ``keep`` (they stay as they are; events
        that hold the rows' values already are not sent), ``clear`` (AMS empties them, the
        library's own default) or ``error``.
    dry_run, settle_seconds, dead_letter_path, state_path, ams_conn_id
        See `AmsWriteOperator`.
    """

    template_fields: Sequence[str] = (
        *AmsWriteOperator.template_fields,
        "table_fields",
        "on_missing_fields",
        "state_path",
    )
    function = "update_event_data"
    option_class = "UpdateEventOption"
    fixed_options: ClassVar[dict[str, Any]] = {"require_confirmation": False}
    plan_options: ClassVar[dict[str, Any]] = {"mode": "update"}

    def __init__(
        self,
        *,
        form: str,
        data: Any,  # noqa: ANN401
        id_col: str = "user_id",
        table_fields: Sequence[str] | None = None,
        on_missing_fields: str = "keep",
        batch_size: int | None = None,
        max_in_flight: int | None = None,
        tolerance: int | str | None = None,
        boolean_text: tuple[str, str] | None = None,
        types: Mapping[str, str] | None = None,
        idempotency_field: str | None = None,
        columns: Mapping[str, str] | None = None,
        date_format: str | Mapping[str, str] | None = None,
        sep: str | None = None,
        decimal: str | None = None,
        encoding: str | None = None,
        sheet: str | None = None,
        validate: bool = True,
        contract: str = "strict",
        dry_run: bool = False,
        settle_seconds: float | None = None,
        dead_letter_path: Any = None,  # noqa: ANN401
        state_path: str | None = None,
        ams_conn_id: str = AmsHook.default_conn_name,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(ams_conn_id=ams_conn_id, **kwargs)
        self.keep(locals())


class AmsUpsertEventDataOperator(AmsWriteOperator):
    """Update events or insert them; unlike the library it validates, and keeps other fields.

    Rows whose event exists update it, the others are inserted.

    Parameters
    ----------
    form, data, id_col, batch_size, max_in_flight, tolerance, boolean_text, types, validate
    contract, columns, date_format, sep, decimal, encoding, sheet
        What to send, and how; see `AmsWriteOperator`.
    idempotency_field : str, optional
        A text field of the form to spare, for a stable id of each new event: rows that AMS holds
        already are then recognised, whoever wrote them. See the library's `EventImportOption`.
    key : list of str, optional
        Find events by these columns (``start_date``, ``start_time``, form fields; the person is
        always part of it) and not by ``event_id``. Unchanged rows are not sent, and running again
        inserts nothing twice.
    table_fields : list of str, optional
        Columns that are fields of the form's table.
    default_dates : bool
        Give new rows without a ``start_date`` today's date in the site's time zone.
    on_missing_fields : str
        As for `AmsUpdateEventDataOperator`; the library's own default is ``clear``.
    dry_run, settle_seconds, dead_letter_path, state_path, ams_conn_id
        See `AmsWriteOperator`.
    """

    template_fields: Sequence[str] = (
        *AmsWriteOperator.template_fields,
        "key",
        "table_fields",
        "on_missing_fields",
        "state_path",
    )
    function = "upsert_event_data"
    option_class = "UpsertEventOption"
    plan_options: ClassVar[dict[str, Any]] = {"mode": "upsert"}

    key: Sequence[str] | None

    def __init__(
        self,
        *,
        form: str,
        data: Any,  # noqa: ANN401
        id_col: str = "user_id",
        key: Sequence[str] | None = None,
        table_fields: Sequence[str] | None = None,
        default_dates: bool = False,
        on_missing_fields: str = "keep",
        batch_size: int | None = None,
        max_in_flight: int | None = None,
        tolerance: int | str | None = None,
        boolean_text: tuple[str, str] | None = None,
        types: Mapping[str, str] | None = None,
        idempotency_field: str | None = None,
        columns: Mapping[str, str] | None = None,
        date_format: str | Mapping[str, str] | None = None,
        sep: str | None = None,
        decimal: str | None = None,
        encoding: str | None = None,
        sheet: str | None = None,
        validate: bool = True,
        contract: str = "strict",
        dry_run: bool = False,
        settle_seconds: float | None = None,
        dead_letter_path: Any = None,  # noqa: ANN401
        state_path: str | None = None,
        ams_conn_id: str = AmsHook.default_conn_name,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(ams_conn_id=ams_conn_id, **kwargs)
        self.keep(locals())

    def can_repeat(self) -> bool:
        """Tell whether there is a key: by it, what an earlier try has inserted is found again."""
        return self.key is not None
