"""What Airflow keeps and shows of a task's arguments must not be what athletes have told."""

from __future__ import annotations

import inspect
import logging

import pandas as pd
import pendulum
import pytest
from airflow.providers.common.compat.sdk import DAG, task

import airflow_provider_ams.operators.ams as ams
import airflow_provider_ams.operators.tidepool as tidepool
from airflow_provider_ams.operators.ams import (
    AmsDeleteEventDataOperator,
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


def mapped_over_something_else(dag_id):
    """Here the mapped operator has the rows as a reference and Airflow resolves it on its own."""
    with DAG(dag_id, schedule=None, start_date=START) as dag:

        @task(show_return_value_in_logs=False)
        def rows():
            return pd.DataFrame(ROWS)

        AmsInsertEventDataOperator.partial(
            task_id="write", form="Reaction Time", id_col="username", data=rows()
        ).expand(batch_size=[10])
    return dag


def several_tasks(dag_id):
    with DAG(dag_id, schedule=None, start_date=START) as dag:

        @task(show_return_value_in_logs=False)
        def rows():
            return pd.DataFrame(ROWS)

        @task(show_return_value_in_logs=False)
        def none():
            return pd.DataFrame(ROWS).head(0)

        AmsInsertEventDataOperator(
            task_id="write", form="Reaction Time", data=[rows(), none()], id_col="username"
        )
    return dag


BUILDS = [
    frame_from_a_task,
    list_from_a_task,
    list_in_the_file,
    mapped,
    results_of_a_mapped_task,
    mapped_over_something_else,
    several_tasks,
]


@pytest.mark.parametrize("build", BUILDS)
def test_rows_are_neither_stored_nor_logged(ams_sandbox, run_dag, caplog, capfd, build):
    caplog.set_level(logging.DEBUG)
    dag_id = build.__name__
    run = run_dag(build(dag_id))
    assert str(run.state) == "success"
    stored = ams_sandbox.events("Reaction Time")
    assert {e["values"]["Condition"] for e in stored} == {SECRET}
    assert len(stored) == (2 if dag_id in ("mapped", "results_of_a_mapped_task") else 1)
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


PERSON = "volunteer.308"
WHOM = {
    "text": {"user_value": PERSON},
    "template": {"user_value": "{{ params.who }}"},
    "list": {"user_value": ["{{ params.who }}", "volunteer.309"]},
    "task": {},
    "mapped": {},
    "mapped_template": {},
}


@pytest.mark.parametrize("kind", WHOM)
def test_people_are_rendered_and_never_shown(ams_sandbox, run_dag, caplog, capfd, kind):
    for name in (PERSON, "volunteer.310"):
        ams_sandbox.add_event("Reaction Time", name, start_date="05/01/2026")
    dag_id, seen = f"people_{kind}", []
    days = {"from_date": "2026-01-01", "to_date": "{{ ds | ams_date }}"}
    arguments = {"task_id": "read", "form": "Reaction Time", "user_key": "username"}
    with DAG(dag_id, schedule=None, start_date=START, params={"who": PERSON}) as dag:

        @task(show_return_value_in_logs=False)
        def who():
            # Text out of another task is data: a template in it is not for Airflow to render.
            return [[PERSON, "{{ 1 / 0 }}"]] if kind == "mapped" else [PERSON]

        @task(show_return_value_in_logs=False)
        def look(ti=None):
            frames = ti.xcom_pull(task_ids="read")
            seen.append(sum(map(len, [frames] if hasattr(frames, "columns") else frames)))

        if kind == "mapped":
            read = AmsGetEventDataOperator.partial(**arguments, **days).expand(user_value=who())
        elif kind == "mapped_template":
            read = AmsGetEventDataOperator.partial(
                **arguments, **days, user_value="{{ params.who }}"
            ).expand(events_per_user=[5])
        elif kind == "task":
            read = AmsGetEventDataOperator(**arguments, **days, user_value=who())
        else:
            read = AmsGetEventDataOperator(**arguments, **days, **WHOM[kind])
        read >> look()
    caplog.set_level(logging.DEBUG)
    run = run_dag(dag)
    (fields,) = [f for f in rendered(dag_id) if "user_value" in f]
    shown = caplog.text + "".join(capfd.readouterr())
    if kind == "mapped":
        assert "{{ 1 / 0 }}" not in str(fields)
        assert "ZeroDivisionError" not in shown
    else:
        assert str(run.state) == "success"
        assert seen == [1], "the other person's event is not read"
    assert PERSON not in str(fields)
    assert PERSON not in str([line for line in shown.splitlines() if "params" not in line])


def serialised(dag):
    import airflow.serialization.serialized_objects as old

    try:
        from airflow.serialization.definitions.dag import SerializedDAG
    except ImportError:
        from airflow.serialization.serialized_objects import SerializedDAG
    lazy = getattr(getattr(old, "LazyDeserializedDAG", None), "from_dag", None)
    return str(lazy(dag).data if lazy else SerializedDAG.to_dict(dag))


VALUES = {
    "data": ROWS,
    "source": ROWS,
    "user_value": [SECRET],
    "data_value": SECRET,
    "event_ids": [48151623],
}
NEEDED = {"form": "F", "key": ["start_date"], "from_date": "2026-01-01", "to_date": "2026-01-02"}
NEEDED |= {"watermark_variable": "v", "sync_task_id": "s", "plan_task_id": "p"}
OPERATORS = [
    getattr(module, name)
    for module in (ams, tidepool)
    for name in module.__all__
    if name.endswith("Operator")
]


def of_operator(operator):
    return [*inspect.signature(operator.__dict__["__init__"]).parameters][1:-1]


def arguments_of(operator):
    names = of_operator(operator)
    return {k: v for k, v in {**NEEDED, **VALUES}.items() if k in names}


@pytest.mark.parametrize("kind", ["plain", "text", "frame", "mapped"])
@pytest.mark.parametrize("operator", OPERATORS)
def test_a_serialised_dag_holds_no_value(operator, kind):
    arguments = arguments_of(operator)
    if kind == "text":
        arguments |= {"user_value": SECRET} if "user_value" in arguments else {}
    if kind == "frame":
        frames = {"data": ROWS, "source": ROWS, "event_ids": {"event_id": [48151623]}}
        arguments |= {k: pd.DataFrame(v) for k, v in frames.items() if k in arguments}
    with DAG("serialised", schedule=None, start_date=START) as dag:
        if kind == "mapped":
            last = of_operator(operator)[-1]
            arguments.pop(last, None)
            operator.partial(task_id="t", **arguments).expand(**{last: ["x"]})
        else:
            operator(task_id="t", **arguments)
    text = serialised(dag)
    assert "48151623" not in text
    assert SECRET not in text
    assert PERSON not in text


def test_ids_are_not_shown():
    for ids in ([1, 48151623], 48151623, pd.Series([48151623]), "48151623"):
        operator = AmsDeleteEventDataOperator(task_id="t", form="F", event_ids=ids)
        assert "48151623" not in str(operator.event_ids)
