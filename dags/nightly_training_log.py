"""Sample DAG: read, transform, update, every night.

Reads two weeks of training, works out each session's load of the seven days up to it, and writes
it back: into the events that were read, so that a second run changes nothing.
"""

from __future__ import annotations

import pendulum
from airflow.providers.common.compat.sdk import dag, task

from airflow_provider_ams.operators.ams import AmsGetEventDataOperator, AmsUpdateEventDataOperator

FORM = "Training Log"
# AMS replaces whole events: an update carries every field that is to stay. Calculated fields and
# personal details come back on reading too, but must not be sent.
FIELDS = ["duration", "intensity", "session_rpe", "comments", "load_7d"]
TABLE = ["activity", "distance_km"]


@dag(
    schedule="30 2 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "sport-science", "retries": 2},
    description="The 7-day load of each training session, every night",
    doc_md=__doc__,
    tags=["ams", "events"],
)
def nightly_training_log():
    """Read, transform, update."""
    sessions = AmsGetEventDataOperator(
        task_id="get_event_data",
        form=FORM,
        from_date="{{ data_interval_end | ams_date(days=-13) }}",
        to_date="{{ data_interval_end | ams_date }}",
    )

    @task(show_return_value_in_logs=False)
    def transform(ti=None):
        # Airflow shows the arguments of a @task, and logs what it returns unless told not to.
        frame = ti.xcom_pull(task_ids="get_event_data")
        return add_weekly_load(frame)

    weekly = transform()
    sessions >> weekly
    AmsUpdateEventDataOperator(
        task_id="update_event_data", form=FORM, data=weekly, table_fields=TABLE
    )


def add_weekly_load(frame):
    """Return the last week's sessions with the athlete's load of the seven days up to each."""
    import pandas as pd

    columns = ["event_id", "user_id", "start_date", "start_time", "end_date", "end_time"]
    frame = frame.reindex(columns=columns + FIELDS + TABLE)
    if frame.empty:
        return frame
    day = pd.to_datetime(frame["start_date"], format="%d/%m/%Y")
    load = (frame["duration"] * frame["session_rpe"]).groupby([day, frame["user_id"]]).sum()
    weekly = load.unstack(fill_value=0).asfreq("D", fill_value=0).rolling(7, min_periods=1).sum()
    frame["load_7d"] = pd.MultiIndex.from_arrays([day, frame["user_id"]]).map(weekly.stack())
    return frame[day > day.max() - pd.Timedelta(days=7)]


nightly_training_log()
