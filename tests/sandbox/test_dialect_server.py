"""The machine: its clock against the HTTP date, and connections that are closed when idle."""

from __future__ import annotations

import http.client
import time
from email.utils import parsedate_to_datetime

import pytest

MINUTE = 60_000


def clocks(wire):
    """Return the server's time in a reply, and that of the HTTP header, in milliseconds."""
    body = {"formName": "Reaction Time", "lastSynchronisationTimeOnServer": 0, "userIds": [1001]}
    reply = wire.v1("synchronise", body)
    header = parsedate_to_datetime(reply.headers["date"]).timestamp() * 1000
    return reply.json()["lastSynchronisationTimeOnServer"], header


@pytest.mark.parametrize("skew", [-3 * MINUTE, 0, 120 * MINUTE, 4320 * MINUTE])
def test_the_clock_may_be_off_the_http_date(wire, skew):
    wire.sandbox.reset(seed=None, dialect={"clock_skew_ms": skew})
    wire.sandbox.add_form("Reaction Time", ["Day: Number"])

    server, header = clocks(wire)
    assert abs(server - header - skew) < 5_000
    assert abs(wire.sandbox.state()["time"] - time.time() * 1000 - skew) < 5_000


def test_a_time_that_is_set_is_what_the_server_shows(wire):
    wire.sandbox.configure(clock_skew_ms=MINUTE)

    assert wire.sandbox.time(now_ms=2_000_000_000_000, freeze=True) == 2_000_000_000_000
    assert wire.sandbox.state()["time"] == 2_000_000_000_000
    wire.sandbox.time(freeze=False)
    assert wire.sandbox.state()["time"] - 2_000_000_000_000 < 5_000


def test_changes_are_never_stamped_before_others_when_the_clock_goes_back(wire):
    first = wire.sync("Reaction Time", [1001])["lastSynchronisationTimeOnServer"]
    wire.sandbox.configure(clock_skew_ms=-1440 * MINUTE)
    event_id = wire.sandbox.add_event("Reaction Time", 1001, start_date="01/01/2026")

    delta = wire.sync("Reaction Time", [1001], lastSynchronisationTimeOnServer=first)
    assert [item["id"] for item in delta["export"]["events"]] == [event_id]


def idle(wire, seconds):
    """Return the keep-alive header, and whether the connection outlives so long a pause."""
    connection = http.client.HTTPConnection(wire.sandbox.root.partition("//")[2], timeout=5)
    path = "/site/api/v1/listgroups?informat=json&format=json"
    connection.request("POST", path, b"{}", {"Content-Type": "application/json"})
    reply = connection.getresponse()
    reply.read()
    time.sleep(seconds)
    try:
        connection.request("POST", path, b"{}")
        connection.getresponse().read()
        alive = True
    except (http.client.RemoteDisconnected, ConnectionError):
        alive = False
    connection.close()
    return reply.headers["keep-alive"], alive


def test_idle_connections_are_closed(wire):
    assert idle(wire, 0.2) == ("timeout=5, max=999", True)
    wire.sandbox.configure(keep_alive_seconds=1)
    assert idle(wire, 1.3) == ("timeout=1, max=999", False)


def test_connections_are_closed_after_so_many_requests(wire):
    wire.sandbox.configure(keep_alive_requests=3)
    heads = [wire.v1("listgroups", {}).headers for _ in range(4)]

    assert [head.get("keep-alive") for head in heads] == [
        "timeout=5, max=2",
        "timeout=5, max=1",
        None,
        "timeout=5, max=2",
    ]
    assert heads[2]["connection"] == "close"
