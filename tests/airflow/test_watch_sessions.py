"""The sample DAG that turns watches' sessions into events with a table of laps."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

pytestmark = pytest.mark.airflow
ZONE = "Europe/Berlin"

FORM = "Endurance Session"
PATH = Path(__file__).parents[2] / "dags" / "watch_sessions.jsonl"
SESSIONS = [json.loads(line) for line in PATH.read_text().splitlines()]


@pytest.fixture(autouse=True)
def connection_with_zone(ams_connection):
    ams_connection(extra={"timezone": ZONE})


def test_sessions_arrive_with_their_laps_at_the_sites_time(ams_sandbox, run_dag, load_dag):
    assert str(run_dag(load_dag("watch_sessions")).state) == "success"
    events = {e["values"]["Session ID"]: e for e in ams_sandbox.events(FORM)}
    assert len(events) == len(SESSIONS)
    for session in SESSIONS:
        event = events[session["serial"]]
        start = datetime.fromisoformat(session["start_time"]).astimezone(ZoneInfo(ZONE))
        assert event["username"] == session["athlete"]
        assert event["start_date"] == f"{start:%d/%m/%Y}"
        assert event["start_time"] == f"{start:%I:%M %p}".lstrip("0")
        assert float(event["values"]["Minutes"]) == round(session["total_timer_time"] / 60, 1)
        assert [float(row["Lap kilometres"]) for row in event["table"]] == [
            round(lap["total_distance"] / 1000, 2) for lap in session["laps"]
        ]


def test_a_session_that_is_uploaded_again_is_the_same_event(
    ams_sandbox, run_dag, load_dag, tmp_path
):
    run_dag(load_dag("watch_sessions"))
    before = {e["id"]: e["values"] for e in ams_sandbox.events(FORM)}
    calls = ams_sandbox.requests()["eventsimport"]
    assert str(run_dag(load_dag("watch_sessions")).state) == "success"
    assert ams_sandbox.requests()["eventsimport"] == calls
    assert {e["id"]: e["values"] for e in ams_sandbox.events(FORM)} == before

    # A watch has more of the last session by now.
    more = SESSIONS[-1] | {"laps": [*SESSIONS[-1]["laps"], SESSIONS[-1]["laps"][0]]}
    path = tmp_path / "sessions.jsonl"
    path.write_text("\n".join(map(json.dumps, [*SESSIONS[:-1], more])))
    run_dag(load_dag("watch_sessions"), run_conf={"path": str(path)})
    assert ams_sandbox.requests()["eventsimport"] == calls + 1
    events = {e["values"]["Session ID"]: e for e in ams_sandbox.events(FORM)}
    assert len(events) == len(before)
    assert len(events[more["serial"]]["table"]) == len(more["laps"])
