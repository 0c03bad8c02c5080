"""A plan: what an import would do, event by event, before anything is sent."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import orjson
import pandas as pd

from airflow_provider_ams.ams.errors import AMSConfigurationError
from airflow_provider_ams.ams.plan.diff import Change
from airflow_provider_ams.ams.positions import EventNo, InputRow
from airflow_provider_ams.ams.prepare.events import EventSet
from airflow_provider_ams.ams.wire.dates import SHOWN_TIMES, day_text
from airflow_provider_ams.transport.files import write_atomic

VERSION = 1
INSERT, UPDATE, UNCHANGED, DELETE, REJECT = "insert", "update", "unchanged", "delete", "reject"
ACTIONS = (INSERT, UPDATE, UNCHANGED, DELETE, REJECT)


# The rule by which the other rows of a mirror wait for those that can't be sent.
HELD_BACK = "mirror"


class Rejection(NamedTuple):
    """Why an input row can't be sent.

    Parameters
    ----------
    rule : str
        The check that found it: a code to go by.
    reason : str
        In words, without values.
    """

    rule: str
    reason: str


class Deletion(NamedTuple):
    """A stored event that is to go."""

    event_id: int
    user_id: int
    day: int
    minute: int
    digest: str


@dataclass(kw_only=True)
class Plan:
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
    warnings : list of str
        What the caller should know.
    form_type : str
        ``event``, or ``profile`` for a plan to look at only.
    compared : bool
        Whether stored events that are as they are to be were told from those to update.
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
    warnings: list[str] = field(default_factory=list)
    form_type: str = "event"
    compared: bool = True

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

    @cached_property
    def digest(self) -> str:
        """A fingerprint of all that the plan does; the same for equal plans."""
        total = hashlib.sha256()
        sent = [e for e, action in enumerate(self.actions) if action != UNCHANGED]
        head = (self.form, self.mode, self.on_missing_fields, self.key, self.actions)
        rejects = [[p, *r] for p, r in sorted(self.rejects.items())]
        total.update(orjson.dumps((*head, [list(d) for d in self.deletes], rejects)))
        for event in sent:
            changes = [list(c) for c in self.changes.get(EventNo(event), ())]
            total.update(orjson.dumps((self.events.wire(event), changes)))
        return total.hexdigest()

    def summary(self) -> dict[str, Any]:
        """Return form, counts and digest as a small dict that JSON can hold (no values)."""
        return {
            "form": self.form,
            "mode": self.mode,
            "rows": self.row_count,
            **self.counts,
            "stored": self.stored,
            "digest": self.digest,
            "warnings": list(self.warnings),
        }

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

    def lines(self) -> Iterator[dict[str, Any]]:
        """Yield what is to be done, one line for each changed field, new event, and so on.

        Holds values of athletes' records: for a person's eyes, not for logs.
        """
        for event, action in enumerate(self.actions):
            base = self._about(event, action)
            if action == UPDATE:
                for change in self.changes[EventNo(event)]:
                    yield {**base, **change._asdict()}
            elif action == INSERT:
                for name, texts in self.events.fields.items():
                    if texts[event] is not None:
                        yield {**base, "field": name, "old": None, "new": texts[event]}
                if self.events.has_table:
                    count = f"{len(self.events.table_rows[event])} rows"
                    yield {**base, "field": "(table)", "old": None, "new": count}
        for gone in self.deletes:
            start = f"{day_text(gone.day)} {SHOWN_TIMES[gone.minute]}"
            yield _line(DELETE, None, gone.user_id, start, gone.event_id)
        for position, rejection in self.rejects.items():
            line = _line(REJECT, self.row_labels[position], None, None, None)
            yield {**line, "field": rejection.reason}

    def _about(self, event: int, action: str) -> dict[str, Any]:
        e = self.events
        start = f"{day_text(e.start_days[event])} {SHOWN_TIMES[e.start_minutes[event]]}"
        label = self.row_labels[e.rows[event][0]]
        return _line(action, label, e.user_ids[event], start, e.event_ids[event])

    def frame(self) -> pd.DataFrame:
        """Return `lines` as a frame."""
        columns = ["action", "row", "user_id", "start", "event_id", "field", "old", "new"]
        frame = pd.DataFrame(list(self.lines()), columns=columns, dtype=object)
        return frame.astype({"user_id": "Int64", "event_id": "Int64"})

    def __str__(self) -> str:
        from airflow_provider_ams.ams.plan.render import as_text

        return as_text(self)

    def markdown(self, max_lines: int = 50, show_values: bool = True) -> str:
        """Return the plan for a person to read and approve.

        Parameters
        ----------
        max_lines : int
            Lines at most; the counts are always of all.
        show_values : bool
            Show old and new values, which are athletes' data; else only names of fields.
        """
        from airflow_provider_ams.ams.plan.render import as_markdown

        return as_markdown(self, max_lines, show_values)

    def html(self, max_lines: int = 1000, show_values: bool = True) -> str:
        """Return the plan as a page; parameters as for `markdown`."""
        from airflow_provider_ams.ams.plan.render import as_html

        return as_html(self, max_lines, show_values)

    def _repr_html_(self) -> str:
        return self.html(max_lines=100)

    # ------------------------------------------------------------ keeping it

    def dump(self) -> bytes:
        """Return the plan as JSON, to be read back by `load`; it holds athletes' data."""
        data = {f: getattr(self, f) for f in self.__dataclass_fields__}
        data["events"] = asdict(self.events)
        data["row_labels"] = self.row_labels.tolist()
        data["changes"] = {str(e): [list(c) for c in cs] for e, cs in self.changes.items()}
        data["deletes"] = [list(d) for d in self.deletes]
        data["rejects"] = {str(p): list(r) for p, r in self.rejects.items()}
        packed = {"version": VERSION, "digest": self.digest, "plan": data}
        return orjson.dumps(packed, default=str, option=orjson.OPT_SERIALIZE_NUMPY)

    @classmethod
    def load(cls, data: bytes) -> Plan:
        """Read a plan back.

        Raises
        ------
        AMSConfigurationError
            This is no plan, or it has been altered since it was made.
        """
        try:
            packed = orjson.loads(data)
            found = packed["plan"]
            found["events"] = EventSet(**found["events"])
            found["row_labels"] = pd.Index(found["row_labels"])
            found["changes"] = {
                EventNo(int(e)): [Change(*c) for c in cs] for e, cs in found["changes"].items()
            }
            found["rejects"] = {
                InputRow(int(p)): Rejection(*r) for p, r in found["rejects"].items()
            }
            found["deletes"] = [Deletion(*d) for d in found["deletes"]]
            plan = cls(**found)
            intact = packed["version"] == VERSION and plan.digest == packed["digest"]
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, IndexError):
            raise AMSConfigurationError("This is no plan of an import.") from None
        if not intact:
            raise AMSConfigurationError(
                "The plan has been altered since it was made.", hint="Make a new one."
            )
        return plan

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the plan to a file that only its owner can read."""
        write_atomic(path, self.dump())


def _line(
    action: str, row: object, user: int | None, start: str | None, event_id: int | None
) -> dict[str, Any]:
    return {
        "action": action,
        "row": row,
        "user_id": user,
        "start": start,
        "event_id": event_id,
        "field": None,
        "old": None,
        "new": None,
    }
