"""Calculated fields: a small safe language over the other fields of an event."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from statistics import mean
from types import CodeType
from typing import Any

from airflow_provider_ams.sandbox.wiretypes import Json

_FIELD = re.compile(r"\{([^{}]+)\}")
_HISTORY = re.compile(r"(sum|mean|min|max|count|last)\(\{([^{}]+)\}(?:,\s*(\d+))?\)")
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sum": sum,
    "mean": mean,
    "min": min,
    "max": max,
    "count": len,
    "round": round,
    "abs": abs,
}
_ALLOWED = (
    ast.Expression,
    ast.BinOp,
    ast.UnaryOp,
    ast.Add,
    ast.Sub,
    ast.Mult,
    ast.Div,
    ast.USub,
    ast.Constant,
    ast.Subscript,
    ast.Name,
    ast.Load,
    ast.Call,
)


@lru_cache(maxsize=500)
def compile_formula(formula: str) -> CodeType:
    """Compile a formula such as ``{duration} * {session_rpe}``.

    Raises
    ------
    ValueError
        When it holds anything but numbers, texts, fields, ``+ - * /`` and the functions
        sum, mean, min, max, count, round and abs.
    """
    source = _FIELD.sub(lambda match: f"_[{match[1]!r}]", formula)
    try:
        tree = ast.parse(source, mode="eval")
    except SyntaxError as error:
        raise ValueError(f"not a formula: {formula}") from error
    for node in ast.walk(tree):
        named = isinstance(node, ast.Name) and node.id != "_" and node.id not in _FUNCTIONS
        if named or not isinstance(node, _ALLOWED):
            raise ValueError(f"not allowed in a formula: {formula}")
    return compile(tree, "<formula>", "eval")


def evaluate(formula: str, scope: Mapping[str, Any]) -> Json | None:
    """Return the value of a formula, or None when a field it needs is empty or unfit."""
    names: dict[str, Any] = {"__builtins__": {}, "_": scope, **_FUNCTIONS}
    try:
        return eval(compile_formula(formula), names)
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None


def parse_history(formula: str) -> tuple[str, str, int]:
    """Split ``mean({duration}, 28)`` into function, field and days (0 is all history)."""
    match = _HISTORY.fullmatch(formula.strip())
    if match is None:
        raise ValueError(f"not a history formula: {formula}")
    return match[1], match[2], int(match[3] or 0)


def apply_history(function: str, values: list[Any]) -> Json | None:
    """Return the value of a history function over the values, oldest first."""
    if not values:
        return None
    return values[-1] if function == "last" else _FUNCTIONS[function](values)
