"""Operators for Tidepool: validate and track historical events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_ams.hooks.tidepool import TidepoolHook
from airflow_provider_ams.links.dead_letters import DeadLettersLink
from airflow_provider_ams.operators._hidden import HiddenField, HidingOperator, reveal
from airflow_provider_ams.operators._options import library_option
from airflow_provider_ams.operators._report import table
from airflow_provider_ams.retry_policy import default_retry_policy

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_ams.tidepool import (
        IngestOption,
        IngestResult,
        Journal,
        TidepoolClient,
        TidepoolError,
    )

__all__ = ["TidepoolTrackEventsOperator", "TidepoolValidateEventsOperator"]

_STATE_KEY = "tidepool_journal"
_RESTARTED_KEY = "tidepool_restarted"
_LINES_LOGGED = 100


class TidepoolOperator(HidingOperator):
    """Base of the Tidepool operators.

    Parameters
    ----------
    tidepool_conn_id : str
        Connection of type ``tidepool``.
    """

    template_fields: Sequence[str] = (
        "tidepool_conn_id",
        "source",
        "validate",
        "tolerance",
        "columns",
        "timezone",
        "ambiguous",
        "event_name",
        "random_ids",
        "batch_size",
        "pause",
        "max_in_flight",
        "format",
        "encoding",
        "dialect",
    )
    ui_color = "#ece5f8"
    source = HiddenField()
    # Where rows are that were left out, once there are some.
    dead_letters: str | None = None

    def __init__(
        self,
        *,
        tidepool_conn_id: str = TidepoolHook.default_conn_name,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(**default_retry_policy("TidepoolRetryPolicy", kwargs))
        self.tidepool_conn_id = tidepool_conn_id

    @cached_property
    def hook(self) -> TidepoolHook:
        """The hook of the connection."""
        return TidepoolHook(self.tidepool_conn_id)

    @contextmanager
    def client(self, what: str, resumable: bool) -> Iterator[TidepoolClient]:
        """Yield the connection's client and close it; the library's errors become Airflow's.

        Parameters
        ----------
        what : str
            Title of the figures that are logged when the call fails half way.
        resumable : bool
            Whether a retry sends no event a second time.
        """
        from airflow_provider_ams.tidepool import TidepoolError

        with tidepool_errors(resumable):
            try:
                yield self.hook.get_conn()
            except TidepoolError as error:
                if error.result is not None:
                    self.report(what, error.result)
                raise
            finally:
                self.hook.close()

    def option(self, **settings: Any) -> IngestOption:  # noqa: ANN401
        """Return the options of the library's call."""
        from airflow_provider_ams.tidepool import IngestOption

        return library_option(IngestOption, self, interactive_mode=False, **settings)

    def report(self, what: str, result: IngestResult) -> dict[str, Any]:
        """Log the figures and the first rejected rows; return the figures."""
        summary = result.summary()
        failed = result.rejected or result.unknown
        self.dead_letters = result.dead_letter_path if failed else None
        self.log.info("%s", table(what, {k: v for k, v in summary.items() if v is not None}))
        for row in result.rejected[:_LINES_LOGGED]:
            self.log.warning("rejected %s", row)
        if len(result.rejected) > _LINES_LOGGED:
            self.log.warning("... and %d more", len(result.rejected) - _LINES_LOGGED)
        return summary


@contextmanager
def tidepool_errors(resumable: bool) -> Iterator[None]:
    """Tell Airflow which errors no retry heals, or would make worse; the cause stays attached."""
    from airflow_provider_ams.tidepool import (
        TidepoolConfigurationError,
        TidepoolError,
        TidepoolRejectedError,
    )

    try:
        yield
    except TidepoolError as error:
        hopeless = isinstance(error, (TidepoolConfigurationError, TidepoolRejectedError))
        if hopeless or not (resumable or _nothing_sent(error)):
            raise AirflowFailException(str(error)) from error
        raise


def _nothing_sent(error: TidepoolError) -> bool:
    """Tell that a retry without a journal would send no event a second time."""
    from airflow_provider_ams.tidepool import TidepoolTransientError

    tracked = error.result.tracked if error.result is not None else 0
    return isinstance(error, TidepoolTransientError) and tracked == 0


class TidepoolValidateEventsOperator(TidepoolOperator):
    """Check every row of a source, and let the server check batches of it, storing nothing.

    Parameters
    ----------
    source : str, path, DataFrame, list of dicts or XComArg
        A CSV, JSON lines or Parquet file, local or any ObjectStoragePath (``gs://conn@bucket/x``),
        or rows. Rows are never shown. XCom suits some 10 MB: pass the path of anything larger.
    validate : {"first", "all", "none"}, optional
        Which batches the server checks; the first if left out.
    tolerance : int or str, optional
        Wrong rows to put up with: a number, a percentage (``"2%"``) or ``"all"``; none if left out.
    columns, timezone, ambiguous, event_name, random_ids
        As for `TidepoolTrackEventsOperator`: give both the same.
    batch_size, pause, max_in_flight, format, encoding, dialect, csv_safe
        See the library's ``IngestOption``.
    tidepool_conn_id : str
        Connection of type ``tidepool``.

    Returns
    -------
    dict
        Counts: ``rows``, ``validated``, ``rejected`` and more.
    """

    def __init__(
        self,
        *,
        source: Any,  # noqa: ANN401
        validate: str | None = None,
        tolerance: int | str | None = None,
        columns: Mapping[str, str] | None = None,
        timezone: str | None = None,
        ambiguous: str | None = None,
        event_name: str | None = None,
        random_ids: bool | None = None,
        batch_size: int | None = None,
        pause: float | None = None,
        max_in_flight: int | None = None,
        format: str | None = None,
        encoding: str | None = None,
        dialect: Mapping[str, Any] | None = None,
        csv_safe: bool | None = None,
        tidepool_conn_id: str = TidepoolHook.default_conn_name,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(tidepool_conn_id=tidepool_conn_id, **kwargs)
        self.source, self.validate, self.tolerance = source, validate, tolerance
        self.columns, self.timezone, self.ambiguous = columns, timezone, ambiguous
        self.event_name, self.random_ids = event_name, random_ids
        self.batch_size, self.pause, self.max_in_flight = batch_size, pause, max_in_flight
        self.format, self.encoding, self.dialect = format, encoding, dialect
        self.csv_safe = csv_safe

    def execute(self, context: Context) -> dict[str, Any]:
        """Check the source.

        Raises
        ------
        AirflowFailException
            Rows are wrong, or a setting is; the log names each.
        TidepoolTransientError
            Tidepool is not reachable; Airflow tries again.
        """
        what = "Tidepool: validate"
        with self.client(what, resumable=True) as client:
            result = client.validate_events(_place(reveal(self.source)), self.option())
        return self.report(what, result)


class TidepoolTrackEventsOperator(TidepoolOperator):
    """Validate a source and store its rows as events, going on where an earlier try was cut off.

    What was confirmed is kept in the task's state store (Airflow 3.3), over retries and over a
    manual clear, but not from one DAG run to the next. `journal` names a file instead, which
    any later run on the same source goes on from; below Airflow 3.3 a source that is a file has
    one next to it. Rows from XCom without either are tracked in one go: if that is cut off, the
    task fails rather than send events twice.

    Parameters
    ----------
    source : str, path, DataFrame, list of dicts or XComArg
        A CSV, JSON lines or Parquet file, local or any ObjectStoragePath (``gs://conn@bucket/x``),
        or rows. Rows are never shown. XCom suits some 10 MB: pass the path of anything larger.
    validate : {"first", "all", "none"}, optional
        Which batches the server checks before anything is tracked; the first if left out.
    tolerance : int or str, optional
        Wrong rows to put up with, which are left out: a number, a percentage (``"2%"``) or
        ``"all"``. With more, nothing is sent; none if left out.
    columns : mapping, optional
        Column of the source -> event field, as ``{"message": "text"}``.
    timezone : str, optional
        IANA zone of timestamps without one, which are errors if this is left out.
    ambiguous : {"reject", "first", "second"}, optional
        What a local time means that comes twice as clocks go back; the row is rejected if left
        out.
    event_name : str, optional
        For rows without one; ``USER_MESSAGE`` if left out.
    random_ids : bool, optional
        Make missing ids at random rather than from the row.
    batch_size, pause, max_in_flight, format, encoding, dialect
        See the library's ``IngestOption``.
    journal : str or path, optional
        File or ObjectStoragePath to keep what was confirmed in.
    dead_letter_path : str or path, optional
        File for rows that were left out, each with the reason; next to a source that is a file if
        left out.
    csv_safe : bool, optional
        See the library's ``IngestOption``.
    resend : int, optional
        How often a batch of which no answer came is sent again, with the same ids; once if left
        out.
    restart : bool, optional
        Forget what was confirmed and send everything (again); retries do not start over.
    same_project : bool, optional
        The API key has changed since the journal was begun, but belongs to the same project.
    tidepool_conn_id : str
        Connection of type ``tidepool``.

    Returns
    -------
    dict
        Counts: ``rows``, ``tracked``, ``already``, ``rejected``, ``resent`` and more.
    """

    template_fields: Sequence[str] = (
        *TidepoolOperator.template_fields,
        "journal",
        "dead_letter_path",
        "resend",
    )
    operator_extra_links = (DeadLettersLink(),)

    def __init__(
        self,
        *,
        source: Any,  # noqa: ANN401
        validate: str | None = None,
        tolerance: int | str | None = None,
        columns: Mapping[str, str] | None = None,
        timezone: str | None = None,
        ambiguous: str | None = None,
        event_name: str | None = None,
        random_ids: bool | None = None,
        batch_size: int | None = None,
        pause: float | None = None,
        max_in_flight: int | None = None,
        format: str | None = None,
        encoding: str | None = None,
        dialect: Mapping[str, Any] | None = None,
        journal: Any = None,  # noqa: ANN401
        dead_letter_path: Any = None,  # noqa: ANN401
        csv_safe: bool | None = None,
        resend: int | None = None,
        restart: bool | None = None,
        same_project: bool | None = None,
        tidepool_conn_id: str = TidepoolHook.default_conn_name,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(tidepool_conn_id=tidepool_conn_id, **kwargs)
        self.source, self.validate, self.tolerance = source, validate, tolerance
        self.columns, self.timezone, self.ambiguous = columns, timezone, ambiguous
        self.event_name, self.random_ids = event_name, random_ids
        self.batch_size, self.pause, self.max_in_flight = batch_size, pause, max_in_flight
        self.format, self.encoding, self.dialect = format, encoding, dialect
        self.journal, self.dead_letter_path, self.resend = journal, dead_letter_path, resend
        self.restart, self.same_project = restart, same_project
        self.csv_safe = csv_safe

    def execute(self, context: Context) -> dict[str, Any]:
        """Track the source.

        Raises
        ------
        AirflowFailException
            Rows or a setting are wrong, or events would be sent twice without a journal.
        TidepoolTransientError, TidepoolUnknownOutcomeError
            Airflow tries again, and goes on where this try stopped.
        """
        source = _place(reveal(self.source))
        restart = self._restart(context)
        journal = self._journal(context, source)
        what = "Tidepool: track"
        try:
            with self.client(what, resumable=journal is not None or _is_file(source)) as client:
                place = _place(self.dead_letter_path)
                option = self.option(dead_letter_path=place, restart=restart)
                result = client.ingest(source, option, journal=journal)
            return self.report(what, result)
        finally:
            if self.dead_letters is not None and "ti" in context:
                context["ti"].xcom_push(key="dead_letter_path", value=self.dead_letters)

    def _restart(self, context: Context) -> bool:
        """Tell whether to start over: once for a run and for each manual clear, not for a retry."""
        if not self.restart:
            return False
        ti, store = context["ti"], context.get("task_state_store")
        if store is None:
            return bool(ti.try_number == 1)
        if store.get(_RESTARTED_KEY) == ti.max_tries:  # grows with a clear only
            return False
        store.set(_RESTARTED_KEY, ti.max_tries)
        return True

    def _journal(self, context: Context, source: object) -> Journal | Any | None:  # noqa: ANN401
        if self.journal is not None:
            return _place(self.journal)
        store: Any = context.get("task_state_store")
        if store is not None:
            from airflow_provider_ams.tidepool import SnapshotJournal
            from airflow_provider_ams.transport import StoreNotes

            return SnapshotJournal(StoreNotes(store, _STATE_KEY), "in the task's state store")
        if _is_file(source):
            self.log.info(
                "No task state store (Airflow below 3.3): the journal is next to the file"
            )
        else:
            self.log.warning("These rows have no journal: give one to make the task resumable")
        return None


def _is_file(source: object) -> bool:
    return isinstance(source, str) or hasattr(source, "open") or hasattr(source, "__fspath__")


def _place(value: Any) -> Any:  # noqa: ANN401
    """Open URLs the way Airflow does, with the credentials of its connections."""
    if isinstance(value, str) and "://" in value:
        from airflow.providers.common.compat.sdk import ObjectStoragePath

        return ObjectStoragePath(value)
    return value
