"""What Airflow keeps and shows of a task's arguments must not be what athletes have told."""

from __future__ import annotations

import logging

import pandas as pd
import pendulum
import pytest
from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_ams.operators.ams import (
    AmsGetEventDataOperator,
    AmsInsertEventDataOperator,
)

pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("ams_connection")]

START = pendulum.datetime(2026, 1, 1, tz="UTC")
SECRET = "slept badly, tell nobody"
ROWS = [{"username": "volunteer.308", "start_date": "05/01/2026", "Condition": SECRET}]


def rendered(dag_id):
    from airflow.models.renderedtifields import RenderedTaskInstanceFields
    from airflow.utils.session import create_session

    with create_session() as session:
        found = session.query(RenderedTaskInstanceFields).filter_by(dag_id=dag_id).all()
        return [row.rendered_fields for row in found]


def frame_from_a_task(dag_id):
    with DAG(dag_id, schedule=None, start_date=START) as dag:

        @task(show_return_value_in_logs=False)
        def rows():
            return pd.DataFrame(ROWS)

        AmsInsertEventDataOperator(
            task_id="write", form="Reaction Time", data=rows(), id_col="username"
        )
    return dag


def list_from_a_task(dag_id):
    with DAG(dag_id, schedule=None, start_date=START) as dag:

        @task(show_return_value_in_logs=False)
        def rows():
            return ROWS

        AmsInsertEventDataOperator(
            task_id="write", form="Reaction Time", data=rows(), id_col="username"
        )
    return dag


def list_in_the_file(dag_id):
    with DAG(dag_id, schedule=None, start_date=START) as dag:
        AmsInsertEventDataOperator(
            task_id="write", form="Reaction Time", data=ROWS, id_col="username"
        )
    return dag


def mapped(dag_id):
    with DAG(dag_id, schedule=None, start_date=START) as dag:

        @task(show_return_value_in_logs=False)
        def squads():
            return [pd.DataFrame(ROWS), pd.DataFrame(ROWS).assign(username="volunteer.309")]

        AmsInsertEventDataOperator.partial(
            task_id="write", form="Reaction Time", id_col="username", batch_size=10
        ).expand(data=squads())
    return dag


def path_from_a_task(dag_id, folder):
    with DAG(dag_id, schedule=None, start_date=START) as dag:
        read = AmsGetEventDataOperator(
            task_id="read",
            form="Reaction Time",
            from_date="{{ data_interval_end | ams_date(days=-7) }}",
            output_path=f"{folder}/rows.parquet",
        )
        AmsInsertEventDataOperator(task_id="write", form="Reaction Time", data=read.output)
    return dag


def results_of_a_mapped_task(dag_id):
    with DAG(dag_id, schedule=None, start_date=START) as dag:

        @task(show_return_value_in_logs=False)
        def squad(name):
            return pd.DataFrame(ROWS).assign(username=name)

        AmsInsertEventDataOperator(
            task_id="write",
            form="Reaction Time",
            data=squad.expand(name=["volunteer.308", "volunteer.309"]),
            id_col="username",
        )
    return dag


BUILDS = [frame_from_a_task, list_from_a_task, list_in_the_file, mapped, results_of_a_mapped_task]


@pytest.mark.parametrize("build", BUILDS)
def test_rows_are_neither_stored_nor_logged(ams_sandbox, run_dag, caplog, capfd, build):
    caplog.set_level(logging.DEBUG)
    dag_id = build.__name__
    run = run_dag(build(dag_id))
    assert str(run.state) == "success"
    stored = ams_sandbox.events("Reaction Time")
    assert {e["values"]["Condition"] for e in stored} == {SECRET}
    assert len(stored) == (2 if "mapped" in dag_id else 1)
    fields = rendered(dag_id)
    assert any("rows" in str(f.get("data")) for f in fields)
    assert SECRET not in str(fields)
    assert "volunteer" not in str([f for f in fields if "form" in f])
    shown = caplog.text + "".join(capfd.readouterr())
    assert SECRET not in shown


def test_dates_and_paths_are_shown(ams_sandbox, run_dag, tmp_path):
    event = ams_sandbox.add_event(
        "Reaction Time", "volunteer.308", start_date=pendulum.now("UTC").format("DD/MM/YYYY")
    )
    run = run_dag(path_from_a_task("path_from_a_task", tmp_path))
    assert str(run.state) == "success"
    stored = ams_sandbox.events("Reaction Time")
    assert len(stored) == 2
    assert event in [e["id"] for e in stored]
    fields = rendered("path_from_a_task")
    (write,) = [f for f in fields if "data" in f]
    assert write["data"] == f"{tmp_path}/rows.parquet"
    (read,) = [f for f in fields if "from_date" in f]
    assert pendulum.from_format(read["from_date"], "DD/MM/YYYY")
