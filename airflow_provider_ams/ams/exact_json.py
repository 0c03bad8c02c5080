"""JSON texts that people give, read without losing a digit or a value."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

# Beyond 64 bits orjson makes floats of whole numbers; the rest is a name that counting misses.
_ODD = re.compile(rb'\d{19,}|"\s+:')


def parse_exact(text: bytes) -> Any:  # noqa: ANN401
    """Parse JSON; whole numbers keep their digits, and no member is lost.

    Raises
    ------
    ValueError
        It is no JSON in UTF-8, it is nested too deeply, or one object has two members of one name.
    """
    value = orjson.loads(text)
    # Of two members of one name the parser keeps one. Counting shows of most lines that there are
    # none; nested ones are read again.
    flat = isinstance(value, dict) and text.count(b'":') == len(value)
    if flat and not _ODD.search(text):
        return value
    try:
        return json.loads(text, object_pairs_hook=_object)
    except RecursionError:  # orjson goes a little deeper than Python
        raise ValueError("nested too deeply") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("two members of one name")
    return found
