"""A plan as text, Markdown and HTML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pandas as pd

from airflow_provider_ams.ams.plan.plan import ACTIONS, Plan
from airflow_provider_ams.ams.tables import html_page, html_table, markdown_table, text_table

_COLUMNS = ("action", "row", "user_id", "start", "event_id", "field", "old", "new")
_LONGEST = 80


def _heading(plan: Plan) -> str:
    counts = ", ".join(f"{count} to {name}" for name, count in plan.counts.items())
    words = counts.replace(" to unchanged", " unchanged").replace(" to reject", " rejected")
    return f"{plan.form} ({plan.mode}): {words}"


def _shown(plan: Plan, max_lines: int, show_values: bool) -> tuple[list[dict[str, str]], int]:
    """Return the first lines as texts, and how many more there are."""
    lines = plan.lines()
    first = [_texts(line, show_values) for line in islice(lines, max_lines)]
    return first, sum(1 for _ in lines)


def _texts(line: dict[str, Any], show_values: bool) -> dict[str, str]:
    texts = {c: "" if line[c] is None else str(line[c]) for c in _COLUMNS}
    for name in ("old", "new"):
        if texts[name] and not show_values:
            texts[name] = "(a value)"
        elif len(texts[name]) > _LONGEST:
            texts[name] = texts[name][: _LONGEST - 1] + "…"
    return texts


def _fields(plan: Plan) -> Iterator[tuple[str, int]]:
    """Yield each field that updates change, and in how many events."""
    counted = Counter(
        name for changes in plan.changes.values() for name in {c.field for c in changes}
    )
    yield from counted.most_common(20)


def as_text(plan: Plan, max_lines: int = 50, show_values: bool = False) -> str:
    """Return the plan as plain text; without values unless they are asked for."""
    lines, more = _shown(plan, max_lines, show_values)
    text = text_table(_heading(plan), pd.DataFrame(lines, columns=list(_COLUMNS)))
    return f"{text}\n... and {more} more lines" if more else text


def as_markdown(plan: Plan, max_lines: int, show_values: bool) -> str:
    """Return the plan as Markdown: counts, fields, then line by line."""
    counts = plan.counts
    parts = [
        f"**{_escaped(plan.form)}**: {plan.mode}, digest `{plan.digest[:12]}`",
        _table(list(ACTIONS), [[str(counts[a]) for a in ACTIONS]]),
    ]
    fields = [[name, str(count)] for name, count in _fields(plan)]
    if fields:
        parts.append(_table(["field", "events that change"], fields))
    parts += [f"- {_escaped(warning)}" for warning in plan.warnings]
    lines, more = _shown(plan, max_lines, show_values)
    if lines:
        parts.append(_table(list(_COLUMNS), [list(line.values()) for line in lines]))
    if more:
        parts.append(f"... and {more} more lines.")
    return "\n\n".join(parts) + "\n"


def _table(head: list[str], lines: list[list[str]]) -> str:
    return markdown_table(head, [[_escaped(text) for text in line] for line in lines])


def _escaped(text: str) -> str:
    """Keep a value from being taken for Markdown, HTML or a template."""
    for sign in "\\`*_[]<>|#{}":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())


def as_html(plan: Plan, max_lines: int, show_values: bool) -> str:
    """Return the plan as a page."""
    lines, more = _shown(plan, max_lines, show_values)
    counts = html_table(pd.DataFrame([plan.counts]))
    parts = [counts, html_table(pd.DataFrame(lines, columns=list(_COLUMNS)))]
    if more:
        parts.append(f"<p>... and {more} more lines</p>")
    return html_page(_heading(plan), *parts)
