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
from airflow_provider_ams.ams.plan.accepted import remark
from airflow_provider_ams.ams.plan.plan import Plan
from airflow_provider_ams.ams.positions import EventNo
from airflow_provider_ams.ams.reasons import NOT_SENT, failed_frame, hints, tell
from airflow_provider_ams.ams.results import ImportResult
from airflow_provider_ams.ams.write.ledger import LANDED, REJECTED, UNCHANGED, UNKNOWN, Ledger
from airflow_provider_ams.transport import Console

_REFUSED = "validate_event_data() says beforehand what the form does not take."


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
                names = plan.differing.get(EventNo(event))
                reasons[p] = remark(names) if names else None
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


def failed_rows(plan: Plan, ledger: Ledger | None) -> pd.DataFrame:
    """Return a line for each reason of each row that did not land, as `ImportResult.failed`."""
    lines = [line for row, rejection in plan.rejects.items() for line in rejection.lines(row)]
    for number, status in enumerate(ledger.status if ledger is not None else ()):
        if ledger is None or status in LANDED:
            continue
        event = EventNo(number)
        who = plan.events.user_ids[event], plan.events.event_ids[event]
        code = ledger.codes[event]
        hint = _REFUSED if code == "refused" else ""
        why = status, code, None, ledger.reasons[event] or "", hint
        lines += [(row, *who, *why) for row in plan.events.rows[event]]
    return failed_frame(lines)


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
    if told := result.explain():
        console.failed(told)
    for warning in result.warnings:
        console.warn(warning)


def judge(
    result: ImportResult,
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
        told = tell(result.failed[result.failed["status"] == UNKNOWN], labels)
        what = f"For {len(rows)} rows it is not known whether AMS holds them"
        ended = f" ({cause.rstrip('.')})" if cause and cause not in told else ""
        raise AMSUnknownOutcomeError(
            f"{told}{what if rows else 'The import ended early'}{ended}.",
            result=result,
            rows=rows,
            rows_told=bool(rows),
            hint="Run again to settle them (in the library with the same resume=), or look them "
            "up in AMS.",
        ) from (stopped or crashed)
    if stopped is not None:
        stopped.result = result
        raise stopped
    if counts[REJECTED] > rejected_limit(tolerance, len(result.rows)):
        bad = result.rows[result.rows["status"] == REJECTED]
        raise AMSImportError(
            tell(result.failed, labels) + _verdict(result),
            result=result,
            rows=bad.index.tolist(),
            rows_told=True,
            hint=hints(result.failed),
        )


def _verdict(result: ImportResult) -> str:
    """Say who refused how many rows, and what became of the others."""
    counts, failed = result.counts, result.failed.drop_duplicates("row")
    total, unsent = len(result.rows), int(failed["reason"].str.startswith(NOT_SENT).sum())
    refused = int((failed["code"] == "refused").sum())
    lost = counts[REJECTED] - unsent - refused
    parts = [f"AMS refused {refused} of {total} rows"] if refused else []
    parts += [f"AMS did not store {lost} of {total} rows"] if lost else []
    parts += [f"{unsent} of {total} rows were not sent"] if unsent else []
    if counts["inserted"] or counts["updated"]:
        parts += ["the others have landed"]
    elif counts["unchanged"]:
        parts += ["AMS holds the others already"]
    else:
        parts += ["nothing has landed"]
    return f"{'; '.join(parts)}."
