"""Operators for Teamworks AMS: read, synchronise, insert, update, upsert."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException, BaseOperator

from airflow_provider_ams.operators._base import AmsReadOperator, AmsWriteOperator
from airflow_provider_ams.operators._data import hide, reveal
from airflow_provider_ams.operators._dates import ams_date, date_text
from airflow_provider_ams.operators._watermark import WATERMARK, load_watermark, save_watermark

if TYPE_CHECKING:
    import pandas as pd
    from airflow.providers.common.compat.sdk import Context

__all__ = [
    "AmsGetEventDataOperator",
    "AmsGetProfileDataOperator",
    "AmsGetUserOperator",
    "AmsInsertEventDataOperator",
    "AmsSaveWatermarkOperator",
    "AmsSyncEventDataOperator",
    "AmsUpdateEventDataOperator",
    "AmsUpsertEventDataOperator",
    "AmsUpsertProfileDataOperator",
    "ams_date",
]


class _AmsPeopleOperator(AmsReadOperator):
    """Base of the operators that read for chosen people.

    Parameters
    ----------
    user_key : str, optional
        How people are named: ``user_id``, ``username``, ``email``, ``about``, ``group`` or
        ``current_group``. Everybody the account can see if left out.
    user_value : str, int, list or XComArg, optional
        The value or values; a list is not shown in rendered templates.
    output_path, ams_conn_id
        See `AmsReadOperator`.
    """

    template_fields: Sequence[str] = (*AmsReadOperator.template_fields, "user_key", "user_value")

    def __init__(
        self,
        *,
        user_key: str | None = None,
        user_value: Any = None,  # noqa: ANN401
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(**kwargs)
        self.user_key = user_key
        self.user_value = user_value

    @property
    def user_value(self) -> Any:  # noqa: ANN401
        """Whom to read, hidden from rendered templates when it is a list."""
        return self._user_value

    @user_value.setter
    def user_value(self, value: Any) -> None:  # noqa: ANN401
        self._user_value = value if isinstance(value, int) else hide(value)

    @property
    def people(self) -> dict[str, Any]:
        """The arguments of the library's user filter."""
        return {"user_key": self.user_key, "user_value": _as_values(reveal(self.user_value))}


def _as_values(value: Any) -> Any:  # noqa: ANN401
    """Turn a column or another task's sequence into a plain list."""
    if value is None or isinstance(value, (str, int)):
        return value
    return list(value.tolist() if hasattr(value, "tolist") else value)


class AmsGetEventDataOperator(_AmsPeopleOperator):
    """Read the events of a form between two dates.

    Parameters
    ----------
    form : str
        The event form's name.
    from_date, to_date : str
        First and last day (``start_date`` and ``end_date`` of the library, names that Airflow
        keeps for the task itself): ``dd/MM/yyyy``, ISO 8601, or a template such as
        ``{{ data_interval_end | ams_date(days=-7) }}``. A date-time counts in the connection's
        time zone. `to_date` is the end of the run's data interval if left out.
    data_key, data_value, data_condition, events_per_user
        Further conditions; see the library's ``EventFilter``.
    include_missing_users, guess_col_type
        See the library's ``EventOption``.
    user_key, user_value, output_path, ams_conn_id
        Whom to read, where to put it, what to connect to.

    Returns
    -------
    DataFrame or str
        The events, or the path they were written to.
    """

    template_fields: Sequence[str] = (
        *_AmsPeopleOperator.template_fields,
        "form",
        "from_date",
        "to_date",
    )

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
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(**kwargs)
        self.form = form
        self.from_date = from_date
        self.to_date = to_date
        self.conditions = {
            "data_key": data_key,
            "data_value": data_value,
            "data_condition": data_condition,
            "events_per_user": events_per_user,
        }
        self.include_missing_users = include_missing_users
        self.guess_col_type = guess_col_type

    def execute(self, context: Context) -> pd.DataFrame | str:
        """Read the events."""
        from airflow_provider_ams.ams import EventFilter, EventOption, get_event_data

        return self.deliver(
            self.read(
                f"{self.form}: events",
                lambda client, hook: get_event_data(
                    self.form,
                    date_text(self.from_date, hook.settings.get("timezone")),
                    date_text(self.to_date, hook.settings.get("timezone")),
                    filter=EventFilter(**self.people, **self.conditions),
                    option=EventOption(
                        interactive_mode=False,
                        guess_col_type=self.guess_col_type,
                        include_missing_users=self.include_missing_users,
                    ),
                    client=client,
                ),
            )
        )


class AmsSyncEventDataOperator(_AmsPeopleOperator):
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
        Whom to read, where to put it, what to connect to.

    Returns
    -------
    DataFrame or str
        The events, or the path they were written to.
    """

    template_fields: Sequence[str] = (
        *_AmsPeopleOperator.template_fields,
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
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(**kwargs)
        self.form = form
        self.watermark_variable = watermark_variable
        self.last_synchronisation_time = last_synchronisation_time
        self.guess_col_type = guess_col_type

    def execute(self, context: Context) -> pd.DataFrame | str:
        """Read what has changed since the watermark."""
        from airflow_provider_ams.ams import SyncEventFilter, SyncEventOption, sync_event_data

        since = load_watermark(self.watermark_variable, self.last_synchronisation_time)
        result = self.read(
            f"{self.form}: events changed since {since}",
            lambda client, hook: sync_event_data(
                self.form,
                since,
                filter=SyncEventFilter(**self.people),
                option=SyncEventOption(interactive_mode=False, guess_col_type=self.guess_col_type),
                client=client,
            ),
        )
        delivered = self.deliver(result.data)
        ti = context["ti"]
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


class AmsGetProfileDataOperator(_AmsPeopleOperator):
    """Read the profile records of a form.

    Parameters
    ----------
    form : str
        The profile form's name.
    guess_col_type
        See the library's ``ProfileOption``.
    user_key, user_value, output_path, ams_conn_id
        Whom to read, where to put it, what to connect to.

    Returns
    -------
    DataFrame or str
        The records, or the path they were written to.
    """

    template_fields: Sequence[str] = (*_AmsPeopleOperator.template_fields, "form")

    def __init__(self, *, form: str, guess_col_type: bool = True, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(**kwargs)
        self.form = form
        self.guess_col_type = guess_col_type

    def execute(self, context: Context) -> pd.DataFrame | str:
        """Read the records."""
        from airflow_provider_ams.ams import ProfileFilter, ProfileOption, get_profile_data

        return self.deliver(
            self.read(
                f"{self.form}: profiles",
                lambda client, hook: get_profile_data(
                    self.form,
                    filter=ProfileFilter(**self.people),
                    option=ProfileOption(
                        interactive_mode=False, guess_col_type=self.guess_col_type
                    ),
                    client=client,
                ),
            )
        )


class AmsGetUserOperator(_AmsPeopleOperator):
    """Read the people that the account can see.

    Parameters
    ----------
    columns : list of str, optional
        Columns to return; all if left out. Ask for what you need: the rest is personal data.
    user_key, user_value, output_path, ams_conn_id
        Whom to read, where to put it, what to connect to.

    Returns
    -------
    DataFrame or str
        The people, or the path they were written to.
    """

    def __init__(self, *, columns: Sequence[str] | None = None, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(**kwargs)
        self.columns = columns

    def execute(self, context: Context) -> pd.DataFrame | str:
        """Read the people."""
        from airflow_provider_ams.ams import UserFilter, UserOption, get_user

        return self.deliver(
            self.read(
                "Users",
                lambda client, hook: get_user(
                    filter=UserFilter(**self.people),
                    option=UserOption(columns=self.columns, interactive_mode=False),
                    client=client,
                ),
            )
        )


class _AmsEventWriteOperator(AmsWriteOperator):
    def __init__(
        self,
        *,
        table_fields: Sequence[str] | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(**kwargs)
        self.add_options(table_fields=None if table_fields is None else list(table_fields))


class AmsInsertEventDataOperator(_AmsEventWriteOperator):
    """Insert events into a form; see `AmsWriteOperator` for the shared parameters.

    Sent twice, a row is two events: when nobody can tell whether rows were stored, the task fails
    at once instead of trying again.

    Parameters
    ----------
    table_fields : list of str, optional
        Columns that are fields of the form's table.
    default_dates : bool
        Give rows without a ``start_date`` today's date in the site's time zone.
    """

    function = "insert_event_data"
    plan_options = {"mode": "insert"}  # noqa: RUF012 - never changed
    option_class = "InsertEventOption"
    repeatable = False

    def __init__(self, *, default_dates: bool = False, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(**kwargs)
        self.add_options(default_dates=default_dates)


class AmsUpdateEventDataOperator(_AmsEventWriteOperator):
    """Change events by ``event_id``; see `AmsWriteOperator` for the shared parameters.

    Parameters
    ----------
    table_fields : list of str, optional
        Columns that are fields of the form's table.
    on_missing_fields : str
        What becomes of fields that `data` does not have: ``keep`` (they stay as they are; events
        that hold the rows' values already are not sent), ``clear`` (AMS empties them) or
        ``error``.
    """

    function = "update_event_data"
    option_class = "UpdateEventOption"
    plan_options = {"mode": "update"}  # noqa: RUF012 - never changed
    fixed_options = {"require_confirmation": False}  # noqa: RUF012 - never changed
    repeatable = True

    def __init__(self, *, on_missing_fields: str = "keep", **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(**kwargs)
        self.add_options(on_missing_fields=on_missing_fields)


class AmsUpsertEventDataOperator(_AmsEventWriteOperator):
    """Update the rows whose event exists and insert the others; see `AmsWriteOperator`.

    Parameters
    ----------
    key : list of str, optional
        Find events by these columns (``start_date``, ``start_time``, form fields; the person is
        always part of it) and not by ``event_id``. Unchanged rows are not sent, and running again
        inserts nothing twice.
    table_fields : list of str, optional
        Columns that are fields of the form's table.
    default_dates : bool
        Give new rows without a ``start_date`` today's date in the site's time zone.
    on_missing_fields : str
        As for `AmsUpdateEventDataOperator`.
    """

    function = "upsert_event_data"
    option_class = "UpsertEventOption"
    plan_options = {"mode": "upsert"}  # noqa: RUF012 - never changed

    def __init__(
        self,
        *,
        key: Sequence[str] | None = None,
        default_dates: bool = False,
        on_missing_fields: str = "keep",
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(**kwargs)
        self.add_options(
            key=None if key is None else list(key),
            default_dates=default_dates,
            on_missing_fields=on_missing_fields,
        )
        # By a key, what an earlier try has inserted is found again.
        self.repeatable = key is not None


class AmsUpsertProfileDataOperator(AmsWriteOperator):
    """Write profile records, one for each person; see `AmsWriteOperator`.

    Parameters
    ----------
    on_missing_fields : str
        As for `AmsUpdateEventDataOperator`; AMS replaces the whole record.
    """

    function = "upsert_profile_data"
    option_class = "UpsertProfileOption"
    plan_options = {"mode": "upsert", "form_type": "profile"}  # noqa: RUF012 - never changed
    repeatable = True

    def __init__(self, *, on_missing_fields: str = "keep", **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(**kwargs)
        self.add_options(on_missing_fields=on_missing_fields)
