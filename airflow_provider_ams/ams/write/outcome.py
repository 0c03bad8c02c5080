"""What came of an import: one row for each input row, counted, told, judged."""

from __future__ import annotations

import pandas as pd

from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.errors import (
    AMSError,
    AMSImportError,
    AMSUnknownOutcomeError,
)
from airflow_provider_ams.ams.options.rules import rejected_limit
from airflow_provider_ams.ams.plan.contents import HELD_BACK
from airflow_provider_ams.ams.plan.plan import Plan
from airflow_provider_ams.ams.positions import describe_rows
from airflow_provider_ams.ams.problems import lead
from airflow_provider_ams.ams.results import ImportResult
from airflow_provider_ams.ams.write.ledger import REJECTED, UNCHANGED, UNKNOWN, Ledger
from airflow_provider_ams.transport import Console

_SHOWN, _HINTS_SHOWN = 10, 3
_HINTS = {
    "event_id": "Use get_event_data() to have the right ids.",
    "user": "Compare the people with get_user().",
}


class Meter:
    """Count requests, retries and seconds of one call, on a client that may serve others."""

    def __init__(self, client: AMSClient) -> None:
        self._client = client
        self._start = client.requests, client.retries, client.clock.now()

    def spent(self) -> tuple[int, int, float]:
        """Return requests, retries and seconds so far."""
        client, (requests, retries, began) = self._client, self._start
        seconds = client.clock.now() - began
        return client.requests - requests, client.retries - retries, seconds


def result_rows(plan: Plan, ledger: Ledger | None) -> pd.DataFrame:
    """Return one row for each input row, in input order; events not in the ledger are unchanged."""
    size = plan.row_count
    status: list[str | None] = [None] * size
    ids: list[int | None] = [None] * size
    reasons: list[str | None] = [None] * size
    batches: list[int | None] = [None] * size
    for event, positions in enumerate(plan.events.rows):
        for p in positions:
            if ledger is None:
                status[p], ids[p] = UNCHANGED, plan.events.event_ids[event]
                continue
            status[p], ids[p] = ledger.status[event], ledger.event_ids[event]
            reasons[p], batches[p] = ledger.reasons[event], ledger.batches[event]
    for p, rejection in plan.rejects.items():
        status[p], reasons[p], ids[p] = REJECTED, rejection.reason, None
    index = plan.row_labels
    return pd.DataFrame(
        {
            "status": pd.Series(status, index=index, dtype=object),
            "event_id": pd.Series(ids, index=index, dtype="Int64"),
            "reason": pd.Series(reasons, index=index, dtype=object),
            "batch": pd.Series(batches, index=index, dtype="Int64"),
        },
        index=index,
    )


def print_result(
    console: Console, result: ImportResult, done: str, attempted: int, landed: int
) -> None:
    """Tell an interactive user what came of an import."""
    good = landed == attempted and not result.counts[REJECTED]
    whole = "Success" if good else "Failed" if not landed else "Partial"
    console.info(f"Form: {result.form}")
    console.info(f"Result: {whole}")
    console.info(f"Records {done}: {landed}")
    console.info(f"Records attempted: {attempted}")
    for warning in result.warnings:
        console.warn(warning)


def judge(
    result: ImportResult,
    plan: Plan,
    ledger: Ledger | None,
    tolerance: int | str | None,
    stopped: AMSError | None,
    crashed: Exception | None = None,
) -> None:
    """Raise what is wrong with the outcome, unless it is as good as was asked for."""
    counts = result.counts
    labels = result.rows.index
    if counts[UNKNOWN] or crashed is not None:
        rows = labels[result.rows["status"] == UNKNOWN].tolist()
        cause = stopped.message if stopped else crashed and f"a {type(crashed).__name__}"
        what = f"For {len(rows)} rows it is not known whether AMS holds them"
        raise AMSUnknownOutcomeError(
            f"{what if rows else 'The import ended early'}{f' ({cause})' if cause else ''}.",
            result=result,
            rows=rows,
            hint="Run again with the same resume= to settle them, or look them up in AMS; "
            "the reasons are in .result.rows.",
        ) from (stopped or crashed)
    if stopped is not None:
        stopped.result = result
        raise stopped
    if counts[REJECTED] > rejected_limit(tolerance, len(result.rows)):
        bad = result.rows[result.rows["status"] == REJECTED]
        raise AMSImportError(
            _told(plan) + _verdict(plan, ledger, result),
            result=result,
            rows=bad.index.tolist(),
            rows_told=len(bad) == len(plan.rejects),
            hint=" ".join([*_hints(plan), "The reasons are in .result.rows."]),
        )


def _told(plan: Plan) -> str:
    """Return why rows were not sent, each reason once and with its rows."""
    rows: dict[str, list[int]] = {}
    for position, rejection in sorted(plan.rejects.items()):
        rows.setdefault(rejection.reason, []).append(position)
    if not rows:
        return ""
    # What the others of a mirror are told is the outcome, and no reason.
    parts = [
        f"{reason} (rows {describe_rows([plan.row_labels[p] for p in where], where)})"
        for reason, where in rows.items()
    ]
    more = f"; and {len(parts) - _SHOWN} more reasons" if len(parts) > _SHOWN else ""
    begins = lead({rejection.rule for rejection in plan.rejects.values()} - {HELD_BACK})
    return f"{begins}{'; '.join(parts[:_SHOWN])}{more}. "


def _hints(plan: Plan) -> list[str]:
    hints = (r.hint or _HINTS.get(r.rule, "") for r in plan.rejects.values())
    return list(dict.fromkeys(filter(None, hints)))[:_HINTS_SHOWN]


def _verdict(plan: Plan, ledger: Ledger | None, result: ImportResult) -> str:
    """Say who refused how many rows, and what became of the others."""
    total, unsent = len(result.rows), len(plan.rejects)
    refused = result.counts[REJECTED] - unsent
    parts = [f"AMS refused {refused} of {total} rows"] if refused else []
    parts += [f"{unsent} of {total} rows were not sent"] if unsent else []
    others = total - refused - unsent
    landed = ledger is not None and any(s in ("inserted", "updated") for s in ledger.status)
    parts += ["the others have landed"] if landed and others else []
    if not landed:
        parts += ["nothing has landed"]
    return f"{'; '.join(parts)}."
