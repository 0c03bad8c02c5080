"""The dialect itself: drawn, printed, read back, handed to a sandbox."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields

import pytest

from airflow_provider_ams.sandbox import Control, Dialect, Sandbox, SandboxProcess
from airflow_provider_ams.sandbox.remote import SandboxError

SETTINGS = {item.name: item for item in fields(Dialect)}


def test_the_same_number_draws_the_same_dialect():
    assert Dialect.random(7) == Dialect.random(7)
    assert Dialect.random(7) != Dialect.random(8)


def test_every_choice_is_drawn_and_about_as_often_as_declared():
    drawn = [Dialect.random(seed).as_dict() for seed in range(600)]

    for name, item in SETTINGS.items():
        _, *others = choices = item.metadata["choices"]
        found = [values[name] for values in drawn]
        odds = item.metadata["odds"] if others else 0
        assert set(found) == set(choices if odds else choices[:1]), name
        assert abs(sum(value != item.default for value in found) / 600 - odds) < 0.07, name


def test_settings_are_drawn_each_by_itself():
    pairs = {(d.event_ids, d.user_ids) for d in map(Dialect.random, range(40))}

    assert len(pairs) == 4


def test_a_dialect_prints_only_what_is_not_documented_and_can_be_typed_again():
    assert repr(Dialect()) == "Dialect()"
    assert repr(Dialect(event_ids="text")) == "Dialect(event_ids='text')"
    drawn = Dialect.random(3)
    assert eval(repr(drawn)) == drawn
    assert Dialect.from_dict(drawn.as_dict()) == Dialect.from_dict(drawn.changes()) == drawn


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"colour": "red"}, "no setting colour"),
        ({"event_ids": "roman"}, "event_ids must be one of 'int', 'text'"),
        ({"page_size": "5"}, "page_size must be of type int"),
        ({"site_zone": "Mars/Olympus"}, "no zone Mars/Olympus"),
        ({"site_zone": "../etc"}, "no zone"),
        ({"table_mark": "Grid"}, "table_mark must be item:NAME"),
    ],
)
def test_settings_that_do_not_fit_are_refused(values, text):
    with pytest.raises(ValueError, match=text):
        Dialect.from_dict(values)


def test_free_settings_take_what_is_not_listed():
    assert Dialect(number_type="Thermometer", table_mark="node:Grid").number_type == "Thermometer"


def test_every_setting_is_described_with_its_choices_and_its_source():
    text = Dialect.describe()

    for name, item in SETTINGS.items():
        assert f"{name}\n" in text
        assert item.metadata["doc"].endswith("."), name
        assert item.metadata["topic"], name
    assert text.count("docs/wire.md") == len(SETTINGS)


@pytest.mark.parametrize(
    "how",
    [
        {"dialect": "random:7", "seed": None},
        {"dialect": "random", "seed": 7},
        {"dialect": Dialect.random(7), "seed": None},
        {"dialect": Dialect.random(7).as_dict(), "seed": None},
    ],
)
def test_all_spellings_of_a_random_dialect(how):
    with Sandbox(**how) as sandbox:
        assert sandbox.dialect() == Dialect.random(7)
        assert sandbox.state()["counts"]["users"] == 1
        sandbox.reset()
        assert sandbox.dialect() == Dialect.random(7)


def test_single_settings_go_before_the_dialect():
    with Sandbox(dialect="random:7", page_size=3) as sandbox:
        assert sandbox.dialect().page_size == 3
        assert sandbox.state()["counts"]["events"] == 252


@pytest.mark.parametrize(
    "how", [{"dialect": "random"}, {"seed": 7}, {"dialect": "klingon"}, {"dialect": "random:x"}]
)
def test_a_dialect_that_is_none_is_refused(how):
    with pytest.raises(ValueError, match="dialect"):
        Sandbox(**how)


def test_a_running_sandbox_changes_its_dialect(ams_sandbox):
    ams_sandbox.configure(latency_ms=1)

    assert ams_sandbox.dialect(Dialect(event_ids="text")) == Dialect(event_ids="text")
    assert ams_sandbox.dialect({"page_size": 5}) == Dialect(page_size=5)
    assert ams_sandbox.dialect("random", seed=4) == ams_sandbox.dialect() == Dialect.random(4)
    assert "dialect" in ams_sandbox.state()
    state = ams_sandbox.state()
    assert state["settings"]["latency_ms"] == 1
    assert state["counts"]["events"] == 252
    assert state["dialect"] == repr(Dialect.random(4))
    ams_sandbox.reset(dialect="random:5")
    assert ams_sandbox.dialect() == Dialect.random(5)
    ams_sandbox.reset()
    assert ams_sandbox.dialect() == Dialect()
    with pytest.raises(ValueError, match="no setting colour"):
        ams_sandbox.dialect({"colour": "red"})
    with pytest.raises(SandboxError, match="no setting colour"):
        Control(ams_sandbox.root)._call("POST", "dialect", {"dialect": {"colour": "red"}})


def test_a_process_speaks_a_dialect_too():
    with SandboxProcess(dialect="random", seed=9) as sandbox:
        assert sandbox.dialect() == Dialect.random(9)
        assert sandbox.events() == []


def test_the_command_line_tells_and_refuses():
    command = [sys.executable, "-m", "airflow_provider_ams.sandbox", "--dialect"]
    told = subprocess.run([*command, "help"], capture_output=True, text=True, timeout=60)
    refused = subprocess.run([*command, "odd"], capture_output=True, text=True, timeout=60)

    assert told.stdout.strip() == Dialect.describe()
    assert refused.returncode == 1
    assert "dialect must be" in refused.stderr
