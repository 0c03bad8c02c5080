"""Whatever is wrong with a frame: plan, dry run and import tell the same of the same rows."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_ams.ams import AMSError, PlanOption, plan_event_data
from tests.ams.ams_site import ANN, BOB, LIFTS, insert, plant, upsert

PEOPLE = st.sampled_from([ANN, ANN, BOB, str(BOB), None, "nobody", 10**20, 1.5, [ANN], True])
TEXT_DAYS = ["01/01/2025", "02/01/2025", "1/1/2025", "2025-01-01", ""]
ODD_DAYS = [dt.date(2025, 1, 1), None, 45658, pd.Timestamp("2025-01-01"), ["x"]]
ZONED = pd.Timestamp("2025-01-01 09:00", tz="UTC")
DAYS = st.sampled_from([*TEXT_DAYS, *ODD_DAYS, ZONED])
TIMES = st.sampled_from(
    ["9:00 AM", "9:00 am", "5:00 PM", None, "25:00", dt.time(9), dt.time(9, 0, 1)]
)
NUMBERS = st.sampled_from(
    [1, 2.5, "3", None, "1_000", "1,5", float("inf"), True, {"a": 1}, [1], "x"]
)
TEXTS = st.sampled_from(["Squat", "Row", None, "", "\ud800", b"x", {"exercise": "Run"}, 10**5000])
OLD = "an event of Ann's"
IDS = st.sampled_from([None, None, OLD, 999, "x", 1.5, 10**20])
COLUMNS = {
    "user_id": PEOPLE,
    "start_date": DAYS,
    "start_time": TIMES,
    "end_time": TIMES,
    "rpe": NUMBERS,
    "exercise": TEXTS,
    "load": NUMBERS,
    "event_id": IDS,
}


@st.composite
def frames(draw):
    """Draw a frame most of whose cells are right."""
    size = draw(st.integers(1, 6))
    fine = {"user_id": ANN, "start_date": "01/01/2025", "start_time": "9:00 AM"}
    columns = {}
    for name, cells in COLUMNS.items():
        right = st.just(fine.get(name))
        kind = cells if draw(st.booleans()) else right
        columns[name] = draw(st.lists(st.one_of(right, kind), min_size=size, max_size=size))
    whole = {name: pd.Series(cells, dtype=object) for name, cells in columns.items()}
    keep = draw(st.sets(st.sampled_from(["start_time", "end_time", "rpe", "load", "event_id"])))
    frame = pd.DataFrame({n: c for n, c in whole.items() if n in {*fine, "exercise", *keep}})
    return frame.set_axis([f"r{n % 4}" for n in range(size)])


@pytest.fixture(scope="module")
def outcome():
    return {"landed": 0, "rejected": 0, "refused": 0}


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    frame=frames(),
    write=st.sampled_from([insert, upsert]),
    table=st.sampled_from([None, ["exercise", "load"], ["exercise"]]),
    key=st.sampled_from([None, None, ["start_date", "start_time"]]),
    validate=st.booleans(),
)
def test_a_plan_and_an_import_count_alike(client, sandbox, frame, write, table, key, validate):
    sandbox.reset()
    plant(sandbox)
    old = sandbox.add_event(LIFTS, ANN, start_date="01/01/2025", values={"rpe": 5})
    if "event_id" in frame:
        frame["event_id"] = [old if i == OLD else i for i in frame["event_id"]]
    options = {
        "table_fields": None if table is None else [t for t in table if t in frame],
        "validate": validate,
    }
    mode = "insert" if write is insert else "upsert"
    options |= {"key": key} if write is upsert else {}
    try:
        option = PlanOption(mode=mode, interactive_mode=False, **options)
        plan = plan_event_data(frame, LIFTS, option=option, client=client)
    except AMSError as error:
        with pytest.raises(type(error)):
            write(client, frame, LIFTS, tolerance="all", **options)
        assert len(sandbox.events()) == 1
        return
    result = write(client, frame, LIFTS, tolerance="all", **options)
    assert result.rows.index.tolist() == frame.index.tolist()
    assert result.counts["unknown"] == 0
    sent = {p for rows in plan.events.rows for p in rows}
    assert sent.isdisjoint(plan.rejects)
    assert sorted([*sent, *plan.rejects]) == list(range(len(frame)))
    rejected = [n for n, s in enumerate(result.rows["status"]) if s == "rejected"]
    assert rejected == sorted(plan.rejects)
    assert [plan.rejects[n].reason for n in rejected] == result.rows["reason"].iloc[
        rejected
    ].tolist()
    inserted = sum(a == "insert" for a in plan.actions)
    assert len(sandbox.events()) == 1 + inserted
