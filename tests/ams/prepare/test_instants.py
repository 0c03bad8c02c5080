"""What a column of dates means follows from its type; instants that AMS can't tell apart."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from airflow_provider_ams.ams import AMSImportError, AMSInputError
from tests.ams.ams_site import ANN, BOB, LIFTS, LOG, insert, moments, update, upsert

LONDON = "Europe/London"  # clocks go back on 26 October 2025 at 2:00 AM, forward on 30 March
# Half past one in the morning, twice.
TWICE = [pd.Timestamp("2025-10-26 00:30", tz="UTC"), pd.Timestamp("2025-10-26 01:30", tz="UTC")]
SEMANTICS = [
    ([dt.datetime(2025, 1, 1)], "datetime64[ns]", "12:00 AM"),
    ([dt.datetime(2025, 1, 1)], "datetime64[s]", "12:00 AM"),
    ([dt.datetime(2025, 1, 1)], "object", "12:00 AM"),
    ([pd.Timestamp(2025, 1, 1)], "timestamp[us][pyarrow]", "12:00 AM"),
    ([pd.Timestamp(2025, 1, 1)], "category", "12:00 AM"),
    ([dt.date(2025, 1, 1)], "object", "11:06 PM"),
    ([dt.date(2025, 1, 1)], "date32[day][pyarrow]", "11:06 PM"),
    ([np.datetime64("2025-01-01", "D")], "object", "11:06 PM"),
    ([np.datetime64("2025-01-01", "s")], "object", "12:00 AM"),
    (["01/01/2025"], "object", "11:06 PM"),
    (["01/01/2025"], "string", "11:06 PM"),
    (["01/01/2025"], "category", "11:06 PM"),
]


def rows(starts, dtype=None, **columns):
    starts = pd.Series(starts, dtype=dtype)
    return pd.DataFrame(
        {"user_id": ANN, "start_date": starts, "amount": range(len(starts))} | columns
    )


@pytest.mark.parametrize(("values", "dtype", "time"), SEMANTICS)
def test_the_type_says_whether_there_is_a_time(client, sandbox, values, dtype, time):
    insert(client, rows(values, dtype))
    assert moments(sandbox)[0].startswith(f"01/01/2025 {time} ")


def test_a_missing_time_is_that_of_the_date_time(client, sandbox):
    insert(client, rows(pd.to_datetime(["2025-01-01", "2025-01-02"]), start_time=["9:00 AM", None]))
    assert [m[11:19].strip() for m in moments(sandbox)] == ["9:00 AM", "12:00 AM"]


def test_a_time_of_day_that_does_not_count_is_told(client, sandbox):
    result = insert(client, rows(pd.to_datetime(["2025-01-01 08:00"]), start_time="9:00 AM"))
    assert moments(sandbox) == ["01/01/2025 9:00 AM 01/01/2025 10:00 AM"]
    assert result.warnings == ["Times of day in 'start_date' were left out: 'start_time' counts."]


@pytest.mark.parametrize("side", ["start", "end"])
@pytest.mark.parametrize("dtype", ["object", "datetime64[ns, UTC]"])
def test_a_zone_and_a_column_of_times_contradict_each_other(client, sandbox, side, dtype):
    frame = rows(["01/01/2025"], start_time="9:00 AM", end_time="10:00 AM")
    frame[f"{side}_date"] = pd.Series([pd.Timestamp("2025-01-01", tz="UTC")], dtype=dtype)
    if side == "end":
        frame = frame.drop(columns="start_time")
    with pytest.raises(AMSInputError, match=f"'{side}_date' has a time zone.*'{side}_time'"):
        insert(client, frame)
    assert sandbox.requests() == {}


def test_the_doubled_hour_is_two_events(make_client, sandbox):
    result = insert(make_client(timezone=LONDON), rows(TWICE))
    assert result.counts["inserted"] == 2
    assert moments(sandbox) == ["26/10/2025 1:30 AM 26/10/2025 2:30 AM"] * 2


def lifts(starts):
    return rows(starts, exercise=["Squat", "Row"]).drop(columns="amount")


@pytest.mark.parametrize(
    "starts", [TWICE, pd.to_datetime(["2025-01-01 09:00:05", "2025-01-01 09:00:40"])]
)
def test_table_rows_that_start_apart_are_never_one_event(make_client, sandbox, starts):
    site = make_client(timezone=LONDON)
    result = insert(site, lifts(starts), LIFTS, table_fields=["exercise"])
    assert result.rows["event_id"].nunique() == 2
    assert [e["table"] for e in sandbox.events()] == [
        [{"exercise": "Squat"}],
        [{"exercise": "Row"}],
    ]


@pytest.mark.parametrize("table_fields", [["exercise"], None])
def test_starts_that_become_the_same_key_are_rejected(make_client, sandbox, table_fields):
    site = make_client(timezone=LONDON)
    frame = pd.concat([lifts(TWICE), lifts(TWICE[:1] * 2).head(1).assign(user_id=BOB)])
    option = {"key": ["start_date", "start_time"], "table_fields": table_fields, "tolerance": "all"}
    frame = frame.rename(columns={} if table_fields else {"exercise": "place"})
    result = upsert(site, frame, LIFTS, **option)
    assert result.rows["status"].tolist() == ["rejected", "rejected", "inserted"]
    assert "same" in result.rows["reason"].iloc[0]


GAPS = [
    {"start_date": ["30/03/2025", "30/03/2025"], "start_time": ["1:30 AM", "2:00 AM"]},
    {"start_date": pd.to_datetime(["2025-03-30 01:00", "2025-03-30 00:59"])},
    {
        "start_date": ["30/03/2025"] * 2,
        "start_time": "12:30 AM",
        "end_date": "30/03/2025",
        "end_time": ["1:59 AM", "3:00 AM"],
    },
]


@pytest.mark.parametrize("columns", GAPS)
def test_a_time_that_clocks_skip_is_rejected(make_client, sandbox, columns):
    frame = rows(["01/01/2025"] * 2, **columns).set_axis(["bad", "good"])
    for name in columns:  # a Series would be aligned
        frame[name] = columns[name] if isinstance(columns[name], str) else list(columns[name])
    with pytest.raises(AMSImportError, match="does not exist") as caught:
        insert(make_client(timezone=LONDON), frame)
    assert caught.value.rows == ["bad"]
    assert len(sandbox.events()) == 1


def test_an_hour_that_runs_into_a_gap_ends_behind_it(make_client, sandbox):
    """Clocks in London go from 12:59 AM to 2:00 AM."""
    frame = rows(["30/03/2025"] * 2, start_time=["12:30 AM", "2:00 AM"])
    insert(make_client(timezone=LONDON), frame)
    assert sorted(m.split(" ", 3)[3] for m in moments(sandbox)) == [
        "30/03/2025 2:30 AM",
        "30/03/2025 3:00 AM",
    ]


def test_a_day_that_is_skipped_as_a_whole(make_client, sandbox):
    """Samoa had no 30 December 2011."""
    frame = rows(["29/12/2011"], start_time="11:30 PM")
    insert(make_client(timezone="Pacific/Apia"), frame)
    assert moments(sandbox) == ["29/12/2011 11:30 PM 31/12/2011 12:30 AM"]


def test_a_moved_event_keeps_its_length_over_a_gap(make_client, sandbox):
    day = {"start_date": "29/03/2025", "start_time": "12:30 AM"}
    event = sandbox.add_event(LOG, ANN, values={"amount": "1"}, **day)
    frame = rows(["30/03/2025"], event_id=event)
    update(make_client(timezone=LONDON), frame)
    assert moments(sandbox) == ["30/03/2025 12:30 AM 30/03/2025 2:30 AM"]


def test_an_end_time_that_is_skipped_on_the_next_day_is_rejected(make_client, sandbox):
    frame = rows(["29/03/2025"] * 2, start_time="11:00 PM", end_time=["1:30 AM", "2:30 AM"])
    result = insert(make_client(timezone=LONDON), frame, tolerance="all")
    assert result.rows["status"].tolist() == ["rejected", "inserted"]
    assert "clocks skip it" in result.rows["reason"].iloc[0]


@pytest.mark.parametrize("dtype", ["datetime64[ns, UTC]", "object"])
def test_an_end_in_the_hour_that_comes_twice_is_explained(make_client, sandbox, dtype):
    starts = [TWICE[0] + pd.Timedelta(minutes=15), TWICE[0]]
    frame = rows(starts, dtype).assign(
        end_date=pd.Series(TWICE[1:] * 2, dtype="datetime64[us, UTC]")
    )
    result = insert(make_client(timezone=LONDON), frame, tolerance="all")
    assert result.rows["status"].tolist() == ["rejected", "inserted"]
    reason = result.rows["reason"].iloc[0]
    assert reason.endswith(f"clocks go back in between in {LONDON}")
    assert reason.count("the end is before the start") == 1
    assert moments(sandbox) == ["26/10/2025 1:30 AM 26/10/2025 1:30 AM"]


def test_an_end_that_is_before_its_start_is_not_the_clocks_fault(make_client, sandbox):
    frame = rows(TWICE[1:]).assign(end_date=TWICE[:1])
    frame["end_date"] -= pd.Timedelta(minutes=5)
    with pytest.raises(AMSImportError, match="the end is before the start") as caught:
        insert(make_client(timezone=LONDON), frame)
    assert "clocks" not in str(caught.value)


ODD = [
    [dt.datetime(9999, 12, 31, 23, 59), "01/01/2025"],
    ["31/12/9999", "01/01/2025"],
    [[1], "01/01/2025"],
    [{"a": 1}, "01/01/2025"],
    [pd.Timestamp("2025-01-01").to_numpy(), "01/01/2025"],
    [float("inf"), dt.date(2025, 1, 1)],
    [dt.datetime(9999, 12, 31, 23, tzinfo=dt.timezone.utc), pd.Timestamp("2025-01-01", tz="UTC")],
]


@pytest.mark.parametrize("values", ODD)
def test_an_odd_date_takes_its_own_row_alone(client, sandbox, values):
    result = insert(client, rows(values, "object"), tolerance="all")
    assert result.rows["status"].tolist() == ["rejected", "inserted"]


def test_a_year_that_no_calendar_has(client, sandbox):
    starts = np.array(["20000-01-01", "2025-01-01"], dtype="datetime64[s]")
    result = insert(client, rows(starts), tolerance="all")
    assert result.rows["status"].tolist() == ["rejected", "inserted"]
