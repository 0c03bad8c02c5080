"""The sample DAGs in a real Airflow, against a sandbox over HTTP."""

from __future__ import annotations

import csv
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest

DAGS = Path(__file__).parents[2] / "dags"

pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("ams_connection")]


def succeeded(run):
    states = {ti.task_id: str(ti.state) for ti in run.get_task_instances()}
    assert set(states.values()) == {"success"}, states
    return True


def test_nightly_training_log(ams_sandbox, run_dag, load_dag):
    before = {e["id"]: e for e in ams_sandbox.events("Training Log")}
    assert succeeded(run_dag(load_dag("nightly_training_log")))
    first = ams_sandbox.events("Training Log")
    assert len(first) == len(before)
    changed = [e for e in first if "load_7d" in e["values"]]
    assert len(changed) == 18 * 7
    for event in first:
        old = before[event["id"]]
        kept = {k: v for k, v in event["values"].items() if k != "load_7d"}
        assert kept == old["values"]
        assert [float(r["distance_km"]) for r in event["table"]] == [
            float(r["distance_km"]) for r in old["table"]
        ]
        assert [r["activity"] for r in event["table"]] == [r["activity"] for r in old["table"]]
        for same in ("start_date", "start_time", "finish_date", "finish_time", "user_id"):
            assert event[same] == old[same]
    assert weekly_loads_are_right(first)

    assert succeeded(run_dag(load_dag("nightly_training_log")))
    again = ams_sandbox.events("Training Log")
    assert [e["values"] for e in again] == [e["values"] for e in first]


def weekly_loads_are_right(events):
    import datetime as dt

    def day(event):
        return dt.datetime.strptime(event["start_date"], "%d/%m/%Y").date()

    for event in events:
        if "load_7d" not in event["values"]:
            continue
        load = sum(
            float(e["computed"]["training_load"])
            for e in events
            if e["user_id"] == event["user_id"]
            and dt.timedelta(0) <= day(event) - day(e) < dt.timedelta(days=7)
        )
        assert float(event["values"]["load_7d"]) == load
    return True


def test_reaction_time_import_twice(ams_sandbox, run_dag, load_dag):
    assert succeeded(run_dag(load_dag("reaction_time_import")))
    first = ams_sandbox.events("Reaction Time")
    with (files("airflow_provider_ams.sandbox") / "data" / "sleep_study.csv").open() as file:
        study = list(csv.DictReader(file))
    stored = {(e["values"]["Subject"], e["values"]["Day"]): e for e in first}
    assert len(stored) == len(first) == len(study) == 180
    for row in study:
        event = stored[row["subject"], row["day"]]
        assert event["username"] == f"volunteer.{row['subject']}"
        assert event["start_date"] == f"{5 + int(row['day']):02d}/01/2026"
        assert float(event["values"]["Reaction ms"]) == float(row["reaction_ms"])
    assert Counter(e["values"]["Condition"] for e in first) == {
        "Adaptation": 36,
        "Baseline": 18,
        "3 hours in bed": 126,
    }

    ams_sandbox.clear_requests()
    assert succeeded(run_dag(load_dag("reaction_time_import")))
    assert ams_sandbox.events("Reaction Time") == first
    assert not [name for name in ams_sandbox.requests() if "import" in name], "nothing is sent"


def test_reaction_time_import_finishes_what_is_there_in_part(ams_sandbox, run_dag, load_dag):
    assert succeeded(run_dag(load_dag("reaction_time_import")))
    complete = ams_sandbox.events("Reaction Time")
    for event in complete[10:40]:
        ams_sandbox.delete_event(event["id"])
    assert succeeded(run_dag(load_dag("reaction_time_import")))

    def what(events):
        return sorted((e["username"], e["start_date"], e["values"]["Reaction ms"]) for e in events)

    assert what(ams_sandbox.events("Reaction Time")) == what(complete)


def test_athlete_profile_sync(ams_sandbox, run_dag, load_dag):
    before = {p["username"]: p["values"] for p in ams_sandbox.profiles("Athlete Profile")}
    assert succeeded(run_dag(load_dag("athlete_profile_sync")))
    after = {p["username"]: p["values"] for p in ams_sandbox.profiles("Athlete Profile")}
    weights = {"volunteer.308": 56.4, "volunteer.309": 57.1, "volunteer.310": 61.8}
    assert after.keys() == before.keys()
    for name, values in after.items():
        assert values["height_cm"] == before[name]["height_cm"]
        weight = weights.get(name, float(before[name]["weight_kg"]))
        assert float(values["weight_kg"]) == weight


@pytest.mark.parametrize(
    "name", ["nightly_training_log", "reaction_time_import", "athlete_profile_sync"]
)
def test_sample_is_short_enough_to_read(name):
    assert len((DAGS / f"{name}.py").read_text().splitlines()) < 80
