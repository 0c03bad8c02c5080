"""The one way of every import: frame -> events -> plan -> calls -> one result row for each row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.options.plans import PlanOption
from airflow_provider_ams.ams.plan.contents import UNCHANGED
from airflow_provider_ams.ams.plan.data_loss import check_data_loss
from airflow_provider_ams.ams.plan.plan import Plan
from airflow_provider_ams.ams.plan.planner import Planner
from airflow_provider_ams.ams.plan.stale import Guard
from airflow_provider_ams.ams.plan.window import Window
from airflow_provider_ams.ams.results import ImportResult
from airflow_provider_ams.ams.write.apply import Application
from airflow_provider_ams.ams.write.checkpoint import Journal
from airflow_provider_ams.ams.write.outcome import Meter, print_result
from airflow_provider_ams.ams.write.places import Resume, as_checkpoint
from airflow_provider_ams.transport import Console


@dataclass(frozen=True)
class Wording:
    """What a kind of import calls what it does.

    Parameters
    ----------
    doing, done : str
        ``Inserting``, ``inserted``.
    things : str
        ``events``.
    """

    doing: str
    done: str
    things: str = "events"


class Import:
    """One import of a frame; use once.

    Parameters
    ----------
    client, console, meter
        What the public function works with.
    form : str
        Exact name of the form.
    option : PlanOption
        What is to be done, and how.
    wording : Wording
        For the status lines.
    resume : str, path or Checkpoint, optional
        Where to note the progress.
    window : Window, optional
        For a mirror.
    """

    def __init__(
        self,
        client: AMSClient,
        console: Console,
        meter: Meter,
        form: str,
        option: PlanOption,
        wording: Wording,
        *,
        resume: Resume = None,
        window: Window | None = None,
    ) -> None:
        self.client = client
        self.console = console
        self.meter = meter
        self.form = form
        self.option = option
        self.wording = wording
        place = None if resume is None else as_checkpoint(resume)
        self.journal = Journal(place, client.clock, min(1.0, option.settle_seconds / 2))
        self.planner = Planner(client, form, option, window)

    def run(
        self, df: pd.DataFrame, before_sending: Callable[[Plan], None] = lambda plan: None
    ) -> ImportResult:
        """Check, plan, send, report.

        Parameters
        ----------
        df : DataFrame
            The frame.
        before_sending : callable
            Called with the plan when everything is ready to go out; what it raises ends it.
        """
        plan = self._plan(df)
        if not plan.row_count:
            plan.warnings.append("The frame has no rows; nothing was sent.")
        loss = check_data_loss(plan, self.planner.schema)
        keeps = self.option.on_missing_fields == "keep"
        application = Application(
            self.client,
            plan,
            self.console,
            journal=self.journal,
            guard=Guard(self.client, plan, kept=False) if keeps else None,
            meter=self.meter,
        )
        self._announce(plan)
        before_sending(plan)
        result = application.run()
        self._tell(plan, application)
        if loss:
            result.warnings.append(loss)  # told by Python's own warnings already
        return application.check(self.option.tolerance)

    def _plan(self, df: pd.DataFrame) -> Plan:
        events = self.planner.look(df)
        # What is found by a key, or by the person, is found again: the note adds nothing.
        found = self.option.key is not None
        now = self.client.now().naive().isoformat()
        timed = self.option.form_type != "profile"
        progress = self.journal.begin(events, now, afresh=found, timed=timed)
        if found and self.journal.unsettled:
            # An earlier try may live on, or have died with a call under way: let it land first.
            self.journal.claim()
            self.client.clock.sleep(self.option.settle_seconds)
        return self.planner.plan(events, dt.datetime.fromisoformat(progress.now or now))

    def _announce(self, plan: Plan) -> None:
        sent = [
            i for i, a in zip(plan.events.event_ids, plan.actions, strict=True) if a != UNCHANGED
        ]
        words = self.wording
        if words.done != "upserted" or words.things != "events":
            self.console.info(f"{words.doing} {len(sent)} {words.things} for '{self.form}'")
            return
        old = sum(event_id is not None for event_id in sent)
        if old:
            self.console.info(f"Updating {old} existing events for '{self.form}'")
        if old < len(sent):
            self.console.info(f"Inserting {len(sent) - old} new events for '{self.form}'")

    def _tell(self, plan: Plan, application: Application) -> None:
        words, result = self.wording, application.result
        assert result is not None
        count, sent = len(plan.events), application.to_send
        self.console.done(f"Processed {count} {words.things} for '{self.form}'")
        print_result(self.console, result, words.done, sent, application.landed)
        if sent < count:
            self.console.info(f"Records unchanged: {count - sent}")
