"""No formula can hang the server or fill its memory."""

from __future__ import annotations

import time

import pytest

from airflow_provider_ams.sandbox.formula import (
    MAX_LENGTH,
    apply_history,
    compile_formula,
    evaluate,
)


@pytest.mark.parametrize(
    "formula",
    [
        "1" + "+1" * MAX_LENGTH,
        "-" * 900 + "1",
        "abs(" * 60 + "1" + ")" * 60,
        "9 ** 9",
        "1e400",
        "9" * 40,
        "True",
        "'%s' % 1",
        "{a}[0:9]",
        "\0",
    ],
)
def test_formulas_have_bounds(formula):
    with pytest.raises(ValueError):
        compile_formula(formula)


@pytest.mark.parametrize(
    "formula",
    [
        "'x' * 1000000000000000",
        "{rows} * 1000000000000000",
        "round(5, -999999999999999)",
        "{big} * {big}",
        "{text} + {text}",
        "sum",
        "{rows}",
    ],
)
def test_results_have_bounds(formula):
    scope = {"rows": [1.0, 2.0], "big": 1e200, "text": "x" * 9_000}
    started = time.monotonic()

    assert evaluate(formula, scope) is None
    assert time.monotonic() - started < 0.5


def test_history_has_bounds():
    assert apply_history("sum", [1e308, 1e308]) is None
    assert apply_history("sum", ["a"]) is None
