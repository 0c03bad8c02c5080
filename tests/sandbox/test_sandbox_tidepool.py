from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
import requests

from airflow_provider_ams.sandbox import Sandbox


def message(number: int = 1, **members):
    return {
        "id": f"e{number}",
        "session_id": "s1",
        "user_id": "u1",
        "text": f"message {number}",
        "timestamp": "2023-08-10T21:26:27.302Z",
        **members,
    }


@pytest.fixture
def post(ams_sandbox: Sandbox):
    def call(name, events, key=ams_sandbox.tidepool_key, **options):
        headers = {"X-Tidepool-Api-Key": key} if key else {}
        url = f"{ams_sandbox.tidepool_url}/{name}"
        return requests.post(url, json=events, headers=headers, timeout=10, **options)

    return call


def test_validate_stores_nothing_and_track_stores_all(post, ams_sandbox):
    batch = [message(1), message(2, event_name="BOT_MESSAGE")]

    assert post("validate", batch).status_code == 200
    assert ams_sandbox.tidepool_events() == []
    assert post("track", batch).status_code == 201
    assert ams_sandbox.tidepool_events() == [{**batch[0], "event_name": "USER_MESSAGE"}, batch[1]]


def test_equal_ids_are_stored_again_and_counted(post, ams_sandbox):
    post("track", [message(2), message(1)])
    post("track", [message(1), message(3)])

    assert list(ams_sandbox.tidepool_counts().items()) == [("e2", 1), ("e1", 2), ("e3", 1)]
    summary = ams_sandbox.tidepool_summary()
    assert summary == {"events": 4, "distinct": 3, "batches": 2, "repeated": {"e1": 2}}


@pytest.mark.parametrize("name", ["validate", "track"])
@pytest.mark.parametrize("key", ["wrong", "", None])
def test_keys(post, ams_sandbox, name, key):
    assert post(name, [message()], key=key).status_code == 401
    assert ams_sandbox.tidepool_summary()["events"] == 0


def test_keys_by_setting(post, ams_sandbox):
    ams_sandbox.configure(tidepool_keys=["one", "two"])

    assert post("track", [message()], key="two").status_code == 201
    assert post("track", [message()]).status_code == 401


@pytest.mark.parametrize("events", [[], {}, "x", [message(n) for n in range(101)]])
def test_a_batch_is_one_to_a_hundred_events(post, events):
    reply = post("track", events)

    assert reply.status_code == 400
    assert "1 to 100" in reply.json()["error"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("text", ""),
        ("text", "  "),
        ("text", None),
        ("text", 5),
        ("timestamp", None),
        ("timestamp", "2023-08-10T21:26:27"),
        ("timestamp", "10/08/2023 21:26 Z"),
        ("timestamp", "2023-02-30T21:26:27Z"),
        ("timestamp", 1691702787),
        ("id", None),
        ("session_id", ""),
        ("user_id", 7),
        ("event_name", 7),
    ],
)
def test_schema_errors_name_index_and_field(post, ams_sandbox, field, value):
    reply = post("track", [message(1), message(2), message(3, **{field: value})])

    assert reply.status_code == 422
    (problem,) = reply.json()["errors"]
    assert (problem["index"], problem["field"]) == (2, field)
    assert ams_sandbox.tidepool_summary()["events"] == 0


@pytest.mark.parametrize(
    "text", ["2023-08-10T21:26:27Z", "2024-02-29T21:26:27+02:00", "2023-08-10T21:26:27.302123-0500"]
)
def test_timestamps_with_a_zone(post, text):
    assert post("validate", [message(timestamp=text)]).status_code == 200


def test_ids_may_be_optional_by_setting(post, ams_sandbox):
    ams_sandbox.configure(tidepool_require_ids=False)

    assert post("track", [{"text": "a", "timestamp": "2023-08-10T21:26:27Z"}]).status_code == 201


def test_bodies_that_are_too_large_or_no_json(post, ams_sandbox):
    ams_sandbox.configure(tidepool_max_bytes=50)
    assert post("track", [message()]).status_code == 413
    headers = {"X-Tidepool-Api-Key": ams_sandbox.tidepool_key}
    url = f"{ams_sandbox.tidepool_url}/track"
    assert requests.post(url, data=b"{[", headers=headers, timeout=5).status_code == 400


@pytest.mark.parametrize(
    ("fault", "status", "kept"),
    [("429", 429, 0), ("500_after", 500, 1), ("reject", 422, 0), ("reset_after_commit", None, 1)],
)
def test_the_same_faults(post, ams_sandbox, fault, status, kept):
    ams_sandbox.faults(script=[{"endpoint": "tidepool/track", "fault": fault}])

    if status is None:
        with pytest.raises(requests.ConnectionError):
            post("track", [message()])
    else:
        assert post("track", [message()]).status_code == status
    assert ams_sandbox.tidepool_summary()["events"] == kept


def test_the_log_outlives_a_client_that_is_killed(ams_sandbox):
    code = (
        "import json, sys, time, urllib.request as u\n"
        "body = json.dumps([json.loads(sys.argv[3])]).encode()\n"
        "r = u.Request(sys.argv[1], body, {'X-Tidepool-Api-Key': sys.argv[2]})\n"
        "u.urlopen(r); print('sent', flush=True); time.sleep(60)"
    )
    import json

    arguments = [f"{ams_sandbox.tidepool_url}/track", ams_sandbox.tidepool_key]
    command = [sys.executable, "-c", code, *arguments, json.dumps(message(9))]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as client:
        assert client.stdout.readline() == b"sent\n"
        os.kill(client.pid, signal.SIGKILL)
    assert ams_sandbox.tidepool_counts() == {"e9": 1}


def test_a_hundred_batches_are_quick(post, ams_sandbox):
    session = requests.Session()
    headers = {"X-Tidepool-Api-Key": ams_sandbox.tidepool_key}
    batch = [message(n) for n in range(100)]
    started = time.monotonic()
    for _ in range(100):
        session.post(f"{ams_sandbox.tidepool_url}/track", json=batch, headers=headers, timeout=5)
    session.close()

    assert ams_sandbox.tidepool_summary()["events"] == 10_000
    assert time.monotonic() - started < 10
