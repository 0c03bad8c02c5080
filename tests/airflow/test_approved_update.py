"""The sample DAG in which a person approves a plan, in a real Airflow."""

from __future__ import annotations

import re
import threading
import time

import pytest

from airflow_provider_ams.operators.ams import AmsApplyPlanOperator, AmsPlanOperator
from airflow_provider_ams.operators.approval import CAN_ASK

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.usefixtures("ams_connection"),
    pytest.mark.skipif(not CAN_ASK, reason="this Airflow can't ask a person (3.1 and newer can)"),
]


class Person:
    """Answer the approval through the function behind Airflow's REST API."""

    def __init__(self, option, before=None, answers=None):
        self.option = option
        self.before = before or (lambda: None)
        self.answers = answers or (lambda body: {})
        self.asked = None
        self.subject = None
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

        ti = self.asked = self._wait()
        self.before()
        time.sleep(1.5)  # an answer at once meets a race in Airflow itself
        with create_session() as session:
            update_hitl_detail(
                dag_id=ti[0],
                dag_run_id=ti[1],
                task_id="approve",
                update_hitl_detail_payload=UpdateHITLDetailPayload(
                    chosen_options=[self.option], params_input=self.answers(self.body)
                ),
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
                    session.query(
                        TaskInstance.dag_id,
                        TaskInstance.run_id,
                        HITLDetail.body,
                        HITLDetail.subject,
                    )
                    .join(HITLDetail, HITLDetail.ti_id == TaskInstance.id)
                    .filter(HITLDetail.responded_at.is_(None))
                    .filter(TaskInstance.state.in_(["awaiting_input", "deferred"]))
                    .first()
                )
            if found:
                self.body, self.subject = found[2:]
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
    names = {u["id"]: f"{u['first_name']} {u['last_name']}" for u in ams_sandbox.users()}
    for event in changed:
        assert f"**update** `{names[event['user_id']]}` " in person.body
    assert person.subject == (
        "Training Log (upsert): 0 to delete, 3 to update, 0 to insert, 0 unchanged, 0 rejected"
    )


def test_what_the_approval_is_told_reaches_airflow():
    from datetime import timedelta

    from airflow_provider_ams.operators.approval import AmsApprovalOperator

    user = {"id": "head.coach", "name": "Head coach"}
    told = AmsApprovalOperator(
        task_id="approve", plan_task_id="plan", defaults="Reject", fail_on_reject=True,
        response_timeout=timedelta(hours=1), ignore_downstream_trigger_rules=True,
        assigned_users=[user],
    )  # fmt: skip
    assert (told.plan_task_id, told.defaults) == ("plan", ["Reject"])
    assert told.fail_on_reject is told.ignore_downstream_trigger_rules is True
    assert (told.response_timeout, told.assigned_users) == (timedelta(hours=1), [user])
    bare = AmsApprovalOperator(task_id="approve", plan_task_id="plan")
    assert (bare.defaults, bare.response_timeout, bare.assigned_users) == (None, None, None)


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


class TI:
    """Keep what a task pushes."""

    def __init__(self):
        self.values = {}

    def xcom_push(self, key, value):
        self.values[key] = value


def plan_again(person):
    """Run the task `plan` once more, for other rows, while the approval is being read."""
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    rows = [{"username": "volunteer.308", "start_date": "05/01/2026", "comments": "not approved"}]
    ti = TI()
    operator = AmsPlanOperator(
        task_id="plan", form="Training Log", data=rows, id_col="username", key=["start_date"]
    )
    ti.xcom_push("return_value", operator.execute({"ti": ti}))
    with create_session() as session:
        for key, value in ti.values.items():
            XComModel.set(
                key, value, dag_id=person.asked[0], task_id="plan", run_id=person.asked[1],
                serialize=False, session=session,
            )  # fmt: skip


def test_planned_anew_while_it_is_read_and_nothing_is_sent(ams_sandbox, run_dag, load_dag):
    with Person("Approve", lambda: plan_again(person)) as person:
        run = run_dag(load_dag("approved_update"))
    assert states(run) == {
        "corrections": "success", "plan": "success", "approve": "success", "apply": "failed",
    }  # fmt: skip
    assert "eventsimport" not in ams_sandbox.requests()


@pytest.mark.parametrize("typed", ["as shown", "another"])
def test_the_digest_may_be_typed_into_airflows_own_approval(ams_sandbox, run_dag, typed):
    from airflow.providers.common.compat.sdk import DAG, Param
    from airflow.providers.standard.operators.hitl import ApprovalOperator

    def answers(body):
        shown = re.search(r"digest `(\w+)`", body)[1]
        return {"digest": shown if typed == "as shown" else shown[::-1]}

    rows = [{"username": "volunteer.308", "start_date": "05/01/2030", "comments": "new"}]
    with DAG(f"typed_{typed[:2]}", schedule=None) as dag:
        plan = AmsPlanOperator(
            task_id="plan", form="Training Log", data=rows, id_col="username", key=["start_date"],
            validate=False,
        )  # fmt: skip
        approve = ApprovalOperator(
            task_id="approve",
            subject="{{ ti.xcom_pull(task_ids='plan')['subject'] }}",
            body="{{ ti.xcom_pull(task_ids='plan')['markdown'] }}",
            params={"digest": Param("", type="string")},
        )
        digest = "{{ ti.xcom_pull(task_ids='approve')['params_input']['digest'] }}"
        apply = AmsApplyPlanOperator(task_id="apply", plan_task_id="plan", approved_digest=digest)
        plan >> approve >> apply
    with Person("Approve", answers=answers):
        run = run_dag(dag)
    assert states(run)["apply"] == ("success" if typed == "as shown" else "failed")
    assert ("eventsimport" in ams_sandbox.requests()) is (typed == "as shown")
