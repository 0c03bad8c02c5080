"""Ids of users, events and forms: whole numbers above 0, or their digits."""

from __future__ import annotations

from numbers import Integral

_LIMIT = 2**63
_EXACT_IN_FLOAT = 2**53


def _is_exact(value: float) -> bool:
    return value.is_integer() and abs(value) < _EXACT_IN_FLOAT


def as_id(value: object) -> int | None:
    """Return an id given as a number or as ASCII digits; None for anything else.

    A float counts if it is whole and small enough for every id around it to be one of its own.
    """
    if isinstance(value, bool) or value is None:
        return None
    number: int | None = None
    if isinstance(value, str):
        text = value.strip()
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None
    elif isinstance(value, Integral) or (isinstance(value, float) and _is_exact(value)):
        number = int(value)
    return number if number is not None and 0 < number < _LIMIT else None
