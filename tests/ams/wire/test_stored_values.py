"""Values go back to AMS as they were written, and compare by what they mean."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_ams.ams.forms.schema import parse_schema
from airflow_provider_ams.ams.wire.stored_values import (
    differing,
    restore_date,
    restore_number,
    restore_text,
    restore_time,
)


@pytest.mark.parametrize(
    ("shown", "written"),
    [
        ("1.78432026E9", "1784320260"), ("5.0", "5"), ("1.0E-4", "0.0001"), ("-1.5E7", "-15000000"),
        ("72.5", "72.5"), ("007", "007"), ("5", "5"), ("n/a", "n/a"), ("1.2.3", "1.2.3"),
        ("NaN", "NaN"), ("1.0E", "1.0E"),
    ],
)  # fmt: skip
def test_numbers(shown, written):
    assert restore_number(shown) == written


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_double_survives(number):
    assert float(restore_number(repr(number).replace("e+", "E").replace("e", "E"))) == number


def ms(*moment, hours=0.0):
    zone = dt.timezone(dt.timedelta(hours=hours))
    return str(int(dt.datetime(*moment, tzinfo=zone).timestamp() * 1000))


@pytest.mark.parametrize(
    ("shown", "zone", "written"),
    [
        (ms(2026, 1, 5), None, "05/01/2026"),
        (ms(2026, 1, 5), "America/New_York", "05/01/2026"),
        (ms(2026, 1, 5, hours=8), "Australia/Perth", "05/01/2026"),
        (ms(1960, 2, 29), None, "29/02/1960"),
        ("1555288875000", "Europe/London", "15/04/2019"),
        ("1.7674848E12", None, "04/01/2026"),
        ("05/01/2026", None, "05/01/2026"),
        ("soon", None, "soon"),
    ],
)
def test_dates(shown, zone, written):
    assert restore_date(shown, zone) == written


NEAREST = [
    (ms(2026, 1, 5, hours=8), "05/01/2026"), (ms(2026, 1, 5, hours=-8), "05/01/2026"),
    (ms(2026, 1, 5, hours=5.75), "05/01/2026"), ("1555288875000", "15/04/2019"),
]  # fmt: skip


@pytest.mark.parametrize(("shown", "written"), NEAREST)
def test_without_a_zone_the_nearest_midnight_compares_and_is_not_written_back(shown, written):
    assert restore_date(shown) == shown
    assert differing([written], [shown], "date") == []


def test_a_moment_that_is_no_midnight_is_a_day_only_if_both_zones_agree():
    noon = ms(2026, 1, 5, 12, 7)
    assert restore_date(noon, "Europe/Berlin") == "05/01/2026"
    assert restore_date(noon, "Pacific/Auckland") == noon


TIMES = [
    ("09:05", "9:05 AM"),
    ("21:05:00", "9:05 PM"),
    ("00:05", "00:05 AM"),
    ("9:05 am", "9:05 am"),
]


@pytest.mark.parametrize(("shown", "written"), TIMES)
def test_times(shown, written):
    assert restore_time(shown) == written


def test_choices_compare_whatever_stands_between_them():
    assert differing(["Leg, Arm"], ["Arm|Leg"], "choices") == []
    assert differing(["Leg, Arm"], ["Leg"], "choices") == [0]


@pytest.mark.parametrize("shown", ["a<br>b", "a<br/>b", "a< br/>b", "a<BR />b", "a\nb"])
def test_line_breaks(shown):
    assert restore_text(shown) == "a\nb"


@pytest.mark.parametrize(
    ("shape", "new", "old", "same"),
    [
        ("number", "7", "7.0", True), ("number", "007", "7", True), ("number", "7", "8", False),
        ("text", "007", "7", False), ("text", "a\r\nb", "a\nb", True), ("text", None, "a", False),
        ("time", "09:05 am", "9:05 AM", True), ("date", "5/1/2026", "05/01/2026", True),
        ("choice", "Low", "low", False), ("unknown", "1.0E7", "10000000", False),
        ("text", None, None, True),
    ],
)  # fmt: skip
def test_what_means_the_same(shape, new, old, same):
    assert (differing([new], [old], shape) == []) is same


def test_item_types_that_are_not_known_are_taken_as_they_are():
    items = [
        {"type": "FormItem", "name": "A", "formItemType": "Paragraph"},
        {"type": "FormItem", "name": "B", "formItemType": "Weekly Calculation"},
        {"type": "FormItem", "name": "C", "formItemType": "Linked Anything"},
        {"type": "FormTable", "name": "T", "children": [{"type": "FormItem", "name": "D"}]},
        {"type": "FormItem", "name": "E", "formItemType": "Dropdown", "options": [{"name": "x"}]},
    ]
    schema = parse_schema(
        "F", {"type": "Form", "children": [{"type": "FormPage", "children": items}]}
    )
    assert list(schema.writable) == ["A", "E"]
    assert list(schema.table) == ["D"]
    assert schema.by_name["E"].options == ("x",)
    assert schema.kind_of("A") == "unknown"
