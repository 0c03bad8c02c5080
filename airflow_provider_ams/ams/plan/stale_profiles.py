"""Tell whether profile records have changed since a plan was made: read them again."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.forms.schema import FormSchema
from airflow_provider_ams.ams.plan.diff import differences
from airflow_provider_ams.ams.plan.plan import Plan
from airflow_provider_ams.ams.positions import EventNo, StoredNo
from airflow_provider_ams.ams.read.snapshot import read_profile_snapshot


def changed_people(
    client: AMSClient, plan: Plan, records: Sequence[EventNo], schema: FormSchema | None
) -> list[int]:
    """Return the people whose record is neither what the plan knew nor what it is to be.

    AMS can't be asked what has changed in profiles, so the records are read. A field may be as it
    was or as the plan wants it: an earlier call of ours may have landed, in full or in part.

    Parameters
    ----------
    client : AMSClient
        The client.
    plan : Plan
        A plan for a profile form.
    records : sequence of int
        Numbers of the records to look at, as `plan.events` counts them.
    schema : FormSchema or None
        The form.
    """
    people = [plan.events.user_ids[record] for record in records]
    stored = read_profile_snapshot(client, plan.form, sorted(set(people)), schema)
    at = {user: StoredNo(n) for n, user in enumerate(stored.user_ids)}
    index = [at.get(user) for user in people]
    left = differences(plan.events.take(records), index, stored, schema, client.timezone)
    changed = []
    for number, (record, user) in enumerate(zip(records, people, strict=True)):
        was_there = plan.events.event_ids[record] is not None
        if index[number] is None:
            edited = was_there
        else:
            edited = not set(left.get(EventNo(number), ())) <= set(plan.changes.get(record, ()))
        if edited:
            changed.append(user)
    return changed
