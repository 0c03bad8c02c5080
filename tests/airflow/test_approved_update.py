"""The sample DAG in which a person approves a plan, in a real Airflow."""

from __future__ import annotations

import threading
import time

import pytest

pytest.importorskip("airflow.providers.standard.operators.hitl")
pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("ams_connection")]


class Person:
    """Answer the approval through the function behind Airflow's REST API."""

    def __init__(self, option, before=None):
        self.option = option
        self.before = before or (lambda: None)
        self.body = None
        self.error = None
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *args):
        self.thread.join(timeout=60)
        if self.error is not None:
            raise self.error

    def _run(self):
        try:
            self._answer()
        except Exception as error:  # noqa: BLE001 - told by __exit__
            self.error = error

    def _answer(self):
        from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
        from airflow.api_fastapi.core_api.datamodels.hitl import UpdateHITLDetailPayload
        from airflow.api_fastapi.core_api.routes.public.hitl import update_hitl_detail
        from airflow.utils.session import create_session

        ti = self._wait()
        self.before()
        time.sleep(1.5)  # an answer at once meets a race in Airflow itself
        with create_session() as session:
            update_hitl_detail(
                dag_id=ti[0],
                dag_run_id=ti[1],
                task_id="approve",
                update_hitl_detail_payload=UpdateHITLDetailPayload(chosen_options=[self.option]),
                user=SimpleAuthManagerUser(username="head.coach", role="admin"),
                session=session,
            )

    def _wait(self):
        from airflow.models.hitl import HITLDetail
        from airflow.models.taskinstance import TaskInstance
        from airflow.utils.session import create_session

        for _ in range(300):
            with create_session() as session:
                found = (
                    session.query(TaskInstance.dag_id, TaskInstance.run_id, HITLDetail.body)
                    .join(HITLDetail, HITLDetail.ti_id == TaskInstance.id)
                    .filter(HITLDetail.responded_at.is_(None))
                    .filter(TaskInstance.state.in_(["awaiting_input", "deferred"]))
                    .first()
                )
            if found:
                self.body = found[2]
                return found
            time.sleep(0.1)
        raise AssertionError("nobody was asked")


def states(run):
    return {ti.task_id: str(ti.state) for ti in run.get_task_instances()}


def corrected(sandbox):
    note = "Corrected by the coach"
    return [e for e in sandbox.events("Training Log") if e["values"]["comments"] == note]


def test_approved_and_applied(ams_sandbox, run_dag, load_dag):
    before = {e["id"]: e for e in ams_sandbox.events("Training Log")}
    with Person("Approve") as person:
        run = run_dag(load_dag("approved_update"))
    assert set(states(run).values()) == {"success"}
    changed = corrected(ams_sandbox)
    assert len(changed) == 3
    for event in changed:
        old = before[event["id"]]
        assert event["values"]["duration"] == old["values"]["duration"]
        assert [float(r["distance_km"]) for r in event["table"]] == [
            float(r["distance_km"]) for r in old["table"]
        ]
        assert event["start_time"] == old["start_time"]
    assert "Corrected by the coach" in person.body
    assert before[changed[0]["id"]]["values"]["comments"] in person.body


def test_rejected_and_nothing_is_sent(ams_sandbox, run_dag, load_dag):
    with Person("Reject"):
        run = run_dag(load_dag("approved_update"))
    assert states(run)["apply"] == "skipped"
    assert corrected(ams_sandbox) == []
    assert "eventsimport" not in ams_sandbox.requests()


def test_changed_meanwhile_and_nothing_is_sent(ams_sandbox, run_dag, load_dag):
    events = ams_sandbox.events("Training Log")
    mine = [e for e in events if e["username"] == "volunteer.308"]

    def meddle():
        for event in mine:
            ams_sandbox.edit_event(event["id"], {"comments": "typed in AMS"})

    with Person("Approve", meddle):
        run = run_dag(load_dag("approved_update"))
    assert states(run)["apply"] == "failed"
    assert "eventsimport" not in ams_sandbox.requests()
