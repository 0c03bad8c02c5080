"""What the operators that write to AMS share: rows in, a resumable import, one table out."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import conf

from airflow_provider_ams.links.dead_letters import DeadLettersLink
from airflow_provider_ams.links.sites import AmsSiteLink
from airflow_provider_ams.operators._base import AmsOperator
from airflow_provider_ams.operators._data import READING, rows_of
from airflow_provider_ams.operators._dead_letters import keep_letters, push_reasons
from airflow_provider_ams.operators._hidden import HiddenField

if TYPE_CHECKING:
    import pandas as pd
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_ams.ams import AMSClient, ImportResult
    from airflow_provider_ams.operators._state import TaskCheckpoint


class AmsWriteOperator(AmsOperator):
    """Base of the operators that write: they validate and keep fields, which the library does not.

    The task notes how far it has come: in its state store (Airflow 3.3), under `state_path`, or
    in an Airflow Variable that is removed when it has succeeded. A retry goes on from there: what
    was confirmed is not sent again, what was under way is looked up in AMS first. After a manual
    clear, or if the note is lost, every row is looked up; what is still in AMS is not sent again.
    Outside of a DAG run, where no try follows, an unknown outcome is final.

    All defaults are the library's but four: `validate` is True (False there),
    `on_missing_fields` is ``keep`` (``clear`` there), and a task prints no status lines
    (`interactive_mode`) and asks nobody (`require_confirmation`).

    Parameters
    ----------
    form : str
        The form's name.
    data : DataFrame, list of dicts, XComArg or path
        The rows; a path names a CSV (read as text, so that ``007`` stays), Excel (``.xlsx``),
        Parquet or JSON lines file, local or any ObjectStoragePath, texts packed (``.gz``) or not.
    id_col : str
        Column that names the person: ``user_id``, ``username``, ``email`` or ``about``.
    batch_size : int, optional
        Events in one call; the connection's setting, else 25.
    max_in_flight : int, optional
        Calls in flight at a time; 1 if left out.
    tolerance : int or str, optional
        Rejected rows to put up with: a number, a percentage (``"2%"``) or ``"all"``.
    boolean_text : tuple of str, optional
        Option texts for True and False, such as ``("Yes", "No")``.
    types : dict, optional
        Field -> kind (``text``, ``number``, ``date``, ...), where the form's schema does not say.
    validate : bool
        Check the rows against the form first (the library only does on demand). Rows with a value
        that the form does not take are rejected like rows that can't be read, and the others go;
        with an error about the columns nothing is sent. An account that may not see the form's
        fields is not held up.
    contract : str
        ``strict``, ``drop_unknown`` (leave out columns that the form can't take) or ``off``.
    columns : dict, optional
        Name in the rows -> form field (or ``start_date``, ``username``, ...), for rows that have
        other names. All other parameters use the form's names; errors and dead letters use yours.
    date_format : str or dict, optional
        How dates are written, as for ``strptime`` (``"%m/%d/%Y"``), for all columns of dates or
        for each by the form's name. Else ``dd/MM/yyyy`` or ISO 8601; see the library's
        `ImportOption`.
    sep, decimal, encoding : str, optional
        How a text file is written, such as ``";"``, ``","``, ``"cp1252"``. What is left out is
        found out if there is but one way to read the file; else the task fails and names the
        file, the line and what to say. See the library's `read_table`.
    sheet : str, optional
        Which sheet of an Excel workbook, if it has more than one.
    dry_run : bool
        Work out and log what would be sent, and stop; the result is the plan's counts.
    settle_seconds : float, optional
        Seconds that AMS is given to finish a call whose answer was lost; 5 if left out.
    dead_letter_path : str or ObjectStoragePath, optional
        File (``.csv``, ``.parquet``, ``.jsonl``) for the rows that did not land, each with
        ``ams_status`` and ``ams_reason``; empty when all landed, as it was when there were no
        rows. It has the columns of `data` by their own names: mended, it can be ``data``, with
        everything else as it is. Without it the setting ``[ams] dead_letter_path`` names a folder,
        with a file for each try; without that positions, codes and reasons are in the XCom entry
        ``rejected``.
    state_path : str, optional
        Folder for state files, local or any ObjectStoragePath, for Airflow below 3.3; the
        setting ``[ams] state_path`` if left out, else the note is a Variable.
    ams_conn_id : str
        Connection of type ``ams``.
    """

    template_fields: Sequence[str] = (
        *AmsOperator.template_fields,
        "form",
        "data",
        "id_col",
        "batch_size",
        "max_in_flight",
        "tolerance",
        "boolean_text",
        "types",
        "columns",
        "date_format",
        *READING,
        "contract",
        "settle_seconds",
        "dead_letter_path",
    )
    operator_extra_links = (AmsSiteLink(), DeadLettersLink())
    ui_color = "#dcefe4"
    function: ClassVar[str]
    option_class: ClassVar[str]
    # What the library is told that no parameter of the operator says.
    fixed_options: ClassVar[dict[str, Any]] = {}
    plan_options: ClassVar[dict[str, Any]]

    form: str
    data = HiddenField()
    is_dry_run: bool
    sep: str | None
    decimal: str | None
    encoding: str | None
    batch_size: int | str | None
    dead_letter_path: Any
    state_path: str | None
    # Where rows are that did not land, once there are some.
    dead_letters: str | None = None

    def can_repeat(self) -> bool:
        """Tell whether doing everything again changes nothing more."""
        return True

    def execute(self, context: Context) -> dict[str, Any]:
        """Send the rows; log one table and return the same figures.

        Raises
        ------
        AirflowFailException
            Nothing that a retry heals: configuration, login, rejected rows.
        AMSTransientError, AMSUnknownOutcomeError
            Airflow tries again, and goes on where this try stopped.
        """
        frame = rows_of(self)
        if self.is_dry_run:
            return self._plan(frame)
        checkpoint = self.checkpoint(context)
        with self.client(self.can_repeat() or checkpoint is not None) as client:
            result = self._send(context, frame, client, checkpoint)
        self._tell(result)
        self._keep(context, frame, result)
        if checkpoint is not None:
            self._discard(checkpoint)
        return result.summary()

    def _discard(self, checkpoint: TaskCheckpoint) -> None:
        try:
            checkpoint.discard()
        except Exception as error:  # noqa: BLE001 - the rows are in AMS, and that is what counts
            self.log.warning("The note of this task is left behind: %s", type(error).__name__)

    def checkpoint(self, context: Context) -> TaskCheckpoint | None:
        """Return where this task's tries note how far they came, if it is a task with tries."""
        from airflow_provider_ams.operators._state import task_checkpoint

        folder = self.state_path or conf.get("ams", "state_path", fallback=None)
        return task_checkpoint(context, folder)

    def option(self) -> Any:  # noqa: ANN401
        """Return the options of the library's function."""
        import airflow_provider_ams.ams as ams

        return self.import_option(getattr(ams, self.option_class), **self.fixed_options)

    def arguments(self, client: AMSClient) -> dict[str, Any]:
        """Return what the library's function takes beyond the options."""
        return {}

    def _send(
        self,
        context: Context,
        frame: pd.DataFrame,
        client: AMSClient,
        checkpoint: TaskCheckpoint | None,
    ) -> ImportResult:
        import airflow_provider_ams.ams as ams
        from airflow_provider_ams.ams.errors import AMSError
        from airflow_provider_ams.ams.write.checkpoint import LostLease

        more = self.arguments(client)
        if checkpoint is not None:
            more["resume"] = checkpoint
        try:
            result: ImportResult = getattr(ams, self.function)(
                frame, self.form, option=self.option(), client=client, **more
            )
        except AMSError as error:
            if isinstance(error.result, ams.ImportResult):
                self._tell(error.result)
                # What an overtaken try knows of its rows is out of date: the other one keeps them.
                if not isinstance(error.__cause__ or error, LostLease):
                    self._keep_if_possible(context, frame, error.result)
            raise
        return result

    def _plan(self, frame: pd.DataFrame) -> dict[str, Any]:
        from airflow_provider_ams.ams import PlanOption, plan_event_data

        with self.client() as client:
            option = self.import_option(PlanOption, **self.plan_options)
            more = self.arguments(client)
            plan = plan_event_data(frame, self.form, option=option, client=client, **more)
            self.log.info("Dry run, nothing is sent. %s", plan)
            self.log_warnings(plan.warnings)
            self.log_failed(plan.explain())
            plan.check(option.tolerance)
        return plan.summary()

    def _tell(self, result: ImportResult) -> None:
        summary = result.summary()
        title = f"{summary.get('form', self.form)}: {self.function}"
        self.log_summary(title, {"rows in": summary.pop("rows"), **summary})
        self.log_failed(result.explain())

    def _keep(self, context: Context, frame: pd.DataFrame, result: ImportResult) -> None:
        path = self.dead_letter_path
        how = {"sep": self.sep, "decimal": self.decimal, "encoding": self.encoding}
        self.dead_letters = keep_letters(self, context, frame, result, path, **how)

    def _keep_if_possible(
        self, context: Context, frame: pd.DataFrame, result: ImportResult
    ) -> None:
        """Keep what did not land; why the import is red counts more than why this fails."""
        try:
            self._keep(context, frame, result)
        except Exception as error:  # noqa: BLE001 - the import's own error follows
            place = self.dead_letter_path or "the place of dead letters"
            self.log.error("Nothing was written to %s: %s", place, type(error).__name__)
            with suppress(Exception):
                push_reasons(self, context, result)
