"""Sample DAG: a CSV file into an event form, each row once however often it runs.

Loads a sleep study's readings (18 volunteers, ten days; Belenky et al. 2003), or a file of yours
with the same columns: `subject`, `day`, `reaction_ms`.

The date tells a volunteer's events apart: a second run changes what is different in the file, adds
what is new, and nothing else.
"""

from __future__ import annotations

from importlib.resources import files

import pendulum
from airflow.providers.common.compat.sdk import Param, dag, task

from airflow_provider_ams.operators.ams import AmsUpsertEventDataOperator


@dag(
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    params={
        "path": Param(
            None, type=["null", "string"], description="CSV; the study's own readings if empty"
        ),
        "first_day": Param(
            "2026-01-05", type="string", format="date", description="Date of the study's day 0"
        ),
    },
    default_args={"owner": "sport-science"},
    description="A study's reaction times into a form; a second run adds nothing twice",
    doc_md=__doc__,
    tags=["ams", "events", "start here"],
)
def reaction_time_import():
    """Read, upsert."""

    @task(show_return_value_in_logs=False)
    def read_study(params=None):
        study = files("airflow_provider_ams.sandbox") / "data" / "sleep_study.csv"
        return as_events(params["path"] or str(study), params["first_day"])

    AmsUpsertEventDataOperator(
        task_id="upsert_event_data",
        form="Reaction Time",
        data=read_study(),
        id_col="username",
        key=["start_date"],
    )


def as_events(path, first_day):
    """Return the readings with the names that the form has for them."""
    import pandas as pd

    study = pd.read_csv(path, dtype={"subject": str})
    date = pd.Timestamp(first_day) + pd.to_timedelta(study["day"], unit="D")
    periods = {"Adaptation": (0, 1), "Baseline": (2, 2), "3 hours in bed": (3, 9)}
    condition = {day: name for name, (a, b) in periods.items() for day in range(a, b + 1)}
    return pd.DataFrame(
        {
            "username": "volunteer." + study["subject"],
            "start_date": date.dt.strftime("%d/%m/%Y"),
            "start_time": "9:00 AM",
            "Subject": study["subject"],
            "Day": study["day"],
            "Reaction ms": study["reaction_ms"],
            "Condition": study["day"].map(condition),
        }
    )


reaction_time_import()
