"""Members that several requests share, read and checked in one way."""

from __future__ import annotations

import re
from typing import Any

from airflow_provider_ams.sandbox.replies import Refusal
from airflow_provider_ams.sandbox.wiretypes import Json

WHOLE = re.compile(r"[0-9]{1,18}")
TRUE = (True, "True", "true")


def id_list(value: Json) -> list[int]:
    """Return a list of ids; a single id stands for a list of one."""
    values = value if isinstance(value, list) else [] if value is None else [value]
    if any(type(item) is not int for item in values):
        raise Refusal(400, "userIds must be whole numbers")
    return values


def sync_time(value: Json) -> int:
    """Return ``lastSynchronisationTimeOnServer`` in epoch milliseconds; left out it is 0."""
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Refusal(400, "lastSynchronisationTimeOnServer is not a number")
    return max(0, min(int(value), 1 << 62))


def author(data: dict[str, Any], caller: int, foreign: str = "kept") -> int | None:
    """Return who entered something, by default the caller; None when it is not an id.

    `foreign` is what the dialect does with the id of somebody else.
    """
    value = data.get("enteredByUserId") or caller
    if not isinstance(value, int):
        return None
    return value if foreign == "kept" else caller


def cursor_numbers(cursor: Json, count: int) -> list[int]:
    """Return the numbers that a cursor is made of, or refuse it."""
    parts = str(cursor).split(".")
    if len(parts) != count or not all(WHOLE.fullmatch(part) for part in parts):
        raise Refusal(500, "The cursor is not valid")
    return [int(part) for part in parts]
