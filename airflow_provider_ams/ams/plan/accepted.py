"""Events that were found by their own id and hold other values than the row: told, not hidden."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from airflow_provider_ams.ams.forms.schema import FormSchema
from airflow_provider_ams.ams.plan.diff import Change, kind_of
from airflow_provider_ams.ams.positions import EventNo, InputRow, describe_rows
from airflow_provider_ams.ams.prepare.events import EventSet
from airflow_provider_ams.ams.wire.stored_values import loose_meanings


def other_values(
    events: EventSet,
    changes: Mapping[EventNo, Sequence[Change]],
    schema: FormSchema | None,
    zone: str | None,
) -> dict[EventNo, list[str]]:
    """Return for each event the fields of the frame in which the stored one differs.

    A field that the frame does not have is left out, and so are texts of which only the kind of
    their field could tell whether they differ.
    """
    found: dict[EventNo, list[str]] = {}
    for event, differing in changes.items():
        names = [
            name
            for change in differing
            if (name := _given(change.field, events)) and _differs(name, change, schema, zone)
        ]
        if names:
            found[event] = list(dict.fromkeys(names))
    return found


def _given(field: str, events: EventSet) -> str:
    """Return the column of the frame that a change is about; "" if there is none."""
    if field in events.fields or field in ("start", "end"):
        return field
    column = field.rpartition("[")[0]  # a field of the table is called "name[row]"
    return column if column in events.table else ""


def _differs(name: str, change: Change, schema: FormSchema | None, zone: str | None) -> bool:
    old, new = loose_meanings([change.old, change.new], kind_of(schema, name), zone)
    return old != new


def remark(names: Sequence[str]) -> str:
    """Return what the result says of a row whose stored event differs."""
    return f"left as it is in AMS, with other values in {', '.join(map(repr, names))}"


def accepted_warning(
    found: Mapping[EventNo, Sequence[str]],
    rows: Sequence[Sequence[InputRow]],
    labels: pd.Index,
) -> list[str]:
    """Return the warning for events that were found by their own id and differ, if any do."""
    if not found:
        return []
    positions = sorted(p for event in found for p in rows[event])
    names = ", ".join(map(repr, dict.fromkeys(n for ns in found.values() for n in ns)))
    return [
        f"{len(found)} events are in AMS under their own id, with other values in {names} (rows "
        f"{describe_rows([labels[p] for p in positions], positions)}). They were left as they "
        "are; an upsert overwrites them."
    ]
