"""`plan_event_data` and `apply`: look at what would happen, then let exactly that happen."""

from __future__ import annotations

import pandas as pd

from airflow_provider_ams.ams.api.event_deletes import window_span
from airflow_provider_ams.ams.client import AMSClient, get_client
from airflow_provider_ams.ams.errors import AMSConfigurationError, AMSError
from airflow_provider_ams.ams.options.plans import MirrorEventOption, PlanOption, delete_limit
from airflow_provider_ams.ams.people.roster import select_users
from airflow_provider_ams.ams.plan.plan import Plan
from airflow_provider_ams.ams.plan.planner import Planner, Window
from airflow_provider_ams.ams.plan.stale import already_done
from airflow_provider_ams.ams.write.apply import ApplyResult, Runner
from airflow_provider_ams.transport import Console


def plan_event_data(
    df: pd.DataFrame,
    form: str,
    url: str | None = None,
    username: str | None = None,
    password: str | None = None,
    *,
    window: tuple[object, object] | None = None,
    option: PlanOption | None = None,
    client: AMSClient | None = None,
) -> Plan:
    """Work out what an import would do; nothing is sent that changes data.

    Parameters
    ----------
    df : DataFrame
        As for the import.
    form : str
        Exact name of the event form.
    url, username, password : str, optional
        Else the environment (``AMS_URL``, ``AMS_USERNAME``, ``AMS_PASSWORD``), else keyring.
    window : tuple of str or date, optional
        For ``mode="mirror"``: first and last day (``dd/MM/yyyy``).
    option : PlanOption, optional
        Which import (`mode`, `key`, `on_missing_fields`), and how to.
    client : AMSClient, optional
        Use this client.

    Returns
    -------
    Plan
        Rows to insert, update (old -> new), leave unchanged, delete and reject. Print it, or hand
        it to `apply`.

    Raises
    ------
    AMSValidationError
        The frame as a whole does not fit the form; rows that don't are in the plan.
    AMSConfigurationError
        There is no such form, or the option needs something that is not there.
    AMSTransientError
        AMS can't be read now.
    """
    option = option or PlanOption()
    console = Console(option.interactive_mode)
    if (window is None) == (option.mode == "mirror"):
        raise AMSConfigurationError("A mirror, and only a mirror, needs a window of two dates.")
    client = client or get_client(url, username, password, cache=option.cache)
    try:
        scope = mirror_window(client, window, option)
        plan = Planner(client, form, option, scope, for_later=True).plan(df)
    except AMSError as error:
        console.failed(f"Failed to plan: {error.message}")
        raise
    console.done(str(plan).splitlines()[0])
    return plan


def mirror_window(
    client: AMSClient,
    window: tuple[object, object] | None,
    option: PlanOption | MirrorEventOption,
) -> Window | None:
    """Return the days and people that a mirror looks after."""
    if window is None:
        return None
    users = select_users(client, option.users, option.cache)
    return Window(window_span(window), users)


def apply(
    plan: Plan,
    url: str | None = None,
    username: str | None = None,
    password: str | None = None,
    *,
    max_deletes: int | str = 0,
    tolerance: int | str | None = None,
    interactive_mode: bool = True,
    client: AMSClient | None = None,
) -> ApplyResult:
    """Do what a plan says, if AMS still holds what the plan was made from.

    Only what differs is sent. Events that hold already what the plan wants, because an earlier
    try got so far, are left alone: the same plan can be applied again.

    Parameters
    ----------
    plan : Plan
        From `plan_event_data`.
    url, username, password : str, optional
        Else the environment (``AMS_URL``, ``AMS_USERNAME``, ``AMS_PASSWORD``), else keyring.
    max_deletes : int or str
        Events that may be deleted at most: a number, or a percentage of the stored events that
        the plan has looked at. With more, nothing is sent at all.
    tolerance : int or str, optional
        Rejected rows to put up with; as for imports.
    interactive_mode : bool
        Print status lines and a progress bar.
    client : AMSClient, optional
        Use this client.

    Returns
    -------
    ApplyResult
        One row for each input row; ``.deletes`` for the deletions.

    Raises
    ------
    AMSStalePlanError
        Stored events have changed since; nothing was sent. Make a new plan.
    AMSConfigurationError
        The plan deletes more than `max_deletes`; nothing was sent.
    AMSImportError, AMSUnknownOutcomeError, AMSTransientError
        As for imports.
    """
    console = Console(interactive_mode)
    if plan.form_type != "event":
        raise AMSConfigurationError("Only plans for events can be applied.")
    client = client or get_client(url, username, password)
    try:
        check_deletes(plan, max_deletes)
        done = already_done(client, plan)
        return Runner(client, plan, console, done=done).run(tolerance)
    except AMSError as error:
        console.failed(f"Failed to apply the plan: {error.message}")
        raise


def check_deletes(plan: Plan, max_deletes: int | str) -> None:
    """Refuse a plan that deletes more than it may."""
    limit = delete_limit(max_deletes, plan.stored)
    if len(plan.deletes) > limit:
        raise AMSConfigurationError(
            f"{len(plan.deletes)} of {plan.stored} stored events are to be deleted, and "
            f"max_deletes is {max_deletes!r}. Nothing was sent.",
            hint="Look at the plan; set max_deletes if it is right.",
        )
