"""Send what an update leaves alone as it was written, or refuse the update.

AMS replaces whole events, and shows values in other texts than those that were written
(docs/wire.md, sections 4 and 8). So a value that the frame has as AMS shows it goes back as it was
written, and an event with a value of which nobody can tell how that was is not sent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import replace

from airflow_provider_ams.ams.forms.schema import FormSchema
from airflow_provider_ams.ams.plan.diff import kind_of
from airflow_provider_ams.ams.plan.match import StoredIndex
from airflow_provider_ams.ams.positions import EventNo, StoredNo
from airflow_provider_ams.ams.prepare.events import EventSet
from airflow_provider_ams.ams.problems import ERROR, ZONE_SETTING, Finding
from airflow_provider_ams.ams.read.snapshot import Snapshot
from airflow_provider_ams.ams.wire.stored_values import meaning, number
from airflow_provider_ams.ams.wire.values import Texts
from airflow_provider_ams.ams.wire.written_back import TYPES, ZONE, doubt

RULE = "written_back"
_WHAT = "AMS does not show the stored value as it was written, and an update would change it"
_HINTS = {
    TYPES: "Say what the field is, such as types={{{name!r}: 'date'}}.",
    ZONE: "Set the site's time zone ({setting}).",
}
_OTHERWISE = "Give the field in the frame, as it is to be stored."


class Untouched:
    """Put the values that a frame leaves alone back as they were written; use once.

    Parameters
    ----------
    events : EventSet
        Complete events, with what is kept.
    index : sequence of int or None
        Which stored event each one stands for.
    stored : Snapshot
        What AMS holds.
    schema : FormSchema or None
        The form.
    zone : str, optional
        The site's time zone.
    numeric : collection of str
        Fields whose column holds numbers: there, a text that is that number is the same.
    zone_setting : str
        Where the site's time zone is set, as messages say it.
    """

    def __init__(
        self,
        events: EventSet,
        index: StoredIndex,
        stored: Snapshot,
        schema: FormSchema | None,
        zone: str | None,
        numeric: Collection[str],
        zone_setting: str = ZONE_SETTING,
    ) -> None:
        self.events = events
        self.index = index
        self.stored = stored
        self.schema = schema
        self.zone = zone
        self.numeric = numeric
        self.zone_setting = zone_setting
        self._doubts: dict[tuple[str, str], list[EventNo]] = defaultdict(list)

    def run(self) -> tuple[EventSet, list[Finding]]:
        """Return the events as they can be sent, and what is wrong with those that can't be."""
        there = [(EventNo(e), at) for e, at in enumerate(self.index) if at is not None]
        if not there:
            return self.events, []
        fields = {n: self._field(n, texts, there) for n, texts in self.events.fields.items()}
        table = dict(self.events.table)
        if self.events.has_table:
            table = {n: self._column(n, texts, there) for n, texts in table.items()}
        return replace(self.events, fields=fields, table=table), list(self._findings())

    def _field(self, name: str, texts: Texts, there: Sequence[tuple[EventNo, StoredNo]]) -> Texts:
        held, rows = self.stored.fields.get(name), self.stored.table.get(name)
        if held is None and rows is None:
            return texts
        back = list(texts)
        for event, at in there:
            # A column of the table may stand among the fields of the event: AMS takes it there.
            shown = [held[at]] if held is not None else []
            shown += [rows[row] for row in self.stored.table_rows[at]] if rows is not None else []
            back[event] = self._back(name, event, texts[event], shown)
        return back

    def _column(self, name: str, texts: Texts, there: Sequence[tuple[EventNo, StoredNo]]) -> Texts:
        held = self.stored.table.get(name)
        if held is None:
            return texts
        back = list(texts)
        for event, at in there:
            shown = [held[row] for row in self.stored.table_rows[at]]
            for place, row in enumerate(self.events.table_rows[event]):
                back[row] = self._back(name, event, texts[row], shown[place : place + 1] + shown)
        return back

    def _back(self, name: str, event: EventNo, text: str | None, held: Texts) -> str | None:
        """Return the stored text that the frame's stands for, or the frame's."""
        if text is None:
            return None
        kind = kind_of(self.schema, name)
        same = next((h for h in held if h and self._same(name, kind, text, h)), None)
        if same is None:
            return text
        why = doubt(same, kind)
        if why and not self._is_option(name, same):
            self._doubts[name, why].append(event)
        return same

    def _same(self, name: str, kind: str, text: str, held: str) -> bool:
        if text == held:
            return True
        if name in self.numeric and (value := number(text)) is not None and value == number(held):
            return True
        return self._meaning(text, kind) == self._meaning(held, kind)

    def _meaning(self, text: str, kind: str) -> Hashable:
        return meaning(text, kind, self.zone)

    def _is_option(self, name: str, text: str) -> bool:
        item = self.schema.by_name.get(name) if self.schema else None
        return item is not None and bool(item.options) and item.accepts(text)

    def _findings(self) -> Iterator[Finding]:
        for (name, why), events in self._doubts.items():
            first = _HINTS.get(why, "").format(name=name, setting=self.zone_setting)
            hint = " ".join(filter(None, (first, _OTHERWISE)))
            yield self._finding(name, events, _WHAT, hint)

    def _finding(
        self, name: str | None, events: Sequence[EventNo], what: str, hint: str
    ) -> Finding:
        ids = ", ".join(str(self.events.event_ids[e]) for e in list(dict.fromkeys(events))[:10])
        rows = [p for event in dict.fromkeys(events) for p in self.events.rows[event]]
        return Finding(ERROR, RULE, name, f"{what} (events {ids})", [], hint, rows)
