"""Words that others wrote, made fit to be shown; and secrets that no repr shows."""

from __future__ import annotations

import unicodedata

LONGEST = 200


class Secret(str):
    """A text that is used as any other, and whose repr tells nothing: tracebacks show reprs."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


class SecretHeaders(dict[str, str]):
    """Request headers of which a repr shows the names alone."""

    def __repr__(self) -> str:
        return f"<headers {', '.join(self)}>"


def hidden(text: str | None) -> Secret | None:
    """Return a text as a secret, None if there is none."""
    return Secret(text) if text else None


def clean(text: object, longest: int = LONGEST) -> str:
    """Return a text in one line, without control and bidi characters, and not too long.

    A server's words can move a terminal's cursor, forge lines of a log, or turn the direction of
    what stands behind them.

    Parameters
    ----------
    text : object
        Anything; taken as text.
    longest : int
        Characters at most, the sign for what was cut off included.
    """
    # Whoever sends a gigabyte does not get it looked at.
    raw = str(text)[: 20 * longest]
    plain = " ".join("".join(c if _harmless(c) else " " for c in raw).split())
    return plain if len(plain) <= longest else f"{plain[: longest - 1].rstrip()}…"


def _harmless(char: str) -> bool:
    # C: control, format (bidi, invisible), surrogate, private, unassigned; Zl, Zp: line ends.
    category = unicodedata.category(char)
    return category[0] != "C" and category not in ("Zl", "Zp")
