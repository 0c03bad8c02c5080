"""Rows a second read back from a local AMS as a tidy frame, against the raw limit.

The raw limit is a bare requests session that fetches the same pages with the same requests and
leaves the bodies as they are, in the same run. The sandbox runs in a process of its own.

Run: python benchmarks/export_events.py [--events 4000] [--repeats 2]
"""

from __future__ import annotations

import argparse
import statistics
import time

import _common as common
import orjson

from airflow_provider_ams.ams import AMSClient, get_event_data, sync_event_data
from airflow_provider_ams.ams.forms.catalogue import read_schema
from airflow_provider_ams.ams.people.roster import get_roster
from airflow_provider_ams.ams.prepare.columns import EVENT_COLUMNS
from airflow_provider_ams.ams.read.frames import Layout, records_frame
from airflow_provider_ams.ams.read.typed import FormTypes
from airflow_provider_ams.ams.wire.endpoints import SYNCHRONISE
from airflow_provider_ams.sandbox import SandboxProcess

LATENCIES = (0, 20)
FIRST, LAST = "01/01/2024", "31/12/2030"


class Recorder(AMSClient):
    """Note the reads, for the raw session to repeat them."""

    def __init__(self, *args, **settings) -> None:
        super().__init__(*args, **settings)
        self.bodies: list[tuple[str, bytes]] = []

    def read(self, endpoint, body=None):  # noqa: D102
        if endpoint.method == "POST":
            self.bodies.append((endpoint.name, orjson.dumps(body)))
        return super().read(endpoint, body)


def search(client):
    return get_event_data(common.SITE_FORM, FIRST, LAST, client=client)


def sync(client):
    return sync_event_data(common.SITE_FORM, 0, client=client).data


def timed(work) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measure(sandbox, read, count: int, repeats: int) -> list[object]:
    account = (sandbox.url, sandbox.username, sandbox.password)
    recorder = Recorder(*account)
    assert len(read(recorder)) == count
    raw = common.Raw(*account)
    theirs, ours = [], []
    for _ in range(repeats):
        theirs.append(timed(lambda: [raw.post(*call) for call in recorder.bodies]))
        client = AMSClient(*account)
        client.login()
        ours.append(timed(lambda client=client: read(client)))
        client.close()
    a, b = statistics.median(ours), statistics.median(theirs)
    return [len(recorder.bodies), count / a, count / b, b / a]


def parsing(sandbox, repeats: int) -> None:
    """Measure bytes -> frame alone."""
    client = AMSClient(sandbox.url, sandbox.username, sandbox.password)
    roster = get_roster(client)
    raw = common.Raw(sandbox.url, sandbox.username, sandbox.password)
    bodies = []
    cursor = None
    while cursor != "":
        body = {"formName": common.SITE_FORM, "lastSynchronisationTimeOnServer": 0}
        pagination = {"paginate": True, **({"cursor": cursor} if cursor else {})}
        body |= {"userIds": roster.ids, "pagination": pagination}
        bodies.append(raw.post("synchronise", orjson.dumps(body)))
        cursor = SYNCHRONISE.parse(bodies[-1], time.time()).cursor or ""
    rows = []
    for how in ("guess_col_type", "dtype='schema'", "dtype='schema', timestamps"):
        times = []
        for _ in range(max(3, repeats)):
            began = time.process_time()
            pages = [SYNCHRONISE.parse(body, time.time()) for body in bodies]
            parsed = time.process_time()
            events = [event for page in pages for event in page.events]
            types = None
            if how != "guess_col_type":
                types = FormTypes(read_schema(client, common.SITE_FORM), "Europe/Berlin")
            zone = "Europe/Berlin" if how.endswith("timestamps") else None
            records_frame(events, Layout(EVENT_COLUMNS, types=types, timestamps=zone), roster)
            times.append((time.process_time() - began, parsed - began))
        best, parse = min(times)
        rows.append([how, len(events), best, parse, len(events) / best])
    print(f"\nBytes -> records -> frame, {common.FIELDS} fields, one core")
    common.table(["types", "rows", "CPU seconds", "of it to records", "rows/s"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=4_000)
    parser.add_argument("--repeats", type=int, default=2)
    given = parser.parse_args()
    print(common.machine())
    rows = []
    with SandboxProcess(seed=None) as sandbox:
        people = common.plant(sandbox, 100)
        frame = common.frame(given.events, people)
        from import_events import bodies

        common.Raw(sandbox.url, sandbox.username, sandbox.password).post_all(
            "eventsimport", bodies(frame)
        )
        for latency in LATENCIES:
            sandbox.configure(latency_ms=latency)
            for read in (search, sync):
                found = measure(sandbox, read, given.events, given.repeats)
                rows.append([f"{read.__name__}", latency, *found])
        sandbox.configure(latency_ms=0)
        print(f"\nReading back {given.events:,} events, 100 a page, one call at a time")
        head = ["read", "latency ms", "requests", "rows/s", "raw rows/s", "ratio"]
        common.table(head, rows)
        parsing(sandbox, given.repeats)


if __name__ == "__main__":
    main()
