"""Cells of CSV files for people: a spreadsheet takes some texts for formulas, and runs them.

Such a text gets an apostrophe in front, by which spreadsheets know a text; `plain_cell` takes it
away again. A text that looks as if it had got one gets another, so that nothing is lost on the
way. Numbers stay numbers.
"""

from __future__ import annotations

import re

PREFIX = "'"
_RUN = re.compile(r"'*[=+\-@\t\r\n]")
_PREFIXED = re.compile(r"'+[=+\-@\t\r\n]")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?", re.ASCII)


def safe_cell(text: str) -> str:
    """Return a text as a spreadsheet shows it without running it.

    Parameters
    ----------
    text : str
        Any. One that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line's end, and is no
        number, gets an apostrophe in front; so does one that begins with apostrophes before these.
    """
    return PREFIX + text if _RUN.match(text) and not _NUMBER.fullmatch(text) else text


def plain_cell(text: str) -> str:
    """Return the text that `safe_cell` was given."""
    return text[1:] if _PREFIXED.match(text) else text
