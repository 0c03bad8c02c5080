"""A dry run says what the run will do, and is as red or green, whatever is wrong with the rows."""

from __future__ import annotations

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from hypothesis import HealthCheck, given, settings

from airflow_provider_ams.operators.ams import (
    AmsInsertEventDataOperator,
    AmsMirrorEventDataOperator,
    AmsUpdateEventDataOperator,
    AmsUpsertEventDataOperator,
    AmsUpsertProfileDataOperator,
)
from tests.ams.ams_site import CARD, LOG, plant
from tests.ams.mistakes import KEY, WINDOW, imports, store_events

pytestmark = pytest.mark.usefixtures("ams_connection")

OPERATORS = {
    "insert": (AmsInsertEventDataOperator, {}),
    "update": (AmsUpdateEventDataOperator, {}),
    "upsert": (AmsUpsertEventDataOperator, {}),
    "key": (AmsUpsertEventDataOperator, {"key": KEY}),
    "mirror": (
        AmsMirrorEventDataOperator,
        {"key": KEY, "from_date": WINDOW[0], "to_date": WINDOW[1], "max_deletes": "100%"},
    ),
    "profile": (AmsUpsertProfileDataOperator, {"form": CARD}),
}


def run(kind, frame, tolerance, validate, **more):
    """Return the summary, and why the task is red."""
    operator, settings = OPERATORS[kind]
    arguments = {"task_id": "t", "form": LOG, "data": frame, **settings, **more}
    try:
        task = operator(tolerance=tolerance, validate=validate, **arguments)
        return task.execute({}), None
    except AirflowFailException as error:
        return None, str(error)


def reasons(error):
    """Return the part of a message that says why, without what became of the rows."""
    return error.split(" of ", 1)[0].rsplit(" ", 1)[0]


@settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(drawn=imports())
def test_a_dry_run_is_the_run(ams_sandbox, drawn):
    kind, frame, tolerance, validate, _ = drawn
    ams_sandbox.reset()
    plant(ams_sandbox)
    store_events(ams_sandbox, frame)
    before = ams_sandbox.events()
    dry, expected = run(kind, frame, tolerance, validate, dry_run=True)
    assert ams_sandbox.events() == before
    summary, error = run(kind, frame, tolerance, validate)
    assert (expected is None) == (error is None), (expected, error)
    if expected is not None:
        assert reasons(expected) == reasons(error)
        return
    assert dry["reject"] == summary["rejected"]
    assert dry["unchanged"] == summary["unchanged"]
    assert dry["delete"] == summary["deleted"]
    assert dry["insert"] + dry["update"] == summary["inserted"] + summary["updated"]
