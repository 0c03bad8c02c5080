"""Python warnings that point at the caller's own line."""

from __future__ import annotations

import sys
import warnings

_HOME = __name__.rpartition(".")[0]


def warn(text: str, category: type[Warning]) -> None:
    """Warn, with the place of the first caller outside this package."""
    frame, level = sys._getframe(1), 2
    while frame.f_back and frame.f_globals.get("__name__", "").startswith(_HOME):
        frame, level = frame.f_back, level + 1
    warnings.warn(text, category, stacklevel=level)
