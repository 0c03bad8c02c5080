"""A frame beside what is stored of it."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_ams.ams.forms.schema import FormSchema
from airflow_provider_ams.ams.plan.match import Matched
from airflow_provider_ams.ams.prepare.events import EventDraft
from airflow_provider_ams.ams.prepare.times import Times
from airflow_provider_ams.ams.read.snapshot import Snapshot


@dataclass(frozen=True)
class Looked:
    """A frame and what is stored of it, before events are complete.

    Parameters
    ----------
    events : EventDraft
        The events that can be sent, as far as is known.
    schema : FormSchema or None
        The form, if it was read.
    stored : Snapshot
        What AMS holds.
    matched : Matched
        Which stored event each one stands for.
    """

    events: EventDraft
    schema: FormSchema | None
    stored: Snapshot
    matched: Matched

    @property
    def times(self) -> Times | None:
        """Start and end of the stored event that each event stands for; None if all are new."""
        index, stored = self.matched.stored_index, self.stored
        if all(at is None for at in index):
            return None
        columns = (stored.start_days, stored.start_minutes, stored.end_days, stored.end_minutes)
        return Times(*([None if at is None else column[at] for at in index] for column in columns))
