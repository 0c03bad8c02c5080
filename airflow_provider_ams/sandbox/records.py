"""Profiles, deletions and form schemas."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import orjson

from airflow_provider_ams.sandbox.calculations import ReadAdditions, compute
from airflow_provider_ams.sandbox.events_read import ANY_USER, open_form
from airflow_provider_ams.sandbox.events_write import FAILED, SUCCESS, Outcome
from airflow_provider_ams.sandbox.forms import FORM_TYPES, Field, Form
from airflow_provider_ams.sandbox.query import WHOLE, author, id_list
from airflow_provider_ams.sandbox.replies import V1, V2, V3, Refusal, Reply, RpcError, ok
from airflow_provider_ams.sandbox.rows import Reject, shown_rows, take_rows
from airflow_provider_ams.sandbox.site import Call, Route, Site
from airflow_provider_ams.sandbox.values import day_of
from airflow_provider_ams.sandbox.wiretypes import Json

PROFILE_MEMBERS = frozenset({"formName", "enteredByUserId", "userId", "rows"})


def profilesearch(site: Site, call: Call) -> Reply:
    """Return the profiles of some users."""
    data = call.json()
    call.need(data, "formNames")
    names = data["formNames"] if isinstance(data["formNames"], list) else [data["formNames"]]
    profiles: list[dict[str, Any]] = []
    for name in names:
        form = open_form(site, name, "profile")
        additions, today = ReadAdditions(site.store, form), day_of(site.clock.now())
        users = data.get("userIds")
        marks = orjson.dumps(id_list(users)).decode()
        where = f"form_id = ? and {ANY_USER if users is not None else '? is not null'}"
        columns = "id, user_id, entered_by, rows, computed"
        sql = f"select {columns} from profiles where {where} order by id"
        for profile_id, user_id, entered_by, rows, computed in site.store.all(sql, form.id, marks):
            added = additions.of(user_id, today)
            profiles.append(
                {
                    "formName": form.name,
                    "userId": user_id,
                    "enteredByUserId": entered_by,
                    "id": profile_id,
                    "rows": shown_rows(form, rows, computed, added, site.settings),
                }
            )
    return ok({"profiles": profiles})


def profileimport(site: Site, call: Call) -> Reply:
    """Write the one profile of a user; what was there is replaced."""
    data = call.json()
    call.need(data, "formName", "userId", "rows")
    outcome = Outcome(sent=1)
    try:
        if call.hit("reject") or call.hit("partial"):
            raise Reject
        form, user_id = _profile_target(site, data)
        entered_by = author(data, call.user_id)
        if entered_by is None:
            raise Reject(reason="enteredByUserId is not a number")
        rows = take_rows(form, data["rows"], site.settings, outcome.unknown, site.rule_breaks)
        if not call.hit("short_ids"):
            outcome.ids = [put_profile(site, form, user_id, rows, entered_by)]
    except Reject as refused:
        return ok({"state": FAILED, "message": refused.message})
    ids = [] if call.hit("hidden_ids") else outcome.ids
    return ok({"state": SUCCESS, "message": outcome.message(), "ids": ids})


def _profile_target(site: Site, data: dict[str, Any]) -> tuple[Form, int]:
    form = site.store.form(data["formName"], "profile")
    if data["formName"] in site.settings.forbidden_forms:
        raise Refusal(403, "Access denied")
    user = data["userId"]
    user_id = user.get("userId") if isinstance(user, dict) else None
    if form is None or form.read_only or not site.store.knows_user(user_id):
        raise Reject(reason="no such profile form or user")
    if not data.keys() <= PROFILE_MEMBERS:
        raise Reject(reason="a member that profiles do not have")
    assert isinstance(user_id, int)
    return form, user_id


def put_profile(site: Site, form: Form, user_id: int, rows: Json, entered_by: int) -> int:
    """Store the profile of a user and return its id, which stays the same."""
    today = day_of(site.clock.now())
    with site.store.transaction() as stamp:
        sql = "select id from profiles where form_id = ? and user_id = ?"
        found = site.store.one(sql, form.id, user_id)
        profile_id = int(found[0]) if found else site.store.next_ids("profiles")
        computed = compute(site.store, form, rows, user_id, today)
        row = (profile_id, form.id, user_id, entered_by, stamp, orjson.dumps(rows), computed)
        site.store.db.execute("insert or replace into profiles values (?,?,?,?,?,?,?)", row)
    return profile_id


def deleteevent(site: Site, call: Call) -> Reply:
    """Delete one event."""
    data = call.json()
    call.need(data, "eventId")
    event_id = data["eventId"]
    known = type(event_id) is int and not call.hit("reject")
    if not known or not site.store.delete_events([event_id]):
        return ok({"state": "FAILURE", "message": f"Event {event_id} could not be deleted"})
    return ok({"state": "SUCCESS", "message": f"Deleted {event_id}"})


def delete_all(site: Site, call: Call) -> Reply:
    """Delete many events, or none when one of them is not there."""
    ids = call.json().get("eventIds")
    if not isinstance(ids, list) or not all(isinstance(i, str) and WHOLE.fullmatch(i) for i in ids):
        raise RpcError("eventIds must be a list of texts")
    numbers = sorted({int(text) for text in ids})
    marks = orjson.dumps(numbers).decode()
    sql = "select count(*) from events where id in (select value from json_each(?))"
    if call.hit("reject") or site.store.one(sql, marks)[0] < len(numbers):
        raise RpcError("Not all events exist", "EventNotFoundException")
    site.store.delete_events(numbers)
    return ok(None, V2)


def form_summaries(site: Site, call: Call) -> Reply:
    """List the forms by type; a type without forms is null."""
    if site.settings.schemas_forbidden:
        raise Refusal(403, "Access denied", V3)
    listed: dict[str, list[dict[str, Any]]] = {}
    for form in site.store.forms():
        if form.name in site.settings.forbidden_forms:
            continue
        summary = {
            "id": form.id,
            "name": form.name,
            "mainCategory": form.category,
            "isReadOnly": form.read_only,
            "groupEntryEnabled": not form.has_table,
        }
        listed.setdefault(form.type, []).append(summary)
    return ok({kind: listed.get(kind) for kind in FORM_TYPES}, V3)


def form_schema(site: Site, call: Call) -> Reply:
    """Return the tree of a form: pages, sections, items; a table is a node with its columns."""
    kind, number = call.params["kind"], call.params["form_id"]
    form = site.store.form_by_id(int(number)) if number.isdigit() else None
    if form is None or form.type != kind:
        raise Refusal(404, f"There is no {kind} form {number}", V3)
    if site.settings.schemas_forbidden or form.name in site.settings.forbidden_forms:
        raise Refusal(403, "Access denied", V3)
    pages = [
        {"type": "FormPage", "name": page, "children": _sections(list(items))}
        for page, items in groupby(form.fields, key=lambda item: item.page)
    ]
    return ok({"id": form.id, "name": form.name, "type": form.type, "children": pages}, V3)


def _sections(items: list[Field]) -> list[dict[str, Any]]:
    sections = []
    for name, group in groupby(items, key=lambda item: item.section):
        fields = list(group)
        children = [_item(item) for item in fields if not item.table]
        columns = [_item(item) for item in fields if item.table]
        if columns:
            table = {
                "type": "FormItem",
                "formItemType": "Table",
                "name": f"{name} table",
                "children": columns,
            }
            children.append(table)
        instructions = next((item.instructions for item in fields if item.instructions), "")
        sections.append(
            {
                "type": "FormFieldSet",
                "name": name,
                "instructions": instructions,
                "children": children,
            }
        )
    return sections


def _item(item: Field) -> dict[str, Any]:
    return {
        "type": "FormItem",
        "name": item.name,
        "formItemType": item.type,
        "required": item.required,
        "defaultsToLastKnownValue": item.defaults_to_last,
        "instructions": item.instructions,
        "options": list(item.options),
        "scores": list(item.scores),
        "dateSelection": "SINGLE" if item.type == "Date" else None,
    }


ROUTES = (
    Route("profilesearch", "POST", "/api/v1/profilesearch", "basic", V1, profilesearch),
    Route("profileimport", "POST", "/api/v1/profileimport", "basic", V1, profileimport, True),
    Route("deleteevent", "POST", "/api/v1/deleteevent", "basic", V1, deleteevent, True),
    Route("event/deleteAll", "POST", "/api/v2/event/deleteAll", "session", V2, delete_all, True),
    Route("forms/summaries", "GET", "/api/v3/forms/summaries", "session", V3, form_summaries),
    Route("forms/schema", "GET", "/api/v3/forms/{kind}/{form_id}", "session", V3, form_schema),
)
