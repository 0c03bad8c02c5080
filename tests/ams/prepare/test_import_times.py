"""Dates and times: what is given, what is defaulted, what is refused."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from airflow_provider_ams.ams import AMSImportError, AMSInputError
from tests.ams.ams_site import ANN, LOG, insert, log, moments, read, stored, update, upsert

DAY = "01/01/2025"


def frame(**columns):
    return pd.DataFrame({"user_id": [ANN], "amount": [1], **{k: [v] for k, v in columns.items()}})


# Perth is at 11:06 PM of 15 June 2025.
TIMES = [
    ({"start_date": DAY}, f"{DAY} 11:06 PM 02/01/2025 12:06 AM"),
    ({"start_date": DAY, "start_time": "9:00 AM"}, f"{DAY} 9:00 AM {DAY} 10:00 AM"),
    ({"start_date": DAY, "start_time": "09:05 am"}, f"{DAY} 9:05 AM {DAY} 10:05 AM"),
    ({"start_date": DAY, "start_time": "12:00 AM"}, f"{DAY} 12:00 AM {DAY} 1:00 AM"),
    ({"start_date": DAY, "start_time": "12:05 AM"}, f"{DAY} 12:05 AM {DAY} 1:05 AM"),
    ({"start_date": DAY, "start_time": "00:05 AM"}, f"{DAY} 12:05 AM {DAY} 1:05 AM"),
    ({"start_date": DAY, "start_time": "12:00 PM"}, f"{DAY} 12:00 PM {DAY} 1:00 PM"),
    ({"start_date": DAY, "start_time": "11:30 PM"}, f"{DAY} 11:30 PM 02/01/2025 12:30 AM"),
    (
        {"start_date": "31/12/2024", "start_time": "11:00 PM"},
        "31/12/2024 11:00 PM 01/01/2025 12:00 AM",
    ),
    (
        {"start_date": DAY, "start_time": "10:00 PM", "end_time": "1:00 AM"},
        f"{DAY} 10:00 PM 02/01/2025 1:00 AM",
    ),
    (
        {
            "start_date": DAY,
            "start_time": "10:00 PM",
            "end_date": "03/01/2025",
            "end_time": "1:00 AM",
        },
        f"{DAY} 10:00 PM 03/01/2025 1:00 AM",
    ),
    (
        {"start_date": DAY, "start_time": "11:30 PM", "end_date": DAY},
        f"{DAY} 11:30 PM 02/01/2025 12:30 AM",
    ),
    (
        {"start_date": dt.date(2025, 1, 1), "start_time": dt.time(9)},
        f"{DAY} 9:00 AM {DAY} 10:00 AM",
    ),
    ({"start_date": pd.Timestamp("2025-01-01 09:30")}, f"{DAY} 9:30 AM {DAY} 10:30 AM"),
    (
        {"start_date": pd.Timestamp("2025-01-01"), "start_time": "9:00 AM"},
        f"{DAY} 9:00 AM {DAY} 10:00 AM",
    ),
    (
        {
            "start_date": pd.Timestamp("2025-01-01 23:30"),
            "end_date": pd.Timestamp("2025-01-02 00:10"),
        },
        f"{DAY} 11:30 PM 02/01/2025 12:10 AM",
    ),
    (
        {"start_date": pd.Timestamp("2025-01-01 23:30", tz="UTC")},
        "02/01/2025 7:30 AM 02/01/2025 8:30 AM",
    ),
    (
        {"start_date": pd.Timestamp("2025-01-01 23:30", tz="America/New_York")},
        "02/01/2025 12:30 PM 02/01/2025 1:30 PM",
    ),
]


@pytest.mark.parametrize(("columns", "expected"), TIMES)
def test_an_event_starts_and_ends_when_it_should(client, sandbox, columns, expected):
    insert(client, frame(**columns))
    assert moments(sandbox) == [expected]


DTYPES = [
    "object",
    "datetime64[ns, UTC]",
    "datetime64[s, Asia/Tokyo]",
    "timestamp[us, tz=UTC][pyarrow]",
]


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_zone_is_converted_in_every_dtype(client, sandbox, dtype):
    starts = pd.Series([pd.Timestamp("2025-01-01 23:30", tz="UTC")] * 2, dtype=dtype)
    insert(
        client, log([1, 2], level=["a", "b"]).drop(columns="start_time").assign(start_date=starts)
    )
    assert moments(sandbox) == ["02/01/2025 7:30 AM 02/01/2025 8:30 AM"] * 2


@pytest.mark.parametrize("dtype", ["object", "datetime64[ns]", "timestamp[us][pyarrow]"])
def test_the_time_of_day_is_kept_in_every_dtype(client, sandbox, dtype):
    starts = pd.Series(
        [dt.datetime(2025, 1, 1, 0, 30), dt.datetime(2025, 1, 2, 21, 0)], dtype=dtype
    )
    insert(client, log([1, 2]).drop(columns="start_time").assign(start_date=starts))
    assert [m[:19].strip() for m in moments(sandbox)] == [
        "01/01/2025 12:30 AM",
        "02/01/2025 9:00 PM",
    ]


def test_a_zone_needs_the_site_s_zone(make_client, sandbox):
    with pytest.raises(AMSInputError, match="AMS_TIMEZONE"):
        insert(make_client(timezone=None), frame(start_date=pd.Timestamp("2025-01-01", tz="UTC")))
    assert sandbox.events() == []


@pytest.mark.parametrize(
    "values",
    [
        [pd.Timestamp("2025-01-01 09:00"), pd.Timestamp("2025-01-01 09:00", tz="UTC")],
        [pd.Timestamp("2025-01-01 09:00"), "02/01/2025"],
        [dt.date(2025, 1, 1), pd.Timestamp("2025-01-02 09:00")],
    ],
)
def test_a_time_of_day_is_never_lost_in_a_mixed_column(client, sandbox, values):
    mixed = (
        log([1, 2]).drop(columns="start_time").assign(start_date=pd.Series(values, dtype=object))
    )
    with pytest.raises(AMSImportError, match="start_date"):
        insert(client, mixed)
    assert len(sandbox.events()) == 1, "the other row says what it means"


def test_seconds_are_left_out_with_a_warning(client, sandbox):
    result = insert(client, frame(start_date=pd.Timestamp("2025-01-01 09:30:59")))
    assert moments(sandbox) == [f"{DAY} 9:30 AM {DAY} 10:30 AM"]
    assert result.warnings == ["Seconds in 'start_date' were left out: AMS keeps minutes."]


def test_default_dates_are_today_on_site(client, sandbox):
    insert(client, frame(), default_dates=True)
    assert moments(sandbox) == ["15/06/2025 11:06 PM 16/06/2025 12:06 AM"]


def test_now_without_a_zone_is_utc_and_says_so(make_client, sandbox):
    result = insert(make_client(timezone=None), frame(start_date=DAY))
    assert moments(sandbox) == [f"{DAY} 3:06 PM {DAY} 4:06 PM"]
    assert any("UTC" in warning for warning in result.warnings)


def test_the_zone_comes_from_the_environment(monkeypatch, make_client, sandbox):
    monkeypatch.setenv("AMS_TIMEZONE", "Asia/Tokyo")
    insert(make_client(timezone=None), frame(start_date=DAY))
    assert moments(sandbox) == ["01/01/2025 12:06 AM 01/01/2025 1:06 AM"]


BAD = [
    ("start_date", "2025-01-31", "dd/MM/yyyy"),
    ("start_date", "31/02/2025", "calendar"),
    ("start_date", "12/31/2025", "calendar"),
    ("start_date", "1/1/25", "dd/MM/yyyy"),
    ("start_date", 45658, "dd/MM/yyyy"),
    ("end_date", "tomorrow", "dd/MM/yyyy"),
    ("start_time", "9:00", "h:mm AM"),
    ("start_time", "21:00", "h:mm AM"),
    ("start_time", "13:00 PM", "h:mm AM"),
    ("start_time", "00:10 PM", "h:mm AM"),
    ("start_time", "9:60 AM", "h:mm AM"),
    ("start_time", "9:00:00 AM", "h:mm AM"),
    ("end_time", dt.date(2025, 1, 1), "h:mm AM"),
    ("end_date", "31/12/2024", "before the start"),
]


@pytest.mark.parametrize(("column", "value", "word"), BAD)
def test_a_bad_date_or_time_is_refused_by_row(client, sandbox, column, value, word):
    columns = {"start_date": [DAY, DAY], "start_time": ["9:00 AM", "9:00 AM"]}
    table = pd.DataFrame({"user_id": ANN, "amount": 1, **columns}, index=["good", "bad"])
    table[column] = pd.Series([columns.get(column, [None])[0], value], table.index, dtype=object)
    with pytest.raises(AMSImportError, match=word) as caught:
        insert(client, table)
    assert caught.value.rows == ["bad"]
    assert "by position: 1)" in str(caught.value)
    assert "bad" not in str(caught.value)
    assert str(value) not in str(caught.value)
    assert len(sandbox.events()) == 1


def test_everything_wrong_is_told_at_once(client, sandbox):
    table = log([1, 2, 3], index=list("abc")).drop(columns="index").set_axis(list("abc"))
    table.loc["a", "start_date"] = "2025-01-01"
    table.loc["b", "start_time"] = "nine"
    table.loc["c", "start_date"] = None
    with pytest.raises(AMSImportError) as caught:
        insert(client, table)
    assert sorted(caught.value.rows) == ["a", "b", "c"]
    assert "eventsimport" not in sandbox.requests()


@pytest.mark.parametrize(
    "columns", [{"user_id": [ANN], "amount": [1]}, {"user_id": [], "amount": []}]
)
def test_a_missing_start_date_names_the_fix(client, sandbox, columns):
    with pytest.raises(AMSInputError, match=r"^DataFrame is invalid: missing 'start_date': add"):
        insert(client, pd.DataFrame(columns))
    assert sandbox.requests() == {}


# ---------------------------------------------------------------- updates


def one_event(sandbox):
    return sandbox.add_event(
        LOG,
        ANN,
        start_date="30/12/2024",
        start_time="11:00 PM",
        finish_date="31/12/2024",
        finish_time="12:30 AM",
        values={"amount": 1, "note": "old"},
    )


UPDATES = [
    ({}, "30/12/2024 11:00 PM 31/12/2024 12:30 AM"),
    ({"start_date": "05/01/2025"}, "05/01/2025 11:00 PM 06/01/2025 12:30 AM"),
    ({"start_date": None}, "30/12/2024 11:00 PM 31/12/2024 12:30 AM"),
    ({"start_time": "9:00 AM"}, "30/12/2024 9:00 AM 30/12/2024 10:30 AM"),
    ({"start_time": "9:00 AM", "end_time": "9:20 AM"}, "30/12/2024 9:00 AM 30/12/2024 9:20 AM"),
    ({"end_time": "2:00 AM"}, "30/12/2024 11:00 PM 31/12/2024 2:00 AM"),
]


@pytest.mark.parametrize("write", [update, upsert])
@pytest.mark.parametrize(("columns", "expected"), UPDATES)
def test_an_update_keeps_the_event_s_own_times(client, sandbox, write, columns, expected):
    event = one_event(sandbox)
    result = write(client, frame(event_id=event, **columns).assign(amount=2))
    assert moments(sandbox) == [expected]
    assert stored(sandbox, "amount") == ["2"]
    assert result.rows["status"].tolist() == ["updated"]
    assert result.rows["event_id"].tolist() == [event]


def test_an_update_replaces_the_whole_event(client, sandbox):
    update(client, frame(event_id=one_event(sandbox)))
    assert sandbox.events()[0]["values"] == {"amount": "1"}


@pytest.mark.parametrize("value", ["x", 1.5, -4, 0, True, None])
def test_an_update_needs_whole_event_ids(client, sandbox, value):
    with pytest.raises(AMSImportError, match=r"^Invalid event_id values provided") as caught:
        update(client, frame(event_id=value))
    assert caught.value.rows == [0]
    assert "eventsimport" not in sandbox.requests()


WHOLE = {"start_date": DAY, "start_time": "9:00 AM", "end_date": DAY, "end_time": "10:00 AM"}


@pytest.mark.parametrize("times", [{}, {"start_date": DAY}, WHOLE])
@pytest.mark.parametrize("kind", ["unknown", "of another person", "of another form"])
def test_an_event_id_must_be_the_person_s_own(client, sandbox, kind, times):
    event = {
        "unknown": 77,
        "of another person": sandbox.add_event(LOG, "bob", start_date=DAY, values={"amount": 5}),
        "of another form": sandbox.add_event("Lifts", ANN, start_date=DAY, values={"rpe": 5}),
    }[kind]
    before = sandbox.events()
    with pytest.raises(AMSImportError, match=r"^Invalid event_id values provided") as caught:
        update(client, frame(event_id=event, **times))
    assert caught.value.rows == [0]
    assert sandbox.events() == before
    assert "eventsimport" not in sandbox.requests()


def test_an_event_may_be_moved_to_another_day(client, sandbox):
    event = one_event(sandbox)
    update(client, frame(event_id=event, **WHOLE))
    assert moments(sandbox) == [f"{DAY} 9:00 AM {DAY} 10:00 AM"]


def test_an_upsert_inserts_what_has_no_event_id(client, sandbox):
    event = one_event(sandbox)
    table = pd.DataFrame(
        {"user_id": ANN, "event_id": [event, None], "start_date": [None, DAY], "amount": [5, 6]}
    )
    result = upsert(client, table)
    assert result.rows["status"].tolist() == ["updated", "inserted"]
    assert stored(sandbox, "amount") == ["5", "6"]


def test_an_upsert_without_event_id_column_inserts(client, sandbox):
    assert upsert(client, log([1, 2])).counts["inserted"] == 2
    assert len(read(client)) == 2
