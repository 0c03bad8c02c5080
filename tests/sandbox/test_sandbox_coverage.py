from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
import requests

from airflow_provider_ams.sandbox.app import AMS_ROUTES
from airflow_provider_ams.sandbox.dialect import Dialect
from airflow_provider_ams.sandbox.faults import FAULTS
from airflow_provider_ams.sandbox.settings import Settings
from airflow_provider_ams.sandbox.tidepool import ROUTES as TIDEPOOL_ROUTES

HERE = Path(__file__).parent
PAGE = (HERE.parent / "sandbox_coverage.md").read_text(encoding="utf-8")
CODE = re.compile(r"`([^`]+)`")


def table(heading: str) -> list[list[str]]:
    part = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


ENDPOINTS = {row[0].strip("`"): row[1:] for row in table("Endpoints")}
BEHAVIOURS = table("Behaviours")
DIALECT = {row[0].strip("`"): row[1:] for row in table("Dialect")}
TESTS = set(re.findall(r"def (test_\w+)", "".join(p.read_text() for p in HERE.glob("test_*.py"))))
SETTINGS = {item.name for item in fields(Settings)}


def test_every_route_is_listed_and_nothing_listed_is_missing():
    served = {f"{route.method} {route.path}" for route in (*AMS_ROUTES, *TIDEPOOL_ROUTES)}
    modelled = {path for path, row in ENDPOINTS.items() if row[1] == "on"}

    assert modelled == served


@pytest.mark.parametrize("endpoint", [path for path, row in ENDPOINTS.items() if row[1] == "no"])
def test_what_is_not_modelled_is_404(ams_sandbox, endpoint):
    method, path = endpoint.split()
    base = ams_sandbox.root if path.startswith("/x/") else ams_sandbox.url
    assert requests.request(method, base + path, json={}, timeout=5).status_code == 404


def test_every_row_says_one_of_three_words_and_names_a_test_that_is_there():
    rows = [[path, *row] for path, row in ENDPOINTS.items()] + BEHAVIOURS
    for row in rows:
        modelled = row[2] if len(row) == 4 else row[3]
        assert modelled in ("on", "switch", "no"), row
        named = CODE.findall(row[-1])
        assert bool(named) == (modelled != "no"), row
        assert set(named) <= TESTS, row


def test_every_setting_and_fault_is_listed_and_nothing_else():
    named: dict[str, set[str]] = {"setting": set(), "fault": set()}
    for row in BEHAVIOURS:
        settings, _, faults = row[4].partition("fault")
        named["setting"] |= set(CODE.findall(settings))
        named["fault"] |= set(CODE.findall(faults))
        assert bool(row[4]) == (row[3] == "switch"), row

    assert named["setting"] <= SETTINGS
    assert named["setting"] | set(DIALECT) == SETTINGS
    assert named["fault"] == set(FAULTS)


def test_every_setting_of_the_dialect_is_listed_with_its_default_and_a_test():
    listed = dict(DIALECT)
    for item in fields(Dialect):
        topic, default, named = listed.pop(item.name)
        assert topic == item.metadata["topic"], item.name
        assert default == f"`{item.default!r}`", item.name
        assert CODE.findall(named), item.name
        assert set(CODE.findall(named)) <= TESTS, item.name
    assert not listed


def test_switches_that_are_on_by_default_say_so():
    for row in BEHAVIOURS:
        for name, note in re.findall(r"`(\w+)`( \(on\))?", row[4].partition("fault")[0]):
            assert bool(note) == (getattr(Settings(), name) is True), row


def test_every_setting_is_documented():
    documented = set(re.findall(r"\w+", (Settings.__doc__ or "") + Dialect.describe()))

    assert documented >= SETTINGS
