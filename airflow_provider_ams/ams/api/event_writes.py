"""`insert_event_data`, `update_event_data`, `upsert_event_data` and `mirror_event_data`."""

from __future__ import annotations

import pandas as pd

from airflow_provider_ams.ams.api.call import Connection, calling
from airflow_provider_ams.ams.api.plans import check_deletes, confirm_deletes, mirror_window
from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.options.plans import MirrorEventOption, PlanOption
from airflow_provider_ams.ams.options.writes import (
    InsertEventOption,
    UpdateEventOption,
    UpsertEventOption,
)
from airflow_provider_ams.ams.plan.contents import UNCHANGED
from airflow_provider_ams.ams.plan.plan import Plan
from airflow_provider_ams.ams.results import ImportResult
from airflow_provider_ams.ams.write.imports import Import, Wording
from airflow_provider_ams.ams.write.places import Resume

_INSERT = Wording("Inserting", "inserted")
_UPDATE = Wording("Updating", "updated")
_UPSERT = Wording("Upserting", "upserted")
_MIRROR = Wording("Mirroring", "mirrored")


def insert_event_data(
    df: pd.DataFrame,
    form: str,
    url: str | None = None,
    username: str | None = None,
    password: str | None = None,
    *,
    option: InsertEventOption | None = None,
    client: AMSClient | None = None,
    resume: Resume = None,
) -> ImportResult:
    """Add new events to an event form.

    Parameters
    ----------
    df : DataFrame
        One row for each event, or for each table row of an event (`table_fields`). Columns:
        the person (`id_col`); ``start_date`` as date, date-time or text (``dd/MM/yyyy``, ISO
        8601, or `date_format`); if wanted ``start_time``, ``end_time`` as time or text (``h:mm
        AM`` or ``HH:MM``), ``end_date``; all others are form fields, named exactly as in the form
        (or by `columns`). Texts of a column are written in one way. A missing ``start_time`` is
        now in the site's time zone, a missing end one hour after the start. Missing cells are
        left out.
    form : str
        Exact name of the event form.
    url, username, password : str, optional
        Else the environment (``AMS_URL``, ``AMS_USERNAME``, ``AMS_PASSWORD``), else keyring.
    option : InsertEventOption, optional
        How to.
    client : AMSClient, optional
        Use this client.
    resume : str, path, Checkpoint or object with ``load`` and ``save``, optional
        Where to note the progress. With the same note and the same input, another call finishes
        what this one could not, and inserts nothing twice. `LookBack` if an earlier note is lost.

    Returns
    -------
    ImportResult
        One row for each input row.

    Raises
    ------
    AMSInputError, AMSConfigurationError
        Something has to be mended first.
    AMSImportError
        More rows were rejected than `tolerance` allows, after the others have landed.
    AMSUnknownOutcomeError
        For some rows nobody can tell whether AMS holds them.
    AMSTransientError
        AMS can't be reached or fails; ``.result`` says how far the import came, if it began.
    """
    option = option or InsertEventOption()
    where = Connection(url, username, password, client)
    del password  # no traceback that shows locals may show it
    with calling(where, option, "Failed to insert events") as call:
        plan = PlanOption.of(option, "insert")
        job = Import(call.client, call.console, call.meter, form, plan, _INSERT, resume=resume)
        return job.run(df)


def update_event_data(
    df: pd.DataFrame,
    form: str,
    url: str | None = None,
    username: str | None = None,
    password: str | None = None,
    *,
    option: UpdateEventOption | None = None,
    client: AMSClient | None = None,
    resume: Resume = None,
) -> ImportResult:
    """Overwrite existing events.

    AMS replaces the whole event: fields that the frame does not have are cleared. Dates and times
    that the frame does not give are read first and kept.

    Parameters
    ----------
    df : DataFrame
        As for `insert_event_data`, and with ``event_id``; ``start_date`` may be left out.
    form, url, username, password, client, resume
        As for `insert_event_data`.
    option : UpdateEventOption, optional
        How to. In interactive mode a question is asked first.

    Returns
    -------
    ImportResult
        One row for each input row.

    Raises
    ------
    AMSInputError, AMSConfigurationError, AMSImportError, AMSUnknownOutcomeError, AMSTransientError
        As for `insert_event_data`.
    """
    option = option or UpdateEventOption()
    where = Connection(url, username, password, client)
    del password  # no traceback that shows locals may show it
    with calling(where, option, "Failed to update events") as call:

        def confirm(plan: Plan) -> None:
            sent = sum(action != UNCHANGED for action in plan.actions)
            if sent and option.interactive_mode and option.require_confirmation:
                question = f"Are you sure you want to update {sent} existing events in '{form}'?"
                call.confirm(question, "update", "nothing was sent")

        plan = PlanOption.of(option, "update", default_dates=True)
        job = Import(call.client, call.console, call.meter, form, plan, _UPDATE, resume=resume)
        return job.run(df, confirm)


def upsert_event_data(
    df: pd.DataFrame,
    form: str,
    url: str | None = None,
    username: str | None = None,
    password: str | None = None,
    *,
    option: UpsertEventOption | None = None,
    client: AMSClient | None = None,
    resume: Resume = None,
) -> ImportResult:
    """Update the rows whose event exists, by ``event_id`` or by the option's `key`; insert others.

    Parameters
    ----------
    df : DataFrame
        As for `insert_event_data`; ``event_id`` where the event exists, or the columns of `key`.
        By key, rows that AMS holds already are not sent, and running again inserts nothing twice.
    form, url, username, password, client, resume
        As for `insert_event_data`.
    option : UpsertEventOption, optional
        How to.

    Returns
    -------
    ImportResult
        One row for each input row.

    Raises
    ------
    AMSInputError, AMSConfigurationError, AMSImportError, AMSUnknownOutcomeError, AMSTransientError
        As for `insert_event_data`.
    """
    option = option or UpsertEventOption()
    where = Connection(url, username, password, client)
    del password  # no traceback that shows locals may show it
    with calling(where, option, "Failed to upsert events") as call:
        plan = PlanOption.of(option, "upsert")
        job = Import(call.client, call.console, call.meter, form, plan, _UPSERT, resume=resume)
        return job.run(df)


def mirror_event_data(
    df: pd.DataFrame,
    form: str,
    url: str | None = None,
    username: str | None = None,
    password: str | None = None,
    *,
    window: tuple[object, object],
    option: MirrorEventOption,
    client: AMSClient | None = None,
) -> ImportResult:
    """Make a form hold, within a window of days, exactly the events of the frame.

    New rows are inserted, changed rows updated, unchanged rows not sent, and stored events of the
    window that the frame does not have are deleted, as many as `max_deletes` allows. Nothing
    outside the window is looked at or touched. Run again, it sends nothing.

    Parameters
    ----------
    df : DataFrame
        As for `insert_event_data`; a row that starts outside the window is rejected.
    form : str
        Exact name of the event form.
    url, username, password : str, optional
        Else the environment (``AMS_URL``, ``AMS_USERNAME``, ``AMS_PASSWORD``), else keyring.
    window : tuple of str or date
        First and last day (``dd/MM/yyyy``), both included.
    option : MirrorEventOption
        By which key, whose events, and how many deletes at most (0 by default).
    client : AMSClient, optional
        Use this client.

    Returns
    -------
    ImportResult
        One row for each input row; ``.deletes`` for the deletions.

    Raises
    ------
    AMSInputError
        The frame can't be sent as a whole; nothing was sent.
    AMSConfigurationError
        More than `max_deletes` events would be deleted; nothing was sent.
    AMSImportError, AMSUnknownOutcomeError, AMSTransientError
        As for `insert_event_data`. A mirror deletes nothing unless all rows have landed: a row
        that is rejected may be what one of the events to delete was to become.
    """
    where = Connection(url, username, password, client)
    del password  # no traceback that shows locals may show it
    with calling(where, option, "Failed to mirror events") as call:

        def check(plan: Plan) -> None:
            check_deletes(plan, option.max_deletes)
            call.console.info(str(plan).splitlines()[0])
            if plan.deletes and option.interactive_mode and option.require_confirmation:
                confirm_deletes(call, len(plan.deletes), form)

        plan = PlanOption.of(option, "mirror")
        scope = mirror_window(call.client, window, option)
        job = Import(call.client, call.console, call.meter, form, plan, _MIRROR, window=scope)
        return job.run(df, check)
