from __future__ import annotations

import http.client
import threading
import time

import pytest
import requests
from sandbox_wire import event

from airflow_provider_ams.sandbox.faults import FAULTS, PROFILES, FaultPlan
from airflow_provider_ams.sandbox.remote import SandboxError

ENDPOINT = "eventsimport"
BROKEN = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)


def stored(wire):
    return len(wire.sandbox.events("Reaction Time"))


def comes_in(wire, seconds=5):
    until = time.monotonic() + seconds
    while not stored(wire) and time.monotonic() < until:
        time.sleep(0.02)
    return stored(wire) == 1


def fail_next(wire, fault, endpoint=ENDPOINT, **how):
    wire.sandbox.faults(script=[{"endpoint": endpoint, "fault": fault, **how}])


@pytest.mark.parametrize(
    ("fault", "kept"),
    [("reset_before", 0), ("reset_after_commit", 1), ("cut", 1)],
)
def test_connections_that_break(wire, fault, kept):
    fail_next(wire, fault)

    with pytest.raises(BROKEN):
        wire.insert(event())
    assert stored(wire) == kept
    assert [entry["fault"] for entry in wire.sandbox.fault_log()] == [fault]
    assert wire.ids(event(user=1002))


def test_resets_are_tcp_resets(wire):
    fail_next(wire, "reset_after_commit")

    with pytest.raises(requests.ConnectionError) as broken:
        wire.insert(event())
    assert "ConnectionResetError" in repr(broken.value)


@pytest.mark.parametrize(
    ("fault", "how", "status", "kept", "text"),
    [
        ("429", {}, 429, 0, "<html>"),
        ("503", {"retry_after": 3}, 503, 0, "<html>"),
        ("500_before", {}, 500, 0, "<html>"),
        ("500_after", {}, 500, 1, "<html>"),
        ("html", {}, 200, 1, "<html>"),
        ("html", {"commit": False}, 200, 0, "<html>"),
        ("empty", {}, 200, 1, ""),
        ("empty", {"commit": False}, 200, 0, ""),
        ("rpc", {}, 200, 0, "__is_rpc_exception__"),
        ("rpc", {"commit": True}, 200, 1, "__is_rpc_exception__"),
        ("truncated", {}, 200, 1, '{"result":{"state"'),
        ("delay", {"seconds": 0.01}, 200, 1, "SUCCESSFULLY_IMPORTED"),
        ("reject", {}, 200, 0, "UNEXPECTED_ERROR"),
    ],
)
def test_answers_that_mislead(wire, fault, how, status, kept, text):
    fail_next(wire, fault, **how)

    reply = wire.v1("eventsimport", {"events": [event()]})

    assert reply.status_code == status
    assert text in reply.text
    assert stored(wire) == kept
    if fault == "truncated":
        with pytest.raises(ValueError):
            reply.json()


@pytest.mark.parametrize("value", [2, "Wed, 21 Oct 2037 07:28:00 GMT", None])
def test_retry_after_in_both_forms_or_none(wire, value):
    fail_next(wire, "429", retry_after=value)

    reply = wire.v1("eventsimport", {"events": [event()]})
    assert reply.headers.get("retry-after") == (None if value is None else str(value))


def test_hang_after_commit(wire):
    fail_next(wire, "hang_after_commit")

    with pytest.raises(requests.ReadTimeout):
        wire.v1("eventsimport", {"events": [event()]}, timeout=0.2)
    assert comes_in(wire)
    fail_next(wire, "hang_after_commit", seconds=0.05)
    with pytest.raises(BROKEN):
        wire.insert(event(user=1002))


def test_late_commit_happens_after_the_client_has_gone(wire):
    fail_next(wire, "late_commit", after=0.6)

    with pytest.raises(requests.ReadTimeout):
        wire.v1("eventsimport", {"events": [event()]}, timeout=0.3)
    assert stored(wire) == 0
    assert comes_in(wire)


def test_late_commit_does_not_reach_into_the_next_test(wire):
    fail_next(wire, "late_commit", after=0.1)
    with pytest.raises(requests.ReadTimeout):
        wire.v1("eventsimport", {"events": [event()]}, timeout=0.05)

    wire.sandbox.reset(seed="demo")
    time.sleep(0.2)
    assert stored(wire) == 0


def test_session_expiry_in_the_middle(wire):
    fail_next(wire, "session_expired", endpoint="forms/summaries", nth=2)

    assert [wire.v3("forms/summaries").status_code for _ in range(3)] == [200, 401, 401]


@pytest.mark.parametrize(
    ("fault", "kept", "ids"), [("short_ids", 1, 1), ("hidden_ids", 3, 1), ("partial", 1, 1)]
)
def test_short_answers(wire, fault, kept, ids):
    fail_next(wire, fault, drop=2)

    reply = wire.insert(event(), event(user=1002), event(user=1003))

    result = reply["eventImportResultForForm"][0]["eventImportResults"]
    assert len(result["ids"]) == ids
    assert stored(wire) == kept
    assert len(result.get("error", [])) == (2 if fault == "partial" else 0)
    assert ("ERROR" in reply["result"]["state"]) == (fault == "partial")


def test_update_that_duplicates(wire):
    (own,) = wire.ids(event())
    fail_next(wire, "duplicate_update")

    assert wire.ids(event(existingEventId=own)) != [own]
    assert wire.ids(event(existingEventId=own)) == [own]
    assert stored(wire) == 2


def test_single_events_profiles_and_deletes_fail_too(wire):
    wire.sandbox.faults(script=[{"endpoint": "writes", "fault": "reject", "times": 0}])
    profile = {"formName": "Athlete Profile", "userId": {"userId": 1001}, "rows": [{}]}

    assert wire.v1("eventimport", event()).json()["state"] == "UNEXPECTED_ERROR"
    assert wire.v1("profileimport", profile).json()["state"] == "UNEXPECTED_ERROR"
    assert wire.v1("deleteevent", {"eventId": 500_001}).json()["state"] == "FAILURE"
    assert "__is_rpc" in wire.v2("event/deleteAll", {"eventIds": ["500001"]}).text
    assert len(wire.sandbox.fault_log()) == 4


def test_reads_fail_too(wire):
    fail_next(wire, "500_before", endpoint="reads", nth=[1, 3])
    codes = [wire.v1("listgroups", {}).status_code for _ in range(4)]

    assert codes == [500, 200, 500, 200]


def test_script_counts_requests_of_its_endpoint(wire):
    wire.sandbox.faults(
        script=[
            {"endpoint": "listgroups", "nth": 2, "fault": "503", "times": 2},
            {"endpoint": "deleteAll", "nth": 1, "fault": "429"},
        ]
    )
    wire.ids(event())

    codes = [wire.v1("listgroups", {}).status_code for _ in range(4)]

    assert codes == [200, 503, 503, 200]
    assert wire.v2("event/deleteAll", {"eventIds": []}).status_code == 429
    log = wire.sandbox.fault_log()
    assert [entry["endpoint"] for entry in log] == ["listgroups", "listgroups", "event/deleteAll"]
    wire.sandbox.faults(None)
    assert wire.sandbox.fault_log() == []


def test_the_same_dice_fall_the_same_way():
    def run(seed):
        plan = FaultPlan.build({"profile": "rough", "seed": seed})
        return [(plan.next("eventsimport", True) or {}).get("fault") for _ in range(500)]

    assert run(7) == run(7)
    assert run(7) != run(8)
    hits = [fault for fault in run(7) if fault]
    assert 0.5 < len(hits) / 500 / sum(PROFILES["rough"].values()) < 1.5
    assert len(set(hits)) > 8


def test_random_faults_have_a_place_and_a_limit():
    plan = FaultPlan.build({"random": {"503": 1.0}, "endpoint": "synchronise", "limit": 2})

    assert plan.next("eventsimport", True) is None
    hits = [plan.next("synchronise", False) for _ in range(4)]
    assert [bool(hit) for hit in hits] == [True, True, False, False]


def test_every_fault_is_described_and_bad_ones_are_refused(wire):
    import airflow_provider_ams.sandbox as package

    text = package.__doc__ or ""
    assert all(f"``{name}``" in text for name in FAULTS)
    with pytest.raises(SandboxError, match="no fault explode"):
        fail_next(wire, "explode")
    with pytest.raises(SandboxError, match="no parameter colour"):
        fail_next(wire, "503", colour="red")
    with pytest.raises(SandboxError, match="profile must be one of rough"):
        wire.sandbox.faults(profile="smooth")


def test_latency_of_requests_in_flight_overlaps(wire):
    wire.sandbox.configure(latency_ms=400)
    started = time.monotonic()
    threads = [threading.Thread(target=wire.v1, args=("listgroups", {})) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 0.4 <= time.monotonic() - started < 4 * 0.4
    assert wire.sandbox.requests(detail=True)["max_in_flight"]["listgroups"] > 1


def test_rate_limit(wire):
    wire.sandbox.configure(rate_limit=1)
    replies = [wire.v1("listgroups", {}) for _ in range(5)]

    limited = [reply for reply in replies if reply.status_code == 429]
    assert limited
    assert limited[0].headers["retry-after"] == "1"


def test_a_client_that_leaves_before_its_body_is_sent_stores_nothing(wire):
    connection = http.client.HTTPConnection(wire.sandbox.root.partition("//")[2])
    connection.putrequest("POST", "/site/api/v1/eventsimport?informat=json&format=json")
    connection.putheader("Content-Length", "100000")
    connection.endheaders(b"{")
    connection.close()

    assert wire.v1("listgroups", {}).status_code == 200
    assert stored(wire) == 0


def test_requests_that_wait_do_not_reach_into_the_next_test_either(wire):
    wire.sandbox.configure(latency_ms=200)
    with pytest.raises(requests.ReadTimeout):
        wire.v1("eventsimport", {"events": [event()]}, timeout=0.05)

    wire.sandbox.reset(seed="demo")
    time.sleep(0.25)
    assert stored(wire) == 0


def test_a_single_event_may_be_dropped_or_its_id_kept_back(wire):
    for fault, kept in (("short_ids", 0), ("hidden_ids", 1)):
        fail_next(wire, fault, endpoint="eventimport")
        reply = wire.v1("eventimport", event()).json()
        assert reply["state"] == "SUCCESSFULLY_IMPORTED"
        assert "ids" not in reply
        assert stored(wire) == kept
    wire.sandbox.configure(undeliverable_users=[1001])
    assert "ids" not in wire.v1("eventimport", event()).json()
    assert stored(wire) == 1


def test_a_profile_may_be_dropped_or_its_id_kept_back(wire):
    rows = [{"row": 0, "pairs": [{"key": "position", "value": "wing"}]}]
    body = {"formName": "Athlete Profile", "userId": {"userId": 1001}, "rows": rows}
    for fault, kept in (("short_ids", 0), ("hidden_ids", 1)):
        fail_next(wire, fault, endpoint="profileimport")
        reply = wire.v1("profileimport", body).json()
        assert reply["state"] == "SUCCESSFULLY_IMPORTED"
        assert "ids" not in reply
        values = [profile["values"] for profile in wire.sandbox.profiles()]
        assert values.count({"position": "wing"}) == kept


def test_writes_are_all_calls_that_change_data_and_reads_all_others(wire):
    def hit(endpoint):
        wire.session()
        wire.sandbox.faults(script=[{"endpoint": endpoint, "fault": "503", "times": 0}])
        posts = ["eventimport", "eventsimport", "profileimport", "deleteevent", "listgroups"]
        replies = {name: wire.v1(name, {}) for name in [*posts, "synchronise"]}
        replies["deleteAll"] = wire.v2("event/deleteAll", {})
        replies["person"] = wire.v2("person/get", {})
        for name in ("track", "validate"):
            replies[name] = requests.post(f"{wire.sandbox.tidepool_url}/{name}", timeout=5)
        assert all("retry-after" not in reply.headers for reply in replies.values())
        return {name for name, reply in replies.items() if reply.status_code == 503}

    writes = {"eventimport", "eventsimport", "profileimport", "deleteevent", "deleteAll", "track"}
    assert hit("writes") == writes
    assert hit("reads") == {"listgroups", "synchronise", "person", "validate"}
    assert len(hit("*")) == 10
