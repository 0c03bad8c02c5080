"""Multiple choices as text: options that may hold what separates them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

SEPARATORS = (", ", ",", "; ", ";", "|", "\r\n", "\n", "<br>")
MAX_TEXT = 10_000


def split_choices(
    text: str, options: Iterable[str], separators: Iterable[str] = SEPARATORS
) -> list[str] | None:
    """Return the options a text is made of under the first separator that fits, or None."""
    known = sorted(filter(None, options), key=len, reverse=True)
    if len(text) > MAX_TEXT:
        return None
    for separator in separators:
        found = _split(text, known, separator)
        if found is not None:
            return found
    return None


def _split(text: str, known: Sequence[str], separator: str) -> list[str] | None:
    end, step = len(text), len(separator)
    begins: dict[int, str] = {}  # where an option begins from which the rest can be read
    for place in range(end - 1, -1, -1):
        for option in known:
            after = place + len(option)
            rest = text.startswith(separator, after) and after + step in begins
            if text.startswith(option, place) and (after == end or rest):
                begins[place] = option
                break
    if 0 not in begins:
        return None
    found, place = [], 0
    while place < end:
        found.append(begins[place])
        place += len(begins[place]) + step
    return found
