"""Calculated fields: a small safe language over the other fields of an event."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from statistics import mean
from types import CodeType
from typing import Any

from airflow_provider_ams.sandbox.wiretypes import Json

MAX_LENGTH, MAX_DEPTH, MAX_TEXT, MAX_NUMBER, MAX_DIGITS = 1_000, 40, 10_000, 1e15, 15
_FIELD = re.compile(r"\{([^{}]+)\}")
_HISTORY = re.compile(r"(sum|mean|min|max|count|last)\(\{([^{}]+)\}(?:,\s*(\d{1,5}))?\)")


def _add(left: Json, right: Json) -> Json:
    return _bounded(left + right)


def _subtract(left: Json, right: Json) -> Json:
    return _bounded(left - right)


def _multiply(left: Json, right: Json) -> Json:
    if not isinstance(left, (int, float)) or not isinstance(right, (int, float)):
        raise TypeError("only numbers are multiplied: a text times a number can fill the memory")
    return _bounded(left * right)


def _divide(left: Json, right: Json) -> Json:
    return _bounded(left / right)


def _round(number: Json, digits: int = 0) -> Json:
    if abs(digits) > MAX_DIGITS:
        raise ValueError("digits")
    return round(number, digits) if digits else round(number)


def _bounded(value: Json) -> Json:
    """Return a result, unless it is beyond what a field can hold."""
    if isinstance(value, (str, list)) and len(value) > MAX_TEXT:
        raise ValueError("too long")
    if isinstance(value, (int, float)) and not (math.isfinite(value) and abs(value) < 1e300):
        raise ValueError("too large")
    return value


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sum": sum,
    "mean": mean,
    "min": min,
    "max": max,
    "count": len,
    "round": _round,
    "abs": abs,
}
_OPERATORS: dict[type[ast.operator], Callable[[Json, Json], Json]] = {
    ast.Add: _add,
    ast.Sub: _subtract,
    ast.Mult: _multiply,
    ast.Div: _divide,
}
_NAMES = {**_FUNCTIONS, **{function.__name__: function for function in _OPERATORS.values()}}
_ALLOWED = (
    ast.Expression,
    ast.BinOp,
    ast.UnaryOp,
    *_OPERATORS,
    ast.USub,
    ast.Constant,
    ast.Subscript,
    ast.Name,
    ast.Load,
    ast.Call,
)


class _Guard(ast.NodeTransformer):
    """Let every operator be one of ours, which refuse results that are too large."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.Call:
        function = _OPERATORS[type(node.op)].__name__
        sides = [self.visit(node.left), self.visit(node.right)]
        return ast.Call(ast.Name(function, ast.Load()), sides, [])


@lru_cache(maxsize=500)
def compile_formula(formula: str) -> CodeType:
    """Compile a formula such as ``{duration} * {session_rpe}``.

    Raises
    ------
    ValueError
        When it holds anything but numbers, texts, fields, ``+ - * /`` and the functions
        sum, mean, min, max, count, round and abs, or is too long, too deep or too large.
    """
    if len(formula) > MAX_LENGTH:
        raise ValueError(f"a formula has at most {MAX_LENGTH} characters")
    source = _FIELD.sub(lambda match: f"_[{match[1]!r}]", formula)
    try:
        tree = ast.parse(source, mode="eval")
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise ValueError(f"not a formula: {formula}") from error
    _check(tree, formula)
    guarded = ast.fix_missing_locations(_Guard().visit(tree))
    return compile(guarded, "<formula>", "eval")


def _check(tree: ast.Expression, formula: str) -> None:
    layer: list[ast.AST] = [tree]
    for _ in range(MAX_DEPTH):
        for node in layer:
            if not _allowed(node):
                raise ValueError(f"not allowed in a formula: {formula}")
        layer = [child for node in layer for child in ast.iter_child_nodes(node)]
        if not layer:
            return
    raise ValueError(f"too deep for a formula: {formula}")


def _allowed(node: ast.AST) -> bool:
    if isinstance(node, ast.Name):
        return node.id == "_" or node.id in _FUNCTIONS
    if isinstance(node, ast.Constant):
        value = node.value
        number = type(value) in (int, float) and abs(value) <= MAX_NUMBER  # type: ignore[arg-type]
        return number or isinstance(value, str)
    return isinstance(node, _ALLOWED)


def evaluate(formula: str, scope: Mapping[str, Any]) -> Json | None:
    """Return the value of a formula, or None when a field it needs is empty or unfit."""
    names: dict[str, Any] = {"__builtins__": {}, "_": scope, **_NAMES}
    try:
        result = _bounded(eval(compile_formula(formula), names))
        return result if isinstance(result, (str, int, float)) else None
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return None


def parse_history(formula: str) -> tuple[str, str, int]:
    """Split ``mean({duration}, 28)`` into function, field and days (0 is all history)."""
    match = _HISTORY.fullmatch(formula.strip()) if len(formula) <= MAX_LENGTH else None
    if match is None:
        raise ValueError(f"not a history formula: {formula[:MAX_LENGTH]}")
    return match[1], match[2], int(match[3] or 0)


def apply_history(function: str, values: list[Any]) -> Json | None:
    """Return the value of a history function over the values, oldest first."""
    if not values:
        return None
    try:
        return values[-1] if function == "last" else _bounded(_FUNCTIONS[function](values))
    except (TypeError, ValueError, ArithmeticError):
        return None
