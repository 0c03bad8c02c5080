"""The operator that makes a window of an AMS form hold exactly some rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_ams.hooks.ams import AmsHook
from airflow_provider_ams.operators._base import AmsPeopleOperator
from airflow_provider_ams.operators._options import as_window
from airflow_provider_ams.operators._write import AmsWriteOperator

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_ams.ams import AMSClient


class AmsMirrorEventDataOperator(AmsWriteOperator, AmsPeopleOperator):
    """Make a window hold these rows; unlike the library it validates, and keeps other fields.

    See the library's `mirror_event_data`.

    New rows are inserted, changed ones updated, unchanged ones not sent, and stored events of the
    window that the rows do not have are deleted. Nothing outside the window is touched, and
    running again sends nothing.

    Parameters
    ----------
    form, data, id_col, batch_size, max_in_flight, tolerance, boolean_text, types, validate
    contract, columns, date_format, sep, decimal, encoding, sheet
        What to send, and how; see `AmsWriteOperator`.
    idempotency_field : str, optional
        A text field of the form to spare, for a stable id of each new event: rows that AMS holds
        already are then recognised, whoever wrote them. See the library's `EventImportOption`.
    key : list of str
        Columns to find events by; see `AmsUpsertEventDataOperator`.
    from_date, to_date : str
        First and last day of the window: ``dd/MM/yyyy``, ISO 8601 or a template.
    max_deletes : int or str
        Events that may be deleted at most: a number, or a percentage of the stored events of the
        window (``"5%"``). With more to delete the task fails and nothing is sent. 0 by default.
    user_key, user_value
        Whose events, if not everybody's; see `AmsGetEventDataOperator`.
    table_fields : list of str, optional
        Columns that are fields of the form's table.
    on_missing_fields : str
        As for `AmsUpdateEventDataOperator`; the library's own default is ``clear``.
    dry_run, settle_seconds, dead_letter_path, ams_conn_id
        See `AmsWriteOperator`.
    """

    template_fields: Sequence[str] = (
        *AmsWriteOperator.template_fields,
        "key",
        "from_date",
        "to_date",
        "max_deletes",
        "user_key",
        "user_value",
        "table_fields",
        "on_missing_fields",
    )
    function = "mirror_event_data"
    option_class = "MirrorEventOption"
    fixed_options: ClassVar[dict[str, Any]] = {"require_confirmation": False}
    plan_options: ClassVar[dict[str, Any]] = {"mode": "mirror"}

    from_date: str
    to_date: str

    def __init__(
        self,
        *,
        form: str,
        data: Any,  # noqa: ANN401
        key: Sequence[str],
        from_date: str,
        to_date: str,
        max_deletes: int | str = 0,
        user_key: str | None = None,
        user_value: Any = None,  # noqa: ANN401
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
        ams_conn_id: str = AmsHook.default_conn_name,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(
            user_key=user_key, user_value=user_value, ams_conn_id=ams_conn_id, **kwargs
        )
        self.keep(locals())

    def checkpoint(self, context: Context) -> None:
        """Return None: AMS itself says what an earlier try has done."""

    def arguments(self, client: AMSClient) -> dict[str, Any]:
        """Return the window."""
        return {"window": as_window(self.from_date, self.to_date, client.timezone)}
