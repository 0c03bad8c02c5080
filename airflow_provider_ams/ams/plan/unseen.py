"""What stored events may hold although AMS does not show it, or not so that it can be understood.

An update replaces the whole event, and empties what it does not send.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from airflow_provider_ams.ams.forms.schema import FormField, FormSchema
from airflow_provider_ams.ams.plan.match import StoredIndex
from airflow_provider_ams.ams.positions import EventNo, StoredNo
from airflow_provider_ams.ams.prepare.events import EventSet
from airflow_provider_ams.ams.problems import ERROR, Finding
from airflow_provider_ams.ams.read.snapshot import Snapshot

RULE = "unseen"
# Fields that some sites leave out when they equal the event's start (docs/wire.md, section 12).
_AS_THE_START = ("Date", "Time")


class Unseen:
    """Look for what an update would empty unseen.

    Parameters
    ----------
    events : EventSet
        Complete events, with what is kept.
    index : sequence of int or None
        Which stored event each one to be sent stands for.
    stored : Snapshot
        What AMS holds.
    schema : FormSchema or None
        The form.
    kept : collection of str
        Event-level fields that the frame does not have.
    """

    def __init__(
        self,
        events: EventSet,
        index: StoredIndex,
        stored: Snapshot,
        schema: FormSchema | None,
        kept: Collection[str] = (),
    ) -> None:
        self.events = events
        self.stored = stored
        # AMS shows an event's own fields and the first row of its table as one row.
        self._maybe_columns = kept if schema is not None and schema.named_table else ()
        self._there = [(EventNo(e), at) for e, at in enumerate(index) if at is not None]
        fields = schema.writable.values() if schema and self._there else ()
        self._hidden = [item for item in fields if self._may_be_hidden(item)]

    def _may_be_hidden(self, item: FormField) -> bool:
        """Tell whether a site may have a value here that it does not show, and never does."""
        texts = self.stored.fields.get(item.name, [])
        if item.name in _AS_THE_START:
            sent = self.events.fields.get(item.name)
            return any(texts[at] is None and not (sent and sent[e]) for e, at in self._there)
        if item.kind != "file" and (item.kind != "unknown" or item.options):
            return False
        # A column without any value is that of a read, which has one for each field of the form.
        given = any(self.events.fields.get(item.name, ()))
        return not given and not any(text is not None for text in texts)

    def warnings(self) -> list[str]:
        """Return what nobody can tell of any event."""
        if not self._hidden:
            return []
        names = ", ".join(repr(item.name) for item in self._hidden)
        return [
            f"AMS may hold values in {names} which it does not show, as some sites do with files. "
            "An update empties what it does not send: give these fields in the frame if it matters."
        ]

    def findings(self) -> Iterator[Finding]:
        """Find events that certainly hold something that an update would lose."""
        hit = [(event, at) for event, at in self._there if at in self.stored.unexplained]
        names = {key for _, at in hit for row in self.stored.unexplained[at] for key in row}
        names -= set(self.events.table)
        if names:
            listed = ", ".join(map(repr, sorted(names)))
            what = f"an update would lose or change stored table rows with {listed}"
            hint = "Name the columns of the form's table in table_fields."
            yield self._finding([event for event, _ in hit], what, hint)
        yield from self._displaced()
        files = [event for event, at in self._there if self._has_unseen_file(at)]
        if files:
            what = "it has a file of which AMS does not show the value, and an update would lose it"
            hint = "Give the field of the file in the frame."
            yield self._finding(files, what, hint)

    def _displaced(self) -> Iterator[Finding]:
        """Find kept values that may be of a table row, and would be written outside of it."""
        if not (self._maybe_columns and self.events.has_table):
            return
        fields = {name: self.events.fields[name] for name in self._maybe_columns}
        with_rows = [event for event, _ in self._there if self.events.table_rows[event]]
        hit = [e for e in with_rows if any(texts[e] is not None for texts in fields.values())]
        if not hit:
            return
        names = [n for n, texts in fields.items() if any(texts[e] is not None for e in hit)]
        what = (
            f"AMS does not mark the form's table, and {', '.join(map(repr, names))}, which the "
            "frame does not have, may be columns of it: an update would take their values out of "
            "their row"
        )
        hint = "Give them in the frame: columns of the table in table_fields, others beside it."
        yield self._finding(hit, what, hint)

    def _has_unseen_file(self, at: StoredNo) -> bool:
        if self.stored.ids[at] not in self.stored.attached or not self._hidden:
            return False
        return not any("|" in (texts[at] or "") for texts in self.stored.fields.values())

    def _finding(self, hit: Sequence[EventNo], what: str, hint: str) -> Finding:
        ids = ", ".join(str(self.events.event_ids[e]) for e in hit[:10])
        rows = [p for event in hit for p in self.events.rows[event]]
        return Finding(ERROR, RULE, None, f"{what} (events {ids})", [], hint, rows)
