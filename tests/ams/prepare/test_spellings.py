"""Texts of dates and times: one spelling for a column, what is in doubt is refused."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from airflow_provider_ams.ams import (
    AMSConfigurationError,
    AMSImportError,
    AMSInputError,
    InsertEventOption,
    PlanOption,
    validate_event_data,
)
from airflow_provider_ams.ams.prepare.spellings import (
    MINUTE,
    is_foreign,
    read_day_texts,
    read_time_texts,
)
from tests.ams.ams_site import LIFTS, LOG, insert, log, moments, stored, update, upsert


def days(*texts, date_format=None):
    """Return the days as ISO, or the date-times, that texts are read as."""
    values = read_day_texts(texts, date_format).values
    return [dt.date.fromordinal(v).isoformat() if isinstance(v, int) else v for v in values]


def troubles(*texts, date_format=None):
    return [(t.what, t.rows) for t in read_day_texts(texts, date_format).troubles]


COLUMNS = [
    (["31/01/2025", None, "1/2/2025"], ["2025-01-31", None, "2025-02-01"]),
    (["2025-01-31", " 2025-02-01 "], ["2025-01-31", "2025-02-01"]),
    # The spelling of most; of AMS where two are as frequent.
    (["2025-01-31", "2025-02-01", "03/02/2025"], ["2025-01-31", "2025-02-01", None]),
    (["2025-01-31", "03/02/2025"], [None, "2025-02-03"]),
    (["2025-01-31"] * 2 + ["03/02/2025"] * 2 + ["x"], [None] * 2 + ["2025-02-03"] * 2 + [None]),
    ([], []),
    ([None, None], [None, None]),
]


@pytest.mark.parametrize(("texts", "expected"), COLUMNS)
def test_a_column_has_one_spelling(texts, expected):
    assert days(*texts) == expected
    bad = [r for r, (t, v) in enumerate(zip(texts, expected, strict=True)) if t and v is None]
    assert sorted(r for _, rows in troubles(*texts) for r in rows) == bad


def test_iso_date_times_are_instants():
    east = dt.timezone(dt.timedelta(hours=9, minutes=30))
    texts = ["2025-01-31T09:30", "2025-01-31 09:30:15", "2025-01-31T09:30:15.25Z"]
    assert days(*texts, "2025-01-31 09:30+0930") == [
        dt.datetime(2025, 1, 31, 9, 30),
        dt.datetime(2025, 1, 31, 9, 30, 15),
        dt.datetime(2025, 1, 31, 9, 30, 15, 250_000, dt.timezone.utc),
        dt.datetime(2025, 1, 31, 9, 30, tzinfo=east),
    ]  # fmt: skip
    assert days("2025-01-31T25:00", "2025-01-31T10:00") == [None, dt.datetime(2025, 1, 31, 10)]


def test_a_month_that_may_stand_first_is_in_doubt():
    texts = ["03/04/2025", "03/25/2025", "05/05/2025", "10/02/2025"]
    assert days(*texts) == [None, None, "2025-05-05", None], "the same either way is no doubt"
    (_, evidence), (what, rows) = troubles(*texts)
    assert (evidence, rows) == ([1], [0, 3])
    assert "month first" in what
    assert {t.hint for t in read_day_texts(texts).troubles} == {
        "If months come first, say date_format='%m/%d/%Y'."
    }


def test_a_day_above_twelve_in_front_settles_it():
    assert days("03/04/2025", "03/25/2025", "25/03/2025") == ["2025-04-03", None, "2025-03-25"]
    assert [rows for _, rows in troubles("03/04/2025", "03/25/2025", "25/03/2025")] == [[1]]


FORMATS = [
    ("%m/%d/%Y", "03/25/2025", "2025-03-25"),
    ("%d.%m.%Y", "25.3.2025", "2025-03-25"),
    ("%d %b %y", "25 Mar 25", "2025-03-25"),
    ("%d.%m.%Y %H:%M", "25.03.2025 14:05", dt.datetime(2025, 3, 25, 14, 5)),
    ("%Y%m%dT%H%M%S%z", "20250325T140500+0200", None),
]


@pytest.mark.parametrize(("date_format", "text", "expected"), FORMATS)
def test_a_format_is_the_only_rule(date_format, text, expected):
    zoned = dt.datetime(2025, 3, 25, 12, 5, tzinfo=dt.timezone.utc)
    (good, odd) = days(text, "2025/99/99", date_format=date_format)
    assert good == (expected or zoned)
    assert odd is None
    (what, rows) = troubles(text, "2025/99/99", date_format=date_format)[0]
    assert repr(date_format) in what
    assert rows == [1]


@pytest.mark.parametrize("form", ["%Y%m%dT%H%M%S%z", "%Y-%m-%d %H:%M %z"])
def test_a_format_may_have_a_zone(form):
    assert InsertEventOption(date_format=form).date_format == form


@pytest.mark.parametrize("form", ["%d/%m", "yyyy-MM-dd", "%Y-%j-%Q", "", 5, {"day": "%d"}])
def test_a_format_that_names_no_day_is_refused(form):
    with pytest.raises(AMSConfigurationError, match="date_format"):
        InsertEventOption(date_format=form)


TIMES = [
    (["9:30 AM", "12:05 am"], [570, 5]),
    (["09:30", "14:00:00", None], [570, 840, None]),
    (["09:30", "14:00", "2:00 PM"], [570, 840, None]),
    (["9:30 AM", "14:00"], [570, None]),
    (["24:00", "9:60", "09:05"], [None, None, 545]),
]


@pytest.mark.parametrize(("texts", "expected"), TIMES)
def test_times_have_one_spelling(texts, expected):
    assert read_time_texts(texts).values == [None if m is None else m * MINUTE for m in expected]


@pytest.mark.parametrize("text", ["2025-01-31", "2025-01-31T09:30", "9:30", "09:30:15"])
def test_what_may_be_another_spelling_is_looked_up(text):
    assert is_foreign(text)


@pytest.mark.parametrize("text", ["", "31/01/2025", "9:30 AM", "note", "2025", "7.5"])
def test_what_is_ams_s_own_is_not(text):
    assert not is_foreign(text)


# ---------------------------------------------------------------- through an import

STARTS = [
    (["2025-01-31", "2025-02-01"], "9:00 AM", {}, "31/01/2025 9:00 AM"),
    (["2025-01-31"] * 2, "21:30", {}, "31/01/2025 9:30 PM"),
    (["2025-01-31T21:30", "2025-01-31T22:30"], None, {}, "31/01/2025 9:30 PM"),
    (["2025-01-31T13:30Z", "2025-01-31T14:30Z"], None, {}, "31/01/2025 9:30 PM"),
    (["01/31/2025"] * 2, "9:00 AM", {"date_format": "%m/%d/%Y"}, "31/01/2025 9:00 AM"),
    (["31.1.2025 21:30"] * 2, None, {"date_format": "%d.%m.%Y %H:%M"}, "31/01/2025 9:30 PM"),
    (["31.1.2025"] * 2, "9:00 AM", {"date_format": {"start_date": "%d.%m.%Y"}}, "31/01/2025 9:00"),
]


@pytest.mark.parametrize("dtype", ["object", "str", "category"])
@pytest.mark.parametrize(("starts", "time", "option", "expected"), STARTS)
def test_a_start_is_read_as_it_is_written(client, sandbox, starts, time, option, expected, dtype):
    frame = log([1, 2]).assign(start_date=pd.Series(starts, dtype=dtype), start_time=time)
    insert(client, frame if time else frame.drop(columns="start_time"), **option)
    assert moments(sandbox)[0].startswith(expected)


def test_months_in_front_are_refused_with_the_remedy(client, sandbox):
    frame = log([1, 2, 3]).assign(start_date=["03/04/2025", "03/25/2025", "03/05/2025"])
    with pytest.raises(AMSImportError, match=r"date_format='%m/%d/%Y'") as caught:
        insert(client, frame)
    assert sorted(caught.value.rows) == [0, 1, 2]
    assert sandbox.events() == []


@pytest.mark.parametrize("time", ["09:30:15", dt.time(9, 30, 15)])
def test_seconds_of_a_time_are_left_out_with_a_note(client, sandbox, time):
    result = insert(client, log([1]).assign(start_time=time))
    assert moments(sandbox)[0].startswith("01/01/2025 9:30 AM")
    assert result.warnings == ["Seconds in 'start_time' were left out: AMS keeps minutes."]


def test_table_rows_of_starts_that_differ_in_seconds_stay_two_events(client, sandbox):
    frame = log(["Run", "Ski"], "exercise").assign(start_date="01/01/2025")
    frame["start_time"] = ["09:30:15", "09:30:45"]
    result = insert(client, frame, LIFTS, table_fields=["exercise"])
    assert result.rows["event_id"].nunique() == 2


@pytest.mark.parametrize("mode", ["insert", "upsert", "update", "mirror"])
def test_seconds_are_told_by_validation_too(client, sandbox, mode):
    frame = log([1]).drop(columns="start_time").assign(event_id=500001)
    frame["start_date"] = pd.to_datetime(["2025-01-01 09:00:30"])
    key = {"key": ["start_date", "start_time"]} if mode == "mirror" else {}
    option = PlanOption(mode=mode, interactive_mode=False, check_event_ids=False, **key)
    report = validate_event_data(frame, LOG, client=client, option=option)
    assert [str(f) for f in report.warnings if "Seconds" in f.what] == [
        "Seconds in 'start_date' were left out: AMS keeps minutes."
    ]


# ---------------------------------------------------------------- fields of the form

FIELDS = [
    ("day", ["2025-01-31", "2025-02-01"], {}, ["31/01/2025", "01/02/2025"]),
    ("day", ["2025-01-31T00:00:00", "2025-02-01 00:00"], {}, ["31/01/2025", "01/02/2025"]),
    ("day", ["01/31/2025", "2/1/2025"], {"date_format": "%m/%d/%Y"}, ["31/01/2025", "01/02/2025"]),
    ("day", ["31.1.2025"] * 2, {"date_format": {"day": "%d.%m.%Y"}}, ["31/01/2025"] * 2),
    ("at", ["21:30", "00:05"], {}, ["9:30 PM", "12:05 AM"]),
    ("at", ["21:30:00", "9:05"], {}, ["9:30 PM", "9:05 AM"]),
    ("at", ["9:30 PM", "9:05 am"], {}, ["9:30 PM", "9:05 am"]),
    # A text is a text.
    ("note", ["2025-01-31", "21:30"], {}, ["2025-01-31", "21:30"]),
    ("code", ["01/31/2025", "007"], {}, ["01/31/2025", "007"]),
]


@pytest.mark.parametrize("validate", [False, True])
@pytest.mark.parametrize(("field", "texts", "option", "expected"), FIELDS)
def test_a_field_is_written_as_ams_takes_it(
    client, sandbox, field, texts, option, expected, validate
):
    frame = log(texts, field)
    if isinstance(option.get("date_format"), str):
        frame["start_date"] = "01/01/2025"
    insert(client, frame, validate=validate, **option)
    assert stored(sandbox, field) == expected


BAD_FIELDS = [
    ("day", ["2025-01-31", "2025-02-01", "03/02/2025"], {}, [2]),
    ("day", ["2025-01-31T00:00", "2025-02-01T10:00"], {}, [1]),
    ("day", ["01/31/2025", "31/01/2025"], {"date_format": "%m/%d/%Y"}, [1]),
    ("at", ["21:30", "22:30", "9:30 PM"], {}, [2]),
    ("at", ["21:30:15", "22:30"], {}, [0]),
    # What is no text is no date either, unless its type says so.
    ("day", ["2025-01-31", 1.75, dt.date(2025, 2, 1)], {}, [1]),
    ("day", [20250131], {"date_format": {"day": "%Y%m%d"}}, [0]),
    ("at", ["21:30", 1.75, dt.time(9, 5)], {}, [1]),
]


@pytest.mark.parametrize("validate", [False, True])
@pytest.mark.parametrize(("field", "texts", "option", "rows"), BAD_FIELDS)
def test_a_field_in_another_spelling_is_refused_by_row(
    client, sandbox, field, texts, option, rows, validate
):
    with pytest.raises(AMSImportError, match=f"'{field}': a value ") as caught:
        insert(
            client, log(texts, field).assign(start_date="01/01/2025"), validate=validate, **option
        )
    assert caught.value.rows == rows
    assert len(sandbox.events()) == len(texts) - len(rows)
    assert str(texts[rows[0]]) not in str(caught.value)


@pytest.mark.parametrize(("field", "text"), [("day", "31/01/2025"), ("at", "9:30 AM")])
def test_a_number_beside_ams_s_own_spelling_is_refused_when_it_is_checked(
    client, sandbox, field, text
):
    with pytest.raises(AMSImportError, match=f"'{field}': a value is not a ") as caught:
        insert(client, log([text, 1.75], field), validate=True)
    assert caught.value.rows == [1]
    assert stored(sandbox, field) == [text]


def test_months_in_front_of_a_field_are_refused_when_it_is_checked(client, sandbox):
    frame = log(["03/04/2025", "03/25/2025"], "day")
    with pytest.raises(AMSImportError, match=r"date_format='%m/%d/%Y'") as caught:
        insert(client, frame, validate=True)
    assert caught.value.rows == [0, 1]


def test_updates_and_keys_compare_what_the_spelling_means(client, sandbox):
    frame = log(["2025-01-31", "2025-02-01"], "day")
    insert(client, frame)
    same = upsert(client, frame, key=["start_date"], on_missing_fields="keep")
    assert same.counts["unchanged"] == 2
    ids = [event["id"] for event in sandbox.events()]
    changed = frame.assign(event_id=ids, day=["2025-01-31", "2025-03-01"])
    result = update(client, changed, on_missing_fields="keep", require_confirmation=False)
    assert result.rows["status"].tolist() == ["unchanged", "updated"]
    assert stored(sandbox, "day") == ["31/01/2025", "01/03/2025"]
    assert upsert(client, frame, key=["start_date", "day"]).counts["inserted"] == 1


def test_only_such_texts_make_an_unchecked_insert_read_the_form(make_client, sandbox):
    def asked(texts):
        sandbox.clear_requests()
        insert(make_client(), log(texts, "note"))
        return set(sandbox.requests())

    new = asked(["a", "2025-01-31", "9:30 AM"]) - asked(["a", "31/01/2025", "9:30 AM"])
    assert len(new) == 1
    assert "form" in next(iter(new))


def test_a_format_for_a_column_that_is_not_there(client, sandbox):
    with pytest.raises(AMSInputError, match=r"date_format= names 'dey'.*Did you mean 'day'\?"):
        insert(client, log(["x"], "day"), date_format={"dey": "%d.%m.%Y"})
    assert sandbox.requests() == {}


def test_without_the_form_only_named_fields_have_a_format(client, sandbox):
    sandbox.configure(schemas_forbidden=True)
    frame = log(["31.01.2025"], "day").assign(start_date="31.01.2025")
    result = insert(client, frame, date_format="%d.%m.%Y")
    assert any("date_format= is not for them" in warning for warning in result.warnings)
    named = {"day": "%d.%m.%Y", "start_date": "%d.%m.%Y"}
    assert insert(client, frame, date_format=named).warnings == []
    assert stored(sandbox, "day") == ["31.01.2025", "31/01/2025"]
