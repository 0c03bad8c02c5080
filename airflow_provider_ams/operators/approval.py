"""A person approves a plan; needs Airflow 3.1 and its standard provider."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseNotifier, Context
    from airflow.providers.standard.operators.hitl import ApprovalOperator
    from airflow.sdk.execution_time.hitl import HITLUser

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
        Task id of the `AmsPlanOperator`, whose `person` and `show_values` say what is shown.
    defaults : str, optional
        The answer if there is none in time: ``Approve`` or ``Reject``.
    response_timeout : timedelta, optional
        How long to wait; without `defaults` the task fails then.
    fail_on_reject : bool
        Fail when rejected; else what follows is skipped.
    ignore_downstream_trigger_rules : bool
        When rejected, skip all that follows, whatever its trigger rules.
    notifiers : notifier or list of them, optional
        Told that somebody is asked.
    assigned_users : user or list of them, optional
        Who may answer, each ``{"id": ..., "name": ...}``; everybody with access if left out.

    Raises
    ------
    RuntimeError
        This Airflow can't ask; `CAN_ASK` says so beforehand.
    """

    ui_color = "#fbe7cf"

    def __init__(
        self,
        *,
        plan_task_id: str,
        defaults: str | None = None,
        response_timeout: timedelta | None = None,
        fail_on_reject: bool = False,
        ignore_downstream_trigger_rules: bool = False,
        notifiers: Sequence[BaseNotifier] | BaseNotifier | None = None,
        assigned_users: HITLUser | list[HITLUser] | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        if not CAN_ASK:
            raise RuntimeError("Approvals need Airflow 3.1 and apache-airflow-providers-standard.")
        asked: dict[str, Any] = {
            "defaults": defaults,
            "response_timeout": response_timeout,
            "notifiers": notifiers,
            "assigned_users": assigned_users,
        }
        # Older versions of Airflow's operator do not know all of them.
        given = {name: value for name, value in asked.items() if value is not None}
        super().__init__(
            subject="A plan to approve",
            fail_on_reject=fail_on_reject,
            ignore_downstream_trigger_rules=ignore_downstream_trigger_rules,
            **given,
            **kwargs,
        )
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
