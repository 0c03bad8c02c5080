"""Empty members and ids as the dialect writes them in v1 replies."""

from __future__ import annotations

from airflow_provider_ams.sandbox.wiretypes import Json

ECHOES = ("search", "pairs")  # what was sent comes back as it came; pairs are never empty


def trimmed(data: Json, style: str) -> Json:
    """Return a v1 reply with its empty members as they are (``[]``), ``null`` or ``absent``.

    The reply itself is changed: most of it is events, and copies of them would cost.
    """
    if style != "[]":
        _trim(data, style == "null")
    return data


def _trim(data: Json, null: bool) -> None:
    if isinstance(data, list):
        for item in data:
            if isinstance(item, (dict, list)):
                _trim(item, null)
        return
    for key, value in [*data.items()]:
        if is_empty(key, value):
            if null:
                data[key] = None
            else:
                del data[key]
        elif isinstance(value, (dict, list)) and key not in ECHOES:
            _trim(value, null)


def is_empty(key: str, value: Json) -> bool:
    """Tell whether a member is an empty list, a missing cursor, or paging without a cursor."""
    if key == "pagination" and isinstance(value, dict):
        return not any(value.values())
    return value is None or value == []


def shown_id(number: int, style: str) -> int | str:
    """Return an id as a JSON number, or as ``text``."""
    return str(number) if style == "text" else number
