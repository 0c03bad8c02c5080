"""Operators for the events of an AMS form: read, synchronise, insert, update, upsert."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import AirflowFailException, BaseOperator

from airflow_provider_ams.hooks.ams import AmsHook
from airflow_provider_ams.operators._base import AmsReadOperator
from airflow_provider_ams.operators._dates import date_text
from airflow_provider_ams.operators._hidden import HiddenField, HiddenValues
from airflow_provider_ams.operators._options import library_option
from airflow_provider_ams.operators._watermark import WATERMARK, load_watermark, save_watermark
from airflow_provider_ams.operators._write import AmsWriteOperator

if TYPE_CHECKING:
    import pandas as pd
    from airflow.providers.common.compat.sdk import Context


class AmsGetEventDataOperator(AmsReadOperator):
    """Read the events of a form between two dates.

    Parameters
    ----------
    form : str
        The event form's name.
    from_date, to_date : str
        First and last day (``start_date`` and ``end_date`` of the library, names that Airflow
        keeps for the task itself): ``dd/MM/yyyy``, ISO 8601, or a template such as
        ``{{ data_interval_end | ams_date(days=-7) }}``; a date-time counts in the connection's
        time zone. `to_date` is the end of the run's data interval if left out.
    data_key, data_value, data_condition, events_per_user
        Further conditions; see the library's ``EventFilter``. `data_value` is never shown.
    include_missing_users, guess_col_type
        See the library's ``EventOption``.
    user_key, user_value, output_path, ams_conn_id
        Whom to read, where to put it, what to connect to; see `AmsReadOperator`.

    Returns
    -------
    DataFrame or str
        The events, or the path they were written to.
    """

    template_fields: Sequence[str] = (
        *AmsReadOperator.template_fields,
        "form",
        "from_date",
        "to_date",
        "data_key",
        "data_value",
        "data_condition",
        "events_per_user",
    )
    data_value = HiddenField(HiddenValues)

    def __init__(
        self,
        *,
        form: str,
        from_date: str,
        to_date: str = "{{ data_interval_end | ams_date }}",
        data_key: str | Sequence[str] | None = None,
        data_value: Any = None,  # noqa: ANN401
        data_condition: str | Sequence[str] | None = None,
        events_per_user: int | None = None,
        include_missing_users: bool = False,
        guess_col_type: bool = True,
        user_key: str | None = None,
        user_value: Any = None,  # noqa: ANN401
        output_path: Any = None,  # noqa: ANN401
        ams_conn_id: str = AmsHook.default_conn_name,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        people = {"user_key": user_key, "user_value": user_value}
        super().__init__(**people, output_path=output_path, ams_conn_id=ams_conn_id, **kwargs)
        self.form, self.from_date, self.to_date = form, from_date, to_date
        self.data_key, self.data_value, self.data_condition = data_key, data_value, data_condition
        self.events_per_user = events_per_user
        self.include_missing_users, self.guess_col_type = include_missing_users, guess_col_type

    def execute(self, context: Context) -> pd.DataFrame | str:
        """Read the events."""
        from airflow_provider_ams.ams import EventFilter, EventOption, get_event_data

        began = time.monotonic()
        with self.client() as client:
            frame = get_event_data(
                self.form,
                date_text(self.from_date, client.timezone),
                date_text(self.to_date, client.timezone),
                filter=library_option(EventFilter, self, **self.people),
                option=library_option(EventOption, self, interactive_mode=False),
                client=client,
            )
        return self.deliver(f"{self.form}: events", frame, client, began)


class AmsSyncEventDataOperator(AmsReadOperator):
    """Read the events of a form that were added or changed since the last time.

    The new watermark goes to XCom under ``last_synchronisation_time`` and the ids of deleted
    events under ``deleted_event_ids``. It is not stored here: a watermark moved on before the
    data has arrived loses that data when a later task fails. Put `AmsSaveWatermarkOperator` with
    the same Variable at the end of the DAG.

    Parameters
    ----------
    form : str
        The event form's name.
    watermark_variable : str, optional
        Key of the Airflow Variable that holds the watermark between runs.
    last_synchronisation_time : int or str, optional
        Where to begin when there is no Variable (yet): epoch milliseconds, or a date or date-time
        in ISO 8601 (UTC unless it names a zone). 0 reads everything, once; AMS suffers when every
        run does that.
    guess_col_type
        See the library's ``SyncEventOption``.
    user_key, user_value, output_path, ams_conn_id
        Whom to read, where to put it, what to connect to; see `AmsReadOperator`.

    Returns
    -------
    DataFrame or str
        The events, or the path they were written to.
    """

    template_fields: Sequence[str] = (
        *AmsReadOperator.template_fields,
        "form",
        "watermark_variable",
        "last_synchronisation_time",
    )

    def __init__(
        self,
        *,
        form: str,
        watermark_variable: str | None = None,
        last_synchronisation_time: int | str | None = None,
        guess_col_type: bool = True,
        user_key: str | None = None,
        user_value: Any = None,  # noqa: ANN401
        output_path: Any = None,  # noqa: ANN401
        ams_conn_id: str = AmsHook.default_conn_name,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        people = {"user_key": user_key, "user_value": user_value}
        super().__init__(**people, output_path=output_path, ams_conn_id=ams_conn_id, **kwargs)
        self.form, self.guess_col_type = form, guess_col_type
        self.watermark_variable = watermark_variable
        self.last_synchronisation_time = last_synchronisation_time

    def execute(self, context: Context) -> pd.DataFrame | str:
        """Read what has changed since the watermark."""
        from airflow_provider_ams.ams import SyncEventFilter, SyncEventOption, sync_event_data

        since = load_watermark(self.watermark_variable, self.last_synchronisation_time)
        began = time.monotonic()
        with self.client() as client:
            result = sync_event_data(
                self.form,
                since,
                filter=library_option(SyncEventFilter, self, **self.people),
                option=library_option(SyncEventOption, self, interactive_mode=False),
                client=client,
            )
        title, ti = f"{self.form}: events changed since {since}", context["ti"]
        delivered = self.deliver(title, result.data, client, began)
        ti.xcom_push(key=WATERMARK, value=int(result.last_synchronisation_time))
        ti.xcom_push(key="deleted_event_ids", value=[int(i) for i in result.deleted_event_ids])
        return delivered


class AmsSaveWatermarkOperator(BaseOperator):
    """Store the watermark of a sync, once everything that needs its data has succeeded.

    Parameters
    ----------
    watermark_variable : str
        Key of the Airflow Variable; the same as the sync's.
    sync_task_id : str
        Task id of the `AmsSyncEventDataOperator`.

    Returns
    -------
    int
        The stored watermark. One that is lower than what the Variable holds is not stored: an
        old run that is run again must not turn the clock back.
    """

    template_fields: Sequence[str] = ("watermark_variable", "sync_task_id")

    def __init__(self, *, watermark_variable: str, sync_task_id: str, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(**kwargs)
        self.watermark_variable = watermark_variable
        self.sync_task_id = sync_task_id

    def execute(self, context: Context) -> int:
        """Move the Variable on."""
        watermark = context["ti"].xcom_pull(task_ids=self.sync_task_id, key=WATERMARK)
        if watermark is None:
            raise AirflowFailException(f"Task {self.sync_task_id!r} has left no watermark.")
        return save_watermark(self.watermark_variable, int(watermark))


class AmsInsertEventDataOperator(AmsWriteOperator):
    """Insert events into a form.

    Sent twice, a row is two events. A task that has no place to note how far it came therefore
    fails at once, instead of trying again, when nobody can tell whether rows were stored.

    Parameters
    ----------
    form, data, id_col, batch_size, max_in_flight, tolerance, boolean_text, types, validate
    contract, csv
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
        csv: Mapping[str, str] | None = None,
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
        self.form, self.data, self.id_col = form, data, id_col
        self.table_fields, self.default_dates = table_fields, default_dates
        self.batch_size, self.max_in_flight = batch_size, max_in_flight
        self.tolerance, self.boolean_text = tolerance, boolean_text
        self.types, self.csv = types, csv
        self.idempotency_field = idempotency_field
        self.validate, self.contract, self.is_dry_run = validate, contract, dry_run
        self.settle_seconds, self.dead_letter_path = settle_seconds, dead_letter_path
        self.state_path = state_path

    def can_repeat(self) -> bool:
        """Return False: an insert sent again is a second event."""
        return False


class AmsUpdateEventDataOperator(AmsWriteOperator):
    """Change events by ``event_id``.

    Parameters
    ----------
    form, data, id_col, batch_size, max_in_flight, tolerance, boolean_text, types, validate
    contract, csv
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
        csv: Mapping[str, str] | None = None,
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
        self.form, self.data, self.id_col = form, data, id_col
        self.table_fields, self.on_missing_fields = table_fields, on_missing_fields
        self.batch_size, self.max_in_flight = batch_size, max_in_flight
        self.tolerance, self.boolean_text = tolerance, boolean_text
        self.types, self.csv = types, csv
        self.idempotency_field = idempotency_field
        self.validate, self.contract, self.is_dry_run = validate, contract, dry_run
        self.settle_seconds, self.dead_letter_path = settle_seconds, dead_letter_path
        self.state_path = state_path


class AmsUpsertEventDataOperator(AmsWriteOperator):
    """Update the rows whose event exists and insert the others.

    Parameters
    ----------
    form, data, id_col, batch_size, max_in_flight, tolerance, boolean_text, types, validate
    contract, csv
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
        csv: Mapping[str, str] | None = None,
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
        self.form, self.data, self.id_col = form, data, id_col
        self.key, self.table_fields = key, table_fields
        self.default_dates, self.on_missing_fields = default_dates, on_missing_fields
        self.batch_size, self.max_in_flight = batch_size, max_in_flight
        self.tolerance, self.boolean_text = tolerance, boolean_text
        self.types, self.csv = types, csv
        self.idempotency_field = idempotency_field
        self.validate, self.contract, self.is_dry_run = validate, contract, dry_run
        self.settle_seconds, self.dead_letter_path = settle_seconds, dead_letter_path
        self.state_path = state_path

    def can_repeat(self) -> bool:
        """Tell whether there is a key: by it, what an earlier try has inserted is found again."""
        return self.key is not None
