"""A task under the scheduler, killed or stopped at random moments, finishes its import."""

from __future__ import annotations

import json
import os
import random
import signal
import textwrap
import time
from collections import Counter
from contextlib import contextmanager, suppress

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

    class Older(AmsInsertEventDataOperator):
        # As an Airflow without a task state store runs it.
        def execute(self, context):
            context = {{k: v for k, v in context.items() if k != "task_state_store"}}
            return super().execute(context)

    def note_pid(context):
        pids = Path({pids!r}) / context["dag"].dag_id
        # Under a name that is there at once with all that it says.
        new = pids.parent / str(os.getpid())
        new.write_text(str(os.getppid()))
        new.rename(pids / new.name)

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
    for number, name in enumerate({dags!r}):
        with DAG(name, schedule=None):
            (Older if name.endswith("older") else AmsInsertEventDataOperator)(
                task_id="insert",
                form=f"Session {{number}}",
                data=rows,
                batch_size=4,
                settle_seconds=0.5,
                retries=200,
                retry_delay=timedelta(seconds=0.1),
                pre_execute=note_pid,
            )
"""


@contextmanager
def live(tmp_path, *names, **environment):
    """Yield an Airflow with these DAGs, the sandbox they write to and the folder of their pids."""
    dags, pids, home = tmp_path / "dags", tmp_path / "pids", tmp_path / "home"
    for folder in (dags, home, *(pids / name for name in names)):
        folder.mkdir(parents=True)
    source = DAG.format(pids=str(pids), rows=ROWS, dags=list(names))
    (dags / "imports.py").write_text(textwrap.dedent(source))
    with SandboxProcess(port=0, latency_ms=30) as sandbox:
        sandbox.add_users([{"id": 1000 + i, "username": f"user.{i}"} for i in range(12)])
        for number in range(len(names)):
            sandbox.add_form(f"Session {number}", ["minutes: Number", "note: Text"])
        connection = {
            "conn_type": "ams",
            "host": sandbox.url,
            "login": sandbox.username,
            "password": sandbox.password,
            "extra": {"timezone": "UTC"},
        }
        variables = {"AIRFLOW_CONN_AMS_DEFAULT": json.dumps(connection), **environment}
        with LiveAirflow(home, dags, variables) as airflow:
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


def stored(sandbox, number=0):
    return Counter(
        (e["user_id"], e["start_date"], e["values"]["minutes"], e["values"]["note"])
        for e in sandbox.events(f"Session {number}")
    )


@pytest.mark.airflow
@pytest.mark.timeout(2400)
@pytest.mark.parametrize("name", ["killed", "killed_older"])
@pytest.mark.parametrize("kills", [3, pytest.param(30, marks=pytest.mark.chaos)])
def test_killed_at_random_moments(tmp_path, name, kills):
    with live(tmp_path, name) as (airflow, sandbox, folder):
        dice, hits, runs, pids = random.Random(kills), 0, 0, folder / name
        while hits < kills:
            run = airflow.trigger(name)
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


# A worker that is not heard of for so long is given up, and its task is tried again.
IMPATIENT = {
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "6",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "1",
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
    "AIRFLOW__CORE__PARALLELISM": "8",
}


def stop_once_it_sends(sandbox, pids, number, before, moment):
    """Stop the first try of a run, with its supervisor, so many seconds after its first call."""
    while not (fresh := list(pids.iterdir())):
        time.sleep(0.05)
    while len(sandbox.events(f"Session {number}")) == before:
        time.sleep(0.02)
    time.sleep(moment)
    stopped = [int(fresh[0].read_text()), int(fresh[0].name)]
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    return stopped


def go_on(stopped):
    """Let a try go on in which nobody believes any more: first the task, then its supervisor."""
    for pid in reversed(stopped):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


@pytest.mark.airflow
@pytest.mark.timeout(2400)
@pytest.mark.parametrize("rounds", [1, pytest.param(4, marks=pytest.mark.chaos)])
def test_a_try_that_is_paused_until_the_next_one_is_done(tmp_path, rounds):
    """Three at a time, one of them without the task state store."""
    names, dice = ("paused_a", "paused_b", "paused_older"), random.Random(rounds)
    with live(tmp_path, *names, **IMPATIENT) as (airflow, sandbox, folder):
        for done in range(rounds):
            runs = [airflow.trigger(name) for name in names]
            stopped = [
                stop_once_it_sends(sandbox, folder / name, n, done * ROWS, dice.uniform(0.0, 0.8))
                for n, name in enumerate(names)
            ]
            states = [airflow.wait(run) for run in runs]
            tries = [len(list((folder / name).iterdir())) for name in names]
            for pair in stopped:
                go_on(pair)
            time.sleep(3)
            assert states == ["success"] * 3
            assert min(tries) > 1
            for number, name in enumerate(names):
                assert set(stored(sandbox, number).values()) == {done + 1}
                assert len(stored(sandbox, number)) == ROWS
                for pid in (folder / name).iterdir():
                    pid.unlink()
