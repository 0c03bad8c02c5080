"""A frame beside what is stored of it."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_ams.ams.forms.schema import FormSchema
from airflow_provider_ams.ams.plan.match import Matched
from airflow_provider_ams.ams.prepare.events import EventDraft
from airflow_provider_ams.ams.prepare.times import Moment
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
    def moments(self) -> list[Moment | None]:
        """Start and end of the stored event that each event stands for."""
        s = self.stored
        return [
            None
            if at is None
            else Moment(s.start_days[at], s.start_minutes[at], s.end_days[at], s.end_minutes[at])
            for at in self.matched.stored_index
        ]
