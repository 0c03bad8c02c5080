"""Events by columns: as a frame gives them, then complete, and their form on the wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from airflow_provider_ams.ams.positions import DraftRow, EventNo, InputRow
from airflow_provider_ams.ams.prepare.key_columns import KeyColumns
from airflow_provider_ams.ams.prepare.times import CompleteTimes, Times
from airflow_provider_ams.ams.wire.dates import WIRE_TIMES, day_text
from airflow_provider_ams.ams.wire.values import Texts

_T = TypeVar("_T")


def _some(values: Sequence[_T], chosen: Sequence[int]) -> list[_T]:
    return [values[e] for e in chosen]


@dataclass(frozen=True, kw_only=True)
class EventDraft:
    """Events as the frame gives them, column by column: entry i of each list belongs to event i.

    Parameters
    ----------
    form : str
        Exact name.
    rows : sequence of sequence of int
        Positions of the input rows that make up each event.
    user_ids : list of int
        Whose.
    event_ids : list of int or None
        None: no id is given.
    times : Times
        As given.
    fields : dict
        Event-level fields: name -> text of each event.
    table : dict
        Table fields: name -> text of each row of the draft; empty for forms without table.
    table_rows : list of list of int
        Rows of the draft that hold a value of the table, event by event.
    table_groups : list of list of int
        As `table_rows`, with the rows that hold none.
    keys : KeyColumns, optional
        What events are found by, if not by event id.
    """

    form: str
    rows: Sequence[Sequence[InputRow]]
    user_ids: list[int]
    event_ids: list[int | None]
    times: Times
    fields: dict[str, Texts]
    table: dict[str, Texts]
    table_rows: Sequence[Sequence[DraftRow]] = ()
    table_groups: Sequence[Sequence[DraftRow]] = ()
    keys: KeyColumns | None = None

    def __len__(self) -> int:
        return len(self.user_ids)

    @property
    def start_days(self) -> list[int | None]:
        """As given; see `times`."""
        return self.times.start_days

    @property
    def start_minutes(self) -> list[int | None]:
        """As given; see `times`."""
        return self.times.start_minutes

    @property
    def end_days(self) -> list[int | None]:
        """As given; see `times`."""
        return self.times.end_days

    @property
    def end_minutes(self) -> list[int | None]:
        """As given; see `times`."""
        return self.times.end_minutes

    def take(self, chosen: Sequence[EventNo]) -> EventDraft:
        """Return some of the events; the table's rows keep their places."""
        if len(chosen) == len(self):
            return self
        return replace(
            self,
            rows=_some(self.rows, chosen),
            user_ids=_some(self.user_ids, chosen),
            event_ids=_some(self.event_ids, chosen),
            times=Times(*(_some(column, chosen) for column in self.times.columns)),
            fields={name: _some(texts, chosen) for name, texts in self.fields.items()},
            table_rows=_some(self.table_rows, chosen) if self.table else (),
            table_groups=_some(self.table_groups, chosen) if self.table else (),
            keys=None if self.keys is None else self.keys.take(chosen),
        )

    def complete(self, times: CompleteTimes, event_ids: list[int | None]) -> EventSet:
        """Return the events with complete times, and the ids of those that are stored."""
        return EventSet(
            form=self.form,
            rows=self.rows,
            user_ids=self.user_ids,
            start_days=times.start_days,
            start_minutes=times.start_minutes,
            end_days=times.end_days,
            end_minutes=times.end_minutes,
            event_ids=event_ids,
            fields=self.fields,
            table=self.table,
            table_rows=self.table_rows,
            has_table=bool(self.table),
            table_groups=self.table_groups,
        )


@dataclass(frozen=True, kw_only=True)
class EventSet:
    """Events to write, column by column: entry i of each list belongs to event i.

    Parameters
    ----------
    form : str
        Exact name.
    rows : sequence of sequence of int
        Positions of the input rows that make up each event.
    user_ids, start_days, start_minutes, end_days, end_minutes : list of int
        Whose and when.
    event_ids : list of int or None
        None: a new event.
    fields : dict
        Event-level fields: name -> text of each event.
    table : dict
        Table fields: name -> text of each table row.
    table_rows : list of list of int
        Positions in `table` of each event's table rows; empty for forms without table.
    has_table : bool
        Whether table fields were named.
    table_groups : list of list of int
        As `table_rows`, with the rows that hold no value.
    """

    form: str
    rows: Sequence[Sequence[InputRow]]
    user_ids: list[int]
    start_days: list[int]
    start_minutes: list[int]
    end_days: list[int]
    end_minutes: list[int]
    event_ids: list[int | None]
    fields: dict[str, Texts]
    table: dict[str, Texts] = field(default_factory=dict)
    table_rows: Sequence[Sequence[int]] = ()
    has_table: bool = False
    table_groups: Sequence[Sequence[int]] = ()

    def __len__(self) -> int:
        return len(self.user_ids)

    def take(self, chosen: Sequence[EventNo]) -> EventSet:
        """Return some of the events; the table's rows keep their places."""
        if len(chosen) == len(self):
            return self
        return replace(
            self,
            rows=_some(self.rows, chosen),
            user_ids=_some(self.user_ids, chosen),
            start_days=_some(self.start_days, chosen),
            start_minutes=_some(self.start_minutes, chosen),
            end_days=_some(self.end_days, chosen),
            end_minutes=_some(self.end_minutes, chosen),
            event_ids=_some(self.event_ids, chosen),
            fields={name: _some(texts, chosen) for name, texts in self.fields.items()},
            table_rows=_some(self.table_rows, chosen) if self.has_table else (),
            table_groups=_some(self.table_groups, chosen) if self.has_table else (),
        )

    def wire_rows(self, event: int) -> list[dict[str, Any]]:
        """Return an event's rows as AMS wants them.

        Row 0 holds the event-level fields alone, then one row for each table row: AMS has been
        seen to split an event whose row 0 mixes both into two (docs/wire.md, section 8).
        """
        rows: list[dict[str, Any]] = [{"row": 0, "pairs": _pairs(self.fields, event)}]
        if self.has_table:
            for number, position in enumerate(self.table_rows[event], start=1):
                rows.append({"row": number, "pairs": _pairs(self.table, position)})
        return rows

    def wire(self, event: int) -> dict[str, Any]:
        """Return one event as it goes over the wire."""
        body: dict[str, Any] = {
            "formName": self.form,
            "startDate": day_text(self.start_days[event]),
            "finishDate": day_text(self.end_days[event]),
            "startTime": WIRE_TIMES[self.start_minutes[event]],
            "finishTime": WIRE_TIMES[self.end_minutes[event]],
            "userId": {"userId": self.user_ids[event]},
            "rows": self.wire_rows(event),
        }
        if self.event_ids[event] is not None:
            body["existingEventId"] = self.event_ids[event]
        return body

    def wire_profile(self, event: int) -> dict[str, Any]:
        """Return one profile record as it goes over the wire: it has no dates."""
        return {
            "formName": self.form,
            "userId": {"userId": self.user_ids[event]},
            "rows": self.wire_rows(event),
        }


def _pairs(columns: Mapping[str, Texts], position: int) -> list[dict[str, str]]:
    return [
        {"key": key, "value": text}
        for key, texts in columns.items()
        if (text := texts[position]) is not None
    ]
