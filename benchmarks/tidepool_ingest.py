"""Measure what `ingest` adds to bare HTTP: time against the raw limit, memory, duplicates.

The raw limit is the same events in the same batches, encoded beforehand and posted by bare
``requests`` sessions, so many at a time. Server, raw run and ingest each have a process.

    python benchmarks/tidepool_ingest.py                    # 1,000,000 rows, some minutes
    python benchmarks/tidepool_ingest.py --rows 50000
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import queue
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

BATCH = 100
RATIO, MEGABYTES = 1.2, 200
SENTENCE = (
    "how do I log my sleep and training load after the long run please tell me coach thanks, why "
    'is "readiness" low today what does it mean for the session tomorrow'
)


def write_csv(path, rows):
    """Write chat events; a third of the rows has no user id, one in ten repeats an earlier one."""
    dice, words = random.Random(20230810), SENTENCE.split()
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "timestamp", "user_id", "channel"])
        last = None
        for at in range(rows):
            if last is None or dice.random() >= 0.1:
                moment = (
                    f"2023-{at % 12 + 1:02d}-{at % 28 + 1:02d}T{at % 24:02d}:{at % 60:02d}:30.5Z"
                )
                text = " ".join(dice.choices(words, k=12))
                last = [text, moment, f"user-{at % 5000}" if at % 3 else "", "web"]
            writer.writerow(last)


def run_raw(url, key, path, max_in_flight):
    """Post pre-encoded batches with bare sessions; returns seconds and CPU seconds."""
    import requests

    from airflow_provider_ams.tidepool.account import Account
    from airflow_provider_ams.tidepool.batches import cut
    from airflow_provider_ams.tidepool.dead_letters import DeadLetters
    from airflow_provider_ams.tidepool.journal import MemoryJournal
    from airflow_provider_ams.tidepool.options import IngestOption
    from airflow_provider_ams.tidepool.ranges import Ranges
    from airflow_provider_ams.tidepool.reading import Reader
    from airflow_provider_ams.tidepool.sources import open_source

    option = IngestOption()
    account = Account(MemoryJournal(), DeadLetters(None))
    ready = Reader(open_source(path, option), option, account).ready("", Ranges())
    todo = queue.SimpleQueue()
    for batch in cut(ready, BATCH, Ranges()):
        todo.put(json.dumps(batch.events).encode())
    failed = []

    def post():
        session = requests.Session()
        session.trust_env = False
        session.headers.update({"X-Tidepool-Api-Key": key, "Content-Type": "application/json"})
        while not failed:
            try:
                body = todo.get_nowait()
            except queue.Empty:
                return
            status = session.post(f"{url}/track", data=body).status_code
            if status != 201:
                failed.append(status)

    threads = [threading.Thread(target=post) for _ in range(max_in_flight)]
    start, cpu = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise SystemExit(f"the raw run met HTTP {failed[0]}")
    return {"seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu}


def run_ingest(url, key, path, max_in_flight):
    """Ingest the file; returns seconds, CPU seconds and the peak of memory in MB."""
    start, cpu = time.perf_counter(), time.process_time()

    from airflow_provider_ams.tidepool import TidepoolClient

    with TidepoolClient(key, url) as client:
        result = client.ingest(path, pause=0, max_in_flight=max_in_flight, interactive_mode=False)
    return {
        "seconds": time.perf_counter() - start,
        "cpu": time.process_time() - cpu,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "tracked": result.tracked,
    }


def child(what, *arguments):
    """Run one measurement in a process of its own."""
    command = [sys.executable, __file__, "--child", what, *map(str, arguments)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def machine():
    """Name what the figures were measured on."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else model
    return f"{os.cpu_count()} cores, {model}, Python {platform.python_version()}"


def measure(arguments):
    from airflow_provider_ams.sandbox import SandboxProcess

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "events.csv")
        write_csv(path, arguments.rows)
        print(f"{machine()}; sandbox in its own process, {arguments.latency} ms latency")
        print(f"{arguments.rows:,} rows, {os.path.getsize(path) / 1e6:.0f} MB of CSV\n")
        print(
            "| in flight | raw limit s | ingest s | ratio | raw CPU s | ingest CPU s | ingest MB |"
        )
        print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
        with SandboxProcess(port=0, seed=None, latency_ms=arguments.latency) as server:
            for max_in_flight in arguments.max_in_flight:
                figures = []
                for what in ("raw", "ingest"):
                    server.reset()
                    server.configure(latency_ms=arguments.latency)
                    figures.append(
                        child(what, server.tidepool_url, server.tidepool_key, path, max_in_flight)
                    )
                    check(server, arguments.rows)
                os.unlink(path + ".tidepool-journal")
                raw, ours = figures
                print(
                    f"| {max_in_flight} | {raw['seconds']:.1f} | {ours['seconds']:.1f} "
                    f"| {ours['seconds'] / raw['seconds']:.3f} | {raw['cpu']:.1f} "
                    f"| {ours['cpu']:.1f} | {ours['memory']:.0f} |",
                    flush=True,
                )
    print(f"\nlimits: ratio {RATIO} with 4 calls in flight, {MEGABYTES} MB")


def kills():
    """Run the test that kills an ingest at 50 random moments; returns the line it prints."""
    test = Path(__file__).parents[1] / "tests" / "tidepool" / "test_tidepool_kill.py"
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-m", "chaos", str(test)]
    done = subprocess.run(command, capture_output=True, text=True)
    lines = [line for line in done.stdout.splitlines() if line.startswith("50 kills")]
    if done.returncode or not lines:
        raise SystemExit(f"the kill test failed:\n{done.stdout[-2000:]}")
    return lines[0]


def check(server, rows):
    """Refuse figures of a run that lost or repeated an event."""
    summary = server.tidepool_summary()
    if (summary["events"], summary["distinct"]) != (rows, rows):
        raise SystemExit(f"not every event arrived just once: {summary}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--latency", type=int, default=20, help="milliseconds")
    parser.add_argument("--max-in-flight", type=int, nargs="+", default=[4])
    parser.add_argument("--child", nargs=5, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        what, url, key, path, max_in_flight = arguments.child
        run = {"raw": run_raw, "ingest": run_ingest}[what]
        print(json.dumps(run(url, key, path, int(max_in_flight))))
    else:
        measure(arguments)
        print(f"{kills()}: every event tracked, none more than twice, all repeats reported")


if __name__ == "__main__":
    main()
