"""Operator that deletes events of an AMS form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_ams.hooks.ams import AmsHook
from airflow_provider_ams.operators._base import AmsPeopleOperator
from airflow_provider_ams.operators._hidden import HiddenField, HiddenValues, reveal
from airflow_provider_ams.operators._options import as_values, as_window, library_option

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context


class AmsDeleteEventDataOperator(AmsPeopleOperator):
    """Delete events by id, after making sure that each is one of the form; see the library.

    Nobody is asked to confirm, unlike in the library's interactive mode.

    Parameters
    ----------
    form : str
        The form that the events belong to.
    event_ids : list of int, DataFrame with that column, XComArg
        The events; never shown.
    max_deletes : int
        With more ids the task fails and nothing is deleted.
    from_date, to_date : str, optional
        First and last day on which the events start (``dd/MM/yyyy``, ISO 8601 or a template):
        spares AMS a read of the whole history.
    user_key, user_value
        Whose events they are, for the same purpose; see `AmsGetEventDataOperator`.
    batch_size : int, optional
        Events in one call; 100 if left out.
    ams_conn_id : str
        Connection of type ``ams``.

    Returns
    -------
    dict
        Counts, requests, seconds.
    """

    template_fields: Sequence[str] = (
        *AmsPeopleOperator.template_fields,
        "form",
        "event_ids",
        "max_deletes",
        "from_date",
        "to_date",
        "batch_size",
    )
    ui_color = "#fde8e8"
    event_ids = HiddenField(HiddenValues)

    def __init__(
        self,
        *,
        form: str,
        event_ids: Any,  # noqa: ANN401
        max_deletes: int | str = 100,
        from_date: str | None = None,
        to_date: str | None = None,
        user_key: str | None = None,
        user_value: Any = None,  # noqa: ANN401
        batch_size: int | None = None,
        ams_conn_id: str = AmsHook.default_conn_name,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        people = {"user_key": user_key, "user_value": user_value}
        super().__init__(**people, ams_conn_id=ams_conn_id, **kwargs)
        self.form = form
        self.event_ids = event_ids
        self.max_deletes = max_deletes
        self.from_date = from_date
        self.to_date = to_date
        self.batch_size = batch_size

    def execute(self, context: Context) -> dict[str, Any]:
        """Delete the events; log one table and return the same figures."""
        from airflow_provider_ams.ams import DeleteEventOption, delete_multiple_events

        with self.client() as client:
            option = library_option(
                DeleteEventOption,
                self,
                window=as_window(self.from_date, self.to_date, client.timezone),
                interactive_mode=False,
            )
            result = delete_multiple_events(self._ids(), self.form, option=option, client=client)
        summary = result.summary()
        self.log_summary(f"{self.form}: deleted", summary)
        return summary

    def _ids(self) -> list[Any]:
        value = reveal(self.event_ids)
        if isinstance(value, (int, str)):
            return [value]
        ids = value["event_id"].drop_duplicates() if hasattr(value, "columns") else value
        return list(as_values(ids))
