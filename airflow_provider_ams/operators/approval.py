"""A person approves a plan; needs Airflow 3.1 and its standard provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context
    from airflow.providers.standard.operators.hitl import ApprovalOperator

    CAN_ASK = True
else:
    try:
        from airflow.providers.standard.operators.hitl import ApprovalOperator

        CAN_ASK = True
    except Exception:  # noqa: BLE001 - each older Airflow says in its own way that it has none
        from airflow.providers.common.compat.sdk import BaseOperator as ApprovalOperator

        CAN_ASK = False


class AmsApprovalOperator(ApprovalOperator):
    """Show what an `AmsPlanOperator` has planned, and wait for somebody to approve it.

    The digest of the plan that is shown goes to XCom, as it is shown and not as it is answered:
    ``approved_digest="{{ ti.xcom_pull(task_ids='approve', key='digest') }}"`` lets
    `AmsApplyPlanOperator` apply that plan and no other, should the plan be made anew meanwhile.

    Parameters
    ----------
    plan_task_id : str
        Task id of the `AmsPlanOperator`.
    kwargs
        As for Airflow's `ApprovalOperator`, which asks; `subject` and `body` are the plan's.

    Raises
    ------
    RuntimeError
        This Airflow can't ask; `CAN_ASK` says so beforehand.
    """

    def __init__(self, *, plan_task_id: str, **kwargs: Any) -> None:  # noqa: ANN401
        if not CAN_ASK:
            raise RuntimeError("Approvals need Airflow 3.1 and apache-airflow-providers-standard.")
        super().__init__(subject="A plan to approve", **kwargs)
        self.plan_task_id = plan_task_id

    def execute(self, context: Context) -> Any:  # noqa: ANN401
        """Ask; what comes after the answer is Airflow's."""
        ti = context["ti"]
        planned = ti.xcom_pull(task_ids=self.plan_task_id)
        if not planned:
            raise AirflowFailException(f"Task {self.plan_task_id!r} has left no plan.")
        # All from one reading: what is approved by its digest is what is shown.
        self.subject, self.body = planned["subject"], planned["markdown"]
        ti.xcom_push(key="digest", value=planned["digest"])
        return super().execute(context)
