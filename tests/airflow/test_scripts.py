"""The helpers behind ``make demo`` and ``make ui``."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
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
