"""One row of result for each row of input, and nothing reported that AMS did not confirm."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from airflow_provider_ams.ams import (
    AMSConfigurationError,
    AMSImportError,
    AMSInputError,
    InsertEventOption,
    UpsertProfileOption,
    insert_event_data,
    upsert_profile_data,
)
from tests.ams.ams_site import ANN, BOB, CARD, LOG, USERS, insert, log, update

COLUMNS = ["status", "event_id", "reason", "batch"]


@pytest.mark.parametrize(
    "index",
    [
        ["b", "a", "c"],
        [7, 7, 7],
        [2.5, None, "x"],
        pd.date_range("2025-01-01", periods=3),
        pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)], names=["k", "n"]),
        pd.RangeIndex(5, 8, name="row"),
    ],
    ids=["text", "repeated", "mixed", "dates", "levels", "range"],
)
def test_a_row_for_each_row_under_its_index(client, sandbox, index):
    frame = log([1, 2, 3]).set_index(pd.Index(index))
    before = frame.copy(deep=True)
    rows = insert(client, frame).rows
    assert rows.columns.tolist() == COLUMNS
    pd.testing.assert_index_equal(rows.index, frame.index)
    assert rows["status"].tolist() == ["inserted"] * 3
    assert rows["event_id"].tolist() == [e["id"] for e in sandbox.events()]
    assert [str(t) for t in rows.dtypes[["event_id", "batch"]]] == ["Int64", "Int64"]
    assert rows["reason"].isna().all()
    pd.testing.assert_frame_equal(frame, before)


def test_an_empty_frame_is_an_empty_result(client, sandbox):
    result = insert(client, log([1]).iloc[:0])
    assert result.rows.columns.tolist() == COLUMNS
    assert len(result.rows) == 0
    assert result.warnings
    assert "eventsimport" not in sandbox.requests()


REQUIRED = ["amount: Number", {"name": "must", "required": True}]


def test_rejected_rows_are_named_and_the_others_land(client, sandbox):
    sandbox.add_form("Strict", REQUIRED)
    frame = log(range(30), must=["x"] * 10 + [None] + ["x"] * 19)
    with pytest.raises(AMSImportError) as caught:
        insert(client, frame, "Strict")
    result = caught.value.result
    assert caught.value.rows == [10]
    assert result.counts["inserted"] == len(sandbox.events("Strict")) == 29
    assert result.counts["rejected"] == 1
    assert result.rows.loc[10, "status"] == "rejected"
    assert pd.isna(result.rows.loc[10, "event_id"])
    assert result.rows.loc[10, "reason"]


@pytest.mark.parametrize("tolerance", [1, "4%", "all"])
def test_the_option_says_how_many_rejected_rows_are_put_up_with(client, sandbox, tolerance):
    sandbox.add_form("Strict", REQUIRED)
    frame = log(range(30), must=["x"] * 29 + [None])
    result = insert(client, frame, "Strict", tolerance=tolerance)
    assert result.counts["rejected"] == 1


def test_partial_replies_name_the_reason(client, sandbox):
    sandbox.configure(partial_errors=True, partial_error_text="no good")
    sandbox.add_form("Strict", REQUIRED)
    with pytest.raises(AMSImportError) as caught:
        insert(client, log([1, 2, 3], must=["x", None, "x"]), "Strict")
    rows = caught.value.result.rows
    assert rows["status"].tolist() == ["inserted", "rejected", "inserted"]
    assert len(sandbox.events("Strict")) == 2


def test_an_unknown_field_stops_the_import(client, sandbox):
    frame = log(range(60), speling="x")
    with pytest.raises(AMSConfigurationError, match="'speling'") as caught:
        insert(client, frame)
    result = caught.value.result
    assert result.counts["inserted"] == len(sandbox.events()) == 25
    assert result.counts["rejected"] == 35
    assert result.rows["reason"].str.contains("speling|not sent").all()


def test_a_silent_drop_is_found_out_and_nothing_is_doubled(client, sandbox):
    sandbox.configure(undeliverable_users=[BOB])
    frame = log([1, 2, 3, 4], user_id=[ANN, BOB, ANN, 1003])
    with pytest.raises(AMSImportError) as caught:
        insert(client, frame)
    rows = caught.value.result.rows
    assert rows["status"].tolist() == ["inserted", "rejected", "inserted", "inserted"]
    assert len(sandbox.events()) == 3
    stored = {e["id"]: e["user_id"] for e in sandbox.events()}
    assert [stored[i] for i in rows["event_id"].dropna()] == [ANN, ANN, 1003]


def test_an_update_that_makes_a_copy_is_no_success(client, sandbox):
    insert(client, log([1, 2]))
    before = [e["values"] for e in sandbox.events()]
    sandbox.configure(update_duplicates=True)
    frame = log([8, 9]).assign(event_id=[e["id"] for e in sandbox.events()])
    with pytest.raises(AMSImportError) as caught:
        update(client, frame)
    assert caught.value.result.counts["updated"] == 0
    assert [e["values"] for e in sandbox.events()] == before


def test_a_form_that_does_not_exist_is_told_before_anything_is_sent(client, sandbox):
    with pytest.raises(AMSConfigurationError, match="'Lag' is not an event form"):
        insert(client, log([1]), "Lag")
    with pytest.raises(AMSConfigurationError, match="Did you mean 'Log'"):
        insert(client, log([1]), "log ")
    with pytest.raises(AMSConfigurationError, match="not an event form"):
        insert(client, log([1]), CARD)
    assert "eventsimport" not in sandbox.requests()


@pytest.mark.parametrize("frame", [[{"user_id": 1}], {"user_id": [1]}, None, "x"])
def test_anything_but_a_frame_is_refused(client, frame):
    with pytest.raises(AMSInputError, match="DataFrame is invalid"):
        insert(client, frame)


def test_a_column_twice_is_refused(client):
    frame = log([1])
    frame.columns = ["user_id", "start_date", "amount", "amount"]
    with pytest.raises(AMSInputError, match="more than once"):
        insert(client, frame)


def test_the_summary_is_small_and_json(client):
    summary = insert(client, log([1, 2])).summary()
    assert json.loads(json.dumps(summary)) == summary
    assert summary["inserted"] == 2
    assert summary["requests"] >= 1
    assert "ann" not in json.dumps(summary)


def test_the_same_frame_twice_is_sent_twice(sandbox, monkeypatch):
    monkeypatch.setenv("AMS_USERNAME", sandbox.username)
    monkeypatch.setenv("AMS_PASSWORD", sandbox.password)
    for _ in range(2):
        option = InsertEventOption(interactive_mode=False)
        insert_event_data(log([1]), LOG, sandbox.url, option=option)
    assert len(sandbox.events()) == 2


# ---------------------------------------------------------------- profiles


def card(**columns):
    names = [u["username"] for u in USERS]
    return pd.DataFrame({"username": names, "height": [1.5, 2, 180], **columns})


def put(client, frame, **option):
    settings = UpsertProfileOption(interactive_mode=False, id_col="username", **option)
    return upsert_profile_data(frame, CARD, client=client, option=settings)


@pytest.mark.parametrize("max_in_flight", [1, 3])
def test_profiles_go_out_one_a_call_and_again_in_place(client, sandbox, max_in_flight):
    result = put(client, card().set_axis(["x", "x", "y"]), max_in_flight=max_in_flight)
    assert result.rows.index.tolist() == ["x", "x", "y"]
    assert result.rows["status"].tolist() == ["updated"] * 3
    put(client, card(height=[1, 2, None], nick=None), max_in_flight=max_in_flight)
    values = {p["username"]: p["values"] for p in sandbox.profiles()}
    assert values == {"ann": {"height": "1"}, "bob": {"height": "2"}, "cat": {}}
    assert sandbox.requests()["profileimport"] == 6


PROFILES = [
    (card(username=["ann", "bob", "ann"]), "more than once", ["bob"]),
    (card(height=[True, False, True]), "boolean_text", []),
    (card(username=["ann", "bob", "nobody"]), "no AMS user", ["ann", "bob"]),
]


@pytest.mark.parametrize(("frame", "word", "landed"), PROFILES)
def test_bad_profiles_are_rejected_and_the_others_land(client, sandbox, frame, word, landed):
    with pytest.raises(AMSImportError, match=word) as caught:
        put(client, frame)
    assert [p["username"] for p in sandbox.profiles()] == landed
    assert caught.value.result.counts["rejected"] == 3 - len(landed)


def test_profiles_without_a_field_are_refused_before_anything_is_sent(client, sandbox):
    with pytest.raises(AMSInputError, match="no form field"):
        put(client, card()[["username"]])
    assert "profileimport" not in sandbox.requests()


def test_a_profile_field_that_does_not_exist_stops_the_import(client, sandbox):
    with pytest.raises(AMSConfigurationError, match="'nik'") as caught:
        put(client, card(nik="x"))
    assert caught.value.result.counts["updated"] == 1
    assert sandbox.requests()["profileimport"] == 1
