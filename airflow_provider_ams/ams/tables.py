"""Small tables for people: plain text, Markdown, HTML; foreign texts in them do nothing."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Sequence

import pandas as pd
from tabulate import tabulate


def text_table(title: str, frame: pd.DataFrame) -> str:
    """Return a heading and a table of left-aligned columns; nothing in them is hidden."""
    title = shown(title)
    if frame.empty:
        return title
    lines = [list(map(shown, line)) for line in frame.astype(str).values.tolist()]
    table = tabulate(
        lines,
        headers=[shown(str(c)) for c in frame.columns],
        tablefmt="plain",
        disable_numparse=True,
        preserve_whitespace=True,
    )
    return "\n".join([title, *(line.rstrip() for line in table.splitlines())])


# Drawn as nothing although their category is that of a letter, a mark or a symbol.
_BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0]")
_TEMPLATE = r"\{(?=[{%#])|[}%#](?=\})"
_MARKUP = r"<(?=[A-Za-z/!?@#])|&(?=#?\w+;)"  # Slack takes <!here> for a mention even in code
_LINK = r"@(?=\w)|(?<=:)/(?=/)|(?<=\bwww)\.(?=\w)"  # to be found in plain text as well
_SPACE = r"^ | $|(?<= ) "  # one that a page would swallow
_OWN = "[⟨↵]"  # what the texts below are written with
_ACTIVE = re.compile("|".join([_TEMPLATE, _MARKUP, _LINK, _SPACE, _OWN]), re.IGNORECASE)


def visible(text: str, *, only_ascii: bool = False) -> str:
    """Return a text in which nothing is hidden, turned round or taken for more than a text.

    Control, bidi and invisible characters, spaces that a page would swallow, and the signs that
    make a template, a tag, a link or a mention are named by number, ``⟨U+202E⟩``; a line's end is
    ``↵``. Two texts that differ are written differently.

    Parameters
    ----------
    text : str
        The text.
    only_ascii : bool
        Name every other character too, for texts that differ only in how they are composed.
    """
    if only_ascii or not (text.isascii() and text.isprintable()):
        plain = "".join(_character(c, only_ascii) for c in _ACTIVE.sub(_numbers, text))
        return plain.replace("\n", "↵")
    return _ACTIVE.sub(_numbers, text)


def shown(text: str) -> str:
    """Return a text without hidden characters, for a place where no text is more than a text."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_character(c, False) for c in text).replace("\n", "↵")


def _character(c: str, only_ascii: bool) -> str:
    if c in "\n ⟨⟩" or (c.isascii() and c.isprintable()):
        return c
    hidden = unicodedata.category(c)[0] in "CZ" or _BLANK.match(c)
    return _number(c) if only_ascii or hidden else c


def _numbers(found: re.Match[str]) -> str:
    return _number(found[0])


def _number(c: str) -> str:
    return f"⟨U+{ord(c):04X}⟩"


def code(text: str, *, only_ascii: bool = False) -> str:
    """Return a text as Markdown code, which no renderer reads: no link, no HTML, no entity.

    It may stand in a table's cell.
    """
    if not text:
        return ""
    plain = visible(text, only_ascii=only_ascii).replace("`", _number("`"))
    plain = plain.replace("\\|", _number("\\") + "|").replace("|", "\\|")
    return f"`{plain}`"


def markdown_table(head: list[str], lines: list[list[str]]) -> str:
    """Return a Markdown table without padding; the cells' texts have to be escaped already."""
    cells = [head, ["---"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def html_table(frame: pd.DataFrame, longest: int | None = None) -> str:
    """Return a table as HTML, every text in it escaped and nothing hidden.

    Parameters
    ----------
    frame : DataFrame
        The lines.
    longest : int, optional
        Lines at most; how many more there are is told.
    """
    first = frame if longest is None else frame.head(longest)
    texts = first.astype(str).map(shown)
    with pd.option_context("display.max_colwidth", None):  # texts are whole or not there
        table = texts.to_html(index=False, border=0, escape=True)
    more = len(frame) - len(first)
    return f"{table}<p>... and {more} more lines</p>" if more else table


def html_page(title: str, *parts: str) -> str:
    """Return a page that stands for itself."""
    name = html.escape(shown(title))
    style = (
        "body{font-family:sans-serif}table{border-collapse:collapse}"
        "td,th{border:1px solid #ccc;padding:.3em .6em;text-align:left;vertical-align:top}"
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{name}</title>'
        f"<style>{style}</style></head><body><h1>{name}</h1>{''.join(parts)}</body></html>"
    )


def html_note(title: str, *frames: pd.DataFrame, remarks: Sequence[str] = ()) -> str:
    """Return what a notebook shows of an object: a heading, short tables, remarks.

    Parameters
    ----------
    title : str
        The heading.
    *frames : DataFrame
        Tables; of each, the first 20 lines are shown, and none if it is empty.
    remarks : sequence of str
        Lines below.
    """
    tables = "".join(html_table(frame, 20) for frame in frames if len(frame))
    lines = "".join(f"<p>{html.escape(shown(text))}</p>" for text in remarks)
    return f"<div><b>{html.escape(shown(title))}</b>{tables}{lines}</div>"
