"""Values go back to AMS as they were written, and compare by what they mean."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_ams.ams.forms.schema import parse_schema
from airflow_provider_ams.ams.wire.stored_values import (
    differing,
    field_day,
    hidden_day,
    hidden_moment,
    loose_meanings,
    restore,
    restore_date,
    restore_number,
    restore_text,
    restore_time,
    same,
)


@pytest.mark.parametrize(
    ("shown", "written"),
    [
        ("1.78432026E9", "1784320260"), ("5.0", "5"), ("1.0E-4", "0.0001"), ("-1.5E7", "-15000000"),
        ("72.5", "72.5"), ("007", "007"), ("5", "5"), ("n/a", "n/a"), ("1.2.3", "1.2.3"),
        ("NaN", "NaN"), ("1.0E", "1.0E"), ("15.0", "15"), ("72.50", "72.5"), ("+7.5", "+7.5"),
        ("1.0E1000000", "1.0E1000000"), ("-0.0", "0"), ("-0.0E5", "0"), ("-0.5", "-0.5"),
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
        ("2026-01-05", None, "05/01/2026"),
        ("2026-01-05T00:00", None, "05/01/2026"),
        ("2026-01-05T00:00:00.000Z", None, "05/01/2026"),
        ("2026-01-05T00:00:00+00:00", None, "05/01/2026"),
        ("2026-01-05T09:00:00Z", None, "2026-01-05T09:00:00Z"),
        ("٢٠٢٦-٠١-٠٥", None, "٢٠٢٦-٠١-٠٥"),
        ("١٧٦٧٥٧١٢٠٠٠٠٠", None, "١٧٦٧٥٧١٢٠٠٠٠٠"),
        ("2026-02-31", None, "2026-02-31"),
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
    ("soon", "soon"),
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
        ("choice", "Low", "low", False), ("choice", "Low", "Low ", True),
        ("duration", "١:05", "65000", False), ("duration", "1:05", "65000", True),
        ("unknown", "1.0E7", "10000000", False), ("text", None, None, True),
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


# ---------------------------------------------------------------- midnights


@pytest.mark.parametrize("hours", [-9.5, -9, -4, 0, 5.75, 9, 10, 11, 11.5, 11.75])
def test_without_a_zone_the_nearest_midnight_counts(hours):
    day = dt.date(2026, 1, 5).toordinal()
    assert field_day(ms(2026, 1, 5, hours=hours)) == day


@pytest.mark.parametrize("hours", [-12, -11.5, -11, -10.5, -10, 12, 12.75, 13, 14])
def test_between_two_days_only_the_zone_tells(hours):
    stored = ms(2026, 1, 5, hours=hours)
    assert field_day(stored) is None
    assert restore_date(stored) == stored


@pytest.mark.parametrize("hour", [11, 18])
def test_what_is_no_midnight_anywhere_is_in_its_day_of_utc(hour):
    assert field_day(ms(2026, 1, 5, hour, 7)) == dt.date(2026, 1, 5).toordinal()


FIRST, LAST = ms(1, 1, 1), ms(9999, 12, 31)
HOUR = 3_600_000


@pytest.mark.parametrize("zone", [None, "UTC", "Pacific/Auckland", "America/New_York"])
def test_the_calendar_has_a_first_and_a_last_day(zone):
    assert restore_date(FIRST, zone) == "01/01/0001"
    assert restore_date(LAST, zone) == "31/12/9999"
    for outside in (int(FIRST) - 1, int(LAST) + 24 * HOUR, -(10**14), 10**15 - 1):
        assert field_day(str(outside), zone) is None
        assert restore_date(str(outside), zone) == str(outside)


@pytest.mark.parametrize(
    ("stored", "zone"),
    [(int(FIRST) + HOUR, "America/New_York"), (int(LAST) + 23 * HOUR, "Pacific/Auckland")],
)
def test_a_day_outside_the_calendar_of_the_site_is_none(stored, zone):
    assert field_day(str(stored), zone) is None


IN_AUCKLAND = ms(2026, 1, 5, hours=13)
AUCKLAND = "Pacific/Auckland"


def test_the_zone_tells():
    assert restore_date(IN_AUCKLAND, AUCKLAND) == "05/01/2026"
    assert restore([IN_AUCKLAND], "date", AUCKLAND) == ["05/01/2026"]
    assert same("05/01/2026", IN_AUCKLAND, "date", AUCKLAND)
    assert same(IN_AUCKLAND, "05/01/2026", "date", AUCKLAND)
    assert not same("05/01/2026", IN_AUCKLAND, "date")
    assert differing(["05/01/2026"], [IN_AUCKLAND], "date", AUCKLAND) == []
    assert differing(["05/01/2026"], [IN_AUCKLAND], "date") == [0]


# ---------------------------------------------------------------- columns


@pytest.mark.parametrize(
    ("kind", "stored", "written"),
    [
        ("number", ["5.0", None, "1.78432026E9"], ["5", None, "1784320260"]),
        ("number", ["1.0E7", "x"], ["10000000", "x"]),
        ("number", ["1E7", None], ["10000000", None]),
        ("time", ["09:05", None], ["9:05 AM", None]),
        ("number", ["72.50"], ["72.5"]),
        ("number", ["007", None], ["007", None]),
        ("date", [ms(2026, 1, 5), None, "soon"], ["05/01/2026", None, "soon"]),
        ("text", ["a<br>b", None, "5.0"], ["a\nb", None, "5.0"]),
        ("text", ["5.0", None], ["5.0", None]),
        ("unknown", ["5.0", "a<br>b", None], ["5.0", "a<br>b", None]),
    ],
)
def test_a_column_goes_back_as_it_was_written(kind, stored, written):
    assert restore(stored, kind) == written


def test_columns_differ_where_their_values_do():
    assert differing(["5", None, "7", None], ["5.0", "6", "8", None], "number") == [1, 2]


def test_columns_of_two_lengths_are_not_compared():
    with pytest.raises(ValueError):
        differing(["5"], [], "number")


# ---------------------------------------------------------------- the same or not


@pytest.mark.parametrize(
    ("sent", "stored", "equal"),
    [
        ("", None, True), (None, "", True), (None, None, True), ("", "", True),
        ("a", None, False), (None, "a", False), ("a", "", False), ("", "a", False),
    ],
)  # fmt: skip
def test_an_empty_text_is_no_value(sent, stored, equal):
    assert same(sent, stored, "text") is equal


@pytest.mark.parametrize("kind", ["number", "date", "time", "duration", "text"])
def test_two_texts_that_mean_nothing_are_not_the_same(kind):
    assert not same("soon", "later", kind)


@pytest.mark.parametrize(
    ("sent", "stored"),
    [("1:30", "90000"), ("1:00:30", "3630000"), ("1:02:03", "3723000"), ("0:05", "5000.0")],
)
def test_durations_are_stored_in_milliseconds(sent, stored):
    assert same(sent, stored, "duration")


@pytest.mark.parametrize("stored", ["a\rb", "a\r\nb", "a\nb", "a<br>b", "a<BR/>\rb"])
def test_line_breaks_are_the_same_however_they_are_spelled(stored):
    assert same("a\nb" if "/" not in stored else "a\n\nb", stored, "text")


@pytest.mark.parametrize("sign", ["", "-"])
def test_numbers_beyond_a_double_are_compared_all_the_same(sign):
    assert same(f"{sign}1E350", f"{sign}10E349", "number")
    assert not same(f"{sign}1E350", f"{sign}1E360", "number")


def test_a_number_of_a_million_digits_is_a_text():
    assert not same("1E1000000", "10E999999", "number")


# ---------------------------------------------------------------- an unknown kind


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("5", "5.0"),
        ("05/01/2026", ms(2026, 1, 5)),
        ("03/03/1973", "100000000000"),
        ("10000000000000000", "1.0E16"),
        ("9:00 AM", "09:00"),
        ("a\nb", "a<br>b"),
        (None, None),
    ],
)
def test_what_an_unknown_field_may_hold(sent, stored):
    assert loose_meanings([sent], "unknown") == loose_meanings([stored], "unknown")


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("5", "6"), ("05/01/2026", ms(2026, 1, 6)), ("9:00 AM", "9:00 PM"), ("a", "b"),
        (None, "a"), ("1000", "2000"), ("540", "9:00 AM"), ("20458", "05/01/2026"),
        ("9:00 AM", "x"),
    ],
)  # fmt: skip
def test_what_differs_whatever_the_field_is(sent, stored):
    assert loose_meanings([sent], "unknown") != loose_meanings([stored], "unknown")


def test_the_zone_counts_for_an_unknown_field_too():
    sent = loose_meanings(["05/01/2026"], "unknown", AUCKLAND)
    assert loose_meanings([IN_AUCKLAND], "unknown", AUCKLAND) == sent


def test_a_field_of_a_known_kind_is_read_as_that_kind():
    assert loose_meanings(["5"], "text") != loose_meanings(["5.0"], "text")
    assert loose_meanings(["5"], "number") == loose_meanings(["5.0"], "number")
    sent = loose_meanings(["05/01/2026"], "date", AUCKLAND)
    assert loose_meanings([IN_AUCKLAND], "date", AUCKLAND) == sent


# 05/03/2026 as the midnight of Sydney (UTC+11), and moments about it.
IN_SYDNEY = 1772629200000
HOUR = 3_600_000


@pytest.mark.parametrize(
    ("sent", "stored", "zone", "hidden"),
    [
        ("05/03/2026", IN_SYDNEY, None, True),
        ("05/03/2026", IN_SYDNEY, "Europe/Berlin", True),
        ("05/03/2026", IN_SYDNEY, "Australia/Sydney", False),  # the zone tells
        ("05/03/2026", IN_SYDNEY + 11 * HOUR, None, False),  # so does a midnight of UTC
        ("05/03/2026", IN_SYDNEY + 11 * HOUR + 1, None, True),
        ("05/03/2026", IN_SYDNEY - 20 * HOUR, None, True),
        ("05/03/2026", IN_SYDNEY - 30 * HOUR, None, False),  # no zone is that far away
        ("05/03/2026", IN_SYDNEY + 49 * HOUR, None, True),
        ("05/03/2026", IN_SYDNEY + 50 * HOUR, None, False),
        ("05/03/2026", IN_SYDNEY + 72 * HOUR, None, False),
        ("no date", IN_SYDNEY, None, False),
        ("05/03/2026", "04/03/2026", None, False),
        ("05/03/2026", 999_999_999_999_999, "Europe/Berlin", False),  # outside the calendar
        ("01/01/1970", 1, None, False),  # too small a number to be a date
    ],
)
def test_a_date_that_only_the_zone_could_tell(sent, stored, zone, hidden):
    assert hidden_day(sent, str(stored), zone) is hidden


@pytest.mark.parametrize(
    ("sent", "stored", "hidden"),
    [
        ("05/03/2026 9:00 AM", str(IN_SYDNEY + 20 * HOUR), True),
        ("05/03/2026 9:00 AM", "2026-03-05T09:00", True),
        ("2026-03-05T09:00", "05/03/2026 9:00 AM", True),
        ("5/3/2026", "2026-03-05", True),
        ("05/03/2026 9:00 AM", "05/03/2026 9:00 AM", False),
        ("05/03/2026 9:00 AM", "2026-03-08T09:00", False),
        ("05/03/2026 9:00 AM", "2026-03-06T09:00", True),
        ("05/03/2026 9:00 AM", "2026-03-07T09:00", False),
        ("05/03/2026 9:00 AM", str(IN_SYDNEY + 72 * HOUR), False),
        ("01/01/1970 9:00 AM", "99999999999", False),  # a number, and no moment
        ("03/03/1973 9:00 AM", "100000000000", True),
        ("at 05/03/2026", "2026-03-05", False),  # a text, though a date is in it
        ("05/03/20265", "2026-03-05", False),
        (str(IN_SYDNEY), "05/03/2026", False),  # a number was sent
        ("05/03/2026 9:00 AM", "text", False),
        ("99/99/2026", "2026-03-05", False),
    ],
)
def test_a_moment_that_no_kind_of_field_tells(sent, stored, hidden):
    assert hidden_moment(sent, stored) is hidden
