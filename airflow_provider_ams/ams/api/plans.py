"""`validate_event_data`, `plan_event_data` and `apply`: look first, then do exactly that."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from airflow_provider_ams.ams.api.call import Call, Connection, calling
from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.errors import AMSConfigurationError
from airflow_provider_ams.ams.forms.catalogue import check_form
from airflow_provider_ams.ams.options.plans import MirrorEventOption, PlanOption, delete_limit
from airflow_provider_ams.ams.options.reads import LoginOption
from airflow_provider_ams.ams.people.roster import select_users
from airflow_provider_ams.ams.plan.plan import Plan
from airflow_provider_ams.ams.plan.planner import Planner
from airflow_provider_ams.ams.plan.stale import Guard
from airflow_provider_ams.ams.plan.window import Window, window_span
from airflow_provider_ams.ams.problems import ERROR
from airflow_provider_ams.ams.results import ImportResult
from airflow_provider_ams.ams.validate.event_ids import read_ids, wrong_ids
from airflow_provider_ams.ams.validate.inspect import Inspector, rejected_count
from airflow_provider_ams.ams.validate.report import ValidationReport
from airflow_provider_ams.ams.write.apply import Application


def validate_event_data(
    df: pd.DataFrame,
    form: str,
    url: str | None = None,
    username: str | None = None,
    password: str | None = None,
    *,
    option: PlanOption | None = None,
    client: AMSClient | None = None,
) -> ValidationReport:
    """Check a frame against the live form; nothing is sent that changes data.

    Parameters
    ----------
    df : DataFrame
        As for the import that it is meant for.
    form : str
        Exact name of the form.
    url, username, password : str, optional
        Else the environment (``AMS_URL``, ``AMS_USERNAME``, ``AMS_PASSWORD``), else keyring.
    option : PlanOption, optional
        Which import it is meant for (`mode`, `key`, `on_missing_fields`), and how strict
        (`contract`).
    client : AMSClient, optional
        Use this client.

    Returns
    -------
    ValidationReport
        All findings at once, grouped by field and rule, with counts and rows; ``.ok`` if an
        import with this `tolerance` would be green. It names fields, rules and rows, and repeats
        no value.

    Raises
    ------
    AMSConfigurationError
        There is no such form, or the frame is no DataFrame.
    AMSTransientError
        AMS can't be read now.
    """
    option = option or PlanOption()
    where = Connection(url, username, password, client)
    del password  # no traceback that shows locals may show it
    with calling(where, option, "Failed to validate") as call:
        check_form(call.client, form, option.form_type)
        report = _inspect(call.client, df, form, replace(option, validate=True))
        line = call.console.done if report.ok else call.console.failed
        line(report.headline())
        if option.interactive_mode and report.findings:
            print(report.text())
        return report


def _inspect(
    client: AMSClient, df: pd.DataFrame, form: str, option: PlanOption
) -> ValidationReport:
    seen = Inspector(df, form, option, client, fresh=True).inspect()
    if not option.check_event_ids or seen.events is None or not any(seen.events.event_ids):
        return seen.report
    stored = read_ids(client, form, seen.events, seen.schema)
    labels = df.index.tolist()
    wrong = [finding.labelled(labels) for finding in wrong_ids(seen.events, stored)]
    found = sorted((*seen.report.findings, *wrong), key=lambda f: f.severity != ERROR)
    rejected = rejected_count(found, seen.events)
    return replace(seen.report, findings=tuple(found), rejected=rejected)


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
    if (window is None) == (option.mode == "mirror"):
        raise AMSConfigurationError("A mirror, and only a mirror, needs a window of two dates.")
    where = Connection(url, username, password, client)
    del password  # no traceback that shows locals may show it
    with calling(where, option, "Failed to plan") as call:
        scope = mirror_window(call.client, window, option)
        planner = Planner(call.client, form, option, scope, for_later=True)
        events = planner.look(df)
        plan = planner.plan(events, call.client.now().naive())
        call.console.done(plan.subject())
        if told := plan.explain():
            call.console.failed(told)
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
    digest: str | None = None,
    interactive_mode: bool = True,
    client: AMSClient | None = None,
) -> ImportResult:
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
    digest : str, optional
        The digest that was approved; any other plan is refused.
    interactive_mode : bool
        Print status lines and a progress bar.
    client : AMSClient, optional
        Use this client.

    Returns
    -------
    ImportResult
        One row for each input row; ``.deletes`` for the deletions.

    Raises
    ------
    AMSStalePlanError
        Stored events have changed since, and are not overwritten. Make a new plan; what was sent
        before, of a long one, is in ``.result`` of the error.
    AMSConfigurationError
        The plan deletes more than `max_deletes`, or is not the approved one; nothing was sent.
    AMSImportError, AMSUnknownOutcomeError, AMSTransientError
        As for imports.
    """
    if not isinstance(plan, Plan):
        kind = "None" if plan is None else f"a {type(plan).__name__}"
        raise AMSConfigurationError(
            f"There is no plan to apply: it is {kind}. Nothing was sent.",
            hint="Make one with plan_event_data(), or read a saved one with Plan.load().",
        )
    if plan.form_type != "event":
        raise AMSConfigurationError(
            f"The plan is for the {plan.form_type} form '{plan.form}', and only plans for events "
            "can be applied. Nothing was sent.",
            hint="Use upsert_profile_data() for profiles.",
        )
    check_digest(plan, digest)
    where = Connection(url, username, password, client)
    del password  # no traceback that shows locals may show it
    with calling(where, LoginOption(interactive_mode), "Failed to apply the plan") as call:
        check_site(plan, call.client)
        check_deletes(plan, max_deletes)
        guard = Guard(call.client, plan)
        application = Application(
            call.client, plan, call.console, done=guard.look(), guard=guard, meter=call.meter
        )
        result = application.run()
        if told := result.explain():
            call.console.failed(told)
        return application.check(tolerance)


def check_digest(plan: Plan, digest: str | None) -> None:
    """Refuse a plan that is not the one with this digest."""
    if digest is not None and digest != plan.digest:
        raise AMSConfigurationError(
            "The plan is not the one that was approved. Nothing was sent.",
            hint="Have the new plan approved.",
        )


def check_site(plan: Plan, client: AMSClient) -> None:
    """Refuse a plan that was made for another site."""
    if plan.url and plan.url != client.url:
        raise AMSConfigurationError(
            f"The plan is for {plan.url}, not for {client.url}. Nothing was sent.",
            hint="Apply it there, or make a plan for this site.",
        )


def check_deletes(plan: Plan, max_deletes: int | str) -> None:
    """Refuse a plan that deletes more than it may."""
    limit = delete_limit(max_deletes, plan.stored)
    if len(plan.deletes) > limit:
        raise AMSConfigurationError(
            f"{len(plan.deletes)} of {plan.stored} stored events are to be deleted, and "
            f"max_deletes is {max_deletes!r}. Nothing was sent.",
            hint="Look at the plan; set max_deletes if it is right.",
        )


def confirm_deletes(call: Call, count: int, form: str) -> None:
    """Ask whether events are to be deleted.

    Raises
    ------
    AMSConfigurationError
        The answer is no, or there is nobody to ask.
    """
    question = f"Are you sure you want to delete {count} events of '{form}'?"
    call.confirm(question, "deletion", "nothing was deleted")
