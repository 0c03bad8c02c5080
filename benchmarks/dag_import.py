"""Milliseconds that importing the operators adds to bare Airflow, which a DAG file loads anyway.

Run: python benchmarks/dag_import.py [--runs 9]
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile

MODULES = (
    "airflow_provider_ams.hooks.ams",
    "airflow_provider_ams.operators.ams",
    "airflow_provider_ams.hooks.tidepool",
    "airflow_provider_ams.operators.tidepool",
)
PROBE = """
import importlib, sys, time
from airflow.providers.common.compat.sdk import DAG, BaseHook, BaseOperator, task
began = time.perf_counter()
for module in sys.argv[1:]:
    importlib.import_module(module)
print((time.perf_counter() - began) * 1000)
"""
LIMIT_MS = 50


def measure(modules: tuple[str, ...], runs: int, home: str) -> list[float]:
    environment = {**os.environ, "AIRFLOW_HOME": home, "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    times = []
    for _ in range(runs + 1):
        done = subprocess.run(
            [sys.executable, "-c", PROBE, *modules],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
        )
        times.append(float(done.stdout.split()[-1]))
    return times[1:]  # the first run may still have to compile


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    runs = parser.parse_args().runs
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"{'new interpreter, Airflow loaded, then import':46} {'median ms':>9} {'worst ms':>9}")
    with tempfile.TemporaryDirectory() as home:
        for modules in (*((m,) for m in MODULES), MODULES):
            times = measure(modules, runs, home)
            name = modules[0] if len(modules) == 1 else "all of them"
            print(f"{name:46} {statistics.median(times):9.1f} {max(times):9.1f}")
    print(f"limit: {LIMIT_MS} ms")
    return int(statistics.median(times) >= LIMIT_MS)


if __name__ == "__main__":
    raise SystemExit(main())
