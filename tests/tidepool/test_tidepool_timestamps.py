from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_ams.tidepool import IngestOption
from airflow_provider_ams.tidepool import timestamps as ts

BERLIN = "Europe/Berlin"


def convert(value, **options):
    return ts.Timestamps(IngestOption(**options)).one(value)


@pytest.mark.parametrize(
    "text",
    [
        "2023-08-10T21:26:27.302Z",
        "2023-08-10T21:26:27Z",
        "2023-08-10T21:26Z",
        "2023-08-10T21:26:27+02:00",
        "2023-08-10T21:26:27.123456789-0330",
        "2023-08-10T21:26:27+02",
        "2023-08-10T21:26:27,5Z",
        "2024-02-29T00:00:00Z",
        "2023-08-31T23:59:59Z",
    ],
)
def test_iso_with_a_zone_is_kept_as_it_is(text):
    assert convert(text) == text
    assert convert(text, timezone=BERLIN) == text


@pytest.mark.parametrize(
    ("text", "wire"),
    [
        ("2023-08-10 21:26:27.302Z", "2023-08-10T21:26:27.302Z"),
        ("2023-08-10t21:26:27z", "2023-08-10T21:26:27Z"),
        ("  2023-08-10T21:26:27Z\n", "2023-08-10T21:26:27Z"),
        ("2023-08-10 21:26:27 +0200", "2023-08-10T21:26:27+0200"),
    ],
)
def test_near_misses_are_put_right(text, wire):
    assert convert(text) == wire


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("2023-02-29T00:00:00Z", ts.NO_DAY),
        ("2023-02-30T00:00:00Z", ts.NO_DAY),
        ("2023-04-31T00:00:00Z", ts.NO_DAY),
        ("0000-01-01T00:00:00Z", ts.NO_DAY),
        ("2023-13-01T00:00:00Z", ts.NOT_ISO),
        ("2023-08-10T24:00:00Z", ts.NOT_ISO),
        ("2023-08-10T21:26:60Z", ts.NOT_ISO),
        ("2023-08-10T21:26:27+2:00", ts.NOT_ISO),
        ("2023-08-10T21:26:27+25:00", ts.NOT_ISO),
        ("10/08/2023 21:26", ts.NOT_ISO),
        ("2023-08-10", ts.NOT_ISO),
        ("1691702787", ts.NOT_ISO),
        ("２０２３-08-10T21:26:27Z", ts.NOT_ISO),
        ("2023-08-10T21:26:27", ts.NO_ZONE),
        ("2023-08-10 21:26", ts.NO_ZONE),
        (datetime(2023, 8, 10), ts.NO_ZONE),
        ("", ts.MISSING),
        (None, ts.MISSING),
        (1691702787, "not int"),
        (date(2023, 8, 10), "not date"),
    ],
)
def test_refused_with_a_reason_and_without_the_value(value, reason):
    with pytest.raises(ts.TimestampError) as error:
        convert(value)
    assert reason in str(error.value)
    assert "2023-02" not in str(error.value)


@pytest.mark.parametrize(
    ("local", "wire"),
    [
        ("2023-08-10 21:26:27.3", "2023-08-10T21:26:27.300000+02:00"),
        ("2023-12-10T21:26:27", "2023-12-10T21:26:27+01:00"),
        (datetime(2023, 8, 10, 21, 26), "2023-08-10T21:26:00+02:00"),
        (pd.Timestamp("2023-08-10 21:26"), "2023-08-10T21:26:00+02:00"),
    ],
)
def test_local_times_get_their_zone(local, wire):
    assert convert(local, timezone=BERLIN) == wire


GAP, TWICE = "2023-03-26T02:30:00", "2023-10-29T02:30:00"


@pytest.mark.parametrize("make", [str, datetime.fromisoformat, pd.Timestamp])
def test_hours_that_never_came_or_came_twice(make):
    with pytest.raises(ts.TimestampError, match="never came"):
        convert(make(GAP), timezone=BERLIN, ambiguous="first")
    with pytest.raises(ts.TimestampError, match="came twice"):
        convert(make(TWICE), timezone=BERLIN)
    assert convert(make(TWICE), timezone=BERLIN, ambiguous="first") == f"{TWICE}+02:00"
    assert convert(make(TWICE), timezone=BERLIN, ambiguous="second") == f"{TWICE}+01:00"


def test_aware_datetimes_keep_their_nanoseconds():
    moment = pd.Timestamp("2023-08-10T21:26:27.123456789", tz="UTC")
    assert convert(moment) == "2023-08-10T21:26:27.123456789+00:00"


def test_a_column_keeps_good_rows_and_names_bad_ones():
    column = ["2023-08-10T21:26:27Z", "soon", "2023-08-10 21:26:27Z"]
    wire, problems = ts.Timestamps(IngestOption()).convert(column)
    assert wire[0] == column[0]
    assert wire[2] == "2023-08-10T21:26:27Z"
    assert problems == {1: ts.NOT_ISO}


MOMENTS = st.datetimes(min_value=datetime(1950, 1, 1), max_value=datetime(2100, 1, 1))


@given(MOMENTS, st.integers(-14 * 60, 14 * 60), st.booleans())
def test_aware_moments_come_back_equal(moment, minutes, as_text):
    aware = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    wire = convert(aware.isoformat() if as_text else aware)
    assert datetime.fromisoformat(wire) == aware


@given(MOMENTS, st.sampled_from([BERLIN, "America/St_Johns", "Australia/Lord_Howe", "UTC"]))
def test_local_moments_that_are_sent_name_that_local_time(moment, zone):
    try:
        wire = convert(moment, timezone=zone)
    except ts.TimestampError:
        return
    back = datetime.fromisoformat(wire).astimezone(ZoneInfo(zone))
    assert back.replace(tzinfo=None) == moment.replace(fold=0)
