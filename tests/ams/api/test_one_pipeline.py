"""What two ways to write had let drift apart: there is one, and it says what happened."""

from __future__ import annotations

import pandas as pd
import pytest

from airflow_provider_ams.ams import (
    AMSImportError,
    InsertEventOption,
    MirrorEventOption,
    UpsertProfileOption,
    insert_event_data,
    mirror_event_data,
    upsert_profile_data,
)
from tests.ams.ams_site import ANN, CARD, LOG, log, stored


def test_codes_that_would_be_equal_numbers_stay_apart(make_client, sandbox):
    """Two answers are lost, one of the rows was stored: the other one is sent again as it is."""
    sandbox.add_form("Codes", ["code"])
    frame = pd.DataFrame(
        {"user_id": ANN, "start_date": "01/01/2025", "start_time": "9:00 AM", "code": ["007", "7"]}
    )
    sandbox.faults(
        script=[
            {"endpoint": "eventsimport", "nth": 1, "fault": "reset_before"},
            {"endpoint": "eventsimport", "nth": 2, "fault": "reset_after_commit"},
        ]
    )
    option = InsertEventOption(interactive_mode=False, max_in_flight=2, settle_seconds=0)
    result = insert_event_data(frame, "Codes", client=make_client(), option=option)
    assert result.counts["inserted"] == 2
    assert sorted(stored(sandbox, "code", "Codes")) == ["007", "7"]


@pytest.mark.parametrize("validate", [False, True])
def test_what_ams_refused_is_not_counted_as_done(client, sandbox, capfd, validate):
    sandbox.faults(script=[{"endpoint": "eventsimport", "nth": 1, "times": 0, "fault": "reject"}])
    option = InsertEventOption(validate=validate, tolerance="all")
    result = insert_event_data(log([1]), LOG, client=client, option=option)
    shown = capfd.readouterr().out
    assert result.counts["rejected"] == 1
    assert "Result: Failed" in shown
    assert "Records inserted: 0" in shown


def test_a_mirror_waits_as_long_as_it_was_told(make_client, sandbox, ticker):
    sandbox.faults(script=[{"endpoint": "eventsimport", "nth": 1, "fault": "reset_before"}])
    option = MirrorEventOption(key=["start_date"], interactive_mode=False, settle_seconds=77)
    window = ("01/01/2025", "31/01/2025")
    mirror_event_data(log([1]), LOG, client=make_client(), window=window, option=option)
    assert 77 in ticker.slept


@pytest.mark.parametrize("validate", [False, True])
def test_profiles_leave_a_note_however_they_are_sent(client, tmp_path, validate):
    place = tmp_path / "note.json"
    frame = log([1.5], field="height")[["user_id", "height"]]
    option = UpsertProfileOption(interactive_mode=False, validate=validate)
    upsert_profile_data(frame, CARD, client=client, option=option, resume=place)
    assert place.exists()


@pytest.mark.parametrize("validate", [False, True])
def test_warnings_are_the_same_with_and_without_a_check(make_client, validate):
    client = make_client(timezone=None)
    option = InsertEventOption(interactive_mode=False, validate=validate)
    seconds = log([1]).drop(columns=["start_time"])
    seconds["start_date"] = pd.to_datetime(["2025-01-01 09:00:30"])
    told = insert_event_data(seconds, LOG, client=client, option=option).warnings
    assert any("Seconds" in text for text in told)
    timeless = log([1]).drop(columns=["start_time"])
    told = insert_event_data(timeless, LOG, client=client, option=option).warnings
    assert any("now in UTC" in text for text in told)


def test_nothing_is_said_to_have_landed_when_nothing_was_sent(client, sandbox):
    sandbox.add_form("Strict", [{"name": "amount", "type": "Number", "required": True}])
    frame = log([None])
    option = InsertEventOption(interactive_mode=False, validate=True)
    with pytest.raises(AMSImportError) as caught:
        insert_event_data(frame, "Strict", client=client, option=option)
    assert "not sent" in caught.value.message
    assert "AMS refused" not in caught.value.message
    assert "have landed" not in caught.value.message
    assert "eventsimport" not in sandbox.requests()


def test_a_result_is_called_what_it_is(client):
    option = MirrorEventOption(key=["start_date"], interactive_mode=False)
    window = ("01/01/2025", "31/01/2025")
    result = mirror_event_data(log([1]), LOG, client=client, window=window, option=option)
    assert repr(result).startswith(f"{type(result).__name__}('{LOG}'")
