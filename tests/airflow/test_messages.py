"""What a person reads in the log of a task that a mistake has ended."""

from __future__ import annotations

import re

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_ams.ams import AMSError
from airflow_provider_ams.hooks.ams import AmsHook
from airflow_provider_ams.operators.ams import AmsApplyPlanOperator, AmsInsertEventDataOperator

pytestmark = pytest.mark.usefixtures("ams_connection")


class TI:
    """A task before which none has pushed anything."""

    def xcom_pull(self, task_ids=None, key="return_value"):
        return None


def insert(data):
    operator = AmsInsertEventDataOperator(task_id="insert", form="Reaction Time", data=data)
    operator.execute({"ti": TI()})


def apply_without_a_plan():
    AmsApplyPlanOperator(task_id="apply", plan_task_id="plan").execute({"ti": TI()})


MISTAKES = {
    "Task 'plan' has left no plan in this run. Nothing was sent. Name the task that plans in "
    "plan_task_id, and run it first.": apply_without_a_plan,
    "data is a list of int; it must hold a dict for each row.": lambda: insert([1]),
    "data is a int; it must be a DataFrame, a list of dicts, another task's output or a path.": (
        lambda: insert(5)
    ),
    "There is no file /nowhere/a.csv, and no such folder. Check the path, and that it may be read "
    "where this runs.": lambda: insert("/nowhere/a.csv"),
}


@pytest.mark.parametrize("message", MISTAKES)
def test_what_a_person_reads(message):
    with pytest.raises((AMSError, AirflowFailException)) as caught:
        MISTAKES[message]()
    assert str(caught.value) == message
    assert re.search(r"[^.][.?]$", message)


def test_what_the_connection_lacks(ams_connection):
    ams_connection(password="")
    works, said = AmsHook().test_connection()
    assert not works
    assert "Connection 'ams_default' has no password." in said
