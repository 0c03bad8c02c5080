"""`get_event_data`: complete whatever the server's pages do, tidy, exact."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from airflow_provider_ams.ams import (
    AMSConfigurationError,
    AMSPermissionError,
    AMSReplyError,
    AMSTransientError,
    EventFilter,
    get_event_data,
)
from tests.ams.ams_site import ANN, BOB, CAT, LIFTS, LOG, insert, log, read

META = {
    "user_id": "int64",
    "about": "object",
    "username": "object",
    "event_id": "int64",
    "form": "object",
    "start_date": "object",
    "start_time": "object",
    "end_date": "object",
    "end_time": "object",
    "entered_by_user_id": "Int64",
}
DAY = "01/01/2025"


def crowd(sandbox, days, users=(ANN, BOB, CAT), each=1, form=LOG):
    """Put `each` events of each user on each of the days; returns the ids."""
    events = [
        {
            "user": user,
            "start_date": day,
            "start_time": f"{n // 60 % 12 or 12}:{n % 60:02d} {'AM' if n < 720 else 'PM'}",
            "values": {"amount": n},
        }
        for day in days
        for user in users
        for n in range(each)
    ]
    return sandbox.add_events(form, events)


def some_days(count):
    return [d.strftime("%d/%m/%Y") for d in pd.date_range("2025-01-01", periods=count)]


def dtypes(frame):
    return {c: str(t) for c, t in frame.dtypes.items()}


def test_columns_and_dtypes(client, sandbox):
    insert(client, log([1.5, 2], note=["x", None]))
    frame = read(client)
    assert dtypes(frame) == {**META, "amount": "float64", "note": "object"}
    first = frame.iloc[0].to_dict()
    event = sandbox.events()[0]["id"]
    assert first == {
        "user_id": ANN,
        "about": "Ann Vale",
        "username": "ann",
        "event_id": event,
        "form": LOG,
        "start_date": DAY,
        "start_time": "9:00 AM",
        "end_date": DAY,
        "end_time": "10:00 AM",
        "entered_by_user_id": client.user_id,
        "amount": 1.5,
        "note": "x",
    }
    assert frame["note"].tolist()[1] is None


@pytest.mark.parametrize("empty_body", [False, True])
@pytest.mark.parametrize("filtered", [False, True])
def test_no_events_have_the_same_columns(client, sandbox, empty_body, filtered):
    sandbox.configure(empty_body_when_no_rows=empty_body)
    chosen = EventFilter(data_key="amount", data_value=1) if filtered else None
    assert dtypes(read(client, filter=chosen)) == META
    assert len(read(client)) == 0


CURSORS = ["nextCursor", "next_cursor", "cursor"]


@pytest.mark.parametrize("key", CURSORS)
@pytest.mark.parametrize("bug", [True, False])
@pytest.mark.parametrize("page_size", [2, 7, 100])
def test_every_event_comes_once_whatever_the_pages(client, sandbox, key, bug, page_size):
    sandbox.configure(search_cursor_key=key, search_cursor_bug=bug, page_size=page_size)
    ids = crowd(sandbox, some_days(12), each=2)
    frame = read(client)
    assert sorted(frame["event_id"]) == sorted(ids)


def test_borders_with_many_events_on_one_date(client, sandbox):
    ids = crowd(sandbox, some_days(5), users=(ANN, BOB), each=60)
    assert sorted(read(client)["event_id"]) == sorted(ids)


def test_more_than_a_page_of_one_person_on_one_day(client, sandbox):
    ids = crowd(sandbox, some_days(2), users=(ANN,), each=250)
    frame = read(client)
    assert sorted(frame["event_id"]) == sorted(ids)
    assert frame["start_date"].tolist() == [DAY] * 250 + ["02/01/2025"] * 250


@pytest.mark.parametrize("count", [99, 100, 101, 200])
def test_full_pages_are_not_taken_for_the_end(client, sandbox, count):
    ids = crowd(sandbox, some_days(count), users=(ANN,))
    assert sorted(read(client)["event_id"]) == sorted(ids)


def test_a_minute_that_can_t_be_listed_is_an_error_not_a_gap(client, sandbox):
    event = {"user": ANN, "start_date": DAY, "start_time": "9:00 AM", "values": {"amount": 1}}
    sandbox.add_events(LOG, [event] * 101)
    with pytest.raises(AMSReplyError, match="sync_event_data"):
        read(client)


def test_people_are_asked_for_in_chunks(client, sandbox):
    people = sandbox.add_users(450)
    sandbox.add_events(
        LOG, [{"user": u, "start_date": DAY, "values": {"amount": 1}} for u in people]
    )
    frame = read(client)
    assert sorted(frame["user_id"]) == sorted(people)
    assert sandbox.requests()["eventsearch"] < 30


def test_oldest_date_first(client, sandbox):
    crowd(sandbox, ["05/02/2025", "04/03/2025", "01/01/2025", "31/12/2024"], users=(ANN,))
    dates = read(client)["start_date"].tolist()
    assert dates == ["31/12/2024", "01/01/2025", "05/02/2025", "04/03/2025"]


RANGES = [
    ("02/01/2025", "03/01/2025", 2),
    ("2025", "03/01/2025", None),
    (dt.date(2025, 1, 2), dt.date(2025, 1, 2), 1),
    (pd.Timestamp("2025-01-02"), "31/12/2030", 3),
    ("03/01/2025", "02/01/2025", None),
    ("02/13/2025", "03/01/2025", None),
]


@pytest.mark.parametrize(("start", "end", "count"), RANGES)
def test_both_days_are_included(client, sandbox, start, end, count):
    crowd(sandbox, some_days(4), users=(ANN,))
    if count is None:
        with pytest.raises(AMSConfigurationError, match="start_date"):
            read(client, start=start, end=end)
        return
    assert len(read(client, start=start, end=end)) == count


# ---------------------------------------------------------------- values

READ = [
    (["1", "2"], "int64", [1, 2]),
    (["1", None], "Int64", [1, pd.NA]),
    (["1.5", "2"], "float64", [1.5, 2.0]),
    (["0.1", None], "float64", [0.1, float("nan")]),
    (["007", "8"], "object", ["007", "8"]),
    (["1.2.3", "1"], "object", ["1.2.3", "1"]),
    (["1.50", "2"], "object", ["1.50", "2"]),
    (["12345678901234567890", "1"], "object", ["12345678901234567890", "1"]),
    (["0.1234567890123456789", "1"], "object", ["0.1234567890123456789", "1"]),
    (["-5", "0"], "int64", [-5, 0]),
    (["1784320260", "12345678"], "int64", [1784320260, 12345678]),
    (["0.0001", "123456789.5"], "float64", [0.0001, 123456789.5]),
    (["x", None], "object", ["x", None]),
    (["TRUE", "NaN"], "object", ["TRUE", "NaN"]),
]


@pytest.mark.parametrize(("texts", "dtype", "values"), READ)
def test_numbers_come_back_exactly_and_texts_as_they_are(client, sandbox, texts, dtype, values):
    insert(client, log(texts, field="code", note="x"))
    column = read(client)["code"]
    assert str(column.dtype) == dtype
    pd.testing.assert_series_equal(column, pd.Series(values, dtype=dtype, name="code"))


@pytest.mark.parametrize("point", [False, True])
def test_scientific_notation_is_read_exactly(client, sandbox, point):
    sandbox.configure(number_text="java point" if point else "java")
    numbers = [1784320260, 10_000_000, 123456789012345, 5]
    insert(client, log(numbers))
    column = read(client)["amount"]
    assert column.tolist() == numbers
    assert str(column.dtype) == "int64"


def test_columns_stay_text_when_asked(client, sandbox):
    insert(client, log([1784320260]))
    column = read(client, guess_col_type=False)["amount"]
    assert column.tolist() == ["1.78432026E9"]


def test_line_breaks_and_any_script_survive(client, sandbox):
    sandbox.configure(line_break="\n")
    texts = ["a\nb", "é中😀", '"quoted", \\ back', "\ttab "]
    insert(client, log(texts, field="note"))
    assert read(client)["note"].tolist() == texts


def test_events_without_rows_are_kept(client, sandbox):
    sandbox.add_event(LOG, ANN, start_date=DAY)
    sandbox.add_event(LOG, BOB, start_date=DAY, values={"amount": 4})
    frame = read(client).sort_values("user_id")
    assert frame["user_id"].tolist() == [ANN, BOB]
    assert frame["amount"].tolist() == [pd.NA, 4]


def test_only_events_without_rows(client, sandbox):
    sandbox.add_event(LOG, ANN, start_date=DAY)
    assert dtypes(read(client)) == META


@pytest.mark.parametrize("page_size", [1, 100])
def test_columns_may_differ_from_page_to_page(client, sandbox, page_size):
    sandbox.configure(page_size=page_size)
    insert(client, log([1, None, 3], note=[None, "x", None]))
    frame = read(client)
    assert frame["amount"].tolist() == [1, pd.NA, 3]
    assert frame["note"].tolist() == [None, "x", None]


RESERVED = ["user_id", "event_id", "form", "about", "start_date", "end_time"]


@pytest.mark.parametrize("name", [*RESERVED, "Username", "Event_ID"])
def test_a_field_called_like_a_column_survives_a_round_trip(client, sandbox, name):
    sandbox.add_form("Odd", [name, "amount"])
    event = sandbox.add_event("Odd", ANN, start_date=DAY, values={name: "mine", "amount": "1"})
    frame = read(client, "Odd")
    assert frame.loc[0, f"field:{name}"] == "mine"
    assert frame.loc[0, "event_id"] == event
    insert(client, frame.assign(amount="2"), "Odd")
    assert sandbox.events("Odd")[-1]["values"] == {name: "mine", "amount": "2"}


def test_table_rows_repeat_their_event(client, sandbox):
    table = [{"exercise": "A", "load": 1}, {"exercise": "B"}, {"exercise": "C", "load": 2.5}]
    sandbox.add_event(LIFTS, ANN, start_date=DAY, values={"rpe": 7}, table=table)
    sandbox.add_event(LIFTS, BOB, start_date=DAY, values={"rpe": 8})
    frame = read(client, LIFTS).sort_values(["user_id"], kind="stable")
    assert frame["user_id"].tolist() == [ANN, ANN, ANN, BOB]
    assert frame["exercise"].tolist() == ["A", "B", "C", None]
    assert frame["rpe"].tolist() == [7, pd.NA, pd.NA, 8]


# ---------------------------------------------------------------- whose and which

WHO = [
    ({"user_key": "user_id", "user_value": ANN}, [ANN]),
    ({"user_key": "user_id", "user_value": [BOB, str(CAT)]}, [BOB, CAT]),
    ({"user_key": "username", "user_value": "Ann"}, [ANN]),
    ({"user_key": "email", "user_value": ["bob@x.test"]}, [BOB]),
    ({"user_key": "about", "user_value": "cat rive"}, [CAT]),
    ({"user_key": "group", "user_value": "Squad"}, [ANN, BOB]),
    ({"user_key": "group", "user_value": ["Squad", "Other"]}, [ANN, BOB, CAT]),
]


@pytest.fixture
def grouped(sandbox):
    sandbox.reset()
    people = [
        (ANN, "Ann", "Vale", "Squad"),
        (BOB, "Bob", "Hill", "Squad"),
        (CAT, "Cat", "Rive", "Other"),
    ]
    sandbox.add_users(
        [
            {
                "id": number,
                "username": first.lower(),
                "first_name": first,
                "last_name": last,
                "email": f"{first.lower()}@x.test",
                "groups": [group],
            }
            for number, first, last, group in people
        ]
    )
    sandbox.add_form(LOG, ["amount: Number", "note"])
    crowd(sandbox, some_days(2))
    return sandbox


@pytest.mark.parametrize(("who", "users"), WHO)
def test_people_are_chosen(client, grouped, who, users):
    frame = read(client, filter=EventFilter(**who))
    assert sorted(frame["user_id"].unique()) == users


NOBODY = [
    ({"user_key": "username", "user_value": "zoe"}, "names nobody"),
    ({"user_key": "group", "user_value": "Squat"}, "unknown or empty"),
    ({"user_key": "team", "user_value": "x"}, "must be one of"),
    ({"user_value": "x"}, "needs a user_key"),
    ({"user_key": "username"}, "needs a user_value"),
]


@pytest.mark.parametrize(("who", "word"), NOBODY)
def test_a_choice_of_nobody_is_an_error_not_an_empty_frame(client, grouped, who, word):
    with pytest.raises(AMSConfigurationError, match=word):
        read(client, filter=EventFilter(**who))


WHICH = [
    ("amount", 5, None, [5]),
    ("amount", 5, "equal_to", [5]),
    ("amount", 0, "equal_to", [0]),
    ("amount", 7.5, "greater_than_or_equal_to", [7.5, 10]),
    ("amount", 5, "less_than", [0]),
    ("amount", 5, "less_than_or_equal_to", [0, 5]),
    ("amount", 5, "greater_than", [7.5, 10]),
    ("amount", 5, "not_equal_to", [0, 7.5, 10]),
    ("note", "pp", "contains", [5]),
    (["amount", "amount"], [0, 10], ["greater_than", "less_than"], [5, 7.5]),
]


@pytest.mark.parametrize(("key", "value", "condition", "amounts"), WHICH)
def test_values_are_chosen(client, sandbox, key, value, condition, amounts):
    insert(client, log([0, 5, 7.5, 10], note=["fig", "apple", "plum", "nut"]))
    chosen = EventFilter(data_key=key, data_value=value, data_condition=condition)
    assert read(client, filter=chosen)["amount"].tolist() == amounts
    assert sandbox.requests()["filteredeventsearch"] >= 1


@pytest.mark.parametrize("page_size", [3, 100])
def test_a_choice_of_values_is_complete_over_pages(client, sandbox, page_size):
    sandbox.configure(page_size=page_size)
    crowd(sandbox, some_days(10), each=2)
    frame = read(client, filter=EventFilter(data_key="amount", data_value=1))
    assert len(frame) == 30


BAD = [
    ({"data_value": 5}, "need a data_key"),
    ({"data_key": "amount", "data_value": [1, 2]}, "as many"),
    ({"data_key": "amount", "data_value": 1, "data_condition": "="}, "equal_to"),
    ({"data_key": "amount"}, "as many"),
    ({"events_per_user": 0}, "events_per_user"),
]


@pytest.mark.parametrize(("settings", "word"), BAD)
def test_a_bad_choice_is_told_when_it_is_made(settings, word):
    with pytest.raises(AMSConfigurationError, match=word):
        EventFilter(**settings)


def test_a_truth_value_is_no_text(client):
    with pytest.raises(AMSConfigurationError, match="bool"):
        read(client, filter=EventFilter(data_key="amount", data_value=True))


@pytest.mark.parametrize("page_size", [2, 100])
def test_the_newest_events_of_each_person(client, sandbox, page_size):
    sandbox.configure(page_size=page_size)
    crowd(sandbox, some_days(6))
    frame = read(client, filter=EventFilter(events_per_user=2))
    assert (
        frame.groupby("user_id")["start_date"].agg(list).tolist()
        == [["05/01/2025", "06/01/2025"]] * 3
    )


def test_people_without_events_get_a_row_when_asked(client, sandbox):
    insert(client, log([1, 2]))
    frame = read(client, include_missing_users=True)
    assert frame.groupby("user_id").size().to_dict()[ANN] == 2
    missing = frame[frame["event_id"].isna()]
    assert {BOB, CAT} <= set(missing["user_id"])
    assert dtypes(frame) == {**META, "event_id": "Int64", "amount": "Int64"}
    assert missing["start_date"].tolist() == [None] * len(missing)


def test_nobody_is_missing(client, sandbox):
    insert(client, log([1]))
    chosen = EventFilter(user_key="user_id", user_value=ANN)
    assert len(read(client, filter=chosen, include_missing_users=True)) == 1


# ---------------------------------------------------------------- failures


def test_a_form_without_access_is_a_matter_of_permission(client, sandbox):
    sandbox.configure(forbidden_forms=[LOG])
    with pytest.raises((AMSPermissionError, AMSConfigurationError)) as caught:
        read(client)
    assert not isinstance(caught.value, AMSTransientError)


HEALING = [
    {"fault": "429"},
    {"fault": "503"},
    {"fault": "500_before"},
    {"fault": "html", "commit": False},
    {"fault": "truncated"},
    {"fault": "cut"},
    {"fault": "rpc"},
    {"fault": "reset_before"},
]


@pytest.mark.parametrize("fault", HEALING, ids=lambda f: f["fault"])
def test_a_read_is_tried_again(client, sandbox, fault):
    ids = crowd(sandbox, some_days(3))
    sandbox.faults(script=[{"endpoint": "eventsearch", "nth": 1, "times": 2, **fault}])
    assert sorted(read(client)["event_id"]) == sorted(ids)
    assert len(sandbox.fault_log()) == 2


@pytest.mark.parametrize("fault", ["503", "html", "truncated", "rpc", "500_before"])
def test_a_failure_is_never_an_empty_frame(client, sandbox, ticker, fault):
    crowd(sandbox, some_days(3))
    sandbox.faults(script=[{"endpoint": "eventsearch", "nth": 1, "times": 0, "fault": fault}])
    with pytest.raises(AMSTransientError) as caught:
        read(client)
    assert caught.value.endpoint == "eventsearch"
    assert caught.value.hint
    assert len(ticker.slept) == 4


def test_a_long_wait_is_handed_back(client, sandbox, ticker):
    script = [{"endpoint": "eventsearch", "nth": 1, "fault": "429", "retry_after": 600}]
    sandbox.faults(script=script)
    with pytest.raises(AMSTransientError) as caught:
        read(client)
    assert caught.value.retry_after == 600
    assert caught.value.status == 429
    assert ticker.slept == []


def test_a_short_wait_is_kept(client, sandbox, ticker):
    script = [{"endpoint": "eventsearch", "nth": 1, "fault": "429", "retry_after": 7}]
    sandbox.faults(script=script)
    read(client)
    assert ticker.slept == [7]


def test_dates_are_needed():
    with pytest.raises(TypeError):
        get_event_data(LOG)
