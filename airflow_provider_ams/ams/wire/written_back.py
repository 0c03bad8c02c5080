"""Whether a stored value can be written back, because it is known how it was written.

A field that an update leaves alone is written again with the whole event (docs/wire.md, section 8).
Its text must then be the one that was written, not the one that AMS shows: epoch milliseconds in a
date field would be stored as milliseconds. What can't be told is refused rather than guessed.
"""

from __future__ import annotations

import re

_MS = re.compile(r"-?\d{7,15}(?:\.0)?", re.ASCII)
_DAY_MS, _OLD_MS = 86_400_000, 10**11
# Spellings of a site that nobody writes: exponents, ISO dates, times of 24 hours, HTML, files.
_SHOWN = re.compile(
    r"-?\d\.\d+E-?\d{1,3}"
    r"|\d{4}-\d\d-\d\d(?:[T ].*)?"
    r"|(?:\d\d/\d\d/\d{4} )?\d{1,2}:\d\d(?::\d\d)?",
    re.ASCII,
)
_BREAK = re.compile(r"<\s{0,8}br\s{0,8}/?\s{0,8}>", re.IGNORECASE)
_FILE = re.compile(
    r"[^/|\\\n]{1,200}\.(?:pdf|docx?|xlsx?|pptx?|csv|txt|rtf|zip|jpe?g|png|gif|heic|mp4|mov|avi)",
    re.IGNORECASE,
)
TYPES, ZONE, VALUE = "types", "timezone", "value"


def doubt(text: str, kind: str) -> str:
    """Return what would have to be known to write a text back; "" if it can be.

    Parameters
    ----------
    text : str
        A stored value after `stored_values.restore`.
    kind : str
        The kind of its field.

    Returns
    -------
    str
        `TYPES`: the kind of the field; `ZONE`: the site's time zone; `VALUE`: the value itself,
        which AMS does not show.
    """
    if kind == "unknown":
        return TYPES if _may_be_changed(text) else ""
    if kind == "date":
        return ZONE if _MS.fullmatch(text) or text[4:5] == "-" else ""
    if kind == "file":
        return "" if "|" in text else VALUE
    return ""


def _may_be_changed(text: str) -> bool:
    if _MS.fullmatch(text):
        ms = int(text.partition(".")[0])
        return abs(ms) >= _OLD_MS or ms % _DAY_MS == 0
    if "<" in text and _BREAK.search(text):
        return True
    return bool(_SHOWN.fullmatch(text) or _FILE.fullmatch(text))
