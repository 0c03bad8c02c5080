"""A task under the scheduler, killed with SIGKILL at random moments, finishes its import."""

from __future__ import annotations

import json
import os
import random
import signal
import textwrap
import time
from collections import Counter
from contextlib import suppress

import pytest

from airflow_provider_ams.sandbox import SandboxProcess
from tests.airflow_live.live import DONE, LiveAirflow

ROWS = 240
DAG = """
    import os
    from pathlib import Path
    from datetime import timedelta
    from airflow.providers.common.compat.sdk import DAG
    from airflow_provider_ams.operators.ams import AmsInsertEventDataOperator

    def note_pid(context):
        Path({pids!r}).joinpath(str(os.getpid())).touch()

    rows = [
        {{
            "user_id": 1000 + i % 12,
            "start_date": f"{{1 + i // 12:02d}}/03/2026",
            "start_time": "9:00 AM",
            "minutes": i // 2,
            "note": "same" if i % 3 else f"line {{i}}",
        }}
        for i in range({rows})
    ]
    with DAG("killed", schedule=None):
        AmsInsertEventDataOperator(
            task_id="insert",
            form="Session",
            data=rows,
            batch_size=4,
            settle_seconds=0.5,
            retries=200,
            retry_delay=timedelta(seconds=0.1),
            pre_execute=note_pid,
        )
"""


@pytest.fixture
def killed_dag(tmp_path):
    """Yield a live Airflow with the DAG, the sandbox it writes to and the folder of pids."""
    dags, pids, home = tmp_path / "dags", tmp_path / "pids", tmp_path / "home"
    for folder in (dags, pids, home):
        folder.mkdir()
    (dags / "killed.py").write_text(textwrap.dedent(DAG.format(pids=str(pids), rows=ROWS)))
    with SandboxProcess(port=0, latency_ms=30) as sandbox:
        sandbox.add_users([{"id": 1000 + i, "username": f"user.{i}"} for i in range(12)])
        sandbox.add_form("Session", ["minutes: Number", "note: Text"])
        connection = {
            "conn_type": "ams",
            "host": sandbox.url,
            "login": sandbox.username,
            "password": sandbox.password,
            "extra": {"timezone": "UTC"},
        }
        environment = {"AIRFLOW_CONN_AMS_DEFAULT": json.dumps(connection)}
        with LiveAirflow(home, dags, environment) as airflow:
            yield airflow, sandbox, pids


def kill_at_random(airflow, run, pids, moments):
    """Kill each try of the task so many seconds after it began; returns how many were hit."""
    seen, hits = set(), 0
    for moment in moments:
        while not (fresh := {p.name for p in pids.iterdir()} - seen):
            if airflow.state(run) in DONE:
                return hits
            time.sleep(0.05)
        seen |= fresh
        time.sleep(moment)
        for pid in fresh:
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
                hits += 1
    return hits


def stored(sandbox):
    return Counter(
        (e["user_id"], e["start_date"], e["values"]["minutes"], e["values"]["note"])
        for e in sandbox.events("Session")
    )


@pytest.mark.airflow
@pytest.mark.timeout(2400)
@pytest.mark.parametrize("kills", [3, pytest.param(30, marks=pytest.mark.chaos)])
def test_killed_at_random_moments(killed_dag, kills):
    airflow, sandbox, pids = killed_dag
    dice, hits, runs = random.Random(kills), 0, 0
    while hits < kills:
        run = airflow.trigger("killed")
        runs += 1
        # Up to where an undisturbed import would be done, and with each kill a little further.
        moments = [dice.uniform(0.0, 3.5) for _ in range(min(6, kills - hits))]
        hits += kill_at_random(airflow, run, pids, moments)
        assert airflow.wait(run) == "success"
        held = stored(sandbox)
        assert sum(held.values()) == ROWS * runs
        assert set(held.values()) == {runs}
        for pid in pids.iterdir():
            pid.unlink()
