"""`get_profile_data` and `upsert_profile_data`: one record for each person."""

from __future__ import annotations

import pandas as pd

from airflow_provider_ams.ams.api.call import Connection, calling
from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.forms.catalogue import check_form
from airflow_provider_ams.ams.options.plans import PlanOption
from airflow_provider_ams.ams.options.reads import ProfileFilter, ProfileOption
from airflow_provider_ams.ams.options.writes import UpsertProfileOption
from airflow_provider_ams.ams.people.roster import get_roster, select_users
from airflow_provider_ams.ams.prepare.columns import PROFILE_COLUMNS
from airflow_provider_ams.ams.read.frames import Layout, records_frame
from airflow_provider_ams.ams.read.profiles import read_profiles
from airflow_provider_ams.ams.read.typed import form_types
from airflow_provider_ams.ams.results import ImportResult
from airflow_provider_ams.ams.write.imports import Import, Wording
from airflow_provider_ams.ams.write.places import Resume

_PROFILES = Wording("Upserting", "upserted", "profile records")


def get_profile_data(
    form: str,
    url: str | None = None,
    username: str | None = None,
    password: str | None = None,
    *,
    filter: ProfileFilter | None = None,
    option: ProfileOption | None = None,
    client: AMSClient | None = None,
) -> pd.DataFrame:
    """Read the records of a profile form.

    Parameters
    ----------
    form : str
        Exact name of the profile form.
    url, username, password : str, optional
        Else the environment (``AMS_URL``, ``AMS_USERNAME``, ``AMS_PASSWORD``), else keyring.
    filter : ProfileFilter, optional
        Whose records.
    option : ProfileOption, optional
        How to.
    client : AMSClient, optional
        Use this client.

    Returns
    -------
    DataFrame
        ``user_id`` (int64), ``about``, ``username``, ``profile_id`` (Int64), ``form``,
        ``entered_by_user_id`` (Int64), then a column for each field that has any value; with
        ``dtype="schema"`` for each field of the form, of one type every time: see `ExportOption`.

    Raises
    ------
    AMSConfigurationError
        Filter or form can't be used.
    AMSTransientError
        AMS can't be read now.
    """
    option = option or ProfileOption()
    where = Connection(url, username, password, client)
    del password  # no traceback that shows locals may show it
    with calling(where, option, "Failed to read profiles") as call:
        client = call.client
        call.console.info(f"Requesting profile data from '{form}'")
        check_form(client, form, "profile")
        types = form_types(client, form, "profile", option)
        layout = Layout(PROFILE_COLUMNS, option.guess_col_type, types)
        roster = get_roster(client, cache=option.cache)
        users = select_users(client, filter, cache=True)
        records = read_profiles(client, form, users)
        frame = records_frame(records, layout, roster)
        if layout.types is not None:
            layout.types.warn(form, frame)
        call.console.done(f"Read {len(records)} profile records from '{form}'")
        return frame


def upsert_profile_data(
    df: pd.DataFrame,
    form: str,
    url: str | None = None,
    username: str | None = None,
    password: str | None = None,
    *,
    option: UpsertProfileOption | None = None,
    client: AMSClient | None = None,
    resume: Resume = None,
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
    where = Connection(url, username, password, client)
    del password  # no traceback that shows locals may show it
    with calling(where, option, "Failed to upsert profiles") as call:
        plan = PlanOption.of(option, "upsert", form_type="profile")
        job = Import(call.client, call.console, call.meter, form, plan, _PROFILES, resume=resume)
        return job.run(df)
