"""Operators for Teamworks AMS that delete: mirror a window of a form, delete events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_ams.hooks.ams import AmsHook
from airflow_provider_ams.operators._arguments import as_number, as_window
from airflow_provider_ams.operators._base import AmsOperator
from airflow_provider_ams.operators._data import hide, reveal
from airflow_provider_ams.operators._report import airflow_errors
from airflow_provider_ams.operators.events import _AmsEventWriteOperator

if TYPE_CHECKING:
    import pandas as pd
    from airflow.providers.common.compat.sdk import Context

__all__ = ["AmsDeleteEventDataOperator", "AmsMirrorEventDataOperator"]


class AmsMirrorEventDataOperator(_AmsEventWriteOperator):
    """Make a window of a form hold exactly these rows; see `AmsWriteOperator` and the library.

    New rows are inserted, changed ones updated, unchanged ones not sent, and stored events of the
    window that the rows do not have are deleted. Nothing outside the window is touched, and
    running again sends nothing.

    Parameters
    ----------
    key : list of str
        Columns to find events by; see `AmsUpsertEventDataOperator`.
    from_date, to_date : str
        First and last day of the window: ``dd/MM/yyyy``, ISO 8601 or a template.
    max_deletes : int or str
        Events that may be deleted at most: a number, or a percentage of the stored events of the
        window (``"5%"``). With more to delete the task fails and nothing is sent. 0 by default.
    user_key : str, optional
        How people are named (``group``, ``username``, ...) if not everybody is mirrored.
    user_value : optional
        Which people.
    on_missing_fields : str
        As for `AmsUpdateEventDataOperator`.
    table_fields : list of str, optional
        Columns that are fields of the form's table.
    """

    template_fields: Sequence[str] = (
        *_AmsEventWriteOperator.template_fields,
        "from_date",
        "to_date",
        "max_deletes",
    )
    function = "mirror_event_data"
    option_class = "MirrorEventOption"
    plan_options = {"mode": "mirror"}  # noqa: RUF012 - never changed
    fixed_options = {"require_confirmation": False}  # noqa: RUF012 - never changed
    repeatable = True

    def __init__(
        self,
        *,
        key: Sequence[str],
        from_date: str,
        to_date: str,
        max_deletes: int | str = 0,
        user_key: str | None = None,
        user_value: Any = None,  # noqa: ANN401
        on_missing_fields: str = "keep",
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(**kwargs)
        self.from_date = from_date
        self.to_date = to_date
        self.max_deletes = max_deletes
        self.people = (user_key, user_value)
        self.add_options(key=list(key), on_missing_fields=on_missing_fields)

    def _checkpoint(self, context: Context) -> None:
        """Return None: AMS itself says what an earlier try has done."""

    def _all_options(self, hook: AmsHook) -> dict[str, Any]:
        from airflow_provider_ams.ams import UserFilter

        user_key, user_value = self.people
        who = None if user_key is None else UserFilter(user_key, user_value)
        limit = as_number(self.max_deletes)
        return {**super()._all_options(hook), "max_deletes": limit, "users": who}

    def _arguments(self) -> dict[str, Any]:
        return {"window": as_window(self.from_date, self.to_date, AmsHook(self.ams_conn_id))}


class AmsDeleteEventDataOperator(AmsOperator):
    """Delete events by id, after making sure that each is one of the form; see the library.

    Parameters
    ----------
    form : str
        The form that the events belong to.
    event_ids : list of int, DataFrame column or XComArg
        The events.
    max_deletes : int
        With more ids the task fails and nothing is deleted.
    from_date, to_date : str, optional
        First and last day on which the events start: spares AMS a read of the whole history.
    ams_conn_id : str
        Connection of type ``ams``.

    Returns
    -------
    dict
        Counts, requests, seconds.
    """

    template_fields: Sequence[str] = (
        *AmsOperator.template_fields,
        "form",
        "event_ids",
        "max_deletes",
        "from_date",
        "to_date",
    )
    ui_color = "#fde8e8"

    def __init__(
        self,
        *,
        form: str,
        event_ids: Any,  # noqa: ANN401
        max_deletes: int | str = 100,
        from_date: str | None = None,
        to_date: str | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(**kwargs)
        self.form = form
        self.event_ids = event_ids
        self.max_deletes = max_deletes
        self.from_date = from_date
        self.to_date = to_date

    @property
    def event_ids(self) -> Any:  # noqa: ANN401
        """The events, hidden from rendered templates when they are a column or a frame."""
        return self._event_ids

    @event_ids.setter
    def event_ids(self, value: Any) -> None:  # noqa: ANN401
        self._event_ids = value if isinstance(value, (int, list, tuple)) else hide(value)

    def execute(self, context: Context) -> dict[str, Any]:
        """Delete the events; log one table and return the same figures."""
        from airflow_provider_ams.ams import DeleteEventOption, delete_multiple_events

        hook = AmsHook(self.ams_conn_id)
        with airflow_errors():
            try:
                option = DeleteEventOption(
                    max_deletes=as_number(self.max_deletes),
                    window=as_window(self.from_date, self.to_date, hook),
                    interactive_mode=False,
                )
                result = delete_multiple_events(
                    self._ids(), self.form, option=option, client=hook.get_conn()
                )
            finally:
                hook.close()
        summary = result.summary()
        self.log_table(f"{self.form}: deleted", {k: v for k, v in summary.items() if k != "form"})
        return summary

    def _ids(self) -> list[Any]:
        value: Any = reveal(self.event_ids)
        if isinstance(value, (int, str)):
            return [value]
        column: pd.Series[Any] | Sequence[Any] = (
            value["event_id"].drop_duplicates() if hasattr(value, "columns") else value
        )
        return list(column.tolist() if hasattr(column, "tolist") else column)
