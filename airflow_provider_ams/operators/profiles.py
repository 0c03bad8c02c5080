"""Operators for AMS profile forms: read, write."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_ams.hooks.ams import AmsHook
from airflow_provider_ams.operators._options import library_option
from airflow_provider_ams.operators._records import AmsRecordsOperator
from airflow_provider_ams.operators._write import AmsWriteOperator

if TYPE_CHECKING:
    import pandas as pd
    from airflow.providers.common.compat.sdk import Context


class AmsGetProfileDataOperator(AmsRecordsOperator):
    """Read the profile records of a form.

    Parameters
    ----------
    form : str
        The profile form's name.
    user_key, user_value, output_path, dtype, types, guess_col_type, ams_conn_id
        Whom to read, where to put it, types of columns, what to connect to; see
        `AmsRecordsOperator`.

    Returns
    -------
    DataFrame or str
        The records, or the path they were written to.
    """

    template_fields: Sequence[str] = (*AmsRecordsOperator.template_fields, "form")

    def __init__(
        self,
        *,
        form: str,
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
        self.form = form

    def execute(self, context: Context) -> pd.DataFrame | str:
        """Read the records."""
        from airflow_provider_ams.ams import ProfileFilter, ProfileOption, get_profile_data

        began = time.monotonic()
        with self.reading() as client:
            frame = get_profile_data(
                self.form,
                filter=library_option(ProfileFilter, self, **self.people),
                option=self.read_option(ProfileOption),
                client=client,
            )
        return self.deliver(f"{self.form}: profiles", frame, client, began)


class AmsUpsertProfileDataOperator(AmsWriteOperator):
    """Write profile records; unlike the library it validates, and keeps other fields.

    Parameters
    ----------
    form, data, id_col, batch_size, max_in_flight, tolerance, boolean_text, types, validate
    contract, columns, date_format, sep, decimal, encoding, sheet
        What to send, and how; see `AmsWriteOperator`.
    on_missing_fields : str
        As for `AmsUpdateEventDataOperator`: AMS replaces the whole record. The library's own
        default is ``clear``.
    dry_run, settle_seconds, dead_letter_path, state_path, ams_conn_id
        See `AmsWriteOperator`.
    """

    template_fields: Sequence[str] = (
        *AmsWriteOperator.template_fields,
        "on_missing_fields",
        "state_path",
    )
    function = "upsert_profile_data"
    option_class = "UpsertProfileOption"
    plan_options: ClassVar[dict[str, Any]] = {"mode": "upsert", "form_type": "profile"}

    def __init__(
        self,
        *,
        form: str,
        data: Any,  # noqa: ANN401
        id_col: str = "user_id",
        on_missing_fields: str = "keep",
        batch_size: int | None = None,
        max_in_flight: int | None = None,
        tolerance: int | str | None = None,
        boolean_text: tuple[str, str] | None = None,
        types: Mapping[str, str] | None = None,
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
        self.form, self.data, self.id_col = form, data, id_col
        self.on_missing_fields = on_missing_fields
        self.batch_size, self.max_in_flight = batch_size, max_in_flight
        self.tolerance, self.boolean_text = tolerance, boolean_text
        self.types, self.columns, self.date_format = types, columns, date_format
        self.sep, self.decimal, self.encoding, self.sheet = sep, decimal, encoding, sheet
        self.validate, self.contract, self.is_dry_run = validate, contract, dry_run
        self.settle_seconds, self.dead_letter_path = settle_seconds, dead_letter_path
        self.state_path = state_path
