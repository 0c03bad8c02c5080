"""Operators that compare rows with an AMS form before anything is sent: validate, plan, apply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSkipException

from airflow_provider_ams.hooks.ams import AmsHook
from airflow_provider_ams.operators._base import AmsOperator, AmsPeopleOperator
from airflow_provider_ams.operators._branch import BranchMixIn
from airflow_provider_ams.operators._data import READING, rows_of, write_text
from airflow_provider_ams.operators._dead_letters import push_reasons
from airflow_provider_ams.operators._hidden import HiddenField
from airflow_provider_ams.operators._options import as_number, as_window, library_option
from airflow_provider_ams.operators._people import check_person, people_of
from airflow_provider_ams.operators._plan_store import find_plan, keep_plan
from airflow_provider_ams.operators._report import airflow_errors

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_ams.ams import ImportResult, Plan, ValidationReport


class _AmsLookOperator(AmsPeopleOperator):
    """Base of the operators that look before anything is written."""

    template_fields: Sequence[str] = (
        *AmsPeopleOperator.template_fields,
        "form",
        "data",
        "mode",
        "id_col",
        "key",
        "table_fields",
        "on_missing_fields",
        "contract",
        "boolean_text",
        "columns",
        "date_format",
        *READING,
    )
    ui_color = "#fbf3d9"

    form: str
    data = HiddenField()


class AmsValidateEventDataOperator(_AmsLookOperator, BranchMixIn):
    """Check rows against the live form; unlike the library for rows that keep other fields.

    See the library's `validate_event_data`.

    The report goes to the log as a table, to XCom as JSON, and to `report_path`. It names fields,
    rules and rows, and repeats no value.

    Parameters
    ----------
    form, data, id_col, key, table_fields, contract, boolean_text, types, idempotency_field
    columns, date_format, sep, decimal, encoding, sheet, default_dates
        The rows, as for the operators that write.
    mode : str
        What they are meant for: ``insert``, ``update``, ``upsert`` or ``mirror``.
    on_missing_fields : str
        As for `AmsUpdateEventDataOperator`; the library's own default is ``clear``.
    form_type : str
        ``event`` or ``profile``.
    tolerance : int or str, optional
        Bad rows to put up with, as for the operators that write: with more the rows are not valid.
    check_event_ids : bool
        Look up whether each ``event_id`` is one of the form and the person.
    user_key, user_value
        For ``mirror``: whose events, if not everybody's; see `AmsGetEventDataOperator`.
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
        The report: ``ok``, ``rejected`` (rows), ``errors``, ``warnings``, ``findings``.
    """

    template_fields: Sequence[str] = (
        *_AmsLookOperator.template_fields,
        "form_type",
        "tolerance",
        "report_path",
    )

    report_path: Any
    soft_fail: bool
    if_valid: str | Sequence[str] | None
    if_invalid: str | Sequence[str] | None

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
        types: Mapping[str, str] | None = None,
        idempotency_field: str | None = None,
        columns: Mapping[str, str] | None = None,
        date_format: str | Mapping[str, str] | None = None,
        sep: str | None = None,
        decimal: str | None = None,
        encoding: str | None = None,
        sheet: str | None = None,
        default_dates: bool = False,
        form_type: str = "event",
        tolerance: int | str | None = None,
        check_event_ids: bool = True,
        user_key: str | None = None,
        user_value: Any = None,  # noqa: ANN401
        report_path: Any = None,  # noqa: ANN401
        soft_fail: bool = False,
        if_valid: str | Sequence[str] | None = None,
        if_invalid: str | Sequence[str] | None = None,
        ams_conn_id: str = AmsHook.default_conn_name,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(
            user_key=user_key, user_value=user_value, ams_conn_id=ams_conn_id, **kwargs
        )
        self.keep(locals())

    def execute(self, context: Context) -> dict[str, Any]:
        """Validate, report, and fail, skip or branch."""
        from airflow_provider_ams.ams import PlanOption, validate_event_data

        frame = rows_of(self)
        with self.client() as client:
            option = library_option(PlanOption, self, interactive_mode=False)
            report = validate_event_data(frame, self.form, option=option, client=client)
        self.log.log(20 if report.ok else 40, "%s", report.text())
        if self.report_path is not None:
            path = write_text(
                report.render(str(self.report_path), csv_safe=self.csv_safe), self.report_path
            )
            self.log.info("The report is in %s", path)
        self._follow(context, report)
        return report.as_dict()

    def _follow(self, context: Context, report: ValidationReport) -> None:
        if self.if_valid is not None or self.if_invalid is not None:
            chosen = self.if_valid if report.ok else self.if_invalid
            context["ti"].xcom_push(key="report", value=report.as_dict())
            self.do_branch(context, [] if chosen is None else chosen)
            return
        if report.ok:
            return
        # A task that fails or is skipped returns nothing.
        context["ti"].xcom_push(key="return_value", value=report.as_dict())
        if self.soft_fail:
            raise AirflowSkipException(report.headline())
        with airflow_errors():
            report.raise_for_errors()


class AmsPlanOperator(_AmsLookOperator):
    """Plan an import for approval; unlike the library it validates, and keeps other fields.

    Nothing is sent.

    `AmsApplyPlanOperator` does what the plan says. The result holds what a person approves it by,
    a line with all counts and the plan as Markdown: `AmsApprovalOperator` shows both (Airflow
    3.1). The Markdown has old and new values, because a person must see them; with `show_values`
    False it only names the fields.

    Parameters
    ----------
    form, data, id_col, key, table_fields, contract, boolean_text, types, idempotency_field
    columns, date_format, sep, decimal, encoding, sheet, default_dates, validate
        The rows, as for the operators that write.
    mode : str
        What to do with them: ``insert``, ``update``, ``upsert`` or ``mirror``.
    on_missing_fields : str
        As for `AmsUpdateEventDataOperator`; the library's own default is ``clear``.
    batch_size, max_in_flight
        How the plan will be applied; as for the operators that write.
    from_date, to_date : str, optional
        First and last day of a mirror's window: ``dd/MM/yyyy``, ISO 8601 or a template.
    user_key, user_value
        Whose events a mirror's window has, if not everybody's; see `AmsGetEventDataOperator`.
    plan_path : str or ObjectStoragePath, optional
        File for the plan (``.json``), which only its owner can read. It holds athletes' data, as
        does XCom without it. Put ``{{ run_id }}`` into its name: a file that another run has
        overwritten is refused. It is sealed with ``[ams] plan_key``, or else Airflow's Fernet key.
    max_lines, show_values
        Lines of the Markdown at most, and whether it has values.
    person : str
        How the Markdown names people: ``user_id``, or as an approver knows them, ``about`` (first
        and last name), ``username`` or ``email``. Who may see the approval sees them, and so does
        who may see XCom.
    ams_conn_id : str
        Connection of type ``ams``.

    Returns
    -------
    dict
        ``form``, ``mode``, counts (``insert``, ``update``, ``unchanged``, ``delete``,
        ``reject``), ``digest``, ``warnings``, ``subject``, ``markdown`` and ``plan_path``.
    """

    template_fields: Sequence[str] = (
        *_AmsLookOperator.template_fields,
        "batch_size",
        "max_in_flight",
        "from_date",
        "to_date",
        "plan_path",
        "person",
    )
    from_date: str | None
    to_date: str | None
    plan_path: Any
    max_lines: int
    show_values: bool
    person: str

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
        types: Mapping[str, str] | None = None,
        idempotency_field: str | None = None,
        columns: Mapping[str, str] | None = None,
        date_format: str | Mapping[str, str] | None = None,
        sep: str | None = None,
        decimal: str | None = None,
        encoding: str | None = None,
        sheet: str | None = None,
        default_dates: bool = False,
        validate: bool = True,
        batch_size: int | None = None,
        max_in_flight: int | None = None,
        from_date: str | None = None,
        to_date: str | None = None,
        user_key: str | None = None,
        user_value: Any = None,  # noqa: ANN401
        plan_path: Any = None,  # noqa: ANN401
        max_lines: int = 50,
        show_values: bool = True,
        person: str = "user_id",
        ams_conn_id: str = AmsHook.default_conn_name,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(
            user_key=user_key, user_value=user_value, ams_conn_id=ams_conn_id, **kwargs
        )
        self.keep(locals())

    def execute(self, context: Context) -> dict[str, Any]:
        """Make the plan and keep it."""
        from airflow_provider_ams.ams import PlanOption, plan_event_data

        check_person(self.person)
        frame = rows_of(self)
        with self.client() as client:
            window = as_window(self.from_date, self.to_date, client.timezone)
            option = self.import_option(PlanOption)
            plan = plan_event_data(frame, self.form, window=window, option=option, client=client)
            people = people_of(plan, client, self.person)
        self.log.info("%s", plan)  # no values in there
        self.log_warnings(plan.warnings)
        self.log_failed(plan.explain())
        path = keep_plan(self, context, plan, self.plan_path)
        return {
            **plan.summary(),
            "subject": plan.subject(),
            "markdown": plan.markdown(self.max_lines, self.show_values, people),
            "plan_path": path,
        }


class AmsApplyPlanOperator(AmsOperator):
    """Do what an `AmsPlanOperator` has planned, if AMS still holds what the plan was made from.

    What is applied is what was approved: a plan that is not the one of `plan_task_id`, or not the
    one of `approved_digest`, is refused, as is a file that was altered or that nobody here has
    sealed. What somebody has changed in AMS since the plan was made is not overwritten. A retry
    goes on where this try stopped: what is as planned already is not sent again.

    Parameters
    ----------
    plan_task_id : str, optional
        Task id of the `AmsPlanOperator`.
    plan_path : str or ObjectStoragePath, optional
        The plan's file, if the plan comes from elsewhere.
    form : str, optional
        Refuse a plan of another form.
    approved_digest : str, optional
        The digest that a person has seen and approved. `AmsApprovalOperator` leaves it:
        ``{{ ti.xcom_pull(task_ids='approve', key='digest') }}``. Given but empty, nothing is
        applied.
    require_seal : bool
        Refuse a file that is not sealed with a key of this Airflow, if it has one. False is for
        plans that come from elsewhere.
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
        "form",
        "approved_digest",
        "max_deletes",
        "tolerance",
    )
    ui_color = "#dcefe4"

    def __init__(
        self,
        *,
        plan_task_id: str | None = None,
        plan_path: Any = None,  # noqa: ANN401
        form: str | None = None,
        approved_digest: str | None = None,
        require_seal: bool = True,
        max_deletes: int | str = 0,
        tolerance: int | str | None = None,
        ams_conn_id: str = AmsHook.default_conn_name,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(ams_conn_id=ams_conn_id, **kwargs)
        if (plan_task_id is None) == (plan_path is None):
            raise ValueError("Where is the plan? Give plan_task_id or plan_path, one of them.")
        self.plan_task_id, self.plan_path = plan_task_id, plan_path
        self.form, self.approved_digest, self.require_seal = form, approved_digest, require_seal
        self.max_deletes, self.tolerance = max_deletes, tolerance
        # A template may come out as None: then nobody has approved, rather than nobody need to.
        self._needs_approval = approved_digest is not None

    def execute(self, context: Context) -> dict[str, Any]:
        """Apply the plan."""
        from airflow_provider_ams.ams import AMSError, ImportResult, apply

        with self.client() as client:
            try:
                result = apply(
                    self._plan(context),
                    digest=str(self.approved_digest) if self._needs_approval else None,
                    max_deletes=as_number(self.max_deletes),
                    tolerance=as_number(self.tolerance),
                    interactive_mode=False,
                    client=client,
                )
            except AMSError as error:
                if isinstance(error.result, ImportResult):
                    self._report(context, error.result)
                raise
        self._report(context, result)
        return result.summary()

    def _report(self, context: Context, result: ImportResult) -> None:
        self.log_summary(f"{result.form}: plan applied", result.summary())
        self.log_failed(result.explain())
        push_reasons(self, context, result)  # a plan has no rows to keep but those it sends

    def _plan(self, context: Context) -> Plan:
        plan = find_plan(context, self.plan_task_id, self.plan_path, self.require_seal)
        if self.form is not None and plan.form != self.form:
            raise AirflowFailException(
                f"The plan is one of form {plan.form!r}, not of {self.form!r}: nothing was sent."
            )
        return plan
