"""Sample DAG: a person sees what an update would change, and approves it (Airflow 3.1 or newer).

Corrects training sessions, found by person and date, after a look at old and new values. While the
task `approve` waits, answer it under *Required Actions*.

What the file does not have stays as it is. What was approved is what is sent: should the plan be
made anew, or a session change in AMS meanwhile, the last task refuses and nothing is sent.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pendulum
from airflow.providers.common.compat.sdk import Param, dag, task

from airflow_provider_ams.operators.ams import AmsApplyPlanOperator, AmsPlanOperator
from airflow_provider_ams.operators.approval import CAN_ASK, AmsApprovalOperator


@dag(
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    max_active_runs=1,
    default_args={"owner": "sport-science"},
    description="Corrections of the training log, once somebody has approved them",
    doc_md=__doc__,
    params={
        "path": Param(
            str(Path(__file__).with_name("corrections.csv")),
            type="string",
            description="CSV: username, days_ago, and the fields to correct",
        )
    },
    tags=["ams", "approval"],
)
def approved_update():
    """Plan, approve, apply."""

    @task(show_return_value_in_logs=False)
    def corrections(params=None):
        return read_corrections(params["path"])

    plan = AmsPlanOperator(
        task_id="plan",
        form="Training Log",
        data=corrections(),
        id_col="username",
        key=["start_date"],
        person="about",  # first and last name
    )
    approve = AmsApprovalOperator(
        task_id="approve",
        plan_task_id="plan",
        defaults="Reject",
        response_timeout=timedelta(hours=12),
    )
    apply = AmsApplyPlanOperator(
        task_id="apply",
        plan_task_id="plan",
        form="Training Log",
        approved_digest="{{ ti.xcom_pull(task_ids='approve', key='digest') }}",
    )
    plan >> approve >> apply


def read_corrections(path):
    """Return the file's rows; it counts days back from today."""
    import pandas as pd

    rows = pd.read_csv(path, dtype={"username": str})
    day = pd.Timestamp.now().normalize() - pd.to_timedelta(rows["days_ago"], unit="D")
    return rows.drop(columns="days_ago").assign(start_date=day.dt.strftime("%d/%m/%Y"))


if CAN_ASK:
    approved_update()
