"""Where a plan waits for its approval: a file, or XCom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_ams.operators._base import XCOM_COMFORT, AmsOperator
from airflow_provider_ams.operators._data import read_bytes, write_text

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

_KEY = "plan"


def keep_plan(
    operator: AmsOperator,
    context: Context,
    text: str,
    path: Any,  # noqa: ANN401
) -> str | None:
    """Write a plan to its file and return the path, or hand it to XCom if there is none."""
    if path is not None:
        written = write_text(text, path)
        operator.log.info("The plan is in %s", written)
        return written
    if len(text) > XCOM_COMFORT:
        operator.log.warning("The plan has %d MB: give plan_path.", len(text) // 1_000_000)
    context["ti"].xcom_push(key=_KEY, value=text)
    return None


def find_plan(context: Context, task_id: str | None, path: Any) -> bytes:  # noqa: ANN401
    """Return the plan of a file, or else what a task has left.

    Raises
    ------
    AirflowFailException
        The task has left no plan.
    """
    if path is not None:
        return read_bytes(path)
    ti = context["ti"]
    planned = ti.xcom_pull(task_ids=task_id) or {}
    if planned.get("plan_path"):
        return read_bytes(planned["plan_path"])
    text = ti.xcom_pull(task_ids=task_id, key=_KEY)
    if text is None:
        raise AirflowFailException(f"Task {task_id!r} has left no plan.")
    return str(text).encode()
