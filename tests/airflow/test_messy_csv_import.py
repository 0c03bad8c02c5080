"""The sample DAG that takes a folder of odd files, run three times in a real Airflow."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import pytest

pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("ams_connection")]

FORM = "Training Log"
INBOX = Path(__file__).parents[2] / "dags" / "inbox"
# What is wrong in each file, and what a person writes instead.
MENDED = {
    "academy.csv": [("2025-02-30", "2025-02-28"), (",fifty,", ",50,")],
    "gym.csv": [("Hard", "High")],
    "physio.csv": [("volunteer.999", "volunteer.310")],
    "watches.jsonl": [('"far"', "9.5")],
}


@pytest.fixture
def folders(tmp_path):
    inbox = tmp_path / "inbox"
    shutil.copytree(INBOX, inbox)
    (tmp_path / "dead_letters").mkdir()
    return {"inbox": str(inbox), "dead_letters": str(tmp_path / "dead_letters")}


@pytest.fixture
def run(ams_sandbox, run_dag, load_dag, folders, caplog, capsys):
    """Run the DAG; return the run and all that was logged of it, wherever that goes."""
    caplog.set_level(logging.INFO)

    def run():
        caplog.clear()
        capsys.readouterr()
        done = run_dag(load_dag("messy_csv_import"), run_conf=folders)
        return done, caplog.text + capsys.readouterr().out

    return run


def waiting(folder):
    """Return the files of dead letters that hold any; the others only name columns."""
    return {
        p.name for p in folder.iterdir() if len(p.read_bytes().splitlines()) > ("csv" in p.name)
    }


def stored(sandbox):
    return [e for e in sandbox.events(FORM) if e["start_date"].endswith("/2025")]


def states(run):
    return {
        (ti.task_id, ti.map_index): str(ti.state)
        for ti in run.get_task_instances()
        if ti.task_id == "upsert_event_data"
    }


def mend(path):
    """Correct a file as a person would, in its own encoding."""
    encoding = "cp1252" if path.name.startswith("physio") else "utf-8"
    text = path.read_text(encoding)
    for wrong, right in MENDED[path.name]:
        assert wrong in text
        text = text.replace(wrong, right)
    path.write_text(text, encoding)


def test_good_rows_land_bad_ones_are_explained_and_mended_ones_follow(
    ams_sandbox, run, folders, tmp_path
):
    first, log = run()
    assert sorted(states(first).values()) == ["failed"] + ["success"] * 6
    landed = len(stored(ams_sandbox))
    assert landed == 10 - 2 + 8 - 1 + 6 + 6 + 7 - 1 + 5 - 1
    letters = tmp_path / "dead_letters"
    assert waiting(letters) == set(MENDED)
    for words in ("broken.csv", "start_date", "duration", "intensity", "distance_km"):
        assert words in log
    for value in ("fifty", "volunteer.999", "2025-02-30", "Hard", "Rückentraining"):
        assert value not in log

    # A person mends what is in the folder of dead letters, and puts it where the files were.
    Path(folders["inbox"], "broken.csv").unlink()
    for name in MENDED:
        mend(letters / name)
        shutil.move(letters / name, Path(folders["inbox"], name))
    second, _ = run()
    assert set(states(second).values()) == {"success"}
    assert len(stored(ams_sandbox)) == landed + 5
    assert not waiting(letters)

    calls = ams_sandbox.requests()["eventsimport"]
    third, _ = run()
    assert set(states(third).values()) == {"success"}
    assert ams_sandbox.requests()["eventsimport"] == calls
    assert len(stored(ams_sandbox)) == landed + 5


def test_encodings_decimal_commas_and_laps_arrive_as_they_were_written(ams_sandbox, run):
    run()
    events = {(e["username"], e["start_date"]): e for e in stored(ams_sandbox)}
    assert events["volunteer.308", "03/03/2025"]["values"]["comments"] == "Übergang"
    assert float(events["volunteer.309", "04/03/2025"]["values"]["duration"]) == 36.5
    assert events["volunteer.308", "07/04/2025"]["values"]["comments"] == "クラブ練習 1"
    assert events["volunteer.308", "07/04/2025"]["start_time"] == "6:00 PM"
    laps = events["volunteer.330", "17/07/2025"]["table"]
    assert [(r["activity"], float(r["distance_km"])) for r in laps] == [
        ("Run", 1.5),
        ("Bike", 1.9),
        ("Row", 2.3),
        ("Run", 2.7),
    ]
