from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time

import pytest
import requests

from airflow_provider_ams.sandbox import SandboxProcess

MODULE = [sys.executable, "-m", "airflow_provider_ams.sandbox"]


def gone(pid: int, seconds: float = 8) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            with open(f"/proc/{pid}/stat") as file:
                if file.read().rsplit(")", 1)[1].split()[0] == "Z":
                    return True
        except FileNotFoundError:
            return True
        time.sleep(0.05)
    return False


def test_a_process_of_its_own(tmp_path):
    with SandboxProcess(seed=None, db=tmp_path / "x.db", page_size=7, password="other") as sandbox:
        assert sandbox.pid != os.getpid()
        assert sandbox.password == "other"
        assert sandbox.state()["settings"]["page_size"] == 7
        assert sandbox.state()["counts"]["users"] == 1
        pid = sandbox.pid
    assert gone(pid)


def test_it_dies_with_its_parent():
    code = (
        "import time\nfrom airflow_provider_ams.sandbox import SandboxProcess\n"
        "s = SandboxProcess().start(); print(s.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        pid = int(parent.stdout.readline())
        os.kill(parent.pid, signal.SIGKILL)
    assert gone(pid)


def start(*arguments: str):
    command = [*MODULE, "--port", "0", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    text = b""
    while not text.endswith(b"ready\n"):
        line = process.stdout.readline()
        assert line, text
        text += line
    return process, text.decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_command_line_says_where_it_is_and_stops_when_told(number):
    process, text = start("--seed", "demo", "--latency", "5", "--faults", "rough")
    with process:
        url = re.search(r"AMS +(\S+)", text)[1]
        assert "api.account / sandbox-password" in text
        state = requests.get(f"{url[: -len('/site')]}/__sandbox__/state", timeout=5).json()
        assert state["settings"]["latency_ms"] == 5
        process.send_signal(number)
        assert process.wait(8) == 0
        assert process.stderr.read() == b""


def test_command_line_stops_by_itself():
    process, _ = start("--max-seconds", "0.5")
    with process:
        assert process.wait(8) == 0


def test_a_wrong_setting_is_an_error_and_no_hang():
    with pytest.raises(Exception, match="did not start"):
        SandboxProcess(pagesize=3).start()


def test_nothing_heavy_is_imported_by_the_plugin():
    code = (
        "import sys, airflow_provider_ams.sandbox.pytest_plugin\n"
        "bad = {'fastapi', 'uvicorn', 'pandas', 'airflow', 'orjson', 'requests'}\n"
        "print(sorted(bad & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [(["--faults", "smooth"], "fault profile must be one of"), (["--port", "TAKEN"], "in use")],
)
def test_a_start_that_fails_says_why_in_one_line(ams_sandbox, arguments, reason):
    taken = ams_sandbox.root.rpartition(":")[2]
    arguments = [taken if part == "TAKEN" else part for part in arguments]
    done = subprocess.run([*MODULE, "--port", "0", *arguments], capture_output=True, text=True)

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert reason in done.stderr


def test_a_dialect_on_the_command_line():
    process, text = start("--dialect", '{"event_ids": "text"}', "--max-seconds", "20")
    process.terminate()

    assert "dialect   Dialect(event_ids='text')" in text
    process.communicate()
