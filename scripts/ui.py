"""Run Airflow with its web pages and a local AMS until Ctrl-C.

Run: python scripts/ui.py [--seconds N]
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from local import STATE, airflow_environment, free_port, start_sandbox

FOLDER = STATE / "ui"
HOME = FOLDER / "airflow"
LOG = FOLDER / "airflow.log"
START_SECONDS = 180
FIRST = "reaction_time_import"


def main() -> int:
    """Serve until Ctrl-C, SIGTERM, or the given time is up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, help="stop by itself after so long")
    seconds = parser.parse_args().seconds
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    HOME.mkdir(parents=True, exist_ok=True)
    port = free_port(8080)
    url = f"http://127.0.0.1:{port}"
    with start_sandbox(FOLDER, free_port(8085)) as sandbox:
        environment = airflow_environment(HOME, sandbox) | web_settings(port)
        with LOG.open("w") as file:
            # A group of its own: a signal to the parent alone leaves its children running.
            standalone = subprocess.Popen(
                ["airflow", "standalone"],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                print("Airflow is starting, about half a minute ...", flush=True)
                wait_until_healthy(url, standalone)
                print(f"Airflow     {url}  (login admin / {password()})")
                print(f"local AMS   {sandbox.url}  (login {sandbox.username} / {sandbox.password})")
                print(f"what is in  {sandbox.root}/  (forms, events, people, what was sent)")
                print(f"log         {LOG}")
                show_first(url)
                standalone.wait(timeout=seconds)
            except (KeyboardInterrupt, subprocess.TimeoutExpired):
                print("\nstopping ...", flush=True)
            finally:
                stop(standalone)
    return 0


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def web_settings(port: int) -> dict[str, str]:
    """Return what makes Airflow's server listen on that port of this machine alone."""
    return {
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "20",
    }


def show_first(url: str) -> None:
    """Switch on the DAG to begin with, and say where it is."""
    there = f"{url}/dags/{FIRST}"
    if unpaused(url, FIRST, password()):
        print(f"try first   {there}  (it is switched on: press Trigger, twice)")
    else:
        print(f"try first   {there}  (switch it on, then press Trigger, twice)")
    print("            The second run reports 180 rows unchanged, and sends nothing.")
    print("Ctrl-C stops both.", flush=True)


def unpaused(url: str, dag: str, secret: str, patience: float = 60) -> bool:
    """Switch a DAG on as soon as Airflow has read its file; tells whether it could."""
    deadline = time.monotonic() + patience
    while True:
        try:
            login = {"username": "admin", "password": secret}
            token = _call("POST", f"{url}/auth/token", login)["access_token"]
            _call("PATCH", f"{url}/api/v2/dags/{dag}", {"is_paused": False}, token)
            return True
        except (urllib.error.URLError, OSError, ValueError, KeyError):
            if time.monotonic() > deadline:
                return False
            time.sleep(1)


def _call(method: str, url: str, body: dict[str, Any], token: str = "") -> dict[str, Any]:
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url, json.dumps(body).encode(), headers, method=method)
    with urllib.request.urlopen(request, timeout=10) as reply:
        return dict(json.load(reply))


def wait_until_healthy(url: str, process: subprocess.Popen[bytes]) -> None:
    """Return when all of Airflow's parts report healthy."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/api/v2/monitor/health", timeout=5) as reply:
                parts = json.load(reply)
        except (urllib.error.URLError, OSError, ValueError):
            parts = {}
        needed = ("metadatabase", "scheduler", "triggerer", "dag_processor")
        if all((parts.get(name) or {}).get("status") == "healthy" for name in needed):
            return
        time.sleep(1)
    raise SystemExit(f"Airflow did not start; what it said is in {LOG}")


def password() -> str:
    """Return the password that Airflow has made up for its admin."""
    made = Path(HOME / "simple_auth_manager_passwords.json.generated")
    return str(json.loads(made.read_text())["admin"])


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the whole group: ask first, then insist."""
    for number, patience in ((signal.SIGTERM, 15), (signal.SIGKILL, 5)):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            process.poll()
            try:
                os.killpg(process.pid, 0)
            except ProcessLookupError:
                return
            time.sleep(0.2)


if __name__ == "__main__":
    sys.exit(main())
