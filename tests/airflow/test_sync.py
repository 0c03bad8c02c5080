"""`AmsSyncEventDataOperator` and its watermark, in a real Airflow."""

from __future__ import annotations

import pendulum
import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowFailException, task

from airflow_provider_ams.operators._watermark import load_watermark
from airflow_provider_ams.operators.ams import AmsSaveWatermarkOperator, AmsSyncEventDataOperator

START = pendulum.datetime(2026, 1, 1, tz="UTC")


def sync_dag(dag_id, seen, fail=False):
    with DAG(dag_id, schedule=None, start_date=START) as dag:
        sync = AmsSyncEventDataOperator(
            task_id="sync",
            form="Reaction Time",
            watermark_variable=f"{dag_id}_watermark",
            last_synchronisation_time=0,
        )

        @task
        def load(ti=None):
            frame = ti.xcom_pull(task_ids="sync")
            deleted = ti.xcom_pull(task_ids="sync", key="deleted_event_ids")
            seen.append((sorted(frame["event_id"].tolist()), deleted))
            if fail:
                raise RuntimeError("the warehouse is down")

        save = AmsSaveWatermarkOperator(
            task_id="save", watermark_variable=f"{dag_id}_watermark", sync_task_id="sync"
        )
        sync >> load() >> save
    return dag


@pytest.mark.airflow
@pytest.mark.usefixtures("ams_connection")
def test_only_changes_come_and_the_watermark_waits_for_success(ams_sandbox, run_dag):
    seen = []
    first = ams_sandbox.add_event("Reaction Time", "volunteer.308", start_date="05/01/2026")
    assert str(run_dag(sync_dag("sync_a", seen, fail=True)).state) == "failed"
    assert str(run_dag(sync_dag("sync_a", seen)).state) == "success"
    second = ams_sandbox.add_event("Reaction Time", "volunteer.309", start_date="05/01/2026")
    ams_sandbox.delete_event(first)
    assert str(run_dag(sync_dag("sync_a", seen)).state) == "success"
    assert str(run_dag(sync_dag("sync_a", seen)).state) == "success"
    assert [ids for ids, _ in seen[:2]] == [[first], [first]], "a failed run loses nothing"
    assert seen[2][0] == [second]
    assert first in seen[2][1]
    assert seen[3][0] == []


@pytest.mark.parametrize(
    ("start", "milliseconds"),
    [
        (0, 0),
        ("1700000000000", 1700000000000),
        ("2026-01-01", 1767225600000),
        ("2026-01-01T10:00:00+10:00", 1767225600000),
        ("2026-01-01T00:00:00Z", 1767225600000),
    ],
)
def test_where_the_first_run_begins(start, milliseconds):
    assert load_watermark(None, start) == milliseconds


@pytest.mark.parametrize("start", [None, "", "last week"])
def test_a_first_run_must_be_told_where_to_begin(start):
    with pytest.raises(AirflowFailException):
        load_watermark(None, start)
