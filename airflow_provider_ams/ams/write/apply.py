"""Send what a plan says, and tell what came of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from airflow_provider_ams.ams.api.event_deletes import DeleteResult
from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.plan.plan import UNCHANGED, Plan
from airflow_provider_ams.ams.plan.stale import Done
from airflow_provider_ams.ams.prepare.events import EventSet
from airflow_provider_ams.ams.results import ImportResult
from airflow_provider_ams.ams.write.checkpoint import Progress
from airflow_provider_ams.ams.write.delete import Deleter
from airflow_provider_ams.ams.write.importer import Importer, Recovery
from airflow_provider_ams.ams.write.ledger import Ledger
from airflow_provider_ams.ams.write.outcome import Meter, judge
from airflow_provider_ams.transport import Console


@dataclass(frozen=True, repr=False)
class ApplyResult(ImportResult):
    """The outcome of a plan or mirror: as of an import, and what became of the deletions.

    Parameters
    ----------
    deletes : DeleteResult or None
        None if nothing was to be deleted.
    """

    deletes: DeleteResult | None = field(default=None, repr=False)

    def summary(self) -> dict[str, Any]:
        """Return counts and costs as a small dict that JSON can hold (no row values)."""
        deleted = self.deletes.counts["deleted"] if self.deletes is not None else 0
        return {**super().summary(), "deleted": deleted}


class Runner:
    """Send what a plan says.

    Parameters
    ----------
    client : AMSClient
        The client.
    plan : Plan
        The plan.
    console : Console
        For the progress bar.
    done : Done, optional
        What need not be sent any more.
    make_importer : callable, optional
        Builds the importer; takes the events, the numbers of the unchanged ones, and a function
        to call with the number of settled rows.
    meter : Meter, optional
        Counts what the import costs, if it began before.
    """

    def __init__(
        self,
        client: AMSClient,
        plan: Plan,
        console: Console,
        *,
        done: Done | None = None,
        make_importer: Callable[..., Importer] | None = None,
        meter: Meter | None = None,
    ) -> None:
        self.client = client
        self.plan = plan
        self.console = console
        self.done = done or Done()
        self._make_importer = make_importer or self._importer
        self._meter = meter or Meter(client)

    def run(self, tolerance: int | str | None = None) -> ApplyResult:
        """Insert and update, then delete; raise what is wrong with the outcome."""
        plan = self.plan
        unchanged = [
            e
            for e, action in enumerate(plan.actions)
            if action == UNCHANGED or e in self.done.events
        ]
        importer: Importer | None = None
        warnings = list(plan.warnings)
        if len(unchanged) < len(plan.events):
            with self.console.bar(len(plan.events), "event") as bar:
                importer = self._make_importer(plan.events, unchanged, bar.add)
                importer.run()
            warnings += importer.warnings
        rows = self._rows(importer)
        result = self._result(rows, warnings, None)
        judge(result, tolerance, importer.stopped if importer else None)
        deleter = self._delete()
        if deleter is None:
            return result
        deleted = DeleteResult(plan.form, deleter.frame())
        result = self._result(rows, warnings, deleted)
        deleter.judge(result)
        return result

    def _importer(
        self, events: EventSet, unchanged: Sequence[int], on_settled: Callable[[int], None]
    ) -> Importer:
        return Importer(
            self.client,
            events,
            Progress("", 0, self.client.now().naive().isoformat()),
            batch_size=self.plan.batch_size,
            max_in_flight=self.plan.max_in_flight,
            recovery=Recovery(),
            on_settled=on_settled,
            unchanged=unchanged,
        )

    def _rows(self, importer: Importer | None) -> pd.DataFrame:
        """Return one row for each input row."""
        plan = self.plan
        size = plan.row_count
        status: list[str | None] = ["unchanged"] * size
        ids: list[int | None] = [None] * size
        reasons: list[str | None] = [None] * size
        batches: list[int | None] = [None] * size
        ledger = importer.ledger if importer else Ledger(plan.events)
        for event, positions in enumerate(plan.events.rows):
            for p in positions:
                status[p] = ledger.status[event] or "unchanged"
                ids[p] = self.done.events.get(event, ledger.event_ids[event])
                reasons[p], batches[p] = ledger.reasons[event], ledger.batches[event]
        for p, reason in plan.rejects.items():
            status[p], reasons[p], ids[p] = "rejected", reason, None
        index = pd.Index(plan.row_labels)
        return pd.DataFrame(
            {
                "status": pd.Series(status, index=index, dtype=object),
                "event_id": pd.Series(ids, index=index, dtype="Int64"),
                "reason": pd.Series(reasons, index=index, dtype=object),
                "batch": pd.Series(batches, index=index, dtype="Int64"),
            },
            index=index,
        )

    def _delete(self) -> Deleter | None:
        ids = [d.event_id for d in self.plan.deletes if d.event_id not in self.done.deletes]
        if not ids:
            return None
        users = sorted({d.user_id for d in self.plan.deletes})
        deleter = Deleter(self.client, self.plan.form, ids, users, self.plan.server_time)
        with self.console.bar(len(ids), "deletion") as bar:
            deleter.run(bar.add)
        return deleter

    def _result(
        self, rows: pd.DataFrame, warnings: list[str], deletes: DeleteResult | None
    ) -> ApplyResult:
        return ApplyResult(self.plan.form, rows, warnings, *self._meter.spent(), deletes)
