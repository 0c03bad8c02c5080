"""Small tables for people: plain text, HTML."""

from __future__ import annotations

import html

import pandas as pd
from tabulate import tabulate


def text_table(title: str, frame: pd.DataFrame) -> str:
    """Return a heading and a table of left-aligned columns."""
    if frame.empty:
        return title
    lines = frame.astype(str).values.tolist()
    table = tabulate(
        lines,
        headers=list(map(str, frame.columns)),
        tablefmt="plain",
        disable_numparse=True,
        preserve_whitespace=True,
    )
    return "\n".join([title, *(line.rstrip() for line in table.splitlines())])


def markdown_table(head: list[str], lines: list[list[str]]) -> str:
    """Return a Markdown table without padding; the cells' texts have to be escaped already."""
    cells = [head, ["---"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def html_table(frame: pd.DataFrame) -> str:
    """Return a table as HTML, every text in it escaped."""
    with pd.option_context("display.max_colwidth", None):  # texts are whole or not there
        return frame.astype(str).to_html(index=False, border=0, escape=True)


def html_page(title: str, *parts: str) -> str:
    """Return a page that stands for itself."""
    name = html.escape(title)
    style = (
        "body{font-family:sans-serif}table{border-collapse:collapse}"
        "td,th{border:1px solid #ccc;padding:.3em .6em;text-align:left;vertical-align:top}"
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{name}</title>'
        f"<style>{style}</style></head><body><h1>{name}</h1>{''.join(parts)}</body></html>"
    )
