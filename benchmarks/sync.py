"""Validate, match and compare a frame with what AMS holds: seconds, memory and requests.

A sandbox in its own process holds as many events as the frame has rows. Reading them is reported
apart: what follows it is the work of one core of the client.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
import pandas as pd
from _common import machine, table

from airflow_provider_ams.ams import (
    AMSClient,
    PlanOption,
    UpsertEventOption,
    upsert_event_data,
    validate_event_data,
)
from airflow_provider_ams.sandbox import SandboxProcess

FORM = "Benchmark"
FIELDS = [
    {"name": "Session ID", "required": True},
    "Count: Number",
    "Ratio: Number",
    "Level: Number",
    {"name": "Mood", "type": "Dropdown", "options": ["Low", "Mid", "High"]},
    "Due: Date",
    "Note: Text",
    "Load: Number",
    "Place: Text",
    "Code: Text",
]
BATCH = 25


def frame(rows: int, users: list[int]) -> pd.DataFrame:
    """Return ten fields of every kind; a person has at most one event a day."""
    number = np.arange(rows)
    rng = np.random.default_rng(1)
    back = (rows - 1) // len(users) - number // len(users)
    day = pd.Timestamp.now().normalize() - pd.to_timedelta(back, unit="D")
    return pd.DataFrame(
        {
            "user_id": np.array(users)[number % len(users)],
            "start_date": day,
            "start_time": "9:00 AM",
            "Session ID": [f"s{i}" for i in range(rows)],
            "Count": rng.integers(0, 100, rows),
            "Ratio": rng.random(rows).round(4),
            "Level": np.where(rng.random(rows) < 0.1, np.nan, rng.integers(0, 9, rows)),
            "Mood": rng.choice(["Low", "Mid", "High"], rows),
            "Due": day,
            "Note": [f"note {i % 500}" for i in range(rows)],
            "Load": rng.integers(0, 10**8, rows),
            "Place": "Track",
            "Code": [f"{i:06d}" for i in range(rows)],
        }
    )


class Stopwatch:
    """Take the time of one core, and tell reading AMS's pages from the rest."""

    def __init__(self, client) -> None:
        self.inside = self.waited = 0.0
        self.read = client.read
        client.read = self._timed

    def _timed(self, *args, **kwargs):
        wall, core = time.perf_counter(), time.process_time()
        try:
            return self.read(*args, **kwargs)
        finally:
            self.waited += time.perf_counter() - wall
            self.inside += time.process_time() - core

    def run(self, call):
        """Return the result, core seconds beside reading, wall-clock seconds, those of reading."""
        self.inside = self.waited = 0.0
        wall, core = time.perf_counter(), time.process_time()
        result = call()
        core = time.process_time() - core - self.inside
        return result, core, time.perf_counter() - wall, self.waited


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--users", type=int, default=500)
    parser.add_argument("--changed", type=int, default=1000)
    args = parser.parse_args()
    print(machine())
    with SandboxProcess(port=0, seed=None) as sandbox:
        users = sandbox.add_users(args.users)
        sandbox.add_form(FORM, FIELDS)
        client = AMSClient(sandbox.url, sandbox.username, sandbox.password)
        df = frame(args.rows, users)
        lines = run(sandbox, client, df, args)
        client.close()
    table(["step", "core [s]", "wall [s]", "of it reading [s]", "requests", "writes"], lines)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of the client: {peak:,.0f} MB")


def run(sandbox, client, df, args) -> list[list[object]]:
    watch, lines = Stopwatch(client), []
    key = ["start_date", "Session ID"]
    shared = {"key": key, "interactive_mode": False, "on_missing_fields": "keep"}
    upsert = UpsertEventOption(**shared, validate=True, max_in_flight=1, batch_size=BATCH)

    def step(name, call):
        sandbox.clear_requests()
        result, core, wall, reading = watch.run(call)
        counts = sandbox.requests()
        writes = counts.get("eventsimport", 0)
        lines.append([name, core, wall, reading, sum(counts.values()), writes])
        return result

    def validate():
        option = PlanOption(mode="upsert", **shared)
        return validate_event_data(df, FORM, option=option, client=client)

    step("validate (first: reads roster and form)", validate)
    report = step("validate", validate)
    assert report.ok
    assert not report.findings
    result = step(
        "insert all by key", lambda: upsert_event_data(df, FORM, option=upsert, client=client)
    )
    assert result.counts["inserted"] == len(df)
    result = step("unchanged", lambda: upsert_event_data(df, FORM, option=upsert, client=client))
    assert result.counts["unchanged"] == len(df)
    assert lines[-1][-1] == 0, "unchanged data must not be written"
    bare = UpsertEventOption(**shared)
    step(
        "unchanged, match and compare alone",
        lambda: upsert_event_data(df, FORM, option=bare, client=client),
    )
    changed = df.copy()
    where = np.linspace(0, len(df) - 1, args.changed).astype(int)
    changed.loc[where, "Count"] += 1
    result = step(
        f"{args.changed} changed",
        lambda: upsert_event_data(changed, FORM, option=upsert, client=client),
    )
    assert result.counts["updated"] == args.changed
    return lines


if __name__ == "__main__":
    main()
