"""A frame beside what is stored of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from airflow_provider_ams.ams.forms.schema import FormSchema
from airflow_provider_ams.ams.plan.match import Matched
from airflow_provider_ams.ams.positions import StoredNo
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
    def moments(self) -> Sequence[Moment | None]:
        """Start and end of the stored event that each event stands for, made when asked for."""
        return _Moments(self.stored, self.matched.stored_index)


class _Moments(Sequence["Moment | None"]):
    def __init__(self, stored: Snapshot, index: Sequence[StoredNo | None]) -> None:
        self._stored = stored
        self._index = index

    def __len__(self) -> int:
        return len(self._index)

    def __getitem__(self, event: Any) -> Any:  # noqa: ANN401
        at, s = self._index[event], self._stored
        if at is None:
            return None
        return Moment(s.start_days[at], s.start_minutes[at], s.end_days[at], s.end_minutes[at])
