"""Carry out a plan: insert and update, then delete, and tell what came of every row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.errors import AMSError
from airflow_provider_ams.ams.plan.accepted import accepted_warning, remark
from airflow_provider_ams.ams.plan.contents import UNCHANGED, not_deleted
from airflow_provider_ams.ams.plan.plan import Plan
from airflow_provider_ams.ams.plan.stale import Done, Guard
from airflow_provider_ams.ams.positions import EventNo
from airflow_provider_ams.ams.results import DeleteResult, ImportResult
from airflow_provider_ams.ams.write.checkpoint import Journal
from airflow_provider_ams.ams.write.delete import Deleter
from airflow_provider_ams.ams.write.importer import HowToSend, Importer
from airflow_provider_ams.ams.write.outcome import Meter, failed_rows, judge, result_rows
from airflow_provider_ams.ams.write.profile_check import check_profiles
from airflow_provider_ams.transport import Console


class Application:
    """Carry out one plan.

    Parameters
    ----------
    client : AMSClient
        The client.
    plan : Plan
        The plan.
    console : Console
        For the progress bar.
    journal : Journal, optional
        What an earlier try has noted.
    done : Done, optional
        What need not be sent any more.
    guard : Guard, optional
        Looks again, before a call goes out, whether the plan still holds.
    meter : Meter, optional
        Counts what the import costs, if it began before.

    Attributes
    ----------
    result : ImportResult or None
        What came of it, as soon as something has.
    """

    def __init__(
        self,
        client: AMSClient,
        plan: Plan,
        console: Console,
        *,
        journal: Journal | None = None,
        done: Done | None = None,
        guard: Guard | None = None,
        meter: Meter | None = None,
    ) -> None:
        self.client = client
        self.plan = plan
        self.console = console
        self.journal = journal or Journal(None, client.clock)
        self.done = done or Done()
        self.guard = guard
        self.meter = meter or Meter(client)
        self.result: ImportResult | None = None
        self._importer: Importer | None = None
        self._unchanged = [
            EventNo(event)
            for event, action in enumerate(plan.actions)
            if action == UNCHANGED or event in self.done.events
        ]

    @property
    def to_send(self) -> int:
        """How many events go out."""
        return len(self.plan.events) - len(self._unchanged)

    @property
    def landed(self) -> int:
        """How many events AMS has taken."""
        if self._importer is None:
            return 0
        return sum(status in ("inserted", "updated") for status in self._importer.ledger.status)

    def run(self) -> ImportResult:
        """Insert and update; `check` says what is to be thought of the outcome."""
        importer = self._importer = self._import()
        ledger = importer.ledger if importer else None
        warnings = [*self.plan.warnings, *(importer.warnings if importer else ())]
        if ledger is not None and ledger.differing:
            events, labels = self.plan.events, self.plan.row_labels
            warnings += accepted_warning(ledger.differing, events.rows, labels)
        rows = result_rows(self.plan, ledger)
        failed = failed_rows(self.plan, ledger)
        spent = self.meter.spent()
        self.result = ImportResult(self.plan.form, rows, warnings, *spent, failed=failed)
        return self.result

    def check(self, tolerance: int | str | None) -> ImportResult:
        """Delete what the plan deletes if everything else has landed, and return the result.

        Raises
        ------
        AMSError
            What is wrong with the outcome.
        """
        importer, result = self._importer, self.result
        assert result is not None
        stopped = importer.stopped if importer else None
        crashed = importer.crashed if importer else None
        judge(result, tolerance, stopped, crashed)
        self._delete(result)
        return self.result or result

    def _import(self) -> Importer | None:
        plan = self.plan
        if not self.to_send:
            self.journal.finish()
            return None
        how = HowToSend(
            batch_size=plan.batch_size,
            max_in_flight=plan.max_in_flight,
            settle_seconds=plan.settle_seconds,
            types=plan.types,
            idempotency_field=plan.idempotency_field,
        )
        with self.console.bar(len(plan.events), "event") as bar:
            importer = Importer(
                self.client,
                plan.events,
                how,
                self.journal,
                profiles=plan.form_type == "profile",
                before_batch=self._before_batch,
                on_settled=bar.update,
            )
            for event in self._unchanged:
                names = plan.differing.get(event)
                note = remark(names) if names else None
                importer.ledger.leave(event, self.done.events.get(event), note)
            importer.run()
        if plan.form_type == "profile":
            check_profiles(self.client, plan, importer.ledger)
        return importer

    def _before_batch(self, events: Sequence[EventNo]) -> None:
        if self.guard is not None:
            self.guard.check(events)

    def _delete(self, result: ImportResult) -> None:
        ids = [d.event_id for d in self.plan.deletes if d.event_id not in self.done.deletes]
        if not ids:
            return
        if result.counts["rejected"]:
            # A row that AMS refused may be what one of these events was to become.
            result.warnings.append(not_deleted(len(ids)))
            return
        users = sorted({d.user_id for d in self.plan.deletes})
        deleter = Deleter(self.client, self.plan.form, ids, users, self.plan.server_time)
        self._check_deletes(ids)
        with self.console.bar(len(ids), "deletion") as bar:
            deleter.run(bar.update)
        requests, retries, seconds = self.meter.spent()
        deleted = DeleteResult(self.plan.form, deleter.frame(), requests, retries, seconds)
        self.result = replace(
            result, deletes=deleted, requests=requests, retries=retries, seconds=seconds
        )
        try:
            deleter.judge(deleted)
        except AMSError as error:
            error.result = self.result
            raise

    def _check_deletes(self, ids: Sequence[int]) -> None:
        if self.guard is None:
            return
        try:
            self.guard.check_deletes(ids)
        except AMSError as error:
            error.result = self.result
            raise
