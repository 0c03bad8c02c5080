"""Links from a task's page, in a real Airflow: to the AMS site, to what did not land."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from airflow_provider_ams.links.dead_letters import DeadLettersLink
from airflow_provider_ams.links.sites import AmsSiteLink
from airflow_provider_ams.operators.ams import AmsGetUserOperator, AmsInsertEventDataOperator

pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("ams_connection")]

GOOD = {"username": "volunteer.308", "start_date": "05/01/2026", "duration": 40}
BAD = {"username": "nobody.knows", "start_date": "05/01/2026", "duration": 50}


def links(run, task_id):
    """Return what the function behind Airflow's REST API hands to the page."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    with create_session() as session:
        ti = session.query(TaskInstance).filter_by(run_id=run.run_id, task_id=task_id).one()
        found = session.query(XComModel.key, XComModel.value).filter_by(
            run_id=run.run_id, task_id=task_id
        )
        return str(ti.state), {key: value for key, value in found}


def insert(rows, **more):
    from airflow.providers.common.compat.sdk import DAG

    with DAG("linked", schedule=None) as dag:
        AmsInsertEventDataOperator(
            task_id="insert", form="Training Log", data=rows, id_col="username", **more
        )
    return dag


def test_a_task_leads_to_its_site(ams_sandbox, run_dag):
    from airflow.providers.common.compat.sdk import DAG

    with DAG("people", schedule=None) as dag:
        AmsGetUserOperator(task_id="read", columns=["user_id"])
    _, kept = links(run_dag(dag), "read")
    assert kept["ams_site_link"].strip('"') == ams_sandbox.url


def test_rows_that_did_not_land_are_led_to(run_dag, tmp_path):
    path = tmp_path / "rejected.csv"
    run = run_dag(insert([GOOD, BAD], dead_letter_path=str(path)))
    state, kept = links(run, "insert")
    assert state == "failed"
    assert path.read_text().count("nobody.knows") == 1
    assert kept["dead_letter_path"].strip('"') == str(path)
    page = f"/dags/linked/runs/{quote(run.run_id)}/tasks/insert/xcom"
    assert kept["dead_letters_link"].strip('"').endswith(page)


def test_nothing_is_led_to_when_all_have_landed(run_dag, tmp_path):
    state, kept = links(
        run_dag(insert([GOOD], dead_letter_path=str(tmp_path / "rejected.csv"))), "insert"
    )
    assert state == "success"
    assert "dead_letter_path" not in kept
    assert kept["dead_letters_link"].strip('"') == ""


def test_a_task_without_connection_leads_nowhere(run_dag):
    run = run_dag(insert([GOOD], ams_conn_id="there_is_none"))
    state, kept = links(run, "insert")
    assert state == "failed"
    assert kept["ams_site_link"].strip('"') == ""


@pytest.mark.parametrize(
    ("path", "link"),
    [
        (
            "s3://lake@bucket/rejected/a b.csv",
            "https://s3.console.aws.amazon.com/s3/object/bucket?prefix=rejected/a%20b.csv",
        ),
        (
            "gs://bucket/x.csv",
            "https://console.cloud.google.com/storage/browser/_details/bucket/x.csv",
        ),
        ("/data/x.csv", "http://airflow/dags/d/runs/r/tasks/t/xcom"),
        ("abfs://box/x.csv", "http://airflow/dags/d/runs/r/tasks/t/xcom"),
        (None, ""),
    ],
)
def test_dead_letters_are_where_a_browser_can_open_them(path, link):
    class TI:
        log_url = "http://airflow/dags/d/runs/r/tasks/t?try_number=1"

    operator = insert([GOOD]).get_task("insert")
    operator.dead_letters = path
    assert DeadLettersLink().get_link(operator, ti_key=TI()) == link


@pytest.mark.parametrize(
    ("host", "link"),
    [
        ("https://example.smartabase.com/site", "https://example.smartabase.com/site"),
        ("https://someone:secret@example.smartabase.com/site", ""),
        ("javascript://alert(1)/site", ""),
    ],
)
def test_only_plain_addresses_are_linked(ams_connection, host, link):
    ams_connection(host=host)
    operator = AmsGetUserOperator(task_id="read")
    assert AmsSiteLink().get_link(operator, ti_key=None) == "", "nothing has been read yet"
    assert operator.hook.settings["url"] == host
    assert AmsSiteLink().get_link(operator, ti_key=None) == link


def test_provider_info_names_each_link_of_an_operator():
    from airflow_provider_ams.get_provider_info import get_provider_info

    named = set(get_provider_info()["extra-links"])
    for operator in (AmsGetUserOperator, AmsInsertEventDataOperator):
        for link in operator.operator_extra_links:
            assert f"{type(link).__module__}.{type(link).__name__}" in named
