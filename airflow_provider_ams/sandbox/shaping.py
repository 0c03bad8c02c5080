"""Empty members and ids as the dialect writes them in v1 replies."""

from __future__ import annotations

from airflow_provider_ams.sandbox.wiretypes import Json

ECHOES = ("search", "pairs")  # what was sent comes back as it came; pairs are never empty


def trimmed(data: Json, style: str) -> Json:
    """Return a v1 reply with its empty members as they are (``[]``), ``null`` or ``absent``."""
    if style == "[]":
        return data
    if isinstance(data, list):
        return [trimmed(item, style) for item in data]
    if not isinstance(data, dict):
        return data
    shown: dict[str, Json] = {}
    for key, value in data.items():
        if is_empty(key, value):
            if style == "null":
                shown[key] = None
        else:
            shown[key] = value if key in ECHOES else trimmed(value, style)
    return shown


def is_empty(key: str, value: Json) -> bool:
    """Tell whether a member is an empty list, a missing cursor, or paging without a cursor."""
    if key == "pagination" and isinstance(value, dict):
        return not any(value.values())
    return value is None or value == []


def shown_id(number: int, style: str) -> int | str:
    """Return an id as a JSON number, or as ``text``."""
    return str(number) if style == "text" else number
