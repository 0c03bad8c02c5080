"""The helpers behind ``make demo`` and ``make ui``."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def scripts(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))


def test_a_taken_port_is_left_alone(scripts):
    from local import free_port

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(port) != port
    assert free_port(port) == port


def test_airflow_gets_nothing_of_the_callers_airflow(scripts, monkeypatch, ams_sandbox, tmp_path):
    from local import airflow_environment

    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    environment = airflow_environment(tmp_path, ams_sandbox)
    assert "AIRFLOW__CORE__EXECUTOR" not in environment
    assert environment["AIRFLOW_HOME"] == str(tmp_path)
    assert ams_sandbox.url in environment["AIRFLOW_CONN_AMS_DEFAULT"]


def test_stopping_ends_the_children_too(scripts):
    from ui import stop

    parent = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"
    child = "import signal, time; signal.signal(signal.SIGTERM, lambda *_: exit()); "
    child += "print('up', flush=True); time.sleep(60)"
    process = subprocess.Popen(
        [sys.executable, "-c", parent, child], stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout.readline() == b"up\n"
    stop(process)
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    process.stdout.close()


def test_demo_and_ui_keep_nothing_in_the_same_place(scripts):
    import demo
    import ui

    assert demo.FOLDER != ui.FOLDER
    assert demo.HOME.is_relative_to(demo.FOLDER)
    assert ui.HOME.is_relative_to(ui.FOLDER)


def test_two_sandboxes_share_no_state(scripts, tmp_path):
    from local import start_sandbox

    with start_sandbox(tmp_path / "one") as one, start_sandbox(tmp_path / "two") as two:
        one.add_users([{"username": "only.here"}])
        assert "only.here" not in {user["username"] for user in two.users()}
    with start_sandbox(tmp_path / "one") as again:
        assert "only.here" in {user["username"] for user in again.users()}


@pytest.fixture
def slow_airflow():
    """Serve an Airflow that has not read the DAG's file at first; yields its URL and the calls."""
    calls = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.answer(201, {"access_token": "t0ken"})

        def do_PATCH(self):
            tries = [call for call in calls if call[0] == "PATCH"]
            self.answer(404 if len(tries) < 1 else 200, {})

        def answer(self, status, body):
            sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            calls.append((self.command, self.path, self.headers["Authorization"], sent))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *args):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", calls
        server.shutdown()


def test_the_first_dag_is_switched_on_once_airflow_knows_it(scripts, slow_airflow):
    from ui import FIRST, unpaused

    url, calls = slow_airflow
    assert unpaused(url, FIRST, "made up")
    assert calls[0] == ("POST", "/auth/token", None, {"username": "admin", "password": "made up"})
    assert calls[-1] == ("PATCH", f"/api/v2/dags/{FIRST}", "Bearer t0ken", {"is_paused": False})
    assert (SCRIPTS.parent / "dags" / f"{FIRST}.py").exists()


def test_a_dag_that_never_comes_is_no_failure(scripts):
    from ui import FIRST, unpaused

    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    assert not unpaused(f"http://127.0.0.1:{port}", FIRST, "made up", patience=0)
