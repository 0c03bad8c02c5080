"""What a plan holds: what is to be done, event by event."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pandas as pd

from airflow_provider_ams.ams.plan.diff import Change
from airflow_provider_ams.ams.positions import EventNo, InputRow
from airflow_provider_ams.ams.prepare.events import EventSet
from airflow_provider_ams.ams.reasons import NOT_SENT, Reason, failed_frame
from airflow_provider_ams.ams.wire.dates import SHOWN_TIMES, day_text

INSERT, UPDATE, UNCHANGED, DELETE, REJECT = "insert", "update", "unchanged", "delete", "reject"
ACTIONS = (INSERT, UPDATE, UNCHANGED, DELETE, REJECT)


class Rejection(NamedTuple):
    """Why an input row can't be sent.

    Parameters
    ----------
    reasons : tuple of Reason
        All that is wrong with it.
    user_id : int or None
        The person, if known.
    event_id : int or None
        As the row gives it.
    """

    reasons: tuple[Reason, ...]
    user_id: int | None = None
    event_id: int | None = None

    @property
    def reason(self) -> str:
        """All reasons in one text."""
        return NOT_SENT + "; ".join(map(str, self.reasons))

    def lines(self, row: InputRow) -> Iterator[tuple[Any, ...]]:
        """Yield a line of `failed_frame` for each reason."""
        for code, name, text, hint in self.reasons:
            who = row, self.user_id, self.event_id
            yield (*who, "rejected", code, name, f"{NOT_SENT}{text}", hint)


class Deletion(NamedTuple):
    """A stored event that is to go."""

    event_id: int
    user_id: int
    day: int
    minute: int
    digest: str


def not_deleted(count: int) -> str:
    """Return the warning that deletes have to wait."""
    return (
        f"{count} events are not in the frame, but nothing is deleted while rows are rejected: "
        "one of these may be such an event."
    )


@dataclass(kw_only=True)
class Contents:
    """What is to be done, and with what AMS held when the plan was made.

    Parameters
    ----------
    form, mode, on_missing_fields : str
        As asked for.
    key : list of str or None
        What events were found by, beside the person.
    row_count : int
        Input rows.
    row_labels : Index
        Their labels.
    events : EventSet
        The events as they are to be, new, changed and unchanged ones.
    actions : list of str
        ``insert``, ``update`` or ``unchanged``, for each event.
    changes : dict
        Number of an event to update -> what changes in it.
    deletes : list of Deletion
        Stored events that left the source.
    rejects : dict
        Position of an input row -> why it can't be sent, as `Rejection`.
    stored : int
        Stored events that were looked at.
    users : list of int
        Whose events were looked at.
    server_time : int
        AMS's clock before they were read, epoch milliseconds.
    batch_size, max_in_flight, settle_seconds
        How to send it; see `ImportOption`.
    types : dict, optional
        Declared kinds of fields.
    idempotency_field : str, optional
        The field that holds the id of each new event.
    warnings : list of str
        What the caller should know.
    form_type : str
        ``event``, or ``profile`` for a plan to look at only.
    compared : bool
        Whether stored events that are as they are to be were told from those to update.
    url : str
        The site that it is for: ids mean other people on another one.
    differing : dict
        Number of an event that was found by its own id and is left as it is -> the fields of the
        frame in which it differs.
    """

    form: str
    mode: str
    on_missing_fields: str
    key: list[str] | None
    row_count: int
    row_labels: pd.Index = field(repr=False)
    events: EventSet = field(repr=False)
    actions: list[str] = field(repr=False)
    changes: dict[EventNo, list[Change]] = field(repr=False)
    deletes: list[Deletion] = field(default_factory=list, repr=False)
    rejects: dict[InputRow, Rejection] = field(default_factory=dict, repr=False)
    stored: int = 0
    users: list[int] = field(default_factory=list, repr=False)
    server_time: int = 0
    batch_size: int = 25
    max_in_flight: int = 1
    settle_seconds: float = 5.0
    types: dict[str, str] | None = None
    idempotency_field: str | None = None
    warnings: list[str] = field(default_factory=list)
    form_type: str = "event"
    compared: bool = True
    url: str = ""
    differing: dict[EventNo, list[str]] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        """Events to insert, update, leave and delete; input rows that are rejected."""
        counts = {action: self.actions.count(action) for action in ACTIONS[:3]}
        return {**counts, DELETE: len(self.deletes), REJECT: len(self.rejects)}

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to send."""
        counts = self.counts
        return not (counts[INSERT] or counts[UPDATE] or counts[DELETE])

    def rows(self) -> pd.DataFrame:
        """Return one row for each input row: ``action``, ``event_id`` and ``reason``."""
        action: list[str | None] = [None] * self.row_count
        ids: list[int | None] = [None] * self.row_count
        reasons: list[str | None] = [None] * self.row_count
        for event, positions in enumerate(self.events.rows):
            for position in positions:
                action[position] = self.actions[event]
                ids[position] = self.events.event_ids[event]
        for position, rejection in self.rejects.items():
            action[position], reasons[position] = REJECT, rejection.reason
        index = self.row_labels
        return pd.DataFrame(
            {
                "action": pd.Series(action, index=index, dtype=object),
                "event_id": pd.Series(ids, index=index, dtype="Int64"),
                "reason": pd.Series(reasons, index=index, dtype=object),
            },
            index=index,
        )

    @property
    def failed(self) -> pd.DataFrame:
        """One line for each rejected row and reason; columns as in `ImportResult.failed`."""
        return failed_frame(line for row, r in self.rejects.items() for line in r.lines(row))

    def lines(self) -> Iterator[dict[str, Any]]:
        """Yield what is to be done, deletes first: a line for each changed field, and so on.

        Holds values of athletes' records: for a person's eyes, not for logs.
        """
        for gone in self.deletes:
            start = f"{day_text(gone.day)} {SHOWN_TIMES[gone.minute]}"
            yield _line(DELETE, None, gone.user_id, start, gone.event_id)
        for wanted in (UPDATE, INSERT):
            for event, action in enumerate(self.actions):
                if action == wanted:
                    yield from self._about(EventNo(event), action)
        for position, rejection in self.rejects.items():
            line = _line(REJECT, self.row_labels[position], None, None, None)
            yield {**line, "position": position, "field": rejection.reason}

    def _about(self, event: EventNo, action: str) -> Iterator[dict[str, Any]]:
        e = self.events
        start = f"{day_text(e.start_days[event])} {SHOWN_TIMES[e.start_minutes[event]]}"
        first = e.rows[event][0]
        base = _line(action, self.row_labels[first], e.user_ids[event], start, e.event_ids[event])
        base["position"] = first
        if action == UPDATE:
            # One that is sent although nothing is known to change has a line all the same.
            for change in self.changes.get(event, ()):
                yield {**base, **change._asdict()}
            if event not in self.changes:
                yield base
            return
        yield base
        for name, texts in e.fields.items():
            if texts[event] is not None:
                yield {**base, "field": name, "new": texts[event]}
        for number, position in enumerate(e.table_rows[event] if e.has_table else (), start=1):
            for name, texts in e.table.items():
                if texts[position] is not None:
                    yield {**base, "field": f"{name}[{number}]", "new": texts[position]}

    def frame(self) -> pd.DataFrame:
        """Return `lines` as a frame."""
        columns = ["action", "row", "user_id", "start", "event_id", "field", "old", "new"]
        frame = pd.DataFrame(list(self.lines()), columns=columns, dtype=object)
        return frame.astype({"user_id": "Int64", "event_id": "Int64"})


def _line(
    action: str, row: object, user: int | None, start: str | None, event_id: int | None
) -> dict[str, Any]:
    return {
        "action": action,
        "row": row,
        "position": None,
        "user_id": user,
        "start": start,
        "event_id": event_id,
        "field": None,
        "old": None,
        "new": None,
    }
