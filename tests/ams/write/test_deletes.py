"""Deletes: only of the form named, guarded, and known to have happened."""

from __future__ import annotations

import pytest

from airflow_provider_ams.ams import (
    AMSClient,
    AMSConfigurationError,
    AMSImportError,
    AMSInputError,
    AMSUnknownOutcomeError,
    DeleteEventOption,
    delete_event_data,
    delete_multiple_events,
)
from airflow_provider_ams.transport import Clock
from tests.ams.wellness import FORM, client, sandbox, writes  # noqa: F401 - fixtures

QUIET = DeleteEventOption(interactive_mode=False)


@pytest.fixture
def client(sandbox):
    clock = Clock(sleep=lambda seconds: None)
    client = AMSClient(sandbox.url, sandbox.username, sandbox.password, clock=clock, read_timeout=2)
    yield client
    client.close()


@pytest.fixture
def ids(sandbox):
    events = [
        {"user": 1001 + i, "start_date": "05/01/2026", "values": {"Sleep": "7"}} for i in range(6)
    ]
    return sandbox.add_events("Plain", events)


def left(sandbox):
    return [e["id"] for e in sandbox.events("Plain")]


def test_one_event(sandbox, client, ids):
    result = delete_event_data(ids[0], "Plain", option=QUIET, client=client)
    assert result.rows.to_dict("records") == [
        {"event_id": ids[0], "status": "deleted", "reason": None}
    ]
    assert left(sandbox) == ids[1:]
    assert sandbox.requests()["deleteevent"] == 1


def test_many_events_in_calls(sandbox, client, ids):
    option = DeleteEventOption(interactive_mode=False, batch_size=4)
    result = delete_multiple_events(ids, "Plain", option=option, client=client)
    assert result.counts == {"deleted": 6, "rejected": 0, "unknown": 0}
    assert left(sandbox) == []
    assert sandbox.requests()["event/deleteAll"] == 2


@pytest.mark.parametrize("wrong", ["other form", "missing", "twice", "no number"])
def test_a_wrong_id_and_nothing_is_deleted(sandbox, client, ids, writes, wrong):
    other = sandbox.add_event(FORM, 1001, start_date="05/01/2026", values={"Sleep": "7"})
    bad = {"other form": other, "missing": 42, "twice": ids[0], "no number": "x"}[wrong]
    with pytest.raises(AMSInputError, match="Nothing was deleted"):
        delete_multiple_events([*ids, bad], "Plain", option=QUIET, client=client)
    assert (left(sandbox), writes()) == (ids, 0)


def test_an_id_outside_the_window(sandbox, client, ids, writes):
    away = DeleteEventOption(window=("06/01/2026", "09/01/2026"), interactive_mode=False)
    with pytest.raises(AMSInputError):
        delete_event_data(ids[0], "Plain", option=away, client=client)
    assert writes() == 0
    here = DeleteEventOption(window=("01/01/2026", "05/01/2026"), interactive_mode=False)
    assert delete_event_data(ids[0], "Plain", option=here, client=client).counts["deleted"] == 1


def test_the_guard_on_the_count(sandbox, client, ids):
    option = DeleteEventOption(max_deletes=5, interactive_mode=False)
    with pytest.raises(AMSConfigurationError, match="max_deletes is 5"):
        delete_multiple_events(ids, "Plain", option=option, client=client)
    assert sandbox.requests() == {}


def test_a_question_needs_a_terminal(client, ids, monkeypatch, writes):
    with pytest.raises(AMSConfigurationError, match="require_confirmation=False"):
        delete_event_data(ids[0], "Plain", client=client)
    assert writes() == 0


@pytest.mark.parametrize(
    "fault",
    [
        "reset_before", "reset_after_commit", "429", "503", "500_before", "500_after", "truncated",
        "html", "empty", "rpc", "session_expired", "cut",
        {"fault": "empty", "commit": False}, {"fault": "html", "commit": False},
        {"fault": "rpc", "commit": True},
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("many", [True, False])
def test_after_a_fault_everything_is_gone(sandbox, client, ids, fault, many):
    chosen = ids if many else ids[:1]
    script = {"fault": fault} if isinstance(fault, str) else fault
    sandbox.faults(script=[{"endpoint": "writes", "nth": 1, **script}])
    if script == {"fault": "rpc"} and not many:  # AMS said no, and the event is still there
        with pytest.raises(AMSImportError) as caught:
            delete_multiple_events(chosen, "Plain", option=QUIET, client=client)
        assert caught.value.result.rows["status"].tolist() == ["rejected"]
        assert left(sandbox) == ids
        return
    result = delete_multiple_events(chosen, "Plain", option=QUIET, client=client)
    assert result.counts["deleted"] == len(chosen)
    assert left(sandbox) == ids[len(chosen) :]


def test_what_ams_refuses_is_named(sandbox, client, ids):
    sandbox.faults(script=[{"endpoint": "writes", "nth": [1, 2], "fault": "reject"}])
    with pytest.raises(AMSImportError) as caught:
        delete_multiple_events(ids, "Plain", option=QUIET, client=client)
    assert caught.value.rows == [ids[0]]
    assert caught.value.result.counts == {"deleted": 5, "rejected": 1, "unknown": 0}
    assert left(sandbox) == ids[:1]


def test_a_state_that_nobody_knows_is_no_refusal(sandbox, client, ids):
    reply = {"fault": "reply", "body": '{"state": "PENDING"}', "times": 0}
    sandbox.faults(script=[{"endpoint": "deleteevent", "nth": 1, **reply}])
    with pytest.raises(AMSUnknownOutcomeError) as caught:
        delete_event_data(ids[0], "Plain", option=QUIET, client=client)
    (row,) = caught.value.result.rows.to_dict("records")
    assert row["status"] == "unknown"
    assert "a state that is not known" in row["reason"]
    assert "refused" not in f"{row['reason']} {caught.value}"
