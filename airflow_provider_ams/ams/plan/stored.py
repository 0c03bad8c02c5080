"""Read what is stored of a frame's events: as little as the plan needs."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.forms.schema import FormSchema
from airflow_provider_ams.ams.options.plans import PlanOption
from airflow_provider_ams.ams.plan.window import Window
from airflow_provider_ams.ams.prepare.events import EventDraft
from airflow_provider_ams.ams.read.snapshot import (
    Snapshot,
    Span,
    read_profile_snapshot,
    read_snapshot,
    take_snapshot,
)
from airflow_provider_ams.ams.read.synchronise import server_time
from airflow_provider_ams.ams.validate.event_ids import read_ids


@dataclass(frozen=True)
class StoredReader:
    """Read the stored events that a plan has to know.

    Parameters
    ----------
    client : AMSClient
        The client.
    form : str
        Exact name of the form.
    option : PlanOption
        What is to be done.
    window : Window or None
        For a mirror.
    """

    client: AMSClient
    form: str
    option: PlanOption
    window: Window | None

    def read(self, events: EventDraft, schema: FormSchema | None, *, for_later: bool) -> Snapshot:
        """Return what is stored.

        Parameters
        ----------
        events : EventDraft
            The frame's events.
        schema : FormSchema or None
            The form, if it was read.
        for_later : bool
            Whether the snapshot must know AMS's time in any case.
        """
        table, people = list(events.table), sorted(set(events.user_ids))
        if self.option.form_type == "profile":
            return read_profile_snapshot(self.client, self.form, people, schema)
        span = self._span(events)
        if span is not None:
            if self.window is not None:
                people = sorted({*self.window.users, *people})
            return read_snapshot(self.client, self.form, people, span, schema, table)
        if any(i is not None for i in events.event_ids):
            return read_ids(self.client, self.form, events, schema)
        # Only new events: nothing is stored that matters.
        mark = server_time(self.client, self.form, people) if for_later and people else 0
        return take_snapshot([], schema, table, server_time=mark)

    def _span(self, events: EventDraft) -> Span | None:
        """Return the days to look at; None if events are found by their ids alone, or are new."""
        if self.window is not None:
            return self.window.span
        if self.option.key is not None:
            return _days(events) if "start_date" in self.option.key else Span()
        return _days(events) if self.option.identifies else None


def _days(events: EventDraft) -> Span:
    """Return the days of the events; all days, if events by id may have been moved."""
    days = [day for day in events.start_days if day is not None]
    # An event that is named by its id may be stored on another day.
    moved = any(event_id is not None for event_id in events.event_ids)
    if not days or moved or len(days) < len(events):
        return Span()
    return Span(min(days), max(days))
