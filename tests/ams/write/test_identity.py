"""Ids of their own: the same rows are the same events, whoever writes them and how often."""

from __future__ import annotations

import time

import pandas as pd
import pytest

from airflow_provider_ams.ams import (
    AMSClient,
    AMSConfigurationError,
    AMSError,
    UpdateEventOption,
    UpsertEventOption,
    get_event_data,
    update_event_data,
    upsert_event_data,
)
from airflow_provider_ams.transport import Clock
from tests.ams.ams_site import ANN, BOB, insert
from tests.proxy import Proxy

FORM = "Runs"


@pytest.fixture
def sandbox(sandbox):
    sandbox.add_form(FORM, ["km: Number", "note", "External ID"])
    return sandbox


def runs(rows=4, **columns):
    return pd.DataFrame(
        {
            "user_id": [ANN, BOB] * (rows // 2),
            "start_date": [f"{i // 2 + 1:02d}/01/2026" for i in range(rows)],
            "start_time": "9:00 AM",
            "km": [5.5 + i for i in range(rows)],
        }
        | columns
    )


def put(client, frame, **option):
    return insert(client, frame, FORM, idempotency_field="External ID", settle_seconds=0, **option)


def ids(sandbox):
    return [event["values"].get("External ID") for event in sandbox.events(FORM)]


def quick(make_client, proxy):
    clock = Clock(sleep=lambda seconds: time.sleep(min(seconds, 0.01)))

    return AMSClient(proxy.url, proxy.username, proxy.password, timezone="UTC", clock=clock)


def test_two_imports_of_the_same_rows_are_one(client, sandbox):
    first = put(client, runs())
    again = put(client, runs())
    assert first.counts["inserted"] == again.counts["unchanged"] == 4
    assert first.rows["event_id"].tolist() == again.rows["event_id"].tolist()
    assert len(set(ids(sandbox))) == len(sandbox.events(FORM)) == 4


def test_what_a_person_has_changed_since_stays(client, sandbox):
    put(client, runs())
    event = sandbox.events(FORM)[0]["id"]
    sandbox.edit_event(event, {"note": "by hand", "km": "1"})
    result = put(client, runs(), tolerance=0)
    assert result.counts["unchanged"] == 4
    assert sandbox.events(FORM)[0]["values"]["note"] == "by hand"
    (row,) = (n for n, e in enumerate(result.rows["event_id"]) if e == event)
    assert len(result.warnings) == 1, result.warnings
    assert f"other values in 'km' (rows {row})" in result.warnings[0]
    remark = "left as it is in AMS, with other values in 'km'"
    assert result.rows["reason"].tolist() == [remark if n == row else None for n in range(4)]


def test_an_event_that_differs_is_told_beside_new_ones(client, sandbox):
    put(client, runs())
    event = sandbox.events(FORM)[0]["id"]
    sandbox.edit_event(event, {"km": "1"})
    result = put(client, runs(6))
    assert result.counts["unchanged"] == 4
    differing = result.rows[result.rows["event_id"] == event]
    assert differing["reason"].tolist() == ["left as it is in AMS, with other values in 'km'"]
    assert result.rows["reason"].notna().sum() == len(result.warnings) == 1


def test_equal_values_in_another_text_are_not_told(client, sandbox):
    sandbox.dialect({"number_type": "xyz-18", "number_text": "java point"})
    put(client, runs())
    result = put(client, runs().assign(km=[5.50, 6.5, 7.5, 8.5]))
    assert (result.counts["unchanged"], result.warnings) == (4, [])


@pytest.mark.parametrize("edit", [{"km": "1"}, {}])
def test_what_is_read_back_by_its_id_is_told_if_it_differs(make_client, sandbox, edit):
    """The answer is lost, and somebody edits the event before it is read back."""

    def meddle(endpoint, body):
        if endpoint == "synchronise" and sandbox.events(FORM) and edit:
            sandbox.edit_event(sandbox.events(FORM)[0]["id"], edit)

    fault = {"endpoint": "eventsimport", "nth": 1, "fault": "reset_after_commit"}
    sandbox.faults(script=[fault])
    with Proxy(sandbox, before=meddle) as proxy:
        result = put(quick(make_client, proxy), runs())
    assert result.counts["inserted"] == 4
    told = ["left as it is in AMS, with other values in 'km'"] if edit else []
    assert result.rows["reason"].dropna().tolist() == told
    assert [w for w in result.warnings if "other values in 'km'" in w] == result.warnings
    assert len(result.warnings) == len(told)


def test_equal_rows_are_two_events(client, sandbox):
    frame = pd.concat([runs(2), runs(2)], ignore_index=True)
    assert put(client, frame).counts["inserted"] == 4
    assert len(set(ids(sandbox))) == 4
    assert put(client, frame).counts["unchanged"] == 4


@pytest.mark.parametrize("fault", ["500_before", "500_after", "503", "reset_after_commit", "html"])
def test_equal_rows_of_somebody_else_are_not_taken_for_ours(make_client, sandbox, fault):
    """Between the import's start and its call another task of the account writes the same."""
    frame = runs()

    def meddle(endpoint, body):
        if endpoint == "eventsimport" and not sandbox.events(FORM):
            for row in frame.to_dict("records"):
                values = {"km": str(row["km"])}
                sandbox.add_event(
                    FORM,
                    row["user_id"],
                    start_date=row["start_date"],
                    start_time="9:00 AM",
                    values=values,
                )

    sandbox.faults(script=[{"endpoint": "eventsimport", "nth": 1, "fault": fault}])
    with Proxy(sandbox, before=meddle) as proxy:
        result = put(quick(make_client, proxy), frame)
    assert result.counts["inserted"] == 4
    mine = [i for i in ids(sandbox) if i is not None]
    assert len(mine) == len(set(mine)) == 4
    assert len(sandbox.events(FORM)) == 8


def test_two_imports_at_once_become_one(make_client, sandbox):
    """The second one runs while the first has looked and not yet sent."""
    inner = []

    def overtake(endpoint, body):
        if endpoint == "eventsimport" and not inner:
            inner.append(None)
            inner.append(put(make_client(), runs()))

    with Proxy(sandbox, before=overtake) as proxy:
        result = put(quick(make_client, proxy), runs())
    assert inner[1].counts["inserted"] == 4
    assert len(set(ids(sandbox))) == len(sandbox.events(FORM)) == 4
    held = sorted(event["id"] for event in sandbox.events(FORM))
    assert sorted(result.rows["event_id"]) == held
    assert result.counts["unchanged"] == 4


def test_a_run_after_a_failure_goes_on_without_a_note(client, sandbox):
    sandbox.faults(
        script=[
            {"endpoint": "eventsimport", "nth": 2, "times": 99, "fault": "reset_after_commit"},
            {"endpoint": "synchronise", "nth": 2, "times": 99, "fault": "500_before"},
        ]
    )
    with pytest.raises(AMSError):
        put(client, runs(8), batch_size=2)
    sandbox.faults(None)
    result = put(client, runs(8), batch_size=2)
    assert result.counts["inserted"] + result.counts["unchanged"] == 8
    assert len(set(ids(sandbox))) == len(sandbox.events(FORM)) == 8


def test_ids_of_the_frame_are_kept(client, sandbox):
    frame = runs(**{"External ID": ["a", None, "b", "c"]})
    put(client, frame)
    found = ids(sandbox)
    assert {"a", "b", "c"} < set(found)
    assert None not in found


def test_updates_keep_their_ids(client, sandbox):
    put(client, runs())
    before = ids(sandbox)
    data = get_event_data(FORM, "01/01/2026", "31/01/2026", client=client)
    frame = data[["event_id", "user_id"]].assign(km=1)
    option = UpdateEventOption(
        interactive_mode=False, require_confirmation=False, idempotency_field="External ID"
    )
    update_event_data(frame, FORM, client=client, option=option)
    assert ids(sandbox) == before
    assert {event["values"]["km"] for event in sandbox.events(FORM)} == {"1"}


def test_ids_by_key_stay_when_the_values_change(client, sandbox):
    option = UpsertEventOption(
        interactive_mode=False,
        key=["start_date"],
        on_missing_fields="keep",
        idempotency_field="External ID",
    )
    upsert_event_data(runs(), FORM, client=client, option=option)
    before = ids(sandbox)
    result = upsert_event_data(runs().assign(km=9), FORM, client=client, option=option)
    assert result.counts["updated"] == 4
    assert ids(sandbox) == before


@pytest.mark.parametrize(("field", "what"), [("km", "number"), ("Kilometres", "no field")])
def test_a_field_that_can_not_keep_an_id_is_refused(client, sandbox, field, what):
    with pytest.raises(AMSConfigurationError, match=what):
        insert(client, runs(), FORM, idempotency_field=field)
    assert sandbox.events(FORM) == []


def test_events_that_came_late_are_told(make_client, sandbox):
    """AMS stores a call long after its answer was lost and its events went out again."""
    late = {"endpoint": "eventsimport", "nth": 1, "fault": "late_commit", "after": 0.3}
    sandbox.faults(script=[late])
    waits = []

    def sleep(seconds):
        # To settle takes no time here; the pause before the next try is long enough.
        waits.append(seconds)
        time.sleep(0.5 if len(waits) > 1 else 0.0)

    clock = Clock(sleep=sleep)
    client = make_client(clock=clock, read_timeout=0.2, timezone="UTC")
    result = insert(client, runs(), FORM, settle_seconds=0.01)
    assert len(sandbox.events(FORM)) == 8
    (told,) = result.warnings
    assert "AMS holds 4 more events that equal rows of this import" in told
