"""Where a plan waits for its approval: a file, sealed so that it is known again, or XCom."""

from __future__ import annotations

import hmac
import os
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException, conf

from airflow_provider_ams.operators._base import XCOM_COMFORT, AmsOperator
from airflow_provider_ams.operators._report import airflow_errors

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_ams.ams import Plan
    from airflow_provider_ams.transport.files import Location

_KEY = "plan"
# Shorter than any real one, and longer than what stands in a configuration without one.
_SHORTEST_SECRET = 16


def keep_plan(
    operator: AmsOperator,
    context: Context,
    plan: Plan,
    path: Any,  # noqa: ANN401
) -> str | None:
    """Write a plan to its file and return the path, or hand it to XCom if there is none."""
    if path is not None:
        return _write(operator, plan, path)
    text = plan.dump().decode()
    if len(text) > XCOM_COMFORT:
        operator.log.warning("The plan has %d MB: give plan_path.", len(text) // 1_000_000)
    context["ti"].xcom_push(key=_KEY, value=text)
    return None


def _write(operator: AmsOperator, plan: Plan, path: Any) -> str:  # noqa: ANN401
    from airflow_provider_ams.transport.files import write_atomic

    keys = plan_keys()
    location = _location(path)
    if location.path is not None:
        os.makedirs(location.path.absolute().parent, exist_ok=True)
    write_atomic(location, plan.dump(keys[0] if keys else None))
    sealed = "sealed" if keys else "not sealed: this Airflow has no key"
    operator.log.info("The plan is in %s, %s", location.name, sealed)
    return str(path)


def find_plan(
    context: Context,
    task_id: str | None,
    path: Any,  # noqa: ANN401
    require_seal: bool,
) -> Plan:
    """Return the plan of a file, or else the one that a task has left.

    Raises
    ------
    AirflowFailException
        The task has left no plan; what is there is none, or was altered; or it is not the plan
        that the task has made.
    """
    if path is not None:
        return _read(path, require_seal)
    ti = context["ti"]
    planned = ti.xcom_pull(task_ids=task_id) or {}
    if planned.get("plan_path"):
        plan = _read(planned["plan_path"], require_seal)
    else:
        text = ti.xcom_pull(task_ids=task_id, key=_KEY)
        if text is None:
            raise AirflowFailException(
                f"Task {task_id!r} has left no plan in this run. Nothing was sent. Name the task "
                "that plans in plan_task_id, and run it first."
            )
        plan = _loaded(str(text).encode(), None)
    if planned.get("digest", plan.digest) != plan.digest:
        raise AirflowFailException(
            f"The plan is not the one that task {task_id!r} of this run has made: something else "
            "has written to its place since. Nothing was sent. Run that task again."
        )
    return plan


def _read(path: Any, require_seal: bool) -> Plan:  # noqa: ANN401
    keys = plan_keys() if require_seal else []
    return _loaded(_location(path).read(), keys or None)


def _loaded(data: bytes, keys: list[bytes] | None) -> Plan:
    from airflow_provider_ams.ams import Plan

    with airflow_errors():
        return Plan.load(data, keys)


def _location(path: Any) -> Location:  # noqa: ANN401
    """Return where a path leads; URLs are opened with the credentials of Airflow's connections."""
    from airflow_provider_ams.transport.files import locate

    if isinstance(path, str) and "://" in path:
        from airflow.providers.common.compat.sdk import ObjectStoragePath

        path = ObjectStoragePath(path)
    return locate(path)


def plan_keys() -> list[bytes]:
    """Return the keys that plan files are sealed with, the one for new files first.

    They are derived from ``[ams] plan_key``, or else from Airflow's Fernet key, of which a task
    has no other use; empty if there is neither.

    Raises
    ------
    AirflowFailException
        A ``plan_key`` is too short.
    """
    own = _secrets("ams", "plan_key")
    if any(len(secret) < _SHORTEST_SECRET for secret in own):
        raise AirflowFailException(
            f"[ams] plan_key is too short: it needs {_SHORTEST_SECRET} characters or more."
        )
    secrets = own or [s for s in _secrets("core", "fernet_key") if len(s) >= _SHORTEST_SECRET]
    return [hmac.digest(s.encode(), b"airflow-provider-ams plan", "sha256") for s in secrets]


def _secrets(section: str, name: str) -> list[str]:
    text = conf.get(section, name, fallback=None) or ""
    return [secret.strip() for secret in text.split(",") if secret.strip()]
