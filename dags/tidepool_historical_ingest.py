"""Sample DAG: months of chat or product events, a CSV file, into Tidepool.

Checks every row, lets Tidepool check the first batch, then tracks all of it.

What was confirmed is kept next to the file: a retry, and any later run on the same file, sends only
what is not. Wrong rows, as many as `tolerance` allows, go to `<path>.dead-letters.csv`.
"""

from __future__ import annotations

import pendulum
from airflow.providers.common.compat.sdk import Param, dag

from airflow_provider_ams.operators.tidepool import (
    TidepoolTrackEventsOperator,
    TidepoolValidateEventsOperator,
)

# Columns of the file whose names are not those of event fields, as {"message": "text"}.
COLUMNS: dict[str, str] = {}


@dag(
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    max_active_runs=1,
    default_args={"owner": "sport-science", "retries": 3},
    description="A file of historical events into Tidepool, each once",
    doc_md=__doc__,
    params={
        "path": Param("events.csv", type="string", description="CSV, JSON lines or Parquet"),
        "tolerance": Param(
            "0", type="string", description="Wrong rows to put up with: a number, 2% or all"
        ),
        "pause": Param(0.2, type="number", minimum=0, description="Seconds between two batches"),
    },
    render_template_as_native_obj=True,
    tags=["tidepool", "backfill"],
)
def tidepool_historical_ingest():
    """Validate, then track."""
    settings = {
        "source": "{{ params.path }}",
        "tolerance": "{{ params.tolerance }}",
        "columns": COLUMNS,
        "pause": "{{ params.pause }}",
    }
    check = TidepoolValidateEventsOperator(task_id="validate_events", **settings)
    track = TidepoolTrackEventsOperator(
        task_id="track_events",
        validate="none",
        journal="{{ params.path }}.tidepool-journal",
        **settings,
    )
    check >> track


tidepool_historical_ingest()
