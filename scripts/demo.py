"""Run two sample DAGs in a real Airflow against a local AMS, and show what landed.

The sandbox keeps its state in .demo/demo/, so that a second run meets the events of the first; what
`make ui` shows is another one.

Run: python scripts/demo.py [--faults rough]
"""

from __future__ import annotations

import argparse
import json
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from typing import Any

from local import STATE, airflow_environment, start_sandbox

DAGS = ("nightly_training_log", "reaction_time_import")
FOLDER = STATE / "demo"
HOME = FOLDER / "airflow"
STEPS = len(DAGS) + 2


def main() -> int:
    """Run the demo; 0 when everything went well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", help="let the local AMS fail at random, by this profile")
    faults = parser.parse_args().faults
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    with start_sandbox(FOLDER) as sandbox:
        print(f"local AMS   {sandbox.url}  (login {sandbox.username} / {sandbox.password})")
        before = count(sandbox.events())
        environment = airflow_environment(HOME, sandbox)
        if faults:
            sandbox.faults(profile=faults, seed=1)
        airflow(1, "a database for Airflow", ("db", "migrate"), environment)
        for number, dag in enumerate(DAGS, start=2):
            airflow(number, f"the DAG {dag}", ("dags", "test", dag), environment)
            show_run(dag)
        print(f"\nstep {STEPS} of {STEPS}: look at what is in the local AMS now")
        doubles = show_events(sandbox.events(), before)
    if doubles:
        print(f"\n{doubles} events are there twice: that must not be.")
        return 1
    print("\nSandbox stopped. Its state stays in .demo/demo/: run again, nothing is there twice.")
    return 0


def airflow(step: int, what: str, command: Sequence[str], environment: dict[str, str]) -> None:
    """Run an Airflow command, its output in a file; on failure show the end of it and leave."""
    name = " ".join(command)
    log = FOLDER / f"{'-'.join(command)}.log"
    began = time.monotonic()
    print(f"\nstep {step} of {STEPS}: {what} (airflow {name}) ...", end="", flush=True)
    with log.open("w") as file:
        done = subprocess.run(
            ["airflow", *command], env=environment, stdout=file, stderr=subprocess.STDOUT
        )
    took = time.monotonic() - began
    if done.returncode:
        print("\n" + "\n".join(log.read_text().splitlines()[-40:]))
        print(f"\nairflow {name} failed after {took:.1f} s; everything it said is in {log}")
        sys.exit(1)
    print(f" {took:.1f} s")


def show_run(dag: str) -> None:
    """Print the state of each task and what its writes report."""
    with closing(sqlite3.connect(HOME / "airflow.db")) as db:
        states = db.execute(
            "SELECT task_id, state FROM task_instance WHERE dag_id = ? ORDER BY start_date", (dag,)
        ).fetchall()
        results = dict(
            db.execute(
                "SELECT task_id, value FROM xcom WHERE dag_id = ? AND key = 'return_value'", (dag,)
            ).fetchall()
        )
    for task, state in states:
        print(f"  {task:18} {state:10} {figures(results.get(task))}".rstrip())


def figures(result: str | bytes | None) -> str:
    """Return the counts of a write's summary as text; nothing for other results."""
    summary = json.loads(result) if result else None
    if not isinstance(summary, dict) or "inserted" not in summary:
        return ""
    names = ("rows", "inserted", "updated", "unchanged", "rejected", "unknown", "requests")
    return ", ".join(f"{summary[n]} {n}" for n in names if summary.get(n))


def count(events: list[dict[str, Any]]) -> dict[str, int]:
    """Return the number of events of each form."""
    counts: dict[str, int] = {}
    for event in events:
        counts[event["form"]] = counts.get(event["form"], 0) + 1
    return counts


def show_events(events: list[dict[str, Any]], before: dict[str, int]) -> int:
    """Print events by form and one athlete's events as a sample; return how many are doubles."""
    after, all_doubles = count(events), 0
    print(f"  {'form':16} {'before':>6} {'now':>6} {'doubles':>8}")
    for form in sorted(after):
        keys = [
            (e["user_id"], e["start_date"], e["start_time"]) for e in events if e["form"] == form
        ]
        doubles = len(keys) - len(set(keys))
        all_doubles += doubles
        print(f"  {form:16} {before.get(form, 0):6} {after[form]:6} {doubles:8}")
    for form in sorted(after):
        of_form = [e for e in events if e["form"] == form]
        user = of_form[0]["user_id"]
        print(f"\n{form}, the last events of {of_form[0]['username']}")
        for event in [e for e in of_form if e["user_id"] == user][-3:]:
            values = ", ".join(f"{k}={v}" for k, v in event["values"].items())
            print(f"  {event['start_date']} {event['start_time']:>8}  {values}")
    return all_doubles


if __name__ == "__main__":
    sys.exit(main())
