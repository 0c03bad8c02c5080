"""An Airflow with scheduler, API server and workers, as `airflow standalone` starts it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.parse import quote

DONE = ("success", "failed")


class LiveAirflow:
    """Start on entering, stop with all its processes on leaving."""

    def __init__(self, home: Path, dags: Path, environment: dict[str, str]):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.home = home
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("AIRFLOW")}
        self.environment = {
            **inherited,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
            **environment,
        }

    def __enter__(self):
        self._log = (self.home / "standalone.log").open("w")
        # A group of its own: a signal to the parent alone leaves its children running.
        self._process = subprocess.Popen(
            ["airflow", "standalone"],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            self._wait_until_healthy()
            made = json.loads(
                (self.home / "simple_auth_manager_passwords.json.generated").read_text()
            )
            login = {"username": "admin", "password": made["admin"]}
            self._token = self.call("POST", "/auth/token", login, login=False)["access_token"]
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            deadline = time.monotonic() + 10
            while time.monotonic() < deadline and self._alive():
                time.sleep(0.2)
        self._log.close()

    def _alive(self):
        self._process.poll()
        try:
            os.killpg(self._process.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def _wait_until_healthy(self):
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(OSError, ValueError):
                parts = self.call("GET", "/api/v2/monitor/health", login=False)
                names = ("metadatabase", "scheduler", "dag_processor")
                if all((parts.get(n) or {}).get("status") == "healthy" for n in names):
                    return
            time.sleep(0.5)
        raise RuntimeError(f"Airflow did not start; see {self._log.name}")

    def call(self, method, path, body=None, login=True):
        """Call the REST API."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        if login:
            request.add_header("Authorization", f"Bearer {self._token}")
        with urllib.request.urlopen(request, timeout=30) as reply:
            return json.load(reply)

    def trigger(self, dag, conf=None):
        """Start a run as soon as the DAG is known; returns the run's path in the API."""
        deadline = time.monotonic() + 120
        while True:
            try:
                run = self.call(
                    "POST",
                    f"/api/v2/dags/{dag}/dagRuns",
                    {"logical_date": None, "conf": conf or {}},
                )
                return f"/api/v2/dags/{dag}/dagRuns/{quote(run['dag_run_id'])}"
            except urllib.error.HTTPError as error:
                if error.code != 404 or time.monotonic() > deadline:
                    raise
                time.sleep(1)

    def state(self, run):
        """Return the state of a run."""
        return self.call("GET", run)["state"]

    def wait(self, run, seconds=300):
        """Return the final state of a run."""
        deadline = time.monotonic() + seconds
        while (state := self.state(run)) not in DONE:
            assert time.monotonic() < deadline, f"still {state}"
            time.sleep(0.5)
        return state
