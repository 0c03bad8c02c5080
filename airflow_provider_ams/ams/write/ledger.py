"""What is known of each event of an import."""

from __future__ import annotations

from collections.abc import Iterable

from airflow_provider_ams.ams.positions import EventNo
from airflow_provider_ams.ams.prepare.events import EventSet

INSERTED, UPDATED, UNCHANGED = "inserted", "updated", "unchanged"
REJECTED, UNKNOWN = "rejected", "unknown"
LANDED = (INSERTED, UPDATED, UNCHANGED)


class Ledger:
    """One entry for each event: its status, id, reason and the call that settled it.

    Parameters
    ----------
    events : EventSet
        The events of the import.
    tells_new : bool
        Whether AMS tells new records from old ones; of profiles it does not.
    """

    def __init__(self, events: EventSet, *, tells_new: bool = True) -> None:
        count = len(events)
        self.events = events
        self.status: list[str | None] = [None] * count
        self.event_ids: list[int | None] = list(events.event_ids)
        self.reasons: list[str | None] = [None] * count
        self.codes: list[str] = [""] * count
        self.batches: list[int | None] = [None] * count
        self.claimed: set[int] = set()
        self.settled = 0
        self.refused = 0
        #: Found by their own id -> the fields in which AMS holds something else.
        self.differing: dict[EventNo, list[str]] = {}
        self._tells_new = tells_new

    def confirm(
        self, event: EventNo, event_id: int | None, batch: int, reason: str | None = None
    ) -> None:
        """Note that AMS holds the event under this id."""
        fresh = self._tells_new and self.events.event_ids[event] is None
        self._settle(event, INSERTED if fresh else UPDATED, reason, batch)
        if event_id is not None:
            self.event_ids[event] = event_id
            self.claimed.add(event_id)

    def leave(self, event: EventNo, event_id: int | None = None, reason: str | None = None) -> None:
        """Note that AMS holds the event, so that it is not sent; a reason says what is amiss."""
        self._settle(event, UNCHANGED, reason, None)
        if event_id is not None:
            self.event_ids[event] = event_id

    def refuse(self, event: EventNo, reason: str, batch: int | None, code: str = "refused") -> None:
        """Note that AMS refused the event, or did not store it, and why."""
        self._settle(event, REJECTED, reason, batch, code)
        self.refused += 1

    def give_up(self, event: EventNo, reason: str) -> None:
        """Note that the event is certainly not stored, as the import ended before."""
        self._settle(event, REJECTED, f"not stored: {reason}", None, "ended")

    def doubt(self, event: EventNo, reason: str, batch: int | None = None) -> None:
        """Note that nobody can tell whether AMS holds the event."""
        self._settle(event, UNKNOWN, reason, batch, "unknown")

    def _settle(
        self,
        event: EventNo,
        status: str,
        reason: str | None,
        batch: int | None,
        code: str = "",
    ) -> None:
        self.settled += self.status[event] is None
        self.status[event] = status
        self.reasons[event] = reason
        self.codes[event] = code
        self.batches[event] = batch

    def open(self, among: Iterable[EventNo] | None = None) -> list[EventNo]:
        """Return the events that nothing is known of yet."""
        numbers = map(EventNo, range(len(self.status))) if among is None else among
        return [event for event in numbers if self.status[event] is None]

    def unconfirmed(self) -> list[EventNo]:
        """Return the events that AMS is not known to hold: another try looks them up."""
        return [EventNo(e) for e, status in enumerate(self.status) if status not in LANDED]
