"""What the AMS operators share: the connection's client, rendering, reads."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_provider_ams.hooks.ams import AmsHook
from airflow_provider_ams.links.sites import AmsSiteLink
from airflow_provider_ams.operators._data import write_rows, xcom_safe
from airflow_provider_ams.operators._dates import ams_date
from airflow_provider_ams.operators._hidden import HiddenField, HiddenValues, HidingOperator
from airflow_provider_ams.operators._options import as_values, library_option
from airflow_provider_ams.operators._report import raise_for_airflow, table
from airflow_provider_ams.retry_policy import default_retry_policy

if TYPE_CHECKING:
    import jinja2
    import pandas as pd
    from airflow.providers.common.compat.sdk import BaseOperatorLink, Context

    from airflow_provider_ams.ams import AMSClient, UserFilter

# Beyond this a value is a burden for Airflow's database; past 50 MB reading it back fails.
XCOM_COMFORT = 10_000_000


class AmsOperator(HidingOperator):
    """Base of all AMS operators.

    Parameters
    ----------
    ams_conn_id : str
        Connection of type ``ams``.
    csv_safe : bool
        CSV files that the task writes (`output_path`, `dead_letter_path`, `report_path`) are safe
        to open in a spreadsheet: a text that begins with ``=``, ``+``, ``-``, ``@``, a tab or a
        line's end, and is no number, gets an apostrophe in front. Dead letters that come back as
        `data` are read as they were; for other files that were written so, there is the library's
        ``read_table(path, csv_safe=True)``.
    """

    template_fields: Sequence[str] = ("ams_conn_id",)
    operator_extra_links: Collection[BaseOperatorLink] = (AmsSiteLink(),)
    ui_color = "#e3eefb"

    def __init__(
        self,
        *,
        ams_conn_id: str = AmsHook.default_conn_name,
        csv_safe: bool = False,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(**default_retry_policy("AMSRetryPolicy", kwargs))
        self.ams_conn_id, self.csv_safe = ams_conn_id, csv_safe

    def keep(self, given: Mapping[str, Any]) -> None:
        """Keep parameters as attributes of the same names, where templates look for them.

        The parameter `dry_run` is kept as `is_dry_run`: `airflow tasks test --dry-run` (2.11)
        calls BaseOperator.dry_run(), and a flag of that name would hide the method.

        Parameters
        ----------
        given : mapping
            The ``locals()`` of `__init__`, after it has called its base's.
        """
        for name, value in given.items():
            if name not in ("self", "kwargs", "__class__"):
                setattr(self, "is_dry_run" if name == "dry_run" else name, value)

    @cached_property
    def hook(self) -> AmsHook:
        """The hook of the connection."""
        return AmsHook(self.ams_conn_id)

    @contextmanager
    def client(self, repeatable: bool = True) -> Iterator[AMSClient]:
        """Yield the connection's client and close it; the library's errors become Airflow's.

        Parameters
        ----------
        repeatable : bool
            See `raise_for_airflow`.
        """
        from airflow_provider_ams.ams.errors import AMSError

        try:
            yield self.hook.get_conn()
        except AMSError as error:
            raise_for_airflow(error, repeatable)
        finally:
            self.hook.close()

    def import_option(self, option_class: type, **settings: Any) -> Any:  # noqa: ANN401
        """Build the options of an import, with the connection's batch size if the task has none."""
        if getattr(self, "batch_size", None) is None:
            settings["batch_size"] = self.hook.settings.get("batch_size")
        return library_option(option_class, self, interactive_mode=False, **settings)

    def render_template(
        self,
        content: Any,  # noqa: ANN401
        context: Context,
        jinja_env: jinja2.Environment | None = None,
        seen_oids: set[int] | None = None,
    ) -> Any:  # noqa: ANN401
        """Render as Airflow does, with the filter ``ams_date`` at hand and inside hidden values."""
        env = jinja_env or self.get_template_env()
        env.filters.setdefault("ams_date", ams_date)
        render = super().render_template
        if isinstance(content, HiddenValues):
            return content.rendered(lambda values: render(values, context, env, seen_oids))
        return render(content, context, env, seen_oids)

    def log_summary(self, title: str, summary: Mapping[str, Any]) -> None:
        """Log a result's figures as one table, and a line for each of its warnings."""
        figures = {k: v for k, v in summary.items() if k not in ("form", "warnings")}
        self.log.info("%s", table(title, figures))
        self.log_warnings(summary.get("warnings", []))

    def log_failed(self, table: str) -> None:
        """Log why rows did not land, as a table grouped by reason, if some did not."""
        if table:
            self.log.warning("%s", table)

    def log_warnings(self, warnings: Sequence[str]) -> None:
        """Log what the library warns of, a line each."""
        for warning in warnings:
            self.log.warning("%s", warning)


class AmsPeopleOperator(AmsOperator):
    """Base of the operators that can be held to chosen people.

    Parameters
    ----------
    user_key : str, optional
        How people are named: ``user_id``, ``username``, ``email``, ``about``, ``group`` or
        ``current_group``. Everybody the account can see if left out.
    user_value : str, int, list or XComArg, optional
        The value or values; never shown, templates are rendered.
    ams_conn_id : str
        Connection of type ``ams``.
    """

    template_fields: Sequence[str] = (
        *AmsOperator.template_fields,
        "user_key",
        "user_value",
    )
    user_value = HiddenField(HiddenValues)

    def __init__(
        self,
        *,
        user_key: str | None = None,
        user_value: Any = None,  # noqa: ANN401
        ams_conn_id: str = AmsHook.default_conn_name,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(ams_conn_id=ams_conn_id, **kwargs)
        self.user_key = user_key
        self.user_value = user_value

    @property
    def people(self) -> dict[str, Any]:
        """The arguments of the library's user filters."""
        return {"user_key": self.user_key, "user_value": as_values(self.user_value)}

    @property
    def users(self) -> UserFilter | None:
        """The option `users` of the library; None for everybody."""
        from airflow_provider_ams.ams import UserFilter

        chosen = self.user_key is not None or self.user_value is not None
        return UserFilter(**self.people) if chosen else None


class AmsReadOperator(AmsPeopleOperator):
    """Base of the operators that read.

    Parameters
    ----------
    user_key : str, optional
        How people are named: ``user_id``, ``username``, ``email``, ``about``, ``group`` or
        ``current_group``. Everybody the account can see if left out.
    user_value : str, int, list or XComArg, optional
        The value or values; never shown, templates are rendered.
    output_path : str or ObjectStoragePath, optional
        Write the frame to this file (``.csv``, ``.parquet``, ``.jsonl``; local or any
        ObjectStoragePath) and return the path. Without it the frame itself is returned, which
        suits some 10 MB.
    ams_conn_id : str
        Connection of type ``ams``.
    """

    template_fields: Sequence[str] = (*AmsPeopleOperator.template_fields, "output_path")

    def __init__(
        self,
        *,
        user_key: str | None = None,
        user_value: Any = None,  # noqa: ANN401
        output_path: Any = None,  # noqa: ANN401
        ams_conn_id: str = AmsHook.default_conn_name,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(
            user_key=user_key, user_value=user_value, ams_conn_id=ams_conn_id, **kwargs
        )
        self.output_path = output_path

    def deliver(
        self, title: str, frame: pd.DataFrame, client: AMSClient, began: float
    ) -> pd.DataFrame | str:
        """Log what the read took; return the frame, fit for XCom, or the path it was written to."""
        figures = {"rows": len(frame), "columns": len(frame.columns)}
        costs = {"requests": client.requests, "retries": client.retries}
        self.log_summary(title, {**figures, **costs, "seconds": time.monotonic() - began})
        if self.output_path is not None:
            path = write_rows(frame, self.output_path, csv_safe=self.csv_safe)
            self.log.info("Written to %s", path)
            return path
        size = int(frame.memory_usage(deep=True).sum())
        if size > XCOM_COMFORT:
            self.log.warning(
                "The frame has %d MB: give output_path, or set up object storage for XCom.",
                size // 1_000_000,
            )
        return xcom_safe(frame)
