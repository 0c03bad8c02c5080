"""Events are found by a natural key: new rows inserted, changed ones updated, others not sent."""

from __future__ import annotations

import pandas as pd
import pytest

from airflow_provider_ams.ams import (
    AMSConfigurationError,
    AMSImportError,
    AMSInputError,
    UpsertEventOption,
    upsert_event_data,
)
from tests.ams.wellness import FORM, client, sandbox, writes  # noqa: F401 - fixtures

KEY = ["user_id", "start_date", "Session ID"]


def frame(**columns):
    return pd.DataFrame(
        {
            "user_id": [1001, 1001, 1002],
            "start_date": ["05/01/2026", "05/01/2026", "06/01/2026"],
            "start_time": ["9:00 AM", "3:00 PM", "9:00 AM"],
            "Session ID": ["a", "b", "a"],
            "Sleep": [7, 8.5, 1e8],
        }
        | columns
    )


def upsert(df, client, form="Plain", **options):
    options = {"key": KEY, "interactive_mode": False, "on_missing_fields": "keep", **options}
    return upsert_event_data(df, form, option=UpsertEventOption(**options), client=client)


def test_twice_sends_nothing_the_second_time(sandbox, client, writes):
    first = upsert(frame(), client)
    assert first.counts["inserted"] == 3
    sandbox.clear_requests()
    again = upsert(frame(), client)
    assert again.counts["unchanged"] == 3
    assert again.rows["event_id"].tolist() == first.rows["event_id"].tolist()
    assert writes() == 0
    assert len(sandbox.events("Plain")) == 3


def test_new_changed_and_unchanged(sandbox, client, writes):
    ids = upsert(frame(), client).rows["event_id"].tolist()
    sandbox.clear_requests()
    more = pd.concat([frame(Sleep=[7, 9, 1e8]), frame().tail(1).assign(**{"Session ID": "c"})])
    more = more.reset_index(drop=True)
    result = upsert(more, client)
    assert result.rows["status"].tolist() == ["unchanged", "updated", "unchanged", "inserted"]
    assert result.rows["event_id"].tolist()[:3] == ids
    assert writes() == 1
    stored = {e["id"]: e["values"]["Sleep"] for e in sandbox.events("Plain")}
    assert stored[ids[1]] == "9"


@pytest.mark.parametrize(
    ("stored", "given", "same"),
    [("7", 7.0, True), ("7.0", "7", True), ("100000000", 1e8, True), ("0.00001", "1e-05", True),
     ("7", 7.5, False)],
)  # fmt: skip
def test_number_keys_compare_as_numbers(sandbox, client, stored, given, same):
    sandbox.add_event("Plain", 1001, start_date="05/01/2026", values={"Sleep": stored})
    df = pd.DataFrame({"user_id": [1001], "start_date": "05/01/2026", "Sleep": [given]})
    result = upsert(df, client, key=["start_date", "Sleep"])
    assert result.rows["status"].tolist() == ["unchanged" if same else "inserted"]


@pytest.mark.parametrize(("stored", "given", "same"), [("007", "7", False), ("a\nb", "a\nb", True)])
def test_text_keys_compare_as_text(sandbox, client, stored, given, same):
    values = {"Session ID": stored, "Sleep": "7"}
    sandbox.add_event("Plain", 1001, start_date="05/01/2026", values=values)
    df = pd.DataFrame(
        {"user_id": [1001], "start_date": "05/01/2026", "Session ID": [given], "Sleep": 7}
    )
    assert (upsert(df, client).rows["status"].iloc[0] == "unchanged") is same


def test_date_and_time_keys(sandbox, client):
    values = {"Due": "07/02/2026", "Bed": "10:30 PM", "Sleep": "7"}
    sandbox.add_event("Plain", 1001, start_date="05/01/2026", values=values)
    row = {"user_id": 1001, "Due": pd.Timestamp("2026-02-07"), "Bed": "10:30 pm", "Sleep": 7}
    df = pd.DataFrame([row])
    result = upsert(df, client, key=["Due", "Bed"])
    assert result.counts["unchanged"] == 1, "no date in the key: it is found wherever it is"


def test_an_event_found_by_key_may_move(sandbox, client):
    upsert(frame(), client)
    moved = frame(start_date=["05/01/2026", "07/01/2026", "06/01/2026"])
    result = upsert(moved, client, key=["Session ID"])
    assert result.rows["status"].tolist() == ["unchanged", "updated", "unchanged"]
    event = next(e for e in sandbox.events("Plain") if e["values"]["Session ID"] == "b")
    assert (event["start_date"], event["start_time"]) == ("07/01/2026", "3:00 PM")
    assert (event["finish_date"], event["finish_time"]) == ("07/01/2026", "4:00 PM")


def test_times_that_the_frame_lacks_are_kept(sandbox, client):
    upsert(frame(), client)
    again = upsert(frame().drop(columns="start_time"), client)
    assert again.counts["unchanged"] == 3


def test_duplicates_in_the_frame_are_refused(sandbox, client, writes):
    with pytest.raises(AMSImportError, match="same key") as caught:
        upsert(frame(**{"Session ID": ["a", "a", "a"]}), client)
    assert caught.value.rows == [0, 1]
    assert writes() == 1


def test_duplicates_in_ams_are_refused_and_named(sandbox, client, writes):
    twins = [
        sandbox.add_event("Plain", 1001, start_date="05/01/2026", start_time=f"{h}:00 AM",
                          values={"Session ID": "a", "Sleep": "7"})
        for h in (9, 10)
    ]  # fmt: skip
    with pytest.raises(AMSImportError, match=", ".join(map(str, twins))) as caught:
        upsert(frame(), client)
    assert caught.value.rows == [0]
    assert writes() == 1, "the other two"


def test_a_missing_part_of_the_key(client, writes):
    with pytest.raises(AMSImportError, match="'Session ID'"):
        upsert(frame(**{"Session ID": ["a", None, "a"]}), client)
    assert writes() == 1
    with pytest.raises((AMSInputError, AMSConfigurationError), match="Session ID"):
        upsert(frame().drop(columns="Session ID"), client)
    assert writes() == 1


def test_a_new_event_needs_a_date(client, writes):
    with pytest.raises(AMSImportError, match="start_date") as caught:
        upsert(frame(start_date=["05/01/2026", None, "06/01/2026"]), client, key=["Session ID"])
    assert caught.value.rows == [1]
    assert writes() == 1


def test_people_by_name(sandbox, client):
    df = frame().drop(columns="user_id")
    df["username"] = ["volunteer.308", "Volunteer.308 ", "volunteer.309"]
    options = {"id_col": "username", "key": ["username", "start_date", "Session ID"]}
    assert upsert(df, client, **options).counts["inserted"] == 3
    assert upsert(df, client, **options).counts["unchanged"] == 3


def test_table_rows_belong_to_the_event_with_their_key(sandbox, client):
    df = pd.DataFrame(
        {
            "user_id": 1001,
            "start_date": "05/01/2026",
            "Session ID": ["a", "a", "b"],
            "Sleep": 7,
            "drill": ["run", "jump", "run"],
            "reps": [3, None, 5],
        }
    )
    options = {"table_fields": ["drill", "reps"]}
    first = upsert(df, client, FORM, **options)
    assert first.rows["status"].tolist() == ["inserted"] * 3
    events = sandbox.events(FORM)
    assert [len(e["table"]) for e in events] == [2, 1]
    assert upsert(df, client, FORM, **options).counts["unchanged"] == 3
    df.loc[1, "reps"] = 4
    changed = upsert(df, client, FORM, **options)
    assert changed.rows["status"].tolist() == ["updated", "updated", "unchanged"]
    assert upsert(df.drop(index=1), client, FORM, **options).counts["updated"] == 1
    assert [len(e["table"]) for e in sandbox.events(FORM)] == [1, 1]


def test_requests_for_reading_and_for_looking_again(sandbox, client):
    upsert(frame(), client)
    sandbox.clear_requests()
    upsert(frame(Sleep=[1, 2, 3]), client)
    # One page and a server time to read, a server time before the first write, two calls: two
    # events of one person and day can't share a call, and a look before each.
    assert sandbox.requests() == {"synchronise": 4, "eventsearch": 1, "eventsimport": 2}
