"""What faults cost, and what they don't: events lost and doubled under a rough network.

Runs many small imports against a sandbox that fails at random, again as long as they end red, and
compares what AMS then holds with what was sent; then the same imports without faults.

Run: python benchmarks/faults.py [--imports 1000] [--rows 200]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from _common import machine, table

from airflow_provider_ams.ams import AMSClient, AMSError, InsertEventOption, insert_event_data
from airflow_provider_ams.sandbox import SandboxProcess
from airflow_provider_ams.transport import Clock

FORM = "Session"
USERS = 40


@dataclass
class Cost:
    """What a series of imports took."""

    imports: int = 0
    runs: int = 0
    requests: int = 0
    seconds: float = 0.0
    lost: int = 0
    doubled: int = 0
    red: int = 0


def frame_of(number: int, rows: int) -> pd.DataFrame:
    """Return one import's rows, different from those of the others, with equal ones among them."""
    return pd.DataFrame(
        {
            "user_id": [1000 + i % USERS for i in range(rows)],
            "start_date": [f"{1 + i // USERS:02d}/03/2026" for i in range(rows)],
            "start_time": "9:00 AM",
            "minutes": [number + (i // 2) / 4 for i in range(rows)],
            "note": [f"import {number}"] * rows,
        }
    )


def wanted(frame: pd.DataFrame) -> Counter[tuple[object, ...]]:
    """Return the rows as a multiset."""
    columns = [frame[c].tolist() for c in ("user_id", "start_date", "minutes", "note")]
    return Counter(zip(*columns, strict=True))


def held(sandbox: SandboxProcess) -> Counter[tuple[object, ...]]:
    """Return what the sandbox holds, in the same form."""
    return Counter(
        (e["user_id"], e["start_date"], float(e["values"]["minutes"]), e["values"]["note"])
        for e in sandbox.events(FORM)
    )


def run_import(sandbox: SandboxProcess, frame: pd.DataFrame, note: Path, cost: Cost) -> bool:
    """Import until green; False if it stays red."""
    # The sandbox needs milliseconds for what real servers need seconds for; so do the waits.
    clock = Clock(sleep=lambda seconds: time.sleep(min(seconds, 0.02)))
    option = InsertEventOption(interactive_mode=False, settle_seconds=0.05)
    for _ in range(20):
        cost.runs += 1
        client = AMSClient(
            sandbox.url,
            sandbox.username,
            sandbox.password,
            timezone="UTC",
            clock=clock,
            read_timeout=0.5,
        )
        try:
            insert_event_data(frame, FORM, client=client, option=option, resume=note)
            return True
        except AMSError:
            pass
        finally:
            cost.requests += client.requests
            client.close()
    return False


def series(imports: int, rows: int, profile: str | None, seed: int) -> Cost:
    """Run a series of imports under a fault profile."""
    cost = Cost(imports)
    with SandboxProcess(port=0) as sandbox, tempfile.TemporaryDirectory() as folder:
        for number in range(imports):
            sandbox.reset()
            users = [{"id": 1000 + i, "username": f"user.{i}"} for i in range(USERS)]
            sandbox.add_users(users)
            sandbox.add_form(FORM, ["minutes: Number", "note: Text"])
            if profile:
                sandbox.faults(profile=profile, seed=seed + number)
            frame = frame_of(number, rows)
            began = time.perf_counter()
            green = run_import(sandbox, frame, Path(folder) / f"{number}.json", cost)
            cost.seconds += time.perf_counter() - began
            goal, found = wanted(frame), held(sandbox)
            cost.red += not green
            cost.lost += sum((goal - found).values()) if green else 0
            cost.doubled += sum((found - goal).values())
    return cost


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--imports", type=int, default=100)
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", default="rough", help="fault profile of the sandbox")
    given = parser.parse_args()
    print(machine())
    rows = []
    for name, profile in (("none", None), (given.faults, given.faults)):
        c = series(given.imports, given.rows, profile, given.seed)
        each = (c.runs / c.imports, c.requests / c.imports, c.seconds / c.imports * 1000)
        rows.append((name, c.imports, c.imports * given.rows, c.lost, c.doubled, c.red, *each))
    head = ("faults", "imports", "events", "lost", "doubled", "still red")
    table((*head, "runs/import", "requests/import", "ms/import"), rows)


if __name__ == "__main__":
    main()
