"""Sample DAG: a CSV file into an event form, each row once however often it runs."""

from __future__ import annotations

import pendulum
from airflow.providers.common.compat.sdk import Param, dag, task

from airflow_provider_ams.operators.ams import AmsGetEventDataOperator, AmsInsertEventDataOperator

FORM = "Reaction Time"


@dag(
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    max_active_runs=1,
    params={
        "path": Param("", type="string", description="CSV; the study's own readings if empty"),
        "first_day": Param("2026-01-05", type="string", format="date"),
    },
    tags=["ams"],
)
def reaction_time_import():
    """Load a sleep study's readings (18 volunteers, ten days; Belenky et al. 2003).

    A second run adds what is new in the file and nothing else.
    """
    stored = AmsGetEventDataOperator(
        task_id="get_stored",
        form=FORM,
        from_date="{{ params.first_day }}",
        to_date="{{ macros.ds_add(params.first_day, 9) }}",
    )

    @task(show_return_value_in_logs=False)
    def pick_new(ti=None, params=None):
        stored = ti.xcom_pull(task_ids="get_stored")
        return new_readings(params["path"] or study_path(), params["first_day"], stored)

    readings = pick_new()
    stored >> readings
    AmsInsertEventDataOperator(
        task_id="insert_event_data", form=FORM, data=readings, id_col="username"
    )


def study_path():
    """Return the path of the readings that come with the sandbox."""
    from importlib.resources import files

    return str(files("airflow_provider_ams.sandbox") / "data" / "sleep_study.csv")


def new_readings(path, first_day, stored):
    """Return the rows of the CSV for which the form has no event of that person and date."""
    import pandas as pd

    study = pd.read_csv(path, dtype={"subject": str})
    date = pd.Timestamp(first_day) + pd.to_timedelta(study["day"], unit="D")
    periods = [(0, "Adaptation"), (2, "Baseline"), (3, "3 hours in bed")]
    condition = pd.cut(study["day"], [p[0] for p in periods] + [99], right=False)
    rows = pd.DataFrame(
        {
            "username": "volunteer." + study["subject"],
            "start_date": date.dt.strftime("%d/%m/%Y"),
            "start_time": "9:00 AM",
            "Subject": study["subject"],
            "Day": study["day"],
            "Reaction ms": study["reaction_ms"],
            "Condition": condition.cat.rename_categories([p[1] for p in periods]).astype(str),
        }
    )
    known = pd.MultiIndex.from_frame(stored[["username", "start_date"]])
    return rows[~pd.MultiIndex.from_frame(rows[["username", "start_date"]]).isin(known)]


reaction_time_import()
