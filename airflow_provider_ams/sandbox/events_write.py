"""Writing events: one by one and in bulk, with all the ways in which a call is refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from airflow_provider_ams.sandbox.calculations import compute
from airflow_provider_ams.sandbox.diary import CHANGED, NEW, REFUSED
from airflow_provider_ams.sandbox.drafts import MEMBERS, Draft, draft, unknown_members
from airflow_provider_ams.sandbox.merging import without_blanks
from airflow_provider_ams.sandbox.replies import V1, Refusal, Reply
from airflow_provider_ams.sandbox.rows import Reject, Rows, is_mixed
from airflow_provider_ams.sandbox.shaping import shown_id
from airflow_provider_ams.sandbox.site import Call, Route, Site
from airflow_provider_ams.sandbox.store import EVENT_COLUMNS
from airflow_provider_ams.sandbox.wiretypes import Json

SUCCESS, FAILED = "SUCCESSFULLY_IMPORTED", "UNEXPECTED_ERROR"
UNDELIVERABLE = {
    "inactive": "not active",
    "staff": "staff",
    "inactive and staff": "staff or not active",
}
REQUIRED = ("formName", "startDate", "finishDate", "startTime", "userId", "rows")


@dataclass
class Outcome:
    """Collect what a call did to the events of one form."""

    sent: int = 0
    ids: list[int] = field(default_factory=list)
    unknown: dict[str, None] = field(default_factory=dict)
    errors: list[dict[str, Any]] = field(default_factory=list)

    def message(self) -> str:
        """Return the server's sentence, with the names it does not know at its end."""
        text = f"{len(self.ids)} out of {self.sent} records successfully imported."
        names = ", ".join(self.unknown)
        suffix = (
            f" The following names [{names}] were sent in the message but do not exist in the form"
        )
        return text + suffix if names else text


def save(site: Site, drafts: Sequence[Draft], keep_old: bool = False) -> list[list[int]]:
    """Store events in one transaction and return the ids of each (two when it was split)."""
    ids: list[list[int]] = []
    with site.store.transaction() as stamp:
        batch: list[tuple[Any, ...]] = []
        for item in drafts:
            ids.append([])
            for piece in _split(site, item):
                event_id = _target(site, piece, keep_old)
                ids[-1].append(event_id)
                batch.append(_row(site, piece, event_id, stamp))
                if piece.form.looks_back:  # to earlier events of this very call too
                    site.store.put_events(batch)
                    batch = []
        site.store.put_events(batch)
    return ids


def _row(site: Site, piece: Draft, event_id: int, stamp: int) -> tuple[Any, ...]:
    """Return an event for storage, in the order of EVENT_COLUMNS."""
    settings = site.settings
    old: tuple[Any, ...] = ()
    by_dialect = settings.blank_on_write == "ignored" or not settings.unchanged_update_counts
    if by_dialect and event_id == piece.existing:
        old = site.store.one(f"select {EVENT_COLUMNS} from events where id = ?", event_id)
    rows = piece.rows
    if old and settings.blank_on_write == "ignored":
        rows = without_blanks(piece.form, rows, orjson.loads(old[9]))
    computed = compute(site.store, piece.form, rows, piece.user_id, piece.start[0], event_id)
    head = (event_id, piece.form.id, piece.user_id, *piece.start, *piece.finish, piece.entered_by)
    packed = orjson.dumps(rows)
    same = old and (*head, packed) == (*old[:8], old[9])
    if same and not settings.unchanged_update_counts:
        stamp = old[8]
    return (*head, stamp, packed, computed)


def _undeliverable(site: Site) -> set[int]:
    """Return the users whose events are dropped without an error."""
    away = set(site.settings.undeliverable_users)
    kinds = site.settings.undeliverable_accounts
    if kinds != "none":
        sql = f"select id from users where {UNDELIVERABLE[kinds]}"
        away.update(user_id for (user_id,) in site.store.all(sql))
    return away


def _split(site: Site, item: Draft) -> list[Draft]:
    if not (site.settings.split_mixed_rows and is_mixed(item.form, item.rows)):
        return [item]
    kinds, first = item.form.kinds, item.rows[0][1]
    level: Rows = [(0, [pair for pair in first if kinds[pair[0]] == "event"])]
    table: Rows = [(0, [pair for pair in first if kinds[pair[0]] == "table"]), *item.rows[1:]]
    return [replace(item, rows=level), replace(item, rows=table, existing=None)]


def _target(site: Site, item: Draft, keep_old: bool) -> int:
    if item.existing is not None and not keep_old and not site.settings.update_duplicates:
        if _is_own(site, item):
            return item.existing
        if site.settings.unknown_event_id == "failure":
            raise Reject(reason="no such event")
    return site.store.next_ids("events")


def _is_own(site: Site, item: Draft) -> bool:
    found = site.store.one("select form_id, user_id from events where id = ?", item.existing)
    return found == (item.form.id, item.user_id)


def eventimport(site: Site, call: Call) -> Reply:
    """Write one event."""
    event = call.json()
    if not event.keys() <= MEMBERS:
        raise unknown_members(site, event)
    call.need(event, *REQUIRED)
    outcome = Outcome(sent=1)
    try:
        if call.hit("reject") or call.hit("partial"):
            raise Reject
        item = draft(site, call, event, outcome.unknown)
        if not (call.hit("short_ids") or item.user_id in _undeliverable(site)):
            saved = save(site, [item], bool(call.hit("duplicate_update")))[0]
            _note(call, [item], [saved])
            outcome.ids = [] if call.hit("hidden_ids") else saved
    except Reject as refused:
        call.did.refuse([event["formName"]])
        return site.v1({"state": FAILED, "message": refused.message})
    ids = [shown_id(number, site.settings.reply_ids) for number in outcome.ids]
    return site.v1({"state": SUCCESS, "message": outcome.message(), "ids": ids})


def eventsimport(site: Site, call: Call) -> Reply:
    """Write many events, all or none unless a switch or fault says otherwise."""
    events = call.json().get("events")
    if not isinstance(events, list):
        raise Refusal(400, "Required parameters missing: events")
    limit = site.settings.max_events_per_call
    if limit and len(events) > limit:
        raise Refusal(500, "The request is too large")
    try:
        if call.hit("reject"):
            raise Reject
        outcomes = _import(site, call, events)
    except Reject as refused:
        call.did.refuse(e.get("formName") for e in events if isinstance(e, dict))
        return _bulk_reply(site, {"state": FAILED, "message": refused.message})
    return _bulk_outcome(site, outcomes)


def _import(site: Site, call: Call, events: list[Any]) -> dict[str, Outcome]:
    outcomes: dict[str, Outcome] = {}
    drafts: list[Draft] = []
    seen: set[tuple[int, int, int]] = set()
    partial = call.hit("partial")
    good = len(events) - partial.get("drop", 1) if partial else len(events)
    for place, event in enumerate(events):
        name = event.get("formName") if isinstance(event, dict) else None
        outcome = outcomes.get(str(name))
        if outcome is None:
            outcome = outcomes[str(name)] = Outcome()
        outcome.sent += 1
        try:
            item = draft(site, call, event, outcome.unknown)
            _check_same_day(site, item, seen)
            if place >= good:
                raise Reject
            drafts.append(item)
        except Reject as refused:
            if not (partial or site.settings.partial_errors):
                raise
            outcome.errors.append(_error_row(site, event, refused))
    _store(site, call, drafts, outcomes)
    for name, outcome in outcomes.items():
        call.did.add(name, REFUSED, len(outcome.errors))
    return outcomes


def _check_same_day(site: Site, item: Draft, seen: set[tuple[int, int, int]]) -> None:
    if item.form.has_table or not site.settings.same_day_rule:
        return
    key = (item.form.id, item.user_id, item.start[0])
    if key in seen:
        raise Reject(reason="a second event of this user and date")
    seen.add(key)


def _store(site: Site, call: Call, drafts: list[Draft], outcomes: dict[str, Outcome]) -> None:
    short, hidden = call.hit("short_ids"), call.hit("hidden_ids")
    away = _undeliverable(site)
    kept = [item for item in drafts if item.user_id not in away]
    if short:
        kept = kept[: max(len(kept) - short.get("drop", 1), 0)]
    saved = save(site, kept, bool(call.hit("duplicate_update")))
    _note(call, kept, saved)
    told = len(kept) - hidden.get("drop", 1) if hidden else len(kept)
    for place, (item, ids) in enumerate(zip(kept, saved, strict=True)):
        if place < told:
            outcomes[item.form.name].ids.extend(ids)


def _note(call: Call, drafts: Sequence[Draft], saved: Sequence[list[int]]) -> None:
    done = Counter(
        (item.form.name, CHANGED if item.existing in ids else NEW)
        for item, ids in zip(drafts, saved, strict=True)
    )
    for (form, what), count in done.items():
        call.did.add(form, what, count)


def _error_row(site: Site, event: Json, refused: Reject) -> dict[str, Any]:
    text = site.settings.partial_error_text
    event = event if isinstance(event, dict) else {}
    user = event.get("userId")
    user_id = user.get("userId") if isinstance(user, dict) else ""
    found = site.store.users("id = ?", user_id) if isinstance(user_id, int) else []
    person = found[0] if found else {"first_name": "", "last_name": ""}
    pairs = {
        "Error": refused.reason if text is None else text,
        "organisationId": str(user_id),
        "First Name": person["first_name"],
        "Last Name": person["last_name"],
        "Start Date": event.get("startDate", ""),
        "Start Time": event.get("startTime", ""),
        "Finish Date": event.get("finishDate", ""),
        "Finish Time": event.get("finishTime", ""),
    }
    shown = [{"key": key, "value": value} for key, value in pairs.items()]
    rows = event.get("rows")
    sent = [row.get("pairs", []) for row in rows or [] if isinstance(row, dict)]
    return {"pairs": shown + [pair for part in sent for pair in part]}


def _bulk_reply(site: Site, result: dict[str, Any], forms: list[Any] | None = None) -> Reply:
    """Answer a bulk call; a call that failed as a whole says nothing of forms."""
    shown = orjson.dumps(result).decode() if site.settings.result_as_text else result
    reply: dict[str, Any] = {"result": shown}
    if forms is not None:
        reply["eventImportResultForForm"] = forms
    return site.v1(reply)


def _bulk_outcome(site: Site, outcomes: dict[str, Outcome]) -> Reply:
    failed = any(outcome.errors for outcome in outcomes.values())
    forms = []
    for name, outcome in outcomes.items():
        ids = [shown_id(number, site.settings.reply_ids) for number in outcome.ids]
        result: dict[str, Any] = {"message": outcome.message(), "ids": ids}
        if outcome.errors:
            result["error"] = outcome.errors
        else:
            result = {"state": SUCCESS, **result}
        forms.append({"formName": name, "eventImportResults": result})
    state = site.settings.partial_state if failed else SUCCESS
    return _bulk_reply(site, {"state": state}, forms)


ROUTES = (
    Route("eventsimport", "POST", "/api/v1/eventsimport", "basic", V1, eventsimport, writes=True),
    Route("eventimport", "POST", "/api/v1/eventimport", "basic", V1, eventimport, writes=True),
)
