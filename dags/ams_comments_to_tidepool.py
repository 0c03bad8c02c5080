"""Sample DAG: what athletes write into an AMS form becomes Tidepool events, each comment once.

Reads what has changed in AMS, picks the comments that are new, tracks them.

AMS hands out an event again when any field of it changes, and whether Tidepool drops an id it
knows is not documented: so what was sent is remembered. (Should `remember` fail for good, the next
run sends these comments again, under the same ids.) People are known to Tidepool by their AMS
user id alone; what they write is passed on as it is.
"""

from __future__ import annotations

import os

import pendulum
from airflow.providers.common.compat.sdk import ObjectStoragePath, Param, dag, task

from airflow_provider_ams.operators.ams import AmsSaveWatermarkOperator, AmsSyncEventDataOperator
from airflow_provider_ams.operators.tidepool import TidepoolTrackEventsOperator
from airflow_provider_ams.transport import write_atomic

FORM, FIELD = "Training Log", "comments"
WATERMARK = "ams_comments_to_tidepool_watermark"
HOME = os.path.expanduser(os.environ.get("AIRFLOW_HOME", "~/airflow"))


@dag(
    schedule="@hourly",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "sport-science", "retries": 3},
    description="New comments of the training log to Tidepool, every hour",
    doc_md=__doc__,
    params={
        "since": Param("2026-01-01", type="string", description="Where the first run begins"),
        "sent": Param(f"file://{HOME}/ams_comments_sent.txt", description="Ids of what was sent"),
    },
    tags=["ams", "tidepool"],
)
def ams_comments_to_tidepool():
    """Sync, pick, track, remember."""
    changed = AmsSyncEventDataOperator(
        task_id="sync_event_data",
        form=FORM,
        watermark_variable=WATERMARK,
        last_synchronisation_time="{{ params.since }}",
    )

    @task(show_return_value_in_logs=False)
    def pick_new(ti=None, params=None):
        path = ObjectStoragePath(params["sent"])
        known = set(path.read_text().split()) if path.exists() else set()
        return new_comments(ti.xcom_pull(task_ids="sync_event_data"), known)

    comments = pick_new()
    track = TidepoolTrackEventsOperator(
        task_id="track_events",
        source=comments,
        timezone="{{ conn.ams_default.extra_dejson.get('timezone') or 'UTC' }}",
        ambiguous="first",
        tolerance="all",  # the log names them: a time that clocks jumped over, at most
        event_name="AMS_COMMENT",
    )

    @task
    def remember(ti=None, params=None):
        path = ObjectStoragePath(params["sent"])
        known = path.read_text() if path.exists() else ""
        new = "".join(f"{i}\n" for i in ti.xcom_pull(task_ids="pick_new")["id"])
        write_atomic(path, (known + new).encode())

    save = AmsSaveWatermarkOperator(
        task_id="save_watermark", watermark_variable=WATERMARK, sync_task_id="sync_event_data"
    )
    changed >> comments
    track >> remember() >> save


def new_comments(events, known):
    """Return one row for each comment whose id is not known; an edited one is a new message."""
    import uuid

    import pandas as pd

    columns = ["event_id", "user_id", "start_date", "start_time", FIELD]
    # A frame without rows or values has columns of no text at all.
    events = events.reindex(columns=columns).astype(object).fillna("").astype(str)
    events = events[events[FIELD].str.strip() != ""].drop_duplicates("event_id")
    start = events["start_date"] + " " + events["start_time"].replace("", "12:00 AM")
    moment = pd.to_datetime(start, format="%d/%m/%Y %I:%M %p")
    names = events["event_id"] + "/" + events[FIELD]
    rows = {
        "id": [str(uuid.uuid5(uuid.NAMESPACE_URL, f"{FORM}/{name}")) for name in names],
        "session_id": events["event_id"].tolist(),
        "user_id": events["user_id"].tolist(),
        "timestamp": moment.dt.strftime("%Y-%m-%dT%H:%M:%S").tolist(),
        "text": events[FIELD].tolist(),
    }
    frame = pd.DataFrame(rows, dtype=object)
    return frame[~frame["id"].isin(known)]


ams_comments_to_tidepool()
