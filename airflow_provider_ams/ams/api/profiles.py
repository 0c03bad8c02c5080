"""`upsert_profile_data`: one record for each person."""

from __future__ import annotations

import os
from typing import Any

import pandas as pd

from airflow_provider_ams.ams.client import AMSClient, get_client
from airflow_provider_ams.ams.errors import AMSError
from airflow_provider_ams.ams.forms.catalogue import check_form
from airflow_provider_ams.ams.options.writes import UpsertProfileOption
from airflow_provider_ams.ams.people.roster import resolve_users
from airflow_provider_ams.ams.plan.data_loss import (
    as_plan_option,
    cleared,
    face_losses,
    warn_of_loss,
)
from airflow_provider_ams.ams.plan.plan import UNCHANGED, Plan
from airflow_provider_ams.ams.plan.planner import Planner
from airflow_provider_ams.ams.plan.refusals import refuse_rejects
from airflow_provider_ams.ams.prepare.draft import Draft, read_frame
from airflow_provider_ams.ams.results import ImportResult
from airflow_provider_ams.ams.write.checkpoint import Checkpoint, as_checkpoint
from airflow_provider_ams.ams.write.ledger import result_frame
from airflow_provider_ams.ams.write.outcome import Meter, judge, print_result
from airflow_provider_ams.ams.write.profiles import ProfileImporter, build_profiles
from airflow_provider_ams.transport import Console


def upsert_profile_data(
    df: pd.DataFrame,
    form: str,
    url: str | None = None,
    username: str | None = None,
    password: str | None = None,
    *,
    option: UpsertProfileOption | None = None,
    client: AMSClient | None = None,
    resume: str | os.PathLike[str] | Checkpoint | None = None,
) -> ImportResult:
    """Write profile records, one for each person: new, or in place of the one that is there.

    AMS takes one record a call. Fields that the frame does not have are taken to be cleared,
    unless `on_missing_fields` says otherwise.

    Parameters
    ----------
    df : DataFrame
        One row for each person: the `id_col`, and form fields.
    form : str
        Exact name of the profile form.
    url, username, password, client, resume
        As for `insert_event_data`.
    option : UpsertProfileOption, optional
        How to.

    Returns
    -------
    ImportResult
        One row for each input row; AMS does not tell new records from old ones, so the status of
        a record that landed is ``updated``.

    Raises
    ------
    AMSInputError, AMSConfigurationError, AMSImportError, AMSUnknownOutcomeError, AMSTransientError
        As for `insert_event_data`.
    """
    option = option or UpsertProfileOption()
    console = Console(option.interactive_mode)
    try:
        looks = option.validate or option.on_missing_fields == "keep"
        draft = None if looks else _read(df, option)
        client = client or get_client(url, username, password, cache=option.cache)
        job = _ProfileImport(client, form, option, console)
        if draft is None:
            return job.run_planned(df)
        return job.run(draft, as_checkpoint(resume))
    except AMSError as error:
        console.failed(f"Failed to upsert profiles: {error.message}")
        raise


def _read(df: pd.DataFrame, option: UpsertProfileOption) -> Draft:
    return read_frame(df, option.id_col, needs_start=False, takes_event_id=False)


class _ProfileImport:
    """One import of profile records."""

    def __init__(
        self, client: AMSClient, form: str, option: UpsertProfileOption, console: Console
    ) -> None:
        self.client = client
        self.form = form
        self.option = option
        self.console = console
        self.meter = Meter(client)

    def run(self, draft: Draft, checkpoint: Checkpoint | None) -> ImportResult:
        """Send a record for each row."""
        option = self.option
        check_form(self.client, self.form, "profile")
        people = draft.people(option.id_col)
        users = resolve_users(self.client, people, option.id_col, option.cache)
        profiles = build_profiles(draft, self.form, users, option.boolean_text)
        warnings = list(draft.warnings)
        loss = face_losses(self.client, self.form, draft, option.on_missing_fields, "profile")
        importer = self._send(profiles, checkpoint)
        frame = result_frame(
            draft.labels,
            [[i] for i in range(len(profiles))],
            importer.status,
            importer.ids,
            importer.reasons,
            importer.calls,
        )
        return self._finish(frame, importer, warnings, loss)

    def run_planned(self, df: pd.DataFrame) -> ImportResult:
        """Look at the form and at the stored records, and send only what differs."""
        plan_option = as_plan_option(self.option, "upsert", form_type="profile")
        planner = Planner(self.client, self.form, plan_option)
        plan = planner.plan(df)
        refuse_rejects(plan, planner.fatal)
        lost = cleared(plan)
        loss = warn_of_loss(self.form, lost) if lost else None
        chosen = [e for e, action in enumerate(plan.actions) if action != UNCHANGED]
        # No note of the progress: what an earlier try has written is found to be unchanged.
        importer = self._send([profile_wire(plan, e) for e in chosen], None)
        return self._finish(_rows(plan, chosen, importer), importer, list(plan.warnings), loss)

    def _send(
        self, profiles: list[dict[str, Any]], checkpoint: Checkpoint | None
    ) -> ProfileImporter:
        self.console.info(f"Upserting {len(profiles)} profile records for '{self.form}'")
        with self.console.bar(len(profiles), "record") as bar:
            importer = ProfileImporter(
                self.client, profiles, self.option.max_in_flight, bar.add, checkpoint
            )
            importer.run()
        return importer

    def _finish(
        self, frame: pd.DataFrame, importer: ProfileImporter, warnings: list[str], loss: str | None
    ) -> ImportResult:
        result = self.meter.result(self.form, frame, warnings)
        count = len(importer.profiles)
        self.console.done(f"Processed {count} profile records for '{self.form}'")
        print_result(self.console, result, "upserted", count, importer.landed)
        if loss:
            result.warnings.append(loss)  # told by Python's own warnings already
        return judge(result, self.option.tolerance, importer.stopped)


def profile_wire(plan: Plan, event: int) -> dict[str, Any]:
    """Return a planned record as it goes over the wire."""
    return {
        "formName": plan.form,
        "userId": {"userId": plan.events.user_ids[event]},
        "rows": plan.events.wire_rows(event),
    }


def _rows(plan: Plan, chosen: list[int], importer: ProfileImporter) -> pd.DataFrame:
    """Return one row for each input row."""
    rows = plan.rows()
    status: list[str | None] = ["unchanged"] * plan.row_count
    calls: list[int | None] = [None] * plan.row_count
    reasons, ids = rows["reason"].tolist(), rows["event_id"].tolist()
    for number, event in enumerate(chosen):
        for p in plan.events.rows[event]:
            status[p], reasons[p] = importer.status[number], importer.reasons[number]
            ids[p] = importer.ids[number] or ids[p]
            calls[p] = importer.calls[number]
    for p in plan.rejects:
        status[p] = "rejected"
    return pd.DataFrame(
        {
            "status": pd.Series(status, index=rows.index, dtype=object),
            "event_id": pd.Series(ids, index=rows.index, dtype="Int64"),
            "reason": pd.Series(reasons, index=rows.index, dtype=object),
            "batch": pd.Series(calls, index=rows.index, dtype="Int64"),
        },
        index=rows.index,
    )
