"""How fast the sandbox is by itself: pre-encoded bodies over one connection, from outside.

``python benchmarks/sandbox_speed.py [--events 50000]`` prints events a second and the processor
time of the server, which a measurement of a client must not be limited by.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import os
import platform
import time
from collections.abc import Callable

import orjson

from airflow_provider_ams.sandbox import SandboxProcess

FIELDS = 10
PER_CALL = 25
TRACKED_PER_CALL = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=50_000)
    count = parser.parse_args().events
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores,")
    print(f"load {os.getloadavg()[0]:.1f}; {count} events of {FIELDS} fields, one connection\n")
    print(f"{'':34}{'events/s':>10}{'per server core':>17}")
    with SandboxProcess(seed=None) as sandbox:
        users = sandbox.add_users(1000)
        names = [f"field {place}" for place in range(FIELDS)]
        sandbox.add_form("Speed", [f"{name}: Number" for name in names])
        measure(sandbox, f"eventsimport, {PER_CALL} a call", count, write(sandbox, users, count))
        measure(sandbox, "synchronise, pages of 100", count, read(sandbox, users))
        measure(sandbox, f"tidepool/track, {TRACKED_PER_CALL} a call", count, track(sandbox, count))


def measure(sandbox: SandboxProcess, name: str, count: int, run: Callable[[], None]) -> None:
    before, started = server_seconds(sandbox.pid), time.perf_counter()
    run()
    wall, used = time.perf_counter() - started, server_seconds(sandbox.pid) - before
    print(f"{name:34}{count / wall:>10,.0f}{count / used:>17,.0f}")


def server_seconds(pid: int) -> float:
    with open(f"/proc/{pid}/stat") as file:
        user, system = file.read().rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def poster(sandbox: SandboxProcess, path: str) -> Callable[[bytes], bytes]:
    connection = http.client.HTTPConnection(sandbox.root.partition("//")[2])
    login = base64.b64encode(f"{sandbox.username}:{sandbox.password}".encode()).decode()
    headers = {
        "Authorization": f"Basic {login}",
        "Content-Type": "application/json",
        "X-Tidepool-Api-Key": sandbox.tidepool_key,
    }

    def post(body: bytes) -> bytes:
        connection.request("POST", path, body, headers)
        reply = connection.getresponse()
        text = reply.read()
        if reply.status >= 300:
            raise SystemExit(f"{reply.status}: {text[:200]!r}")
        return text

    return post


def write(sandbox: SandboxProcess, users: list[int], count: int) -> Callable[[], None]:
    post = poster(sandbox, "/site/api/v1/eventsimport?informat=json&format=json")
    events = [event(users, number) for number in range(count)]
    starts = range(0, count, PER_CALL)
    bodies = [orjson.dumps({"events": events[at : at + PER_CALL]}) for at in starts]

    def run() -> None:
        for body in bodies:
            if b"SUCCESSFULLY" not in post(body):
                raise SystemExit("refused")

    return run


def event(users: list[int], number: int) -> dict[str, object]:
    day, place = divmod(number, len(users))
    text = f"{day % 28 + 1:02d}/{day // 28 % 12 + 1:02d}/2026"
    pairs = [{"key": f"field {at}", "value": f"{number}.{at}"} for at in range(FIELDS)]
    return {
        "formName": "Speed",
        "startDate": text,
        "startTime": "9:00 AM",
        "finishDate": text,
        "finishTime": "10:00 AM",
        "userId": {"userId": users[place]},
        "rows": [{"row": 0, "pairs": pairs}],
    }


def read(sandbox: SandboxProcess, users: list[int]) -> Callable[[], None]:
    post = poster(sandbox, "/site/api/v1/synchronise?informat=json&format=json")
    query = {"formName": "Speed", "lastSynchronisationTimeOnServer": 0, "userIds": users}

    def run() -> None:
        paging = {"paginate": True, "cursor": None}
        while True:
            page = orjson.loads(post(orjson.dumps({**query, "pagination": paging})))
            paging["cursor"] = page.get("pagination", {}).get("cursor")
            if not paging["cursor"]:
                return

    return run


def track(sandbox: SandboxProcess, count: int) -> Callable[[], None]:
    post = poster(sandbox, "/tidepool/api/v1/events/track")
    events = [
        {
            "id": f"{number:032x}",
            "session_id": f"{number // 20:032x}",
            "user_id": f"{number // 50:032x}",
            "event_name": "USER_MESSAGE",
            "timestamp": "2023-08-10T21:26:27.302Z",
            "text": f"message number {number} of this benchmark",
        }
        for number in range(count)
    ]
    starts = range(0, count, TRACKED_PER_CALL)
    bodies = [orjson.dumps(events[at : at + TRACKED_PER_CALL]) for at in starts]

    def run() -> None:
        for body in bodies:
            post(body)

    return run


if __name__ == "__main__":
    main()
