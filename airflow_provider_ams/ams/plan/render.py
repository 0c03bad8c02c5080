"""A plan as text, Markdown and HTML: all counts first, then deletes, updates and the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from numbers import Integral
from typing import Any

import pandas as pd

from airflow_provider_ams.ams.plan.contents import (
    DELETE,
    INSERT,
    REJECT,
    UNCHANGED,
    UPDATE,
    Contents,
)
from airflow_provider_ams.ams.plan.cut import change_markdown, change_text, shortened
from airflow_provider_ams.ams.plan.stored_plan import plan_digest
from airflow_provider_ams.ams.tables import (
    code,
    html_note,
    html_page,
    html_table,
    markdown_table,
    text_table,
    visible,
)

_COLUMNS = ("action", "row", "user_id", "start", "event_id", "field", "change")
# What can't be undone comes first.
_SHOWN = (DELETE, UPDATE, INSERT, UNCHANGED, REJECT)
_NAME, _REMARK = 100, 500
_MORE = "plan.show() prints it line by line, with values."
# What people are called, by their ids; None for the ids themselves.
People = Mapping[int, str] | None


def heading(plan: Contents) -> str:
    """Return form and all counts in a line, for an approval's subject."""
    counts = plan.counts
    told = ", ".join(f"{counts[action]} to {action}" for action in _SHOWN)
    words = told.replace(" to unchanged", " unchanged").replace(" to reject", " rejected")
    return f"{shortened(plan.form, longest=_NAME)} ({plan.mode}): {words}"


def _shown(
    plan: Contents,
    max_lines: int,
    show_values: bool,
    people: People = None,
    *,
    markdown: bool = False,
) -> tuple[list[dict[str, str]], int]:
    """Return the first lines as texts, and how many more there are."""
    lines = plan.lines()
    first = [_texts(line, show_values, people, markdown) for line in islice(lines, max_lines)]
    return first, sum(1 for _ in lines)


def _texts(
    line: dict[str, Any], show_values: bool, people: People, markdown: bool
) -> dict[str, str]:
    piece, changed = (code, change_markdown) if markdown else (visible, change_text)
    texts = {c: "" if line[c] is None else str(line[c]) for c in _COLUMNS[:-1]}
    if people is not None and line["user_id"] in people:
        texts["user_id"] = shortened(people[line["user_id"]], piece, _NAME)
    if line["row"] is not None and not show_values and not isinstance(line["row"], Integral):
        texts["row"] = f"at position {line['position']}"  # a label may be a person's name
    is_number = texts["row"].isascii() and texts["row"].isdecimal()
    texts["row"] = shortened(texts["row"], str if is_number else piece, _NAME)
    texts["field"] = shortened(texts["field"], piece, _NAME if line["new"] else _REMARK)
    texts["change"] = ""
    old, new = line["old"], line["new"]
    if old is not None or new is not None:
        if show_values:
            texts["change"] = changed(old, new)
        else:
            words = ("(a value)" if value else "(empty)" for value in (old, new))
            texts["change"] = " → ".join(words)
    return texts


def _fields(plan: Contents) -> Iterator[tuple[str, int]]:
    """Yield each field that updates change, and in how many events."""
    counted = Counter(
        name for changes in plan.changes.values() for name in {c.field for c in changes}
    )
    yield from counted.most_common(20)


def as_text(plan: Contents, max_lines: int = 50, show_values: bool = False) -> str:
    """Return the plan as plain text; without values unless they are asked for."""
    lines, more = _shown(plan, max_lines, show_values)
    text = text_table(heading(plan), pd.DataFrame(lines, columns=list(_COLUMNS)))
    return f"{text}\n... and {more} more lines" if more else text


def as_markdown(plan: Contents, max_lines: int, show_values: bool, people: People = None) -> str:
    """Return the plan as Markdown: counts, fields, then event by event.

    Whatever comes from AMS or the frame is code, which no renderer reads for links or emphasis.
    The tables have few columns: Airflow shows them in half a page.
    """
    counts, site = plan.counts, plan.url.partition("://")[2]
    where = f" of {code(site)}" if site else ""
    parts = [
        f"**{shortened(plan.form, code, _NAME)}**{where}: {plan.mode}, "
        f"digest `{plan_digest(plan)}`",
        markdown_table(list(_SHOWN), [[str(counts[a]) for a in _SHOWN]]),
    ]
    fields = [[shortened(name, code, _NAME), str(count)] for name, count in _fields(plan)]
    if fields:
        parts.append(markdown_table(["field", "events that change"], fields))
    parts += [f"- {shortened(warning, code, _REMARK)}" for warning in plan.warnings]
    lines, more = _shown(plan, max_lines, show_values, people, markdown=True)
    if lines:
        parts.append(markdown_table(["what", "field", "change"], list(_narrow(lines))))
    if more:
        parts.append(f"... and {more} more lines.")
    return "\n\n".join(parts) + "\n"


def _narrow(lines: list[dict[str, str]]) -> Iterator[list[str]]:
    """Yield the cells of a narrow table: action, person, start and ids in one, and but once."""
    before = ""
    for line in lines:
        ids = [f"event {line['event_id']}"] * bool(line["event_id"])
        ids += [f"row {line['row']}"] * bool(line["row"])
        words = [f"**{line['action']}**", line["user_id"], line["start"]]
        what = ", ".join([" ".join(filter(None, words)), *ids])
        yield ["" if what == before else what, line["field"], line["change"]]
        before = what


def as_html(plan: Contents, max_lines: int, show_values: bool, people: People = None) -> str:
    """Return the plan as a page."""
    lines, more = _shown(plan, max_lines, show_values, people)
    counts = plan.counts
    total = html_table(pd.DataFrame([{action: counts[action] for action in _SHOWN}]))
    parts = [total, html_table(pd.DataFrame(lines, columns=list(_COLUMNS)))]
    if more:
        parts.append(f"<p>... and {more} more lines</p>")
    return html_page(heading(plan), *parts)


def as_note(plan: Contents) -> str:
    """Return what a notebook shows of a plan: counts, changed fields, reasons; no value."""
    counts = plan.counts
    fields = [(shortened(name, longest=_NAME), count) for name, count in _fields(plan)]
    reasons = Counter(shortened(r.reason, longest=_REMARK) for r in plan.rejects.values())
    return html_note(
        heading(plan),
        pd.DataFrame([{action: counts[action] for action in _SHOWN}]),
        pd.DataFrame(fields, columns=["field", "events that change"]),
        pd.DataFrame(reasons.most_common(), columns=["rejected because", "rows"]),
        remarks=[*(shortened(w, longest=_REMARK) for w in plan.warnings), _MORE],
    )
