"""How events are divided into calls, seen from the other side of the wire."""

from __future__ import annotations

import random

import pandas as pd
import pytest

from airflow_provider_ams.ams import AMSConfigurationError, InsertEventOption
from tests.ams.ams_site import ANN, BOB, CAT, LIFTS, LOG, Ticker, insert, log, upsert


def days(count, **columns):
    return log(list(range(count)), **columns)


def ids_by_start(sandbox, form=LOG):
    """Return (year, month, day) of the events in the order of their ids: the order of arrival."""
    return [e["start_date"].split("/")[::-1] for e in sandbox.events(form)]


@pytest.mark.parametrize(
    ("count", "option", "calls"),
    [(25, {}, 1), (26, {}, 2), (60, {}, 3), (60, {"batch_size": 10}, 6), (3, {"batch_size": 1}, 3)],
)
def test_25_events_a_call(client, sandbox, count, option, calls):
    result = insert(client, days(count), **option)
    assert sandbox.requests()["eventsimport"] == calls
    assert result.rows["batch"].nunique() == calls
    assert result.counts["inserted"] == count


def test_oldest_first_whatever_the_order_of_the_rows(client, sandbox):
    frame = days(60).sample(frac=1, random_state=4)
    result = insert(client, frame)
    order = ids_by_start(sandbox)
    assert order == sorted(order)
    assert result.rows.index.tolist() == frame.index.tolist()
    stored = {e["id"]: e["values"]["amount"] for e in sandbox.events()}
    assert [stored[i] for i in result.rows["event_id"]] == frame["amount"].astype(str).tolist()


def test_one_person_s_hours_go_out_one_a_call(client, sandbox):
    times = [f"{h % 12 or 12}:00 {'AM' if h < 12 else 'PM'}" for h in range(24)]
    frame = pd.DataFrame(
        {"user_id": ANN, "start_date": "01/01/2025", "start_time": times, "amount": range(24)}
    )
    result = insert(client, frame.iloc[::-1])
    assert result.counts["inserted"] == 24
    assert sandbox.requests()["eventsimport"] == 24
    assert [e["values"]["amount"] for e in sandbox.events()] == [str(h) for h in range(24)]


def test_sessions_of_many_people_share_calls(client, sandbox):
    frame = pd.concat(
        [days(5, user_id=u, start_time=t) for u in (ANN, BOB, CAT) for t in ("9:00 AM", "5:00 PM")]
    )
    result = insert(client, frame)
    assert result.counts["inserted"] == 30
    assert sandbox.requests()["eventsimport"] <= 10  # two rounds a day
    order = ids_by_start(sandbox)
    assert order == sorted(order)


@pytest.mark.parametrize("seed", range(5))
def test_no_call_ever_breaks_the_rule_of_one_person_and_day(client, sandbox, seed):
    dice = random.Random(seed)
    count = dice.randrange(30, 90)
    frame = pd.DataFrame(
        {
            "user_id": [dice.choice((ANN, BOB, CAT)) for _ in range(count)],
            "start_date": [f"0{dice.randrange(1, 6)}/01/2025" for _ in range(count)],
            "start_time": [f"{dice.randrange(1, 10)}:00 AM" for _ in range(count)],
            "amount": range(count),
        }
    )
    result = insert(client, frame, batch_size=dice.choice((2, 7, 25)))
    assert result.counts["inserted"] == count
    # The sandbox refuses a call that breaks the rule; the library would divide it and go on.
    assert sandbox.requests()["eventsimport"] == result.rows["batch"].nunique()
    assert sandbox.state()["rule_breaks"] == {}


def test_a_form_with_a_table_may_have_them_in_one_call(client, sandbox):
    frame = days(4, field="rpe", start_date="01/01/2025", exercise="Squat")
    frame["start_time"] = ["9:00 AM", "10:00 AM", "11:00 AM", "12:00 PM"]
    insert(client, frame, LIFTS, table_fields=["exercise"])
    assert sandbox.requests()["eventsimport"] == 1


def test_four_calls_in_flight_and_never_more(make_client, sandbox):
    sandbox.configure(latency_ms=20)
    client = make_client(clock=Ticker().clock())
    result = insert(client, days(100), batch_size=5, max_in_flight=4)
    assert result.counts["inserted"] == 100
    assert sandbox.requests(detail=True)["max_in_flight"]["eventsimport"] == 4


def test_an_upsert_sends_old_and_new_oldest_first(client, sandbox):
    first = insert(client, days(3)).rows["event_id"].tolist()
    sandbox.clear_requests()
    frame = days(6).assign(event_id=pd.array([None, None, None, *first], dtype="Int64"))
    frame["start_date"] = [f"{d:02d}/02/2025" for d in (6, 5, 4, 3, 2, 1)]
    frame["end_date"], frame["end_time"] = frame["start_date"], "10:00 AM"
    result = upsert(client, frame)
    assert result.counts["inserted"] == result.counts["updated"] == 3
    assert sandbox.requests()["eventsimport"] == 1


BAD = [
    ({"batch_size": 0}, "1 to 500"),
    ({"batch_size": 501}, "1 to 500"),
    ({"batch_size": True}, "1 to 500"),
    ({"batch_size": 2.5}, "1 to 500"),
    ({"max_in_flight": 0}, "1 to 8"),
    ({"max_in_flight": 9}, "1 to 8"),
    ({"id_col": "name"}, "'user_id', 'username', 'email', 'about'"),
    ({"boolean_text": ("Yes",)}, "boolean_text"),
    ({"boolean_text": ("Yes", "")}, "boolean_text"),
    ({"table_fields": "exercise"}, "table_fields"),
    ({"tolerance": -1}, "tolerance"),
    ({"tolerance": "2"}, "tolerance"),
    ({"tolerance": "101%"}, "tolerance"),
]


@pytest.mark.parametrize(("settings", "word"), BAD)
def test_an_option_names_the_values_it_takes(settings, word):
    with pytest.raises(AMSConfigurationError) as caught:
        InsertEventOption(**settings)
    assert word in str(caught.value)


def test_an_option_can_t_be_changed():
    with pytest.raises(AttributeError):
        InsertEventOption().batch_size = 5
