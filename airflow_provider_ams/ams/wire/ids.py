"""Ids of events, people, forms and records: whole numbers above 0 that fit into 64 bits."""

from __future__ import annotations

import numbers

MAX_ID = 2**63 - 1
_EXACT_FLOAT = 2.0**53


def as_id(value: object) -> int | None:
    """Return an id given as a whole number or as ASCII digits; None for anything else.

    A float counts only if it is integral and below 2**53: from there on floats skip numbers, and
    the id would be another one than was meant.
    """
    if isinstance(value, str):
        text = value.strip()
        return (
            _in_range(int(text)) if text.isascii() and text.isdigit() and len(text) < 40 else None
        )
    if isinstance(value, bool) or str(getattr(value, "dtype", "")) == "bool":
        return None
    if isinstance(value, numbers.Integral):
        return _in_range(int(value))
    return _from_real(value)


def _from_real(value: object) -> int | None:
    # Decimals and numpy's floats are no numbers.Integral, and may be whole all the same.
    try:
        real = float(value)  # type: ignore[arg-type]
        whole = int(real)
    except (TypeError, ValueError, OverflowError):
        return None
    return _in_range(whole) if whole == value and real < _EXACT_FLOAT else None


def _in_range(number: int) -> int | None:
    return number if 0 < number <= MAX_ID else None
