"""A change of a text, short enough for a line: cut around what differs."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from airflow_provider_ams.ams.tables import code, visible

# Longer texts are cut; what is left beside a difference, and of the difference itself.
WHOLE, CONTEXT, PART = 60, 20, 60
EMPTY = "(empty)"

Piece = Callable[[str], str]


def change_markdown(old: str | None, new: str | None) -> str:
    """Return a change as Markdown in which the values are code, and all the rest is ours."""
    strange = _alike(old, new)
    return _change(old, new, lambda t: code(t, only_ascii=strange), ("\\[", "\\]"))


def change_text(old: str | None, new: str | None) -> str:
    """Return a change as plain text."""
    strange = _alike(old, new)
    return _change(old, new, lambda t: visible(t, only_ascii=strange), ("[", "]"))


def shortened(text: str, piece: Piece = visible, longest: int = WHOLE) -> str:
    """Return a text, or its beginning and how much more there is."""
    if len(text) <= longest:
        return piece(text)
    return f"{piece(text[:longest])}… ({len(text) - longest} more characters)"


def _change(old: str | None, new: str | None, piece: Piece, brackets: tuple[str, str]) -> str:
    if not old or not new or max(len(old), len(new)) <= WHOLE:
        return f"{_value(old, piece)} → {_value(new, piece)}"
    before, gone, come, after = _apart(old, new)
    left = f"{'…' * (len(before) > CONTEXT)}{piece(before[-CONTEXT:])}"
    right = f"{piece(after[:CONTEXT])}{'…' * (len(after) > CONTEXT)}"
    was, is_now = (shortened(part, piece, PART) for part in (gone, come))
    return f"{left}{brackets[0]}{was}→{is_now}{brackets[1]}{right}"


def _value(text: str | None, piece: Piece) -> str:
    return shortened(text, piece) if text else EMPTY


def _apart(old: str, new: str) -> tuple[str, str, str, str]:
    """Return what both begin with, what goes, what comes, and what both end with."""
    head = _shared(old, new)
    was, is_now = old[head:], new[head:]
    tail = _shared(was[::-1], is_now[::-1])
    return old[:head], was[: len(was) - tail], is_now[: len(is_now) - tail], was[len(was) - tail :]


def _shared(one: str, other: str) -> int:
    """Return how many characters two texts begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))


def _alike(old: str | None, new: str | None) -> bool:
    """Tell whether two texts that differ may look the same."""
    if not old or not new or (old.isascii() and new.isascii()):
        return False
    return unicodedata.normalize("NFKC", old) == unicodedata.normalize("NFKC", new)
