"""Events a second into a local AMS, against the raw limit, and rows a second of frame -> payload.

The raw limit is a bare requests session that posts the same batches, encoded beforehand, with as
many calls in flight, in the same run. The sandbox runs in a process of its own.

Run: python benchmarks/import_events.py [--events 4000] [--rows 100000] [--repeats 3]
"""

from __future__ import annotations

import argparse
import datetime as dt
import statistics
import time

import _common as common

from airflow_provider_ams.ams import AMSClient, InsertEventOption, insert_event_data
from airflow_provider_ams.ams.prepare.build import build_events
from airflow_provider_ams.ams.prepare.draft import read_frame
from airflow_provider_ams.ams.prepare.times import complete_times
from airflow_provider_ams.ams.problems import Problems
from airflow_provider_ams.ams.write.batches import EventCalls
from airflow_provider_ams.sandbox import SandboxProcess

BATCH = 25
NOW = dt.datetime(2025, 1, 1, 9, 0)
# Latency in milliseconds, calls in flight, and how many times --events: about as long a run each.
CASES = [(0, 1, 1), (0, 4, 1), (20, 1, 1), (20, 4, 3)]


def bodies(frame) -> list[bytes]:
    """Return what an import of this frame sends, call by call."""
    problems, calls = Problems(), EventCalls()
    draft = read_frame(frame, "user_id", problems)
    assert draft is not None
    drafted = build_events(draft, common.SITE_FORM, frame["user_id"].tolist(), problems)
    times = complete_times(drafted.times, None, NOW)
    events = drafted.complete(times, drafted.event_ids)
    return [calls.encode(events, batch) for batch in calls.batches(events, BATCH)]


def import_once(sandbox, frame, max_in_flight: int) -> float:
    client = AMSClient(sandbox.url, sandbox.username, sandbox.password, timezone="UTC")
    client.login()
    option = InsertEventOption(
        interactive_mode=False, max_in_flight=max_in_flight, batch_size=BATCH
    )
    began = time.perf_counter()
    result = insert_event_data(frame, common.SITE_FORM, client=client, option=option)
    seconds = time.perf_counter() - began
    assert result.counts["inserted"] == len(frame)
    client.close()
    return seconds


def raw_once(sandbox, encoded, max_in_flight: int) -> float:
    raw = common.Raw(sandbox.url, sandbox.username, sandbox.password, max_in_flight)
    began = time.perf_counter()
    raw.post_all("eventsimport", encoded)
    return time.perf_counter() - began


def over_the_wire(events: int, repeats: int) -> None:
    rows = []
    with SandboxProcess(seed=None) as sandbox:
        for latency, max_in_flight, times in CASES:
            ours, raw, count = [], [], events * times
            for _ in range(repeats + 1):
                sandbox.reset()
                frame = common.frame(count, common.plant(sandbox, 100))
                sandbox.configure(latency_ms=latency)
                encoded = bodies(frame)
                raw.append(raw_once(sandbox, encoded, max_in_flight))
                ours.append(import_once(sandbox, frame, max_in_flight))
            # The first round warms up both sides.
            a, b = statistics.median(ours[1:]), statistics.median(raw[1:])
            rows.append([latency, max_in_flight, count, count / a, count / b, b / a])
    head = ["latency ms", "in flight", "events", "events/s", "raw events/s", "ratio"]
    print(f"\nImport of events of {common.FIELDS} fields, {BATCH} a call")
    common.table(head, rows)


def frame_to_payload(count: int, repeats: int) -> None:
    frame = common.frame(count, list(range(1000, 1200)))
    times = []
    for _ in range(max(3, repeats)):
        began = time.process_time()  # of this process alone: the machine may have other work
        size = sum(map(len, bodies(frame)))
        times.append(time.process_time() - began)
    best = min(times)
    print(f"\nFrame -> payload alone, {common.FIELDS} fields, one core")
    common.table(
        ["rows", "CPU seconds", "rows/s", "MB/s"], [[count, best, count / best, size / best / 1e6]]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=4000)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    print(common.machine())
    frame_to_payload(given.rows, given.repeats)
    over_the_wire(given.events, given.repeats)


if __name__ == "__main__":
    main()
