"""The README's code is code: operators can be built as shown, the library example runs."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest
from airflow.providers.common.compat.sdk import DAG

import airflow_provider_ams.operators.ams as ams
import airflow_provider_ams.operators.tidepool as tidepool

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
OPERATORS = {
    name: getattr(module, name)
    for module in (ams, tidepool)
    for name in module.__all__
    if name.endswith("Operator")
}


def without_layout(text):
    return re.sub(r"[\s,]+", "", text)


def test_the_first_block_is_the_sample_dag():
    sample = (ROOT / "dags" / "nightly_training_log.py").read_text()
    assert without_layout(BLOCKS[0]) in without_layout(sample)


@pytest.mark.parametrize(
    "block", [b for b in BLOCKS[1:] if "task_id=" in b], ids=lambda b: b.split("(")[0]
)
def test_operators_as_shown(block):
    rows = [{"user_id": 1, "start_date": "01/01/2026"}]
    with DAG("readme", schedule=None) as dag:
        exec(block, {**OPERATORS, "rows": rows, "changed": rows, "heights": rows})
    assert dag.task_ids


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_what_a_block_imports_is_there(block):
    imports = [node for node in ast.walk(ast.parse(block)) if isinstance(node, ast.ImportFrom)]
    for node in imports:
        for name in node.names:
            assert hasattr(importlib.import_module(node.module), name.name)


def test_every_operator_has_an_example():
    blocks = "".join(BLOCKS)
    assert {name for name in OPERATORS if f"{name}(" in blocks} == set(OPERATORS)


def test_the_library_as_shown(ams_sandbox, monkeypatch):
    ams_sandbox.add_users([{"username": "a.runner"}, {"username": "b.rower"}])
    monkeypatch.setenv("AMS_URL", ams_sandbox.url)
    monkeypatch.setenv("AMS_USERNAME", ams_sandbox.username)
    monkeypatch.setenv("AMS_PASSWORD", ams_sandbox.password)
    monkeypatch.setenv("AMS_TIMEZONE", "UTC")
    (block,) = (b for b in BLOCKS if "insert_event_data(df" in b)
    names: dict = {}
    exec(block, names)
    assert names["result"].counts["inserted"] == 2
    values = [e["values"]["duration"] for e in ams_sandbox.events("Training Log")[-2:]]
    assert values == ["60", "45.5"]


def test_a_form_of_ones_own_as_shown(ams_sandbox):
    (block,) = (b for b in BLOCKS if "add_form(" in b)
    names: dict = {}
    exec(block.replace("http://127.0.0.1:8085", ams_sandbox.root), names)
    assert ams_sandbox.forms()[-1]["name"] == "Jump Testing"
    with pytest.raises(Exception, match="already"):
        exec(block.replace("http://127.0.0.1:8085", ams_sandbox.root), names)


FILES = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "files.md").read_text(), re.DOTALL)


def test_files_as_shown(ams_sandbox, monkeypatch, tmp_path):
    ams_sandbox.add_users([{"username": "a.runner"}, {"username": "b.rower"}])
    monkeypatch.setenv("AMS_URL", ams_sandbox.url)
    monkeypatch.setenv("AMS_USERNAME", ams_sandbox.username)
    monkeypatch.setenv("AMS_PASSWORD", ams_sandbox.password)
    monkeypatch.setenv("AMS_TIMEZONE", "UTC")
    monkeypatch.chdir(tmp_path)
    Path("sessions.csv").write_bytes("username;load\nJosé;7,5\n".encode("cp1252"))
    names: dict = {}
    for block in FILES:
        exec(block, names)
    assert names["frame"].to_numpy().tolist() == [["José", "7.5"]]
    first, second = ams_sandbox.events("Training Log")[-2:]
    assert [r["activity"] for r in first["table"]] == ["Run", "Bike"]
    assert (first["start_time"], second["table"]) == ("9:30 AM", [])


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\(([a-z]\S+?)\)", README))))
def test_links_lead_somewhere(path):
    assert (ROOT / path).exists()
