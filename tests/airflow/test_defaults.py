"""Operators have the library's defaults, but for those that the README lists."""

from __future__ import annotations

import dataclasses
import inspect
import re
from pathlib import Path

import pytest

import airflow_provider_ams.ams as ams
from airflow_provider_ams.operators import ams as operators

README = (Path(__file__).parents[2] / "README.md").read_text()
# Setting -> library, operators; a task has no parameter for the last two.
DIFFERENT = {
    "validate": (False, True),
    "on_missing_fields": ("clear", "keep"),
    "interactive_mode": (True, False),
    "require_confirmation": (True, False),
}
OPTIONS = {
    "AmsInsertEventDataOperator": "InsertEventOption",
    "AmsUpdateEventDataOperator": "UpdateEventOption",
    "AmsUpsertEventDataOperator": "UpsertEventOption",
    "AmsMirrorEventDataOperator": "MirrorEventOption",
    "AmsUpsertProfileDataOperator": "UpsertProfileOption",
    "AmsPlanOperator": "PlanOption",
    "AmsValidateEventDataOperator": "PlanOption",
    "AmsDeleteEventDataOperator": "DeleteEventOption",
}


@pytest.mark.parametrize(("operator", "option"), OPTIONS.items())
def test_an_operator_has_the_library_s_defaults(operator, option):
    cls = getattr(operators, operator)
    given = inspect.signature(cls.__init__).parameters
    differences = {}
    for field in dataclasses.fields(getattr(ams, option)):
        if field.name not in given or given[field.name].default in (None, inspect.Parameter.empty):
            continue  # what the operator leaves open is the library's
        if given[field.name].default != field.default:
            differences[field.name] = (field.default, given[field.name].default)
    assert differences == {name: DIFFERENT[name] for name in differences}
    told = inspect.getdoc(cls).splitlines()[0]
    assert ("validates" in told) is ("validate" in differences)
    assert ("keep" in told) is ("on_missing_fields" in differences)
    assert ("unlike the library" in told) is bool(differences)


def test_the_readme_lists_what_differs():
    rows = re.findall(r"^\| `(\w+)` \| `([^`]+)`.*? \| `([^`]+)`.*\|$", README, re.MULTILINE)
    assert {n: (eval(a), eval(b)) for n, a, b in rows if n in DIFFERENT} == DIFFERENT


def test_a_plan_checks_what_its_import_checks():
    plan = {f.name: f.default for f in dataclasses.fields(ams.PlanOption)}
    for option in set(OPTIONS.values()) - {"DeleteEventOption"}:
        shared = {f.name: f.default for f in dataclasses.fields(getattr(ams, option))}
        names = shared.keys() & plan.keys() - {"mode", "form_type"}
        assert {n: shared[n] for n in names} == {n: plan[n] for n in names}
