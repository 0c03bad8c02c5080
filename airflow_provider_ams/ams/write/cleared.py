"""Whether profile records have lost the values that they were to lose.

Whether ``profileimport`` empties what is left out, or keeps it, is not known (docs/wire.md,
section 9): after the import AMS is asked.
"""

from __future__ import annotations

from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.errors import AMSError
from airflow_provider_ams.ams.forms.catalogue import read_schema
from airflow_provider_ams.ams.plan.diff import differences
from airflow_provider_ams.ams.plan.plan import Plan
from airflow_provider_ams.ams.positions import EventNo, StoredNo
from airflow_provider_ams.ams.read.snapshot import read_profile_snapshot
from airflow_provider_ams.ams.write.ledger import UPDATED, Ledger


def check_cleared(client: AMSClient, plan: Plan, ledger: Ledger) -> None:
    """Note the records that AMS has stored and that still hold a value they were to lose."""
    emptied = [e for e, changes in plan.changes.items() if any(c.new is None for c in changes)]
    events = [event for event in emptied if ledger.status[event] == UPDATED]
    if not events:
        return
    schema = read_schema(client, plan.form, "profile", types=plan.types)
    people = sorted({plan.events.user_ids[event] for event in events})
    try:
        stored = read_profile_snapshot(client, plan.form, people, schema)
    except AMSError:
        for event in events:
            ledger.doubt(event, "stored, but AMS can't be asked whether fields were emptied")
        return
    at = {user: StoredNo(n) for n, user in enumerate(stored.user_ids)}
    index = [at.get(plan.events.user_ids[event]) for event in events]
    left = differences(plan.events.take(events), index, stored, schema, client.timezone)
    for number, event in enumerate(events):
        names = [c.field for c in left.get(EventNo(number), ()) if c.new is None]
        if names:
            listed = ", ".join(map(repr, names))
            reason = f"stored, but AMS keeps what was in {listed}: it does not empty what is left out"
            ledger.refuse(event, reason, None)
