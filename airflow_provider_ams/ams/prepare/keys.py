"""Natural keys: which columns tell one event of a person from another."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from airflow_provider_ams.ams.errors import AMSConfigurationError
from airflow_provider_ams.ams.forms.schema import FormSchema
from airflow_provider_ams.ams.options.writes import ID_COLUMNS
from airflow_provider_ams.ams.prepare.build import texts_of
from airflow_provider_ams.ams.prepare.draft import Draft
from airflow_provider_ams.ams.prepare.events import EventSet
from airflow_provider_ams.ams.prepare.times import DATE_COLUMNS
from airflow_provider_ams.ams.read.snapshot import Snapshot
from airflow_provider_ams.ams.wire.dates import Problems
from airflow_provider_ams.ams.wire.stored_values import meanings

# Where a date or time stands in `Moments` and in a `Snapshot`.
MOMENTS = {
    "start_date": "start_days",
    "start_time": "start_minutes",
    "end_date": "end_days",
    "end_time": "end_minutes",
}


def key_fields(key: Sequence[str], schema: FormSchema | None) -> list[str]:
    """Return the parts of a key beside the person, who always belongs to it.

    Raises
    ------
    AMSConfigurationError
        A part is no field of an event: unknown, of the table, or not one that is written.
    """
    parts = [k for k in dict.fromkeys(key) if k not in ID_COLUMNS]
    for part in parts:
        if part == "event_id":
            raise AMSConfigurationError("key can't hold 'event_id': leave key out to use it.")
        if part in DATE_COLUMNS or schema is None:
            continue
        if part not in schema.writable:
            raise AMSConfigurationError(
                f"key names {part!r}, which is no event-level field of '{schema.form}' that can "
                "be written."
            )
    return parts


def frame_keys(
    draft: Draft,
    users: Sequence[Hashable],
    parts: Sequence[str],
    schema: FormSchema | None,
    booleans: tuple[str, str] | None,
    problems: Problems,
) -> list[Hashable]:
    """Return the key of each row of a frame; rows that lack a part of it are noted.

    Raises
    ------
    AMSConfigurationError
        The frame has no such column.
    """
    absent = [p for p in parts if p not in draft.field_columns and _no_moment(draft, p)]
    if absent:
        raise AMSConfigurationError(f"key names {absent}, which the frame does not have.")
    columns: list[Sequence[Hashable]] = [users]
    for part in parts:
        column = _column(draft, part, schema, booleans, problems)
        columns.append(column)
        for row, value in enumerate(column):
            if value is None:
                problems.add(f"{part!r}, part of the key, is missing", row, rule="key", field=part)
    return list(zip(*columns, strict=True))


def _no_moment(draft: Draft, part: str) -> bool:
    if part not in MOMENTS:
        return True
    # A column of date-times holds the time, too.
    return part not in draft.frame and not any(
        v is not None for v in getattr(draft.moments, MOMENTS[part])
    )


def _column(
    draft: Draft,
    part: str,
    schema: FormSchema | None,
    booleans: tuple[str, str] | None,
    problems: Problems,
) -> list[Hashable]:
    if part in MOMENTS:
        return list(getattr(draft.moments, MOMENTS[part]))
    texts = texts_of(draft, draft.field_columns[part], booleans, problems)
    return meanings(texts, schema.shape_of(part) if schema else "other")


def record_keys(
    records: Snapshot | EventSet, key: Sequence[str], schema: FormSchema | None
) -> list[tuple[Hashable, ...]]:
    """Return the key of each stored event, or of each event to be stored."""
    columns: list[Sequence[Hashable]] = [records.user_ids]
    for part in key_fields(key, schema):
        if part in MOMENTS:
            columns.append(getattr(records, MOMENTS[part]))
        else:
            texts = records.fields.get(part) or [None] * len(records)
            columns.append(meanings(texts, schema.shape_of(part) if schema else "other"))
    return list(zip(*columns, strict=True))
