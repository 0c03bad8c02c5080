"""What stays of a record that is written again."""

from __future__ import annotations

from airflow_provider_ams.sandbox.forms import Form
from airflow_provider_ams.sandbox.rows import Rows, event_values


def without_blanks(form: Form, rows: Rows, old: Rows) -> Rows:
    """Return the rows with the old event-level value wherever a blank was sent."""
    before = event_values(form, old)
    return [
        (index, [[k, v or before.get(k, "") if index == 0 else v] for k, v in pairs])
        for index, pairs in rows
    ]


def merged(form: Form, rows: Rows, old: Rows) -> Rows:
    """Return the rows with the event-level values that were not sent, and the table if none was."""
    before, sent = event_values(form, old), event_values(form, rows)
    missing = [[key, value] for key, value in before.items() if key not in sent]
    first = [pairs for index, pairs in rows if index == 0]
    table = [row for row in rows if row[0]]
    return [(0, [*(first[0] if first else []), *missing]), *(table or [r for r in old if r[0]])]
