"""The name that was meant by one that is not known."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Sequence


def fold_name(name: str) -> str:
    """Return a column's name as names are compared: accents composed, no space around it."""
    return unicodedata.normalize("NFC", name.replace("\u00a0", " ")).strip()


def nearest_of(name: str, known: Sequence[str]) -> str:
    """Return a hint that names what is most like a name, or else all there is to choose from."""
    folded = {fold_name(k).casefold(): k for k in known}
    same = folded.get(fold_name(name).casefold())
    near = [same] if same else difflib.get_close_matches(name, known, 1, 0.6)
    return f"Did you mean {near[0]!r}?" if near else f"Choose from {_listed(known)}."


def rename_hint(name: str, known: Sequence[str]) -> str:
    """Return a hint that says how a column gets the name that is needed."""
    near = difflib.get_close_matches(name, known, 1, 0.6)
    if near:
        return f"Did you mean {near[0]!r}? Say columns={{{near[0]!r}: {name!r}}}."
    return f"If it has another name, say columns={{'that name': {name!r}}}."


def _listed(names: Iterable[str], shown: int = 20) -> str:
    quoted = [repr(name) for name in names]
    more = f" and {len(quoted) - shown} more" if len(quoted) > shown else ""
    return f"{', '.join(quoted[:shown])}{more}"
