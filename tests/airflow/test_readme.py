"""The code of README and docs is code: each block runs as it stands, against what `make ui` starts.

Only places are put in: a port of this machine, files for buckets, a key for `...`. Not run are
the first block, a part of a sample DAG that has its own test (compared here), and installation
in a shell.
"""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from airflow.providers.common.compat.sdk import DAG

import airflow_provider_ams.operators.ams as ams
import airflow_provider_ams.operators.tidepool as tidepool
from airflow_provider_ams.hooks.ams import AmsHook

ROOT = Path(__file__).parents[2]
TEXTS = {path: path.read_text() for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))}
README = TEXTS[ROOT / "README.md"]
FENCE = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
BLOCKS = [code for kind, code in FENCE.findall(README) if kind == "python"]
FILES = [c for k, c in FENCE.findall(TEXTS[ROOT / "docs" / "files.md"]) if k == "python"]
SHELL = [code for kind, code in FENCE.findall(README) if kind == "bash"]
OPERATORS = {
    name: getattr(module, name)
    for module in (ams, tidepool)
    for name in module.__all__
    if name.endswith("Operator")
}
DAY = "2025-01-06"


def block_with(text, blocks=BLOCKS):
    (block,) = (b for b in blocks if text in b)
    return block


def test_no_block_is_passed_over():
    """Whoever adds a block adds what runs it."""
    found = {p.name: [kind for kind, _ in FENCE.findall(t)] for p, t in TEXTS.items()}
    assert found["README.md"].count("python") == len(BLOCKS) == 8
    assert found["README.md"].count("bash") == len(SHELL) == 3
    assert found["files.md"] == ["python"] * 2
    assert {k: v for k, v in found.items() if v and k not in ("README.md", "files.md")} == {
        "wire.md": ["json"] * 2
    }


def without_layout(text):
    return re.sub(r"[\s,]+", "", text)


def test_the_first_block_is_the_sample_dag():
    sample = (ROOT / "dags" / "nightly_training_log.py").read_text()
    assert without_layout(BLOCKS[0]) in without_layout(sample)


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_what_a_block_imports_is_there(block):
    imports = [node for node in ast.walk(ast.parse(block)) if isinstance(node, ast.ImportFrom)]
    for node in imports:
        for name in node.names:
            assert hasattr(importlib.import_module(node.module), name.name)


def test_every_operator_has_an_example():
    blocks = "".join(BLOCKS)
    assert {name for name in OPERATORS if f"{name}(" in blocks} == set(OPERATORS)


# -- operators ------------------------------------------------------------------------------


@pytest.fixture
def run_shown(run_dag, monkeypatch, tmp_path):
    """Run the operators of a block one after the other in a real Airflow."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AIRFLOW_VAR_LOG_WATERMARK", "")
    monkeypatch.delenv("AIRFLOW_VAR_LOG_WATERMARK")

    def run(block, **names):
        with DAG("readme", schedule=None, default_args={"retries": 0}) as dag:
            exec(block.replace("s3://lake@bucket", str(tmp_path)), {**OPERATORS, **names})
        for before, after in zip(dag.tasks, dag.tasks[1:], strict=False):
            if after.task_id not in before.downstream_task_ids:
                before >> after
        run = run_dag(dag, logical_date=pd.Timestamp(DAY, tz="UTC").to_pydatetime())
        states = {ti.task_id: str(ti.state) for ti in run.get_task_instances()}
        assert states == dict.fromkeys(dag.task_ids, "success")

    return run


def test_operators_as_shown(ams_sandbox, ams_connection, run_shown):
    session = {"user_id": 1001, "start_date": DAY, "start_time": "09:30", "duration": 60}
    lift = {"user_id": 1001, "start_date": DAY, "exercise": "Squat", "load": 80, "reps": 5}
    stored = ams_sandbox.events("Training Log")
    assert {500001, 500002} <= {event["id"] for event in stored}
    changed = {"event_id": stored[-1]["id"], "user_id": stored[-1]["user_id"], "duration": 33}
    Path("sessions.csv").write_bytes(
        "username;start_date;duration;comments\nvolunteer.309;05/01/2025;45,5;Für José\n".encode(
            "cp1252"
        )
    )
    run_shown(
        block_with("AmsMirrorEventDataOperator("),
        rows=[session],
        changed=[changed],
        lifts=[lift, {**lift, "load": 90}],
        heights=[{"email": "volunteer.308@example.test", "height_cm": 181}],
    )
    events = {event["id"]: event for event in ams_sandbox.events("Training Log")}
    assert not {500001, 500002} & events.keys()
    assert events[changed["event_id"]]["values"]["duration"] == "33"
    assert [e["values"]["duration"] for i, e in events.items() if i > stored[-1]["id"]] == [
        "45.5",
        "60",
    ]
    (lifts,) = ams_sandbox.events("Strength Testing")
    assert [row["load"] for row in lifts["table"]] == ["80", "90"]
    assert Path("log.parquet").stat().st_size
    assert "<html" in Path("report.html").read_text()


def test_a_workbook_as_shown(ams_sandbox, ams_connection, run_shown):
    rows = [["volunteer.308", "01/31/2025", 60], ["volunteer.309", "02/01/2025", 45.5]]
    pd.DataFrame(rows, columns=["Athlete", "Date", "Minutes"]).to_excel("season.xlsx", index=False)
    run_shown(block_with("season.xlsx"))
    dates = [event["start_date"] for event in ams_sandbox.events("Training Log")[-2:]]
    assert sorted(dates) == ["01/02/2025", "31/01/2025"]


def test_tidepool_operators_as_shown(ams_sandbox, monkeypatch, run_shown):
    account = {"host": ams_sandbox.tidepool_url, "password": ams_sandbox.tidepool_key}
    monkeypatch.setenv(
        "AIRFLOW_CONN_TIDEPOOL_DEFAULT", json.dumps({"conn_type": "tidepool", **account})
    )
    event = {"session_id": "s", "text": "hello", "timestamp": f"{DAY}T09:00:00Z", "role": "user"}
    Path("events.jsonl").write_text(json.dumps(event) + "\n")
    run_shown(block_with("TidepoolTrackEventsOperator("))
    assert ams_sandbox.tidepool_summary()["events"] == 1


# -- the libraries ----------------------------------------------------------------------------


@pytest.fixture
def account(ams_sandbox, monkeypatch, tmp_path):
    monkeypatch.setenv("AMS_URL", ams_sandbox.url)
    monkeypatch.setenv("AMS_USERNAME", ams_sandbox.username)
    monkeypatch.setenv("AMS_PASSWORD", ams_sandbox.password)
    monkeypatch.setenv("AMS_TIMEZONE", "UTC")
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("account")
def test_the_library_as_shown(ams_sandbox):
    names: dict = {}
    exec(block_with("result = insert_event_data("), names)
    told = re.search(r"^result\.counts  # (.*)$", README, re.MULTILINE)[1]
    assert names["result"].counts == ast.literal_eval(told)
    values = [e["values"]["duration"] for e in ams_sandbox.events("Training Log")[-2:]]
    assert values == ["60", "45.5"]


def test_the_fixture_as_shown(ams_sandbox):
    names: dict = {}
    exec(block_with("def test_a_lost_answer"), names)
    names["test_a_lost_answer_doubles_nothing"](ams_sandbox)
    assert "18 volunteers" in README
    assert "five forms" in README
    assert len(ams_sandbox.forms()) == 5
    people = [u for u in ams_sandbox.users() if u["username"].startswith("volunteer.")]
    assert len(people) == 18
    assert people[0]["id"] == 1001


def test_a_form_of_ones_own_as_shown(ams_sandbox):
    block = block_with("add_form(").replace("http://127.0.0.1:8085", ams_sandbox.root)
    names: dict = {}
    exec(block, names)
    assert ams_sandbox.forms()[-1]["name"] == "Jump Testing"
    with pytest.raises(Exception, match="already"):
        exec(block, names)


def test_the_tidepool_library_as_shown(ams_sandbox, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    Path("events.csv").write_text(
        f"session_id,message,role,timestamp\ns,hello,user,{DAY} 09:00\ns,again,user,{DAY} 09:01\n"
    )
    block = block_with('TidepoolClient(api_key="...")')
    names: dict = {}
    place = f"{ams_sandbox.tidepool_key!r}, base_url={ams_sandbox.tidepool_url!r}"
    exec(block.replace('"..."', place), names)
    assert ams_sandbox.tidepool_summary()["events"] == 2


@pytest.mark.usefixtures("account")
def test_files_as_shown(ams_sandbox):
    Path("sessions.csv").write_bytes("username;load\nJosé;7,5\n".encode("cp1252"))
    names: dict = {}
    for block in FILES:
        exec(block, names)
    assert names["frame"].to_numpy().tolist() == [["José", "7.5"]]
    first, second = ams_sandbox.events("Training Log")[-2:]
    assert [r["activity"] for r in first["table"]] == ["Run", "Bike"]
    assert (first["start_time"], second["table"]) == ("9:30 AM", [])


# -- the shell --------------------------------------------------------------------------------


def connections_as_shown():
    return re.findall(r"^export AIRFLOW_CONN_AMS_DEFAULT=('.*?')$", "".join(SHELL), re.M | re.S)


@pytest.mark.parametrize("quoted", connections_as_shown(), ids=["JSON", "URI"])
def test_a_connection_as_shown(quoted, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_AMS_DEFAULT", shlex.split(quoted)[0])
    connection = AmsHook().get_connection("ams_default")
    assert (connection.conn_type, connection.login, connection.password) == (
        "ams",
        "my.user",
        "...",
    )
    assert connection.extra_dejson == {"timezone": "Australia/Perth"}
    assert AmsHook().get_conn().url == "https://example.smartabase.com/site"


def test_the_make_targets_are_there():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`?make ([a-z]+)(?:`|  )", README)) <= targets


def test_the_sandbox_as_shown():
    (line,) = re.findall(r"^python (-m airflow_provider_ams\.sandbox .*)$", README, re.MULTILINE)
    command = [sys.executable, *line.replace("8085", "0").split()]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ})
    try:
        assert "http://127.0.0.1:" in process.stdout.readline()
    finally:
        process.terminate()
        process.communicate(timeout=20)


def test_wire_examples_are_json():
    (wire,) = (text for path, text in TEXTS.items() if path.name == "wire.md")
    for _, example in FENCE.findall(wire):
        assert json.loads(example)


# -- what is referred to ------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\(([a-z]\S+?)\)", README))))
def test_links_lead_somewhere(path):
    assert (ROOT / path).exists()


def promised():
    """Yield each test that a promise names, as `path` or `path::function`."""
    for path, text in TEXTS.items():
        for name in sorted(set(re.findall(r"`(tests/[\w/]+\.py(?:::\w+)?)`", text))):
            yield pytest.param(name, id=f"{path.name}: {name}")


@pytest.mark.parametrize("name", promised())
def test_a_promise_names_a_test_that_is_there(name):
    path, _, function = name.partition("::")
    tree = ast.parse((ROOT / path).read_text())
    found = {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
    assert function in found if function else any(n.startswith("test_") for n in found)
