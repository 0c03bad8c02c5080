"""Whatever is wrong with which rows: the plan and the import count alike and are of one colour."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
from tests.ams.ams_site import ANN, BOB, CARD, CAT, LOG, plant

WINDOW = ("01/01/2025", "31/01/2025")
FIRST, SECOND = "the first stored event", "the second one"
KEY = ["start_date", "code"]
# What is wrong with one row; each may fall on any row.
MISTAKES = {
    "user_id": [None, "nobody", 0, -5, "12345678901234567890", 1.5, [ANN], 999, CAT],
    "start_date": ["the fifth", "2025.01.05", "31/02/2025", None, 5, "01/02/2025"],
    "start_time": ["25:00", "noon", 7, "9:00 AM "],
    "end_time": ["x", "8:00 AM"],
    "amount": ["seven", "1,5", True, [1], float("inf"), None],
    "note": ["half \ud800", {"a": 1}, "nan"],
    "code": [None, "a", "b", "a"],
    "event_id": [0, -1, "x", 2.5, "12345678901234567890", 77, FIRST, SECOND, None],
    "height": ["tall", None, True],
}
STATUS = {"insert": "inserted", "update": "updated", "unchanged": "unchanged", "reject": "rejected"}
WRITES = {
    "insert": (insert_event_data, InsertEventOption, {"mode": "insert"}),
    "update": (update_event_data, UpdateEventOption, {"mode": "update"}),
    "upsert": (upsert_event_data, UpsertEventOption, {"mode": "upsert"}),
    "key": (upsert_event_data, UpsertEventOption, {"mode": "upsert"}),
    "mirror": (mirror_event_data, MirrorEventOption, {"mode": "mirror"}),
    "profile": (upsert_profile_data, UpsertProfileOption, {"form_type": "profile"}),
}
EVENTS = ["user_id", "start_date", "start_time", "end_time", "amount", "note", "code"]


@st.composite
def imports(draw, kinds=tuple(sorted(WRITES))):
    """Draw a frame for a kind of import, right but for some cells."""
    kind = draw(st.sampled_from(kinds))
    size = draw(st.integers(1, 7))
    right = {
        "user_id": [(ANN, BOB, CAT)[n % 3] for n in range(size)],
        "start_date": [f"{n + 1:02d}/01/2025" for n in range(size)],
        "start_time": ["9:00 AM"] * size,
        "end_time": [None] * size,
        "amount": [str(n) for n in range(size)],
        "note": ["x"] * size,
        "code": [f"c{n}" for n in range(size)],
        "event_id": [FIRST if n == 0 else SECOND if n == 1 else None for n in range(size)],
        "height": list(range(150, 150 + size)),
    }
    names = ["user_id", "height", "note"] if kind == "profile" else list(EVENTS)
    if kind == "profile":
        right["user_id"] = [(ANN, BOB, CAT, None, 0, "x", "y")[n] for n in range(size)]
    if kind in ("update", "upsert"):
        names += ["event_id"]
    for name, row, number in draw(
        st.lists(
            st.tuples(st.sampled_from(names), st.integers(0, size - 1), st.integers(0, 8)),
            max_size=5,
        )
    ):
        wrong = MISTAKES[name]
        right[name][row] = wrong[number % len(wrong)]
    frame = pd.DataFrame({name: pd.Series(right[name], dtype=object) for name in names})
    if kind == "profile":
        frame = frame.rename(columns={"note": "nick"})
    tolerance = draw(st.sampled_from([None, 0, 1, 2, "30%", "all"]))
    validate = draw(st.booleans())
    if not validate:  # whom AMS does not know, only a look at the roster can tell
        frame["user_id"] = frame["user_id"].map(lambda who: None if who == 999 else who)
    return kind, frame, tolerance, validate, draw(st.booleans())


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
    ids = {
        FIRST: sandbox.add_event(LOG, ANN, start_date="01/01/2025", values={"code": "c0"}),
        SECOND: sandbox.add_event(LOG, BOB, start_date="02/01/2025", values={"amount": "1"}),
    }
    gone = sandbox.add_event(LOG, CAT, start_date="30/01/2025", values={"amount": "9"})
    if "event_id" in frame:
        # A list has no hash, and is none of the two.
        frame["event_id"] = [ids.get(i, i) if isinstance(i, str) else i for i in frame["event_id"]]
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
    if error is None:
        plan.check(tolerance)
    else:
        told = tell(plan.failed, frame.index)
        assert str(error).startswith(told)
        with pytest.raises(AMSInputError, match=f"^{re.escape(told)}") as caught:
            plan.check(tolerance)
        assert caught.value.rows == error.rows

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
    _, frame, *_ = drawn
    sandbox.reset()
    plant(sandbox)
    option = PlanOption(mode="insert", interactive_mode=False)  # it checks in any case
    report = validate_event_data(frame, LOG, option=option, client=client)
    plan = planned(client, "insert", frame, {"validate": True}, {})
    found = {p for finding in report.errors for p in finding.positions}
    assert found == set(plan.rejects)
