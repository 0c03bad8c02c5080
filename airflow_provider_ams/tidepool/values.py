"""Single values: what counts as missing, what can name something, what JSON text stands for it."""

from __future__ import annotations

import json
import numbers
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from uuid import UUID

import orjson

_MISSING_TYPES = ("NaTType", "NAType")


def none_if_missing(value: object) -> object:
    """Return None for NaN and pandas' signs of a missing value, else the value."""
    if isinstance(value, float) and value != value:
        return None
    return None if type(value).__name__ in _MISSING_TYPES else value


def plain_name(value: object) -> str | None:
    """Return an id or name as text, None when it is missing.

    Raises
    ------
    TypeError
        It is neither text nor a whole number.
    """
    if isinstance(value, str):
        return value if value.strip() else None
    if value is None:
        return None
    if isinstance(value, UUID) or (
        isinstance(value, numbers.Integral) and not isinstance(value, bool)
    ):
        return str(value)
    raise TypeError(type(value).__name__)


def canonical(rows: Iterable[Sequence[object]]) -> list[bytes]:
    """Return one JSON text for each row, equal for equal rows and different for others."""
    rows = list(rows)
    try:
        return list(map(orjson.dumps, rows))
    except TypeError:
        return [_canonical_row(row) for row in rows]


def _canonical_row(row: Sequence[object]) -> bytes:
    try:
        return orjson.dumps(row)
    except TypeError:
        # Python's own encoder takes what orjson does not: big numbers, lone surrogates.
        return json.dumps(_plain(row), separators=(",", ":"), sort_keys=True).encode()


def _plain(value: object) -> object:
    """Turn any value into plain JSON types, the same way in every run."""
    if isinstance(value, (str, int, float, type(None))):
        return value
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return {"bytes": bytes(value).hex()}
    if isinstance(value, (Decimal, UUID)):
        return str(value)
    if isinstance(value, (set, frozenset)):
        return sorted(json.dumps(_plain(item), sort_keys=True) for item in value)
    return _plain(value.tolist()) if hasattr(value, "tolist") else str(value)
