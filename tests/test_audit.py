"""The audit of the locked versions is no obstacle where there is no way to the database."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Not a part of the make that may run the tests: it would say where it is, and take its flags.
ALONE = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
pytestmark = pytest.mark.skipif(
    not (shutil.which("make") and shutil.which("curl")), reason="needs make and curl"
)


def audit(folder, proxy, *settings):
    """Run the audit with a pip-audit that finds something, and the database behind a proxy."""
    (folder / "pip-audit").write_text("#!/bin/sh\necho found; exit 1\n")
    (folder / "pip-audit").chmod(0o755)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["make", "-o", ".venv/.ready", "audit", *settings],
        cwd=ROOT,
        env={**ALONE, "PATH": path, "https_proxy": proxy, "no_proxy": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_database_out_of_reach_is_a_note(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        run = audit(tmp_path, f"http://127.0.0.1:{taken.getsockname()[1]}")
    assert (run.returncode, run.stdout.count("\n")) == (0, 1), run.stderr
    assert "can't be reached" in run.stdout


def test_a_way_that_leads_nowhere_is_not_waited_for(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        run = audit(tmp_path, f"http://127.0.0.1:{silent.getsockname()[1]}", "AUDIT_SECONDS=1")
        took = time.monotonic() - began
    assert run.returncode == 0, run.stderr
    assert "can't be reached" in run.stdout
    assert took < 30  # curl would wait for minutes


def test_without_the_tool_there_is_a_note(tmp_path):
    tools = {name: shutil.which(name) for name in ("sh", "make", "curl", "grep", "echo")}
    for name, where in tools.items():
        (tmp_path / name).symlink_to(where)
    run = subprocess.run(
        [tools["make"], "-o", ".venv/.ready", "audit"],
        cwd=ROOT,
        env={**ALONE, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "pip-audit is not installed" in run.stdout


def test_the_wait_is_short():
    text = (ROOT / "Makefile").read_text()
    (seconds,) = (line.split("?=")[1] for line in text.splitlines() if "AUDIT_SECONDS ?=" in line)
    assert int(seconds) < 10
