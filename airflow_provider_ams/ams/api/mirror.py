"""`mirror_event_data`: make a window of a form hold what the frame holds."""

from __future__ import annotations

import pandas as pd

from airflow_provider_ams.ams.api.event_deletes import confirm_deletes
from airflow_provider_ams.ams.api.plans import check_deletes, mirror_window
from airflow_provider_ams.ams.client import AMSClient, get_client
from airflow_provider_ams.ams.errors import AMSError
from airflow_provider_ams.ams.options.plans import MirrorEventOption
from airflow_provider_ams.ams.plan.data_loss import as_plan_option, cleared, warn_of_loss
from airflow_provider_ams.ams.plan.planner import Planner
from airflow_provider_ams.ams.plan.refusals import refuse_rejects
from airflow_provider_ams.ams.write.apply import ApplyResult, Runner
from airflow_provider_ams.ams.write.outcome import Meter
from airflow_provider_ams.transport import Console


def mirror_event_data(
    df: pd.DataFrame,
    form: str,
    url: str | None = None,
    username: str | None = None,
    password: str | None = None,
    *,
    window: tuple[object, object],
    option: MirrorEventOption | None = None,
    client: AMSClient | None = None,
) -> ApplyResult:
    """Make a form hold, within a window of days, exactly the events of the frame.

    New rows are inserted, changed rows updated, unchanged rows not sent, and stored events of the
    window that the frame does not have are deleted, as many as `max_deletes` allows. Nothing
    outside the window is looked at or touched. Run again, it sends nothing.

    Parameters
    ----------
    df : DataFrame
        As for `insert_event_data`; all rows start within the window.
    form : str
        Exact name of the event form.
    url, username, password : str, optional
        Else the environment (``AMS_URL``, ``AMS_USERNAME``, ``AMS_PASSWORD``), else keyring.
    window : tuple of str or date
        First and last day (``dd/MM/yyyy``), both included.
    option : MirrorEventOption, optional
        By which key, whose events, and how many deletes at most (0 by default).
    client : AMSClient, optional
        Use this client.

    Returns
    -------
    ApplyResult
        One row for each input row; ``.deletes`` for the deletions.

    Raises
    ------
    AMSInputError
        A row can't be sent, or starts outside the window; nothing was sent.
    AMSConfigurationError
        More than `max_deletes` events would be deleted; nothing was sent.
    AMSImportError, AMSUnknownOutcomeError, AMSTransientError
        As for `insert_event_data`; nothing is deleted unless all rows have landed.
    """
    option = option or MirrorEventOption()
    console = Console(option.interactive_mode)
    client = client or get_client(url, username, password, cache=option.cache)
    meter = Meter(client)
    try:
        plan_option = as_plan_option(option, "mirror")
        planner = Planner(client, form, plan_option, mirror_window(client, window, option))
        plan = planner.plan(df)
        refuse_rejects(plan)
        check_deletes(plan, option.max_deletes)
        console.info(str(plan).splitlines()[0])
        lost = cleared(plan)
        if lost:
            plan.warnings.append(warn_of_loss(form, lost))
        if plan.deletes and option.interactive_mode and option.require_confirmation:
            confirm_deletes(console, len(plan.deletes), form)
        result = Runner(client, plan, console, meter=meter).run(option.tolerance)
    except AMSError as error:
        console.failed(f"Failed to mirror events: {error.message}")
        raise
    console.done(f"Mirrored {len(df)} rows to '{form}'")
    return result
