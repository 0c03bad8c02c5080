"""Operator for the people of an AMS site."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_ams.hooks.ams import AmsHook
from airflow_provider_ams.operators._base import AmsReadOperator
from airflow_provider_ams.operators._options import library_option

if TYPE_CHECKING:
    import pandas as pd
    from airflow.providers.common.compat.sdk import Context


class AmsGetUserOperator(AmsReadOperator):
    """Read the people that the account can see.

    Parameters
    ----------
    columns : list of str, optional
        Columns to return; all if left out. Ask for what you need: the rest is personal data.
    user_key, user_value, output_path, ams_conn_id
        Whom to read, where to put it, what to connect to; see `AmsReadOperator`.

    Returns
    -------
    DataFrame or str
        The people, or the path they were written to.
    """

    template_fields: Sequence[str] = (*AmsReadOperator.template_fields, "columns")

    def __init__(
        self,
        *,
        columns: Sequence[str] | None = None,
        user_key: str | None = None,
        user_value: Any = None,  # noqa: ANN401
        output_path: Any = None,  # noqa: ANN401
        ams_conn_id: str = AmsHook.default_conn_name,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        people = {"user_key": user_key, "user_value": user_value}
        super().__init__(**people, output_path=output_path, ams_conn_id=ams_conn_id, **kwargs)
        self.columns = columns

    def execute(self, context: Context) -> pd.DataFrame | str:
        """Read the people."""
        from airflow_provider_ams.ams import UserFilter, UserOption, get_user

        began = time.monotonic()
        with self.client() as client:
            frame = get_user(
                filter=library_option(UserFilter, self, **self.people),
                option=library_option(UserOption, self, interactive_mode=False),
                client=client,
            )
        return self.deliver("Users", frame, client, began)
