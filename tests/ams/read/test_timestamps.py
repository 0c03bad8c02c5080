"""`timestamps=True`: start and end as moments in the site's zone; imports do not send them."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from airflow_provider_ams.ams import (
    AMSConfigurationError,
    AMSImportError,
    AMSTypeWarning,
    PlanOption,
    SyncEventOption,
    sync_event_data,
    validate_event_data,
)
from airflow_provider_ams.ams.read.timestamps import moments
from tests.ams.ams_site import ANN, LOG, ZONE, read, stored, update
from tests.ams.ams_site import moments as stored_moments

BERLIN = "Europe/Berlin"


def add(sandbox, day="02/01/2025", start="9:00 AM", form=LOG, **event):
    given = {"user": ANN, "start_date": day, "start_time": start, "finish_date": day, **event}
    return sandbox.add_events(form, [given])[0]


@pytest.mark.parametrize(
    ("day", "time", "utc"),
    [
        ("02/01/2025", "9:00 AM", "2025-01-02 08:00"),
        ("02/07/2025", "9:00 AM", "2025-07-02 07:00"),
        ("26/10/2025", "1:59 AM", "2025-10-25 23:59"),
        ("26/10/2025", "2:30 AM", "2025-10-26 00:30"),  # twice: the first
        ("26/10/2025", "3:00 AM", "2025-10-26 02:00"),
        ("30/03/2025", "2:30 AM", "2025-03-30 01:30"),  # skipped: as before it
        ("30/03/2025", "3:00 AM", "2025-03-30 01:00"),
        ("2025-01-02", "21:15", "2025-01-02 20:15"),
        ("01/01/1900", "12:00 AM", "1899-12-31 23:00"),
        ("31/12/2199", "11:59 PM", "2199-12-31 22:59"),
    ],
)
def test_clocks(day, time, utc):
    found = moments([day], [time], BERLIN)
    assert str(found.dtype) == "datetime64[ms, Europe/Berlin]"
    assert found[0] == pd.Timestamp(utc, tz="UTC")


@pytest.mark.parametrize(
    ("zone", "day", "time", "utc"),
    [
        ("Australia/Lord_Howe", "06/04/2025", "1:45 AM", "2025-04-05 14:45"),  # half an hour twice
        ("Australia/Lord_Howe", "05/10/2025", "2:10 AM", "2025-10-04 15:40"),
        ("Europe/Dublin", "26/10/2025", "1:30 AM", "2025-10-26 00:30"),  # winter time "saves"
        ("Europe/Moscow", "26/10/2014", "1:30 AM", "2014-10-25 21:30"),  # twice, without summer
        ("Pacific/Apia", "30/12/2011", "9:00 AM", "2011-12-30 19:00"),  # a day that never was
    ],
)
def test_odd_zones(zone, day, time, utc):
    assert moments([day], [time], zone)[0] == pd.Timestamp(utc, tz="UTC")


@pytest.mark.parametrize("day", ["01/01/0001", "31/12/9999", "01/01/1600"])
def test_far_days_do_not_end_a_read(day):
    assert moments([day], ["9:00 AM"], BERLIN).notna().all()


def test_what_can_t_be_read_is_missing():
    found = moments(["soon", "02/01/2025", None], ["9:00 AM", None, None], BERLIN)
    assert found.isna().all()
    assert str(moments([], [], BERLIN).dtype) == "datetime64[ms, Europe/Berlin]"


def test_columns_of_a_read(client, sandbox):
    empty = read(client, timestamps=True)
    add(sandbox)
    frame = read(client, timestamps=True)
    names = list(frame)
    assert names[names.index("entered_by_user_id") + 1 :][:2] == ["start", "end"]
    assert str(frame["start"].dtype) == str(empty["start"].dtype) == f"datetime64[ms, {ZONE}]"
    assert frame["start"][0] == pd.Timestamp("2025-01-02 09:00", tz=ZONE)
    assert frame["end"][0] == pd.Timestamp("2025-01-02 10:00", tz=ZONE)
    option = SyncEventOption(timestamps=True)
    synced = sync_event_data(LOG, 0, client=client, option=option).data
    assert synced["start"].tolist() == frame["start"].tolist()
    assert "start" not in read(client)


def test_without_a_zone_nothing_is_read(make_client, sandbox):
    client = make_client(timezone=None)
    sandbox.clear_requests()
    with pytest.raises(AMSConfigurationError, match="needs the site's time zone"):
        read(client, timestamps=True)
    assert "eventsearch" not in sandbox.requests()


@pytest.mark.parametrize("dtype", [None, "schema"])
@pytest.mark.parametrize("validate", [False, True])
def test_a_round_trip_leaves_them_out(client, sandbox, dtype, validate):
    add(sandbox, values={"amount": "5"})
    add(sandbox, day="03/01/2025", values={"amount": "7"})
    before = stored_moments(sandbox)
    frame = read(client, timestamps=True, dtype=dtype)
    frame["amount"] += 1
    result = update(client, frame, validate=validate)
    assert result.counts["updated"] == 2
    assert result.warnings == []
    assert stored(sandbox, "amount") == ["6", "8"]
    assert stored_moments(sandbox) == before


@pytest.mark.parametrize("arrow", [False, True])
def test_a_moment_that_differs_is_a_rejected_row(client, sandbox, arrow):
    add(sandbox, values={"amount": "5"})
    add(sandbox, day="03/01/2025", values={"amount": "7"})
    before = stored_moments(sandbox)
    frame = read(client, timestamps=True)
    frame["amount"] += 1
    frame.loc[1, "start"] += pd.Timedelta("1h")
    if arrow:
        frame = frame.astype({"start": f"timestamp[ms, tz={ZONE}][pyarrow]"})
    with pytest.raises(AMSImportError, match="'start' is another moment than 'start_date'"):
        update(client, frame)
    assert stored(sandbox, "amount") == ["6", "7"]
    assert stored_moments(sandbox) == before
    frame.loc[1, "start_time"] = "10:00 AM"
    update(client, frame.drop(columns="end"))
    assert stored_moments(sandbox)[1].startswith("03/01/2025 10:00 AM")


def test_a_moment_of_another_zone_is_the_same_moment(client, sandbox):
    add(sandbox, values={"amount": "5"})
    frame = read(client, timestamps=True)
    frame["start"] = frame["start"].dt.tz_convert("UTC")
    frame["amount"] += 1
    assert update(client, frame).counts["updated"] == 1


@pytest.mark.parametrize("zone", [ZONE, dt.timezone(dt.timedelta(hours=8))])
def test_without_a_zone_clocks_are_compared(client, make_client, sandbox, zone):
    add(sandbox, values={"amount": "5"})
    frame = read(client, timestamps=True)
    for name in ("start", "end"):
        frame[name] = frame[name].dt.tz_convert(zone)
    frame["amount"] += 1
    blind = make_client(timezone=None)
    assert update(blind, frame).counts["updated"] == 1
    frame["end"] += pd.Timedelta("1min")
    with pytest.raises(AMSImportError, match="'end' is another moment"):
        update(blind, frame)


def test_a_form_may_have_fields_of_these_names(client, sandbox):
    sandbox.add_form("Shift", ["start", "end", "n: Number"])
    add(sandbox, form="Shift", values={"start": "gate", "n": "1"})
    plain = read(client, "Shift")
    assert plain["start"].tolist() == ["gate"]
    frame = read(client, "Shift", timestamps=True, dtype="schema")
    assert frame["field:start"].tolist() == ["gate"]
    frame["n"] += 1
    assert update(client, frame, "Shift", validate=True).counts["updated"] == 1
    assert stored(sandbox, "start", "Shift") == ["gate"]
    plain["n"] += 2
    assert update(client, plain, "Shift", validate=True).counts["updated"] == 1
    assert stored(sandbox, "start", "Shift") == ["gate"]


def test_two_columns_for_one_field_are_refused(client, sandbox):
    add(sandbox, values={"note": "a"})
    frame = read(client)
    frame["field:note"] = "b"
    with pytest.raises(AMSConfigurationError, match=r"'note'.*'field:note'.*same fields"):
        update(client, frame)
    assert stored(sandbox, "note") == ["a"]


@pytest.mark.parametrize("validate", [False, True])
def test_a_column_that_is_there_twice_is_refused(client, sandbox, validate):
    add(sandbox)
    frame = read(client, timestamps=True)
    frame = pd.concat([frame, frame[["start"]]], axis=1)
    with pytest.raises(AMSConfigurationError, match="occur more than once"):
        update(client, frame, validate=validate)
    option = PlanOption(mode="update", interactive_mode=False)
    assert not validate_event_data(frame, LOG, option=option, client=client).ok


def test_a_time_that_clocks_skip_can_be_read(make_client, sandbox):
    client = make_client(timezone=BERLIN)
    add(sandbox, day="30/03/2025", start="2:30 AM", finish_time="3:30 AM")
    frame = read(client, timestamps=True)
    assert frame["start"][0] == pd.Timestamp("2025-03-30 03:30", tz=BERLIN)


def test_other_spellings_of_times(client, sandbox):
    add(sandbox)
    sandbox.configure(event_times="HH:mm:ss")
    frame = read(client, timestamps=True)
    assert frame["start"][0] == pd.Timestamp("2025-01-02 09:00", tz=ZONE)


def test_a_column_of_another_type_is_a_field(client, sandbox):
    add(sandbox, values={"amount": "5"})
    frame = read(client)
    frame["start"] = "2025-01-02 09:00"
    with pytest.raises(AMSConfigurationError, match="'start' is no field of the form"):
        update(client, frame, validate=True)


def test_gaps_are_told():
    from airflow_provider_ams.ams.read.timestamps import warn_of_gaps

    zoned = moments(["soon", "02/01/2025"], ["9:00 AM", "9:00 AM"], BERLIN)
    frame = pd.DataFrame({"event_id": [7, 8], "start": zoned, "end": zoned})
    with pytest.warns(AMSTypeWarning, match=r"start can't be read in 1 events \(events 7\)"):
        warn_of_gaps(frame, LOG)
