"""When a plan must not be carried out, and which rows stay behind together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

import pandas as pd

from airflow_provider_ams.ams.errors import AMSInputError, describe_rows
from airflow_provider_ams.ams.forms.schema import FormSchema
from airflow_provider_ams.ams.options.plans import PlanOption
from airflow_provider_ams.ams.plan.plan import Plan
from airflow_provider_ams.ams.prepare.draft import Draft


def whole_events(
    df: pd.DataFrame, kept: Sequence[int], bad: dict[int, str], option: PlanOption
) -> set[int]:
    """Return the rows of the events to which bad rows belong: no event goes out in part."""
    if not option.table_fields or not bad:
        return set()
    frame = df.iloc[list(kept)]
    names = {str(c).lower(): c for c in frame.columns}
    parts = [option.id_col, "start_date", "start_time", "event_id", *(option.key or ())]
    columns = [names[p.lower()] for p in dict.fromkeys(parts) if p.lower() in names]
    lines: list[tuple[Any, ...]] = list(
        zip(*(frame[c].astype(str).tolist() for c in columns), strict=True)
    )
    hit = {lines[p] for p in bad}
    return {p for p, line in enumerate(lines) if line in hit}


def refuse_losses(draft: Draft, schema: FormSchema, on_missing_fields: str) -> None:
    """Raise if fields are missing and that is not wanted."""
    missing = schema.missing({*draft.field_columns, *draft.table_columns})
    if missing and on_missing_fields == "error":
        raise AMSInputError(
            f"DataFrame is invalid: it lacks the fields {', '.join(map(repr, missing))}, which an "
            "update would clear. Nothing was sent.",
            hint="Add them, or set on_missing_fields='keep'.",
        )


def refuse_rejects(plan: Plan, fatal: Collection[int] | None = None) -> None:
    """Raise if a plan has rows that can't be sent.

    Parameters
    ----------
    plan : Plan
        The plan.
    fatal : collection of int, optional
        Positions of the rows that count; all of them if left out.

    Raises
    ------
    AMSInputError
        Names the rows and all reasons; nothing was sent.
    """
    positions = sorted(p for p in plan.rejects if fatal is None or p in fatal)
    if not positions:
        return
    by_reason: dict[str, list[Any]] = defaultdict(list)
    for position in positions:
        by_reason[plan.rejects[position]].append(plan.row_labels[position])
    parts = [f"{reason} (rows {describe_rows(rows)})" for reason, rows in by_reason.items()]
    raise AMSInputError(
        f"DataFrame is invalid: {'; '.join(parts[:20])}. Nothing was sent.",
        rows=[plan.row_labels[p] for p in positions],
        rows_told=True,
    )
