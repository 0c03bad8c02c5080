"""Sample DAG: what watches have recorded, laps included, into a form of its own.

The sessions look like what is in a FIT file: seconds, metres, an instant with its zone, and a list
of laps. They become one event each, at the site's own time, with a row of the form's table for each
lap. The session's serial number is the key: however often a watch uploads it, it is one event.

The data is made; the sandbox has the form.
"""

from __future__ import annotations

from pathlib import Path

import pendulum
from airflow.providers.common.compat.sdk import Param, dag, task

from airflow_provider_ams.operators.ams import AmsUpsertEventDataOperator

SPORTS = {"running": "Run", "cycling": "Bike", "rowing": "Row", "swimming": "Swim"}


@dag(
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    params={
        "path": Param(
            None, type=["null", "string"], description="JSON lines; made sessions if empty"
        )
    },
    default_args={"owner": "sport-science", "retries": 2},
    description="Sessions of watches with their laps, each once however often it is uploaded",
    doc_md=__doc__,
    tags=["ams", "events", "tables"],
)
def watch_sessions():
    """Read, convert, send what has changed."""

    @task(show_return_value_in_logs=False)
    def convert(params=None):
        return as_sessions(params["path"] or Path(__file__).with_suffix(".jsonl"))

    AmsUpsertEventDataOperator(
        task_id="upsert_event_data",
        form="Endurance Session",
        data=convert(),
        id_col="username",
        columns={"athlete": "username", "serial": "Session ID", "start": "start_date"},
        key=["Session ID"],
        table_fields=["laps"],
    )


def as_sessions(path):
    """Return the sessions in the form's units: minutes, kilometres, beats a minute."""
    import pandas as pd

    from airflow_provider_ams.ams import read_table

    sessions = read_table(path)
    start = pd.to_datetime(sessions["start_time"], utc=True)
    return pd.DataFrame(
        {
            "athlete": sessions["athlete"],
            "serial": sessions["serial"],
            "start": start,
            "end_date": start + pd.to_timedelta(sessions["total_timer_time"], unit="s"),
            "Sport": sessions["sport"].map(SPORTS),
            "Minutes": (sessions["total_timer_time"] / 60).round(1),
            "Kilometres": (sessions["total_distance"] / 1000).round(2),
            "Heart rate": sessions["avg_heart_rate"],
            "laps": [
                [
                    {
                        "Lap": number,
                        "Lap minutes": round(lap["total_timer_time"] / 60, 1),
                        "Lap kilometres": round(lap["total_distance"] / 1000, 2),
                        "Lap heart rate": lap["avg_heart_rate"],
                    }
                    for number, lap in enumerate(laps, start=1)
                ]
                for laps in sessions["laps"]
            ],
        }
    )


watch_sessions()
