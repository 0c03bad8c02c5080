"""Whatever is wrong with which rows: the plan and the import count alike and are of one colour."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings

from airflow_provider_ams.ams import (
    AMSError,
    AMSImportError,
    AMSInputError,
    InsertEventOption,
    MirrorEventOption,
    PlanOption,
    UpdateEventOption,
    UpsertEventOption,
    UpsertProfileOption,
    insert_event_data,
    mirror_event_data,
    plan_event_data,
    update_event_data,
    upsert_event_data,
    upsert_profile_data,
    validate_event_data,
)
from airflow_provider_ams.ams.reasons import tell
from tests.ams.ams_site import CARD, LOG, plant
from tests.ams.mistakes import KEY, WINDOW, imports, store_events

STATUS = {"insert": "inserted", "update": "updated", "unchanged": "unchanged", "reject": "rejected"}
WRITES = {
    "insert": (insert_event_data, InsertEventOption, {"mode": "insert"}),
    "update": (update_event_data, UpdateEventOption, {"mode": "update"}),
    "upsert": (upsert_event_data, UpsertEventOption, {"mode": "upsert"}),
    "key": (upsert_event_data, UpsertEventOption, {"mode": "upsert"}),
    "mirror": (mirror_event_data, MirrorEventOption, {"mode": "mirror"}),
    "profile": (upsert_profile_data, UpsertProfileOption, {"form_type": "profile"}),
}


def planned(client, kind, frame, shared, window):
    mode = WRITES[kind][2]
    option = PlanOption(**{"interactive_mode": False, **mode, **shared})
    form = CARD if kind == "profile" else LOG
    return plan_event_data(frame, form, option=option, client=client, **window)


def written(client, kind, frame, shared, window):
    """Return what came of an import and whether it is green."""
    write, option, _ = WRITES[kind]
    more = {"max_deletes": "100%"} if kind == "mirror" else {}
    form = CARD if kind == "profile" else LOG
    settled = option(interactive_mode=False, **shared, **more)
    try:
        return write(frame, form, option=settled, client=client, **window), None
    except AMSImportError as error:
        return error.result, error


def check_colour(plan, frame, tolerance, error):
    """A plan is red if its import is, and for the same reasons."""
    if error is None:
        plan.check(tolerance)
        return
    told = tell(plan.failed, frame.index)
    assert str(error).startswith(told)
    with pytest.raises(AMSInputError, match=f"^{re.escape(told)}") as caught:
        plan.check(tolerance)
    assert caught.value.rows == error.rows


@settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(drawn=imports())
def test_the_plan_is_the_import(client, sandbox, drawn):
    kind, frame, tolerance, validate, keep = drawn
    sandbox.reset()
    plant(sandbox)
    gone = store_events(sandbox, frame)
    shared = {"tolerance": tolerance, "validate": validate}
    shared |= {"key": KEY} if kind in ("key", "mirror") else {}
    shared |= {"on_missing_fields": "keep"} if keep and kind != "insert" else {}
    window = {"window": WINDOW} if kind == "mirror" else {}
    before = sandbox.events()

    try:
        plan = planned(client, kind, frame, shared, window)
    except AMSError as error:
        with pytest.raises(type(error), match=f"^{re.escape(str(error))}$"):
            written(client, kind, frame, shared, window)
        plan = None
    assert sandbox.events() == before
    if plan is None:
        return
    result, error = written(client, kind, frame, shared, window)

    statuses = dict(STATUS, insert="updated") if kind == "profile" else STATUS
    rows = plan.rows()
    assert rows["action"].map(statuses).tolist() == result.rows["status"].tolist()
    assert rows["reason"].dropna().tolist() == result.rows["reason"].dropna().tolist()
    pd.testing.assert_frame_equal(plan.failed, result.failed)
    check_colour(plan, frame, tolerance, error)

    # AMS agrees, and nothing went that a rejected row may stand for.
    after = {e["id"]: e for e in sandbox.events()}
    assert len(after.keys() - {e["id"] for e in before}) == sum(
        s == "inserted" for s in result.rows["status"]
    )
    lost = {e["id"] for e in before} - after.keys()
    if kind != "mirror" or plan.rejects:
        assert not lost
    else:
        assert gone in lost
        assert lost == {d.event_id for d in plan.deletes}


@settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(drawn=imports(("insert",)))
def test_validation_finds_no_more_and_no_less_than_the_plan_of_new_rows(client, sandbox, drawn):
    _, frame, tolerance, *_ = drawn
    sandbox.reset()
    plant(sandbox)
    # It checks in any case.
    option = PlanOption(mode="insert", tolerance=tolerance, interactive_mode=False)
    report = validate_event_data(frame, LOG, option=option, client=client)
    plan = planned(client, "insert", frame, {"validate": True}, {})
    found = {p for finding in report.errors for p in finding.positions}
    assert found == set(plan.rejects)
    assert report.rejected == len(plan.rejects)
    if report.ok:
        plan.check(tolerance)
    else:
        with pytest.raises(AMSInputError):
            plan.check(tolerance)
