"""Stored dates and times are read in every spelling that a site may have."""

from __future__ import annotations

import datetime as dt

import pytest

from airflow_provider_ams.ams.wire.dates import SHOWN_TIMES, stored_day, stored_minute

NINE = 9 * 60
TIMES = [
    ("9:00 AM", NINE), ("09:00 am", NINE), ("09:00", NINE), ("9:00", NINE), ("09:00:00", NINE),
    ("09:00:00.000", NINE), ("9:00AM", NINE), ("9:00 a.m.", NINE), ("9:00\u202fAM", NINE),
    ("9:00\u00a0PM", NINE + 720), (" 9:00 PM ", NINE + 720), ("12:05 AM", 5), ("00:05 AM", 5),
    ("00:05", 5), ("12:05 PM", 725), ("12:05", 725), ("23:59", 1439), ("21:00:59", 1260),
]  # fmt: skip
NO_TIMES = [
    None, "", "soon", "24:00", "13:00 PM", "0:05 PM", "9:60", "9", "9.00", "9:00 XM", "-9:00",
    "9:00 AM x", "٩:٠٠ AM",
]  # fmt: skip


@pytest.mark.parametrize(("text", "minute"), TIMES)
def test_stored_times(text, minute):
    assert stored_minute(text) == minute


@pytest.mark.parametrize("text", NO_TIMES, ids=repr)
def test_what_is_no_stored_time(text):
    assert stored_minute(text) is None


def test_what_is_written_is_read():
    assert [stored_minute(text) for text in SHOWN_TIMES] == list(range(1440))


@pytest.mark.parametrize(
    "text", ["01/02/2026", "1/2/2026", "2026-02-01", "2026-02-01T00:00:00", "2026-02-01 00:00"]
)
def test_stored_dates(text):
    assert stored_day(text) == dt.date(2026, 2, 1).toordinal()


@pytest.mark.parametrize("text", [None, "", "31/02/2026", "2026-13-01", "02-01-2026", "1/1/0000"])
def test_what_is_no_stored_date(text):
    assert stored_day(text) is None
