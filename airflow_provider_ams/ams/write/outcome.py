"""What came of an import: counted, told, judged."""

from __future__ import annotations

import pandas as pd

from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.errors import AMSError, AMSImportError, AMSUnknownOutcomeError
from airflow_provider_ams.ams.options.writes import rejected_limit
from airflow_provider_ams.ams.results import ImportResult
from airflow_provider_ams.transport import Console


class Meter:
    """Count requests, retries and seconds of one import on a client that may serve others."""

    def __init__(self, client: AMSClient) -> None:
        self._client = client
        self._start = client.requests, client.retries, client.clock.now()

    def result(self, form: str, frame: pd.DataFrame, warnings: list[str]) -> ImportResult:
        """Return the result with what the import has cost so far."""
        return ImportResult(form, frame, warnings, *self.spent())

    def spent(self) -> tuple[int, int, float]:
        """Return requests, retries and seconds so far."""
        client, (requests, retries, began) = self._client, self._start
        seconds = client.clock.now() - began
        return client.requests - requests, client.retries - retries, seconds


def print_result(
    console: Console, result: ImportResult, done: str, attempted: int, landed: int
) -> None:
    """Tell an interactive user what came of an import."""
    whole = "Success" if landed == attempted else "Failed" if not landed else "Partial"
    console.info(f"Form: {result.form}")
    console.info(f"Result: {whole}")
    console.info(f"Records {done}: {landed}")
    console.info(f"Records attempted: {attempted}")
    for warning in result.warnings:
        console.warn(warning)


def judge(
    result: ImportResult, tolerance: int | str | None, stopped: AMSError | None
) -> ImportResult:
    """Return the result if all is as good as was asked for; else raise what is wrong with it."""
    counts = result.counts
    labels = result.rows.index
    if counts["unknown"]:
        rows = labels[result.rows["status"] == "unknown"].tolist()
        raise AMSUnknownOutcomeError(
            f"For {len(rows)} rows it is not known whether AMS holds them"
            + (f" ({stopped.message})" if stopped else "")
            + ".",
            result=result,
            rows=rows,
            hint="Run again with the same resume= to settle them, or look them up in AMS; "
            "the reasons are in .result.rows.",
        ) from stopped
    if stopped is not None:
        stopped.result = result
        raise stopped
    if counts["rejected"] > rejected_limit(tolerance, len(result.rows)):
        bad = result.rows[result.rows["status"] == "rejected"]
        raise AMSImportError(
            f"AMS refused {len(bad)} of {len(result.rows)} rows; the others have landed.",
            result=result,
            rows=bad.index.tolist(),
            hint="The reasons are in .result.rows.",
        )
    return result
