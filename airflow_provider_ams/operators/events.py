"""Operators that read the events of an AMS form, or what has changed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException, BaseOperator

from airflow_provider_ams.hooks.ams import AmsHook
from airflow_provider_ams.operators._dates import date_text
from airflow_provider_ams.operators._hidden import HiddenField, HiddenValues
from airflow_provider_ams.operators._options import library_option
from airflow_provider_ams.operators._records import AmsRecordsOperator
from airflow_provider_ams.operators._watermark import WATERMARK, load_watermark, save_watermark

if TYPE_CHECKING:
    import pandas as pd
    from airflow.providers.common.compat.sdk import Context


class AmsGetEventDataOperator(AmsRecordsOperator):
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
    include_missing_users, timestamps
        See the library's ``EventOption``.
    user_key, user_value, output_path, dtype, types, guess_col_type, ams_conn_id
        Whom to read, where to put it, types of columns, what to connect to; see
        `AmsRecordsOperator`.

    Returns
    -------
    DataFrame or str
        The events, or the path they were written to.
    """

    template_fields: Sequence[str] = (
        *AmsRecordsOperator.template_fields,
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
        timestamps: bool = False,
        user_key: str | None = None,
        user_value: Any = None,  # noqa: ANN401
        output_path: Any = None,  # noqa: ANN401
        dtype: str | None = None,
        types: Mapping[str, str] | None = None,
        guess_col_type: bool | None = None,
        ams_conn_id: str = AmsHook.default_conn_name,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(
            user_key=user_key,
            user_value=user_value,
            output_path=output_path,
            dtype=dtype,
            types=types,
            guess_col_type=guess_col_type,
            ams_conn_id=ams_conn_id,
            **kwargs,
        )
        self.form, self.from_date, self.to_date = form, from_date, to_date
        self.data_key, self.data_value, self.data_condition = data_key, data_value, data_condition
        self.events_per_user = events_per_user
        self.include_missing_users, self.timestamps = include_missing_users, timestamps

    def execute(self, context: Context) -> pd.DataFrame | str:
        """Read the events."""
        from airflow_provider_ams.ams import EventFilter, EventOption, get_event_data

        began = time.monotonic()
        with self.reading() as client:
            frame = get_event_data(
                self.form,
                date_text(self.from_date, client.timezone),
                date_text(self.to_date, client.timezone),
                filter=library_option(EventFilter, self, **self.people),
                option=self.read_option(EventOption),
                client=client,
            )
        return self.deliver(f"{self.form}: events", frame, client, began)


class AmsSyncEventDataOperator(AmsRecordsOperator):
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
    timestamps
        See the library's ``SyncEventOption``.
    user_key, user_value, output_path, dtype, types, guess_col_type, ams_conn_id
        Whom to read, where to put it, types of columns, what to connect to; see
        `AmsRecordsOperator`.

    Returns
    -------
    DataFrame or str
        The events, or the path they were written to.
    """

    template_fields: Sequence[str] = (
        *AmsRecordsOperator.template_fields,
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
        timestamps: bool = False,
        user_key: str | None = None,
        user_value: Any = None,  # noqa: ANN401
        output_path: Any = None,  # noqa: ANN401
        dtype: str | None = None,
        types: Mapping[str, str] | None = None,
        guess_col_type: bool | None = None,
        ams_conn_id: str = AmsHook.default_conn_name,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(
            user_key=user_key,
            user_value=user_value,
            output_path=output_path,
            dtype=dtype,
            types=types,
            guess_col_type=guess_col_type,
            ams_conn_id=ams_conn_id,
            **kwargs,
        )
        self.form, self.timestamps = form, timestamps
        self.watermark_variable = watermark_variable
        self.last_synchronisation_time = last_synchronisation_time

    def execute(self, context: Context) -> pd.DataFrame | str:
        """Read what has changed since the watermark."""
        from airflow_provider_ams.ams import SyncEventFilter, SyncEventOption, sync_event_data

        since = load_watermark(self.watermark_variable, self.last_synchronisation_time)
        began = time.monotonic()
        with self.reading() as client:
            result = sync_event_data(
                self.form,
                since,
                filter=library_option(SyncEventFilter, self, **self.people),
                option=self.read_option(SyncEventOption),
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
    ui_color = "#e3eefb"

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
