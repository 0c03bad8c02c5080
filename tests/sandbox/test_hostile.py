"""Replies that are forced, mutated, dripped, blown up or held."""

from __future__ import annotations

import gzip
import threading
import time

import pytest
import requests
from sandbox_wire import event

from airflow_provider_ams.sandbox.hostile import mutated
from airflow_provider_ams.sandbox.remote import SandboxError
from airflow_provider_ams.sandbox.replies import Reply

TRUE = b'{"events":[{"id":5,"userId":1,"rows":[{"row":0,"pairs":[{"key":"a","value":"b"}]}]}]}'
DEEP = b'{"ids":[500123,500124],"result":{"state":"SUCCESSFULLY_IMPORTED","more":null}}'


def stored(wire):
    return len(wire.sandbox.events("Reaction Time"))


def fail_next(wire, fault, endpoint="eventsimport", **how):
    wire.sandbox.faults(script=[{"endpoint": endpoint, "fault": fault, **how}])


def send(wire, **options):
    return wire.v1("eventsimport", {"events": [event()]}, **options)


@pytest.mark.parametrize(("commit", "kept"), [(False, 0), (True, 1)])
def test_a_reply_word_by_word(wire, commit, kept):
    headers = {"Content-Type": "text/weird", "X-One": "1"}
    fail_next(wire, "reply", body='{"a": 1}', status=418, headers=headers, commit=commit)

    reply = send(wire)
    assert (reply.status_code, reply.text) == (418, '{"a": 1}')
    assert (reply.headers["content-type"], reply.headers["x-one"]) == ("text/weird", "1")
    assert "session-header" not in reply.headers
    assert stored(wire) == kept


def test_a_reply_of_any_bytes(wire):
    fail_next(wire, "reply", body="/wD+", base64=True)

    assert send(wire).content == b"\xff\x00\xfe"


def test_parameters_have_types(wire):
    for how in ({"body": 5}, {"status": "200"}, {"headers": []}, {"commit": 1}):
        with pytest.raises(SandboxError, match="of reply must be of type"):
            fail_next(wire, "reply", **how)


@pytest.mark.parametrize("body", [TRUE, DEEP])
def test_mutations_change_one_place_and_repeat_themselves(body):
    done = [mutated(Reply(body), str(seed)) for seed in range(300)]

    assert done == [mutated(Reply(body), str(seed)) for seed in range(300)]
    assert all(reply.body != body or "swap" in what for reply, what in done), done
    kinds = {what.rpartition(": ")[2] for _, what in done}
    assert kinds >= {"drop", "null", "wrong type", "huge", "negative", "nested", "empty list"}
    assert kinds >= {"duplicate", "swap ids"}


def test_what_is_not_json_is_left_alone():
    assert mutated(Reply(b""), "1") == (Reply(b""), "not JSON, left alone")
    assert mutated(Reply(b"<html>"), "1")[0].body == b"<html>"


def test_a_mutated_reply_is_stored_and_logged(wire):
    fail_next(wire, "mutate", seed=3, times=3)
    true = set(wire.insert(event()))
    assert true <= {"result", "eventImportResultForForm"}
    replies = [send(wire).text for _ in range(2)]

    assert stored(wire) == 3
    log = wire.sandbox.fault_log()
    assert [entry["hit"] for entry in log] == [0, 1, 2]
    assert all(entry["place"].startswith("$") for entry in log)
    assert len({*replies}) == 2
    fail_next(wire, "mutate", seed=3)
    send(wire)
    assert wire.sandbox.fault_log()[0]["place"] == log[0]["place"]


def test_a_slow_drip(wire):
    fail_next(wire, "slow_drip", seconds=0.3)
    started = time.monotonic()

    reply = send(wire, stream=True)
    parts = list(reply.iter_content(None))
    assert time.monotonic() - started >= 0.3
    assert len(parts) > 5
    assert b"SUCCESSFULLY_IMPORTED" in b"".join(parts)
    fail_next(wire, "slow_drip", seconds=0.1, endpoint="deleteAll")
    assert wire.v2("event/deleteAll", {"eventIds": []}).text == "null"


@pytest.mark.parametrize(("commit", "kept"), [(True, 1), (False, 0)])
def test_a_gzip_bomb(wire, commit, kept):
    fail_next(wire, "gzip_bomb", megabytes=3, commit=commit)

    reply = send(wire, stream=True)
    packed = reply.raw.read(decode_content=False)
    assert reply.headers["content-encoding"] == "gzip"
    assert len(packed) < 10_000
    assert len(gzip.decompress(packed)) > 3_000_000
    assert stored(wire) == kept


def waiting(wire, count):
    until = time.monotonic() + 5
    while sum(wire.sandbox.paused().values()) < count and time.monotonic() < until:
        time.sleep(0.01)
    return wire.sandbox.paused()


def background(call):
    found = []
    thread = threading.Thread(target=lambda: found.append(call()))
    thread.start()
    return thread, found


@pytest.mark.parametrize(("commit", "kept"), [(False, 0), (True, 1)])
def test_requests_wait_until_they_are_released(wire, commit, kept):
    fail_next(wire, "pause", commit=commit)
    thread, found = background(lambda: send(wire))

    assert waiting(wire, 1) == {"eventsimport": 1}
    assert stored(wire) == kept
    assert wire.v1("listgroups", {}).status_code == 200
    assert wire.sandbox.release("listgroups") == 0
    assert wire.sandbox.release("eventsimport") == 1
    thread.join(5)
    assert found[0].json()["result"]["state"] == "SUCCESSFULLY_IMPORTED"
    assert send(wire).status_code == 200
    assert stored(wire) == 2
    assert wire.sandbox.paused() == {}


def test_pauses_end_by_themselves_and_with_the_plan(wire):
    fail_next(wire, "pause", seconds=0.05, times=1)
    assert send(wire).status_code == 200

    fail_next(wire, "pause")
    thread, found = background(lambda: send(wire))
    waiting(wire, 1)
    wire.sandbox.faults(None)
    thread.join(5)
    assert found[0].status_code == 200


def test_what_waited_through_a_reset_stores_nothing(wire):
    fail_next(wire, "pause")
    with pytest.raises(requests.ReadTimeout):
        send(wire, timeout=0.1)

    wire.sandbox.reset(seed="demo")
    time.sleep(0.1)
    assert stored(wire) == 0
