"""Whether profile records are stored as they were sent, after AMS has said so.

Replies to ``profileimport`` may name no id, so that a record that AMS drops does not show; and
whether it empties what is left out, or keeps it, is not known (docs/wire.md, section 9). A look at
200 records costs one call.
"""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.errors import AMSError
from airflow_provider_ams.ams.forms.catalogue import read_schema
from airflow_provider_ams.ams.plan.diff import Change, differences, kind_of
from airflow_provider_ams.ams.plan.plan import Plan
from airflow_provider_ams.ams.positions import EventNo, StoredNo
from airflow_provider_ams.ams.read.snapshot import read_profile_snapshot
from airflow_provider_ams.ams.write.ledger import UPDATED, Ledger

_KEPT = "stored, but AMS keeps what was in {names}: it does not empty what is left out"
_DROPPED = "not stored, although AMS reported success"
_UNTOLD = "AMS reported success, and shows the record as it was; say what {names} is with types="


def check_profiles(client: AMSClient, plan: Plan, ledger: Ledger) -> None:
    """Look at the records that count as stored; note those that are not, or not as sent."""
    events = [EventNo(e) for e, status in enumerate(ledger.status) if status == UPDATED]
    if not events:
        return
    schema = read_schema(client, plan.form, "profile", types=plan.types)
    people = sorted({plan.events.user_ids[event] for event in events})
    try:
        stored = read_profile_snapshot(client, plan.form, people, schema)
    except AMSError:
        for event in events:
            ledger.doubt(event, "AMS reported success, and can't be asked what it holds")
        return
    at = {user: StoredNo(n) for n, user in enumerate(stored.user_ids)}
    index = [at.get(plan.events.user_ids[event]) for event in events]
    left = differences(plan.events.take(events), index, stored, schema, client.timezone)
    for number, event in enumerate(events):
        if index[number] is None:
            ledger.refuse(event, _DROPPED, None, "not_stored")
            continue
        before, after = plan.changes.get(event, []), left.get(EventNo(number), [])
        unclear = [c.field for c in after if kind_of(schema, c.field) == "unknown"]
        _judge(ledger, event, before, after, unclear)


def _judge(
    ledger: Ledger,
    event: EventNo,
    before: Sequence[Change],
    after: Sequence[Change],
    unclear: Sequence[str],
) -> None:
    kept = [change.field for change in after if change.new is None]
    if before and list(before) == list(after):
        if unclear:
            ledger.doubt(event, _UNTOLD.format(names=_listed(unclear)))
        else:
            ledger.refuse(event, _DROPPED, None, "not_stored")
    elif kept:
        ledger.refuse(event, _KEPT.format(names=_listed(kept)), None, "not_cleared")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))
