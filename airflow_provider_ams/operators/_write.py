"""What the AMS operators share: connection, templates, delivery of frames, the write cycle."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperator, conf

from airflow_provider_ams.hooks.ams import AmsHook
from airflow_provider_ams.operators._data import hide, read_rows, write_rows, xcom_safe
from airflow_provider_ams.operators._dates import ams_date
from airflow_provider_ams.operators._report import airflow_errors, table
from airflow_provider_ams.operators._state import TaskCheckpoint, task_checkpoint
from airflow_provider_ams.retry_policy import default_retry_policy

if TYPE_CHECKING:
    import jinja2
    import pandas as pd
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_ams.ams import AMSClient, ImportResult

# Beyond this a frame is a burden for Airflow's database; past 50 MB reading it back fails.
_XCOM_COMFORT = 10_000_000
# What a file of rejected rows has beyond the rows themselves; not sent when the file comes back.
STATUS, REASON = "ams_status", "ams_reason"


class AmsOperator(BaseOperator):
    """Base of all AMS operators.

    Parameters
    ----------
    ams_conn_id : str
        Connection of type ``ams``.
    """

    template_fields: Sequence[str] = ("ams_conn_id",)

    def __init__(self, *, ams_conn_id: str = AmsHook.default_conn_name, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(**{**default_retry_policy(), **kwargs})
        self.ams_conn_id = ams_conn_id

    def render_template(
        self,
        content: Any,  # noqa: ANN401
        context: Context,
        jinja_env: jinja2.Environment | None = None,
        seen_oids: set[int] | None = None,
    ) -> Any:  # noqa: ANN401
        """Render as Airflow does, with the filter ``ams_date`` at hand.

        A mapped task is rendered by Airflow's own class, which has no such filter: there the DAG
        needs ``user_defined_filters={"ams_date": ams_date}``.
        """
        env = jinja_env or self.get_template_env()
        env.filters.setdefault("ams_date", ams_date)
        return super().render_template(content, context, env, seen_oids)

    def log_table(self, title: str, figures: dict[str, object]) -> None:
        """Log the task's figures as one message."""
        self.log.info("%s", table(title, figures))


class AmsReadOperator(AmsOperator):
    """Base of the operators that read.

    Parameters
    ----------
    output_path : str or ObjectStoragePath, optional
        Write the frame to this file (``.csv``, ``.parquet``, ``.jsonl``; local or any
        ObjectStoragePath) and return the path. Without it the frame itself is returned, which
        suits some 10 MB.
    ams_conn_id : str
        Connection of type ``ams``.
    """

    template_fields: Sequence[str] = (*AmsOperator.template_fields, "output_path")

    def __init__(self, *, output_path: Any = None, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(**kwargs)
        self.output_path = output_path

    def read(self, title: str, call: Callable[[AMSClient, AmsHook], Any]) -> Any:  # noqa: ANN401
        """Call the library with a client and log what it took; returns what the call returns."""
        hook = AmsHook(self.ams_conn_id)
        began = time.monotonic()
        with airflow_errors():
            try:
                client = hook.get_conn()
                answer = call(client, hook)
                requests, retries = client.requests, client.retries
            finally:
                hook.close()
        frame = getattr(answer, "data", answer)
        self.log_table(
            title,
            {
                "rows": len(frame),
                "columns": len(frame.columns),
                "requests": requests,
                "retries": retries,
                "seconds": time.monotonic() - began,
            },
        )
        return answer

    def deliver(self, frame: pd.DataFrame) -> pd.DataFrame | str:
        """Return the frame, fit for XCom, or the path it was written to."""
        if self.output_path is not None:
            path = write_rows(frame, self.output_path)
            self.log.info("Written to %s", path)
            return path
        size = int(frame.memory_usage(deep=True).sum())
        if size > _XCOM_COMFORT:
            self.log.warning(
                "The frame has %d MB: give output_path, or set up object storage for XCom.",
                size // 1_000_000,
            )
        return xcom_safe(frame)


class AmsWriteOperator(AmsOperator):
    """Base of the operators that write.

    The task notes how far it has come, in its state store (Airflow 3.3) or under `state_path`. A
    retry goes on from there: what was confirmed is not sent again, what was under way is looked up
    in AMS first. After a manual clear every row is looked up; what is still in AMS is not sent
    again. Without a place for the note, a task whose outcome is not known fails at once, because
    another try could insert rows twice.

    Parameters
    ----------
    form : str
        The form's name.
    data : DataFrame, list of dicts, XComArg or path
        The rows; a path names a CSV (read as text, so that ``007`` stays), Parquet or JSON lines
        file, local or any ObjectStoragePath.
    id_col : str
        Column that names the person: ``user_id``, ``username``, ``email`` or ``about``.
    batch_size : int, optional
        Events in one call; the connection's setting, else 25.
    max_in_flight : int, optional
        Calls in flight at a time.
    tolerance : int or str, optional
        Rejected rows to put up with: a number, a percentage (``"2%"``) or ``"all"``.
    boolean_text : tuple of str, optional
        Option texts for True and False, such as ``("Yes", "No")``.
    validate : bool
        Check the rows against the form first. Rows with a value that the form does not take are
        rejected and not sent, the others go; with any other error (unknown columns, people,
        dates) nothing is sent. An account that may not see the form's fields is not held up.
    contract : str
        ``strict``, ``drop_unknown`` (leave out columns that the form can't take) or ``off``.
    dry_run : bool
        Work out and log what would be sent, and stop; the result is the plan's counts.
    settle_seconds : float, optional
        Seconds that AMS is given to finish a call whose answer was lost; 5 if left out.
    dead_letter_path : str or ObjectStoragePath, optional
        File (``.csv``, ``.parquet``, ``.jsonl``) for the rows that did not land, each with
        ``ams_status`` and ``ams_reason``; empty when all landed. Mended, it can be ``data``.
    state_path : str, optional
        Folder for state files, local or any ObjectStoragePath, for Airflow below 3.3; the
        setting ``[ams] state_path`` if left out.
    ams_conn_id : str
        Connection of type ``ams``.
    """

    template_fields: Sequence[str] = (
        *AmsOperator.template_fields,
        "form",
        "data",
        "options",
        "dead_letter_path",
        "state_path",
    )
    function: str
    option_class: str
    fixed_options: dict[str, Any] = {}  # noqa: RUF012 - never changed
    repeatable: bool
    # What `plan_event_data` is told for a dry run.
    plan_options: dict[str, Any] = {}  # noqa: RUF012 - never changed

    def __init__(
        self,
        *,
        form: str,
        data: Any,  # noqa: ANN401
        id_col: str = "user_id",
        batch_size: int | None = None,
        max_in_flight: int | None = None,
        tolerance: int | str | None = None,
        boolean_text: tuple[str, str] | None = None,
        validate: bool = True,
        contract: str = "strict",
        dry_run: bool = False,
        settle_seconds: float | None = None,
        dead_letter_path: Any = None,  # noqa: ANN401
        state_path: str | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(**kwargs)
        self.form = form
        self.data = data
        self.dead_letter_path = dead_letter_path
        self.state_path = state_path
        # Not `dry_run`: that is a method of Airflow's own.
        self.only_plan = dry_run
        self.options: dict[str, Any] = {
            "id_col": id_col,
            "validate": validate,
            "contract": contract,
        }
        self.add_options(
            batch_size=batch_size,
            max_in_flight=max_in_flight,
            tolerance=tolerance,
            boolean_text=boolean_text,
            settle_seconds=settle_seconds,
        )

    @property
    def data(self) -> Any:  # noqa: ANN401
        """The rows, hidden from rendered templates."""
        return self._data

    @data.setter
    def data(self, value: Any) -> None:  # noqa: ANN401
        self._data = hide(value)

    def add_options(self, **options: Any) -> None:  # noqa: ANN401
        """Note the library options that the user has set."""
        self.options |= {name: value for name, value in options.items() if value is not None}

    def execute(self, context: Context) -> dict[str, Any]:
        """Send the rows; log one table and return the same figures.

        Raises
        ------
        AirflowFailException
            Nothing that a retry heals: configuration, login, rejected rows.
        AMSTransientError, AMSUnknownOutcomeError
            Airflow tries again, and goes on where this try stopped.
        """
        frame = read_rows(self.data).drop(columns=[STATUS, REASON], errors="ignore")
        hook = AmsHook(self.ams_conn_id)
        if self.only_plan:
            return self._plan(frame, hook)
        checkpoint = self._checkpoint(context)
        with airflow_errors(self.repeatable or checkpoint is not None):
            try:
                result = self._send(frame, hook, checkpoint)
            finally:
                hook.close()
        self._report(frame, result)
        return result.summary()

    def _checkpoint(self, context: Context) -> TaskCheckpoint | None:
        folder = self.state_path or conf.get("ams", "state_path", fallback=None)
        checkpoint = task_checkpoint(context, folder)
        if checkpoint is None:
            self.log.info(
                "This Airflow keeps no task state: set state_path so that a retry can go on "
                "where the try before it stopped"
            )
        return checkpoint

    def _send(
        self, frame: pd.DataFrame, hook: AmsHook, checkpoint: TaskCheckpoint | None
    ) -> ImportResult:
        import airflow_provider_ams.ams as ams
        from airflow_provider_ams.ams.errors import AMSError

        option = getattr(ams, self.option_class)(**self._all_options(hook))
        more = self._arguments()
        if checkpoint is not None:
            more["resume"] = checkpoint
        try:
            result: ImportResult = getattr(ams, self.function)(
                frame, self.form, option=option, client=hook.get_conn(), **more
            )
        except AMSError as error:
            if error.result is not None:
                self._report(frame, error.result)
            raise
        return result

    def _all_options(self, hook: AmsHook) -> dict[str, Any]:
        options: dict[str, Any] = {"interactive_mode": False, **self.fixed_options}
        if "batch_size" in hook.settings:
            options["batch_size"] = hook.settings["batch_size"]
        return options | self.options

    def _arguments(self) -> dict[str, Any]:
        """Return what the library's function takes beyond the options."""
        return {}

    def _plan(self, frame: pd.DataFrame, hook: AmsHook) -> dict[str, Any]:
        from airflow_provider_ams.ams import PlanOption, plan_event_data

        known = set(PlanOption.__dataclass_fields__)
        options = {k: v for k, v in self._all_options(hook).items() if k in known}
        option = PlanOption(**options | self.plan_options)
        with airflow_errors():
            try:
                plan = plan_event_data(
                    frame, self.form, option=option, client=hook.get_conn(), **self._arguments()
                )
            finally:
                hook.close()
        self.log.info("Dry run, nothing is sent. %s", plan)
        for warning in plan.warnings:
            self.log.warning("%s", warning)
        return plan.summary()

    def _report(self, frame: pd.DataFrame, result: ImportResult) -> None:
        summary = result.summary()
        warnings = summary.pop("warnings", [])
        title = f"{summary.pop('form', self.form)}: {self.function}"
        self.log_table(title, {"rows in": summary.pop("rows"), **summary})
        for warning in warnings:
            self.log.warning("%s", warning)
        if self.dead_letter_path is not None:
            failed = result.rows["status"].isin(["rejected", "unknown"]).to_numpy()
            outcome = {
                STATUS: result.rows.loc[failed, "status"].to_numpy(),
                REASON: result.rows.loc[failed, "reason"].to_numpy(),
            }
            path = write_rows(frame.loc[failed].assign(**outcome), self.dead_letter_path)
            self.log.info("%d rows that did not land are in %s", int(failed.sum()), path)
