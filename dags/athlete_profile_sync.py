"""Sample DAG: a CSV file into a profile form, without losing what the file lacks.

Brings the weekly weigh-in into the athletes' profiles. AMS replaces a whole profile, so what the
file does not have is read first and carried along.
"""

from __future__ import annotations

import logging
from pathlib import Path

import pendulum
from airflow.providers.common.compat.sdk import Param, dag, task

from airflow_provider_ams.operators.ams import (
    AmsGetProfileDataOperator,
    AmsGetUserOperator,
    AmsUpsertProfileDataOperator,
)

log = logging.getLogger(__name__)
FORM = "Athlete Profile"
FIELDS = ["height_cm", "weight_kg", "position"]


@dag(
    schedule="0 5 * * 1",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"owner": "sport-science"},
    description="The weekly weigh-in into the athletes' profiles",
    doc_md=__doc__,
    params={
        "path": Param(
            str(Path(__file__).with_name("weigh_in.csv")),
            type="string",
            description="CSV: username, and the profile's fields that were measured",
        )
    },
    tags=["ams", "profiles"],
)
def athlete_profile_sync():
    """Read people and profiles, lay the file over them, write."""
    users = AmsGetUserOperator(task_id="get_user", columns=["user_id", "username"])
    profiles = AmsGetProfileDataOperator(task_id="get_profile_data", form=FORM)

    @task(show_return_value_in_logs=False)
    def merge(ti=None, params=None):
        users, profiles = ti.xcom_pull(task_ids=["get_user", "get_profile_data"])
        return lay_over(params["path"], users, profiles)

    merged = merge()
    [users, profiles] >> merged
    AmsUpsertProfileDataOperator(task_id="upsert_profile_data", form=FORM, data=merged)


def lay_over(path, users, profiles):
    """Return the stored profiles of the people in the file, with the file's values in them.

    AMS replaces the whole profile: what the file does not have is carried along. People of the
    file whom the account cannot see are left out, and the log says how many.
    """
    import pandas as pd

    lines = pd.read_csv(path)
    sheet = lines.merge(users, on="username").set_index("user_id")
    if len(sheet) < len(lines):
        log.warning("%d lines of the file name nobody in AMS: left out", len(lines) - len(sheet))
    stored = profiles.set_index("user_id").reindex(index=sheet.index, columns=FIELDS)
    measured = sheet.reindex(columns=FIELDS).dropna(axis="columns", how="all")
    stored[measured.columns] = measured.combine_first(stored[measured.columns])
    return stored.reset_index()


athlete_profile_sync()
