"""What events lack once they are complete."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from airflow_provider_ams.ams.forms.schema import FormSchema
from airflow_provider_ams.ams.plan.match import Matched
from airflow_provider_ams.ams.positions import InputRow
from airflow_provider_ams.ams.prepare.events import EventDraft, EventSet
from airflow_provider_ams.ams.prepare.times import END_RULE, CompleteTimes
from airflow_provider_ams.ams.problems import ERROR, Finding
from airflow_provider_ams.ams.validate.inspect import BACKWARDS, SKIPPED


def undated(events: EventDraft, matched: Matched) -> Iterator[Finding]:
    """Find new events that have no date."""
    starts = zip(matched.stored_index, events.start_days, strict=True)
    bare = [e for e, (at, day) in enumerate(starts) if at is None and day is None]
    if bare:
        what = "a new event has no 'start_date'"
        rows = [p for event in bare for p in events.rows[event]]
        yield Finding(ERROR, "dates", "start_date", what, positions=rows)


def without_required(events: EventSet, schema: FormSchema) -> Iterator[Finding]:
    """Find events that would go out without a required value: AMS refuses whole calls."""
    what = "a required value is missing, in the frame and in AMS"
    for name, item in schema.writable.items():
        if not item.required:
            continue
        texts = events.fields.get(name)
        bare = [e for e in range(len(events)) if texts is None or texts[e] is None]
        if bare:
            rows = [p for event in bare for p in events.rows[event]]
            yield Finding(ERROR, "required", name, what, positions=rows)


def wrong_ends(rows: Sequence[Sequence[InputRow]], times: CompleteTimes) -> Iterator[Finding]:
    """Find events whose end is before their start, or at a time that clocks skip."""
    for what, bad in ((BACKWARDS, times.backwards), (SKIPPED, times.skipped)):
        for event in bad:
            yield Finding(ERROR, END_RULE, None, what, positions=rows[event])
