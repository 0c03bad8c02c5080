"""Operators for Teamworks AMS that look before anything is written: validate, plan, apply."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowSkipException,
    BranchMixIn,
)

from airflow_provider_ams.hooks.ams import AmsHook
from airflow_provider_ams.operators._arguments import as_number, as_window
from airflow_provider_ams.operators._base import AmsOperator
from airflow_provider_ams.operators._data import hide, read_bytes, read_rows, write_text
from airflow_provider_ams.operators._report import airflow_errors

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_ams.ams import ImportResult, Plan

__all__ = [
    "AmsApplyPlanOperator",
    "AmsPlanOperator",
    "AmsValidateEventDataOperator",
]

_PLAN = "plan"
# A plan in XCom is a burden for Airflow's database beyond this.
_XCOM_COMFORT = 10_000_000


class _AmsLookOperator(AmsOperator):
    """Base of the operators that compare rows with a form.

    Parameters
    ----------
    form : str
        The form's name.
    data : DataFrame, list of dicts, XComArg or path
        The rows, as for the operators that write.
    mode : str
        What the rows are meant for: ``insert``, ``update``, ``upsert`` or ``mirror``.
    id_col, key, table_fields, on_missing_fields, contract, boolean_text, default_dates
        As for the operators that write.
    ams_conn_id : str
        Connection of type ``ams``.
    """

    template_fields: Sequence[str] = (*AmsOperator.template_fields, "form", "data", "options")

    def __init__(
        self,
        *,
        form: str,
        data: Any,  # noqa: ANN401
        mode: str = "upsert",
        id_col: str = "user_id",
        key: Sequence[str] | None = None,
        table_fields: Sequence[str] | None = None,
        on_missing_fields: str = "keep",
        contract: str = "strict",
        boolean_text: tuple[str, str] | None = None,
        default_dates: bool = False,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(**kwargs)
        self.form = form
        self.data = data
        self.options: dict[str, Any] = {
            "mode": mode,
            "id_col": id_col,
            "key": None if key is None else list(key),
            "table_fields": None if table_fields is None else list(table_fields),
            "on_missing_fields": on_missing_fields,
            "contract": contract,
            "boolean_text": boolean_text,
            "default_dates": default_dates,
        }

    @property
    def data(self) -> Any:  # noqa: ANN401
        """The rows, hidden from rendered templates."""
        return self._data

    @data.setter
    def data(self, value: Any) -> None:  # noqa: ANN401
        self._data = hide(value)


class AmsValidateEventDataOperator(_AmsLookOperator, BranchMixIn):
    """Check rows against the live form; see the library's `validate_event_data`.

    The report goes to the log as a table, to XCom as JSON, and to `report_path`. It names fields,
    rules and rows, and repeats no value.

    Parameters
    ----------
    form, data, mode, id_col, key, table_fields, on_missing_fields, contract, boolean_text
        What the rows are meant for; see the operators that write.
    form_type : str
        ``event`` or ``profile``.
    report_path : str or ObjectStoragePath, optional
        File for the report, ``.csv`` (a line for each finding and row) or ``.html``.
    soft_fail : bool
        With errors, skip this task and what follows, in place of failing.
    if_valid, if_invalid : str or list of str, optional
        Tasks to go on with, directly below this one; the others are skipped. With either of them
        errors do not fail the task.
    ams_conn_id : str
        Connection of type ``ams``.

    Returns
    -------
    dict
        The report: ``ok``, ``errors``, ``warnings``, ``findings``.
    """

    template_fields: Sequence[str] = (*_AmsLookOperator.template_fields, "report_path")
    ui_color = "#e8f7e4"

    def __init__(
        self,
        *,
        form_type: str = "event",
        report_path: Any = None,  # noqa: ANN401
        soft_fail: bool = False,
        if_valid: str | Sequence[str] | None = None,
        if_invalid: str | Sequence[str] | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(**kwargs)
        self.options["form_type"] = form_type
        self.report_path = report_path
        self.soft_fail = soft_fail
        self.if_valid = if_valid
        self.if_invalid = if_invalid

    def execute(self, context: Context) -> dict[str, Any]:
        """Validate, report, and fail, skip or branch."""
        from airflow_provider_ams.ams import PlanOption, validate_event_data

        frame = read_rows(self.data)
        hook = AmsHook(self.ams_conn_id)
        with airflow_errors():
            try:
                option = PlanOption(interactive_mode=False, **self.options)
                report = validate_event_data(
                    frame, self.form, option=option, client=hook.get_conn()
                )
            finally:
                hook.close()
        self.log.log(20 if report.ok else 40, "%s", report.text())
        if self.report_path is not None:
            path = write_text(report.render(str(self.report_path)), self.report_path)
            self.log.info("The report is in %s", path)
        self._follow(context, report)
        return report.as_dict()

    def _follow(self, context: Context, report: Any) -> None:  # noqa: ANN401
        if self.if_valid is not None or self.if_invalid is not None:
            chosen = self.if_valid if report.ok else self.if_invalid
            context["ti"].xcom_push(key="report", value=report.as_dict())
            self.do_branch(context, [] if chosen is None else chosen)
            return
        if report.ok:
            return
        if self.soft_fail:
            context["ti"].xcom_push(key="return_value", value=report.as_dict())
            raise AirflowSkipException(report.headline())
        context["ti"].xcom_push(key="return_value", value=report.as_dict())
        with airflow_errors():
            report.raise_for_errors()


class AmsPlanOperator(_AmsLookOperator):
    """Work out what an import would do, for a person to approve; nothing is sent.

    `AmsApplyPlanOperator` does what the plan says. The result holds the plan as Markdown, for an
    approval's body: ``{{ ti.xcom_pull(task_ids='plan')['markdown'] }}``. It shows old and new
    values, because a person must see them; with `show_values` False it only names the fields.

    Parameters
    ----------
    form, data, mode, id_col, key, table_fields, on_missing_fields, contract, boolean_text
        Which import; see the operators that write.
    from_date, to_date : str, optional
        First and last day of a mirror's window: ``dd/MM/yyyy``, ISO 8601 or a template.
    plan_path : str or ObjectStoragePath, optional
        File for the plan (``.json``). It holds athletes' data, as does XCom without it.
    max_lines : int
        Lines of the Markdown at most.
    show_values : bool
        Whether the Markdown has values.
    ams_conn_id : str
        Connection of type ``ams``.

    Returns
    -------
    dict
        ``form``, ``mode``, counts (``insert``, ``update``, ``unchanged``, ``delete``,
        ``reject``), ``digest``, ``warnings``, ``markdown`` and ``plan_path``.
    """

    template_fields: Sequence[str] = (
        *_AmsLookOperator.template_fields,
        "from_date",
        "to_date",
        "plan_path",
    )

    def __init__(
        self,
        *,
        from_date: str | None = None,
        to_date: str | None = None,
        plan_path: Any = None,  # noqa: ANN401
        max_lines: int = 50,
        show_values: bool = True,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(**kwargs)
        self.from_date = from_date
        self.to_date = to_date
        self.plan_path = plan_path
        self.max_lines = max_lines
        self.show_values = show_values

    def execute(self, context: Context) -> dict[str, Any]:
        """Make the plan and keep it."""
        from airflow_provider_ams.ams import PlanOption, plan_event_data

        frame = read_rows(self.data)
        hook = AmsHook(self.ams_conn_id)
        with airflow_errors():
            try:
                window = as_window(self.from_date, self.to_date, hook)
                option = PlanOption(interactive_mode=False, **self.options)
                client = hook.get_conn()
                plan = plan_event_data(
                    frame, self.form, window=window, option=option, client=client
                )
            finally:
                hook.close()
        self.log.info("%s", plan)  # no values in there
        for warning in plan.warnings:
            self.log.warning("%s", warning)
        self._keep(context, plan)
        markdown = plan.markdown(self.max_lines, self.show_values)
        path = None if self.plan_path is None else str(self.plan_path)
        return {**plan.summary(), "markdown": markdown, "plan_path": path}

    def _keep(self, context: Context, plan: Plan) -> None:
        text = plan.dump().decode()
        if self.plan_path is not None:
            self.log.info("The plan is in %s", write_text(text, self.plan_path))
            return
        if len(text) > _XCOM_COMFORT:
            size = len(text) // 1_000_000
            self.log.warning("The plan has %d MB: give plan_path.", size)
        context["ti"].xcom_push(key=_PLAN, value=text)


class AmsApplyPlanOperator(AmsOperator):
    """Do what an `AmsPlanOperator` has planned, if AMS still holds what the plan was made from.

    A retry goes on where this try stopped: what is as planned already is not sent again.

    Parameters
    ----------
    plan_task_id : str, optional
        Task id of the `AmsPlanOperator`.
    plan_path : str or ObjectStoragePath, optional
        The plan's file, if the plan comes from elsewhere.
    max_deletes : int or str
        Events that may be deleted at most: a number or a percentage (``"5%"``); 0 by default.
    tolerance : int or str, optional
        Rejected rows to put up with.
    ams_conn_id : str
        Connection of type ``ams``.

    Returns
    -------
    dict
        Counts, requests, seconds, warnings.
    """

    template_fields: Sequence[str] = (
        *AmsOperator.template_fields,
        "plan_task_id",
        "plan_path",
        "max_deletes",
    )

    def __init__(
        self,
        *,
        plan_task_id: str | None = None,
        plan_path: Any = None,  # noqa: ANN401
        max_deletes: int | str = 0,
        tolerance: int | str | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(**kwargs)
        if (plan_task_id is None) == (plan_path is None):
            raise ValueError("Give plan_task_id or plan_path.")
        self.plan_task_id = plan_task_id
        self.plan_path = plan_path
        self.max_deletes = max_deletes
        self.tolerance = tolerance

    def execute(self, context: Context) -> dict[str, Any]:
        """Apply the plan."""
        from airflow_provider_ams.ams import Plan, apply

        hook = AmsHook(self.ams_conn_id)
        with airflow_errors():
            try:
                plan = Plan.load(self._plan(context))
                result = apply(
                    plan,
                    max_deletes=as_number(self.max_deletes),
                    tolerance=self.tolerance,
                    interactive_mode=False,
                    client=hook.get_conn(),
                )
            finally:
                hook.close()
        return self._told(result)

    def _plan(self, context: Context) -> bytes:
        if self.plan_path is not None:
            return read_bytes(self.plan_path)
        ti = context["ti"]
        planned = ti.xcom_pull(task_ids=self.plan_task_id) or {}
        if planned.get("plan_path"):
            return read_bytes(planned["plan_path"])
        text = ti.xcom_pull(task_ids=self.plan_task_id, key=_PLAN)
        if text is None:
            raise AirflowFailException(f"Task {self.plan_task_id!r} has left no plan.")
        return str(text).encode()

    def _told(self, result: ImportResult) -> dict[str, Any]:
        summary = result.summary()
        figures = {k: v for k, v in summary.items() if k not in ("form", "warnings")}
        self.log_table(f"{result.form}: plan applied", figures)
        for warning in result.warnings:
            self.log.warning("%s", warning)
        return summary
