"""Profiles and deletions."""

from __future__ import annotations

from typing import Any

import orjson

from airflow_provider_ams.sandbox.calculations import ReadAdditions, compute
from airflow_provider_ams.sandbox.diary import CHANGED, DELETED, NEW
from airflow_provider_ams.sandbox.dress import Dresser, shown_rows
from airflow_provider_ams.sandbox.events_show import ANY_USER, open_form
from airflow_provider_ams.sandbox.events_write import FAILED, SUCCESS, Outcome
from airflow_provider_ams.sandbox.forms import Form
from airflow_provider_ams.sandbox.merging import merged, without_blanks
from airflow_provider_ams.sandbox.query import WHOLE, author, id_list
from airflow_provider_ams.sandbox.replies import V1, V2, Refusal, Reply, RpcError, ok
from airflow_provider_ams.sandbox.rows import Reject, Rows, take_rows
from airflow_provider_ams.sandbox.shaping import shown_id
from airflow_provider_ams.sandbox.site import Call, Route, Site
from airflow_provider_ams.sandbox.values import site_zone, wall_of
from airflow_provider_ams.sandbox.wiretypes import Json

PROFILE_MEMBERS = frozenset({"formName", "enteredByUserId", "userId", "rows"})


def profilesearch(site: Site, call: Call) -> Reply:
    """Return the profiles of some users."""
    data = call.json()
    call.need(data, "formNames")
    names = data["formNames"] if isinstance(data["formNames"], list) else [data["formNames"]]
    users = data.get("userIds")
    profiles: list[dict[str, Any]] = []
    for name in names:
        profiles += _profiles(site, open_form(site, name, "profile"), users)
    return site.v1({"profiles": profiles})


def _profiles(site: Site, form: Form, users: Json) -> list[dict[str, Any]]:
    settings, today = site.settings, _today(site)
    additions, dresser = (
        ReadAdditions(site.store, form, settings.extra_fields),
        Dresser(form, settings),
    )
    marks = orjson.dumps(id_list(users)).decode()
    where = f"form_id = ? and {ANY_USER if users is not None else '? is not null'}"
    columns = "id, user_id, entered_by, rows, computed"
    sql = f"select {columns} from profiles where {where} order by id"
    separate = settings.row_layout == "separate"
    return [
        {
            "formName": form.name,
            "userId": shown_id(user_id, settings.user_ids),
            "enteredByUserId": shown_id(entered_by, settings.user_ids),
            "id": shown_id(profile_id, settings.event_ids),
            "rows": shown_rows(
                dresser, rows, computed, additions.of(user_id, today), None, separate
            ),
        }
        for profile_id, user_id, entered_by, rows, computed in site.store.all(sql, form.id, marks)
    ]


def _today(site: Site) -> int:
    return wall_of(site.clock.now(), site_zone(site.settings.site_zone))[0]


def profileimport(site: Site, call: Call) -> Reply:
    """Write the one profile of a user; what was there is replaced, or merged."""
    data = call.json()
    call.need(data, "formName", "userId", "rows")
    outcome = Outcome(sent=1)
    try:
        if call.hit("reject") or call.hit("partial"):
            raise Reject
        form, user_id = _profile_target(site, data)
        entered_by = author(data, call.user_id, site.settings.foreign_author)
        if entered_by is None:
            raise Reject(reason="enteredByUserId is not a number")
        rows = take_rows(form, data["rows"], site.settings, outcome.unknown, site.rule_breaks)
        if not call.hit("short_ids"):
            sql = "select id from profiles where form_id = ? and user_id = ?"
            is_new = not site.store.one(sql, form.id, user_id)
            rows = _kept(site, form, user_id, rows)
            outcome.ids = [put_profile(site, form, user_id, rows, entered_by)]
            call.did.add(form.name, NEW if is_new else CHANGED)
    except Reject as refused:
        call.did.refuse([data["formName"]])
        return site.v1({"state": FAILED, "message": refused.message})
    reply: dict[str, Any] = {"state": SUCCESS, "message": outcome.message()}
    ids = [] if call.hit("hidden_ids") else outcome.ids
    if site.settings.profile_ids:
        reply["ids"] = [shown_id(number, site.settings.reply_ids) for number in ids]
    return site.v1(reply)


def _kept(site: Site, form: Form, user_id: int, rows: Rows) -> Rows:
    """Return the rows with what stays of the record that is there."""
    sql = "select rows from profiles where form_id = ? and user_id = ?"
    found = site.store.one(sql, form.id, user_id)
    if not found:
        return rows
    old: Rows = orjson.loads(found[0])
    if site.settings.blank_on_write == "ignored":
        rows = without_blanks(form, rows, old)
    return merged(form, rows, old) if site.settings.profile_import == "merges" else rows


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
    today = _today(site)
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
    if known and _delete(site, call, [event_id]):
        return site.v1({"state": "SUCCESS", "message": f"Deleted {event_id}"})
    state = "FAILURE" if call.hit("reject") else site.settings.delete_missing
    return site.v1({"state": state, "message": f"Event {event_id} could not be deleted"})


def _delete(site: Site, call: Call, ids: list[int]) -> int:
    sql = (
        "select form_id, count(*) from events"
        " where id in (select value from json_each(?)) group by form_id"
    )
    for form_id, count in site.store.all(sql, orjson.dumps(ids).decode()):
        form = site.store.form_by_id(form_id)
        call.did.add(form.name if form else "", DELETED, count)
    return site.store.delete_events(ids)


def delete_all(site: Site, call: Call) -> Reply:
    """Delete many events; what happens when one of them is not there is up to the dialect."""
    ids = call.json().get("eventIds")
    if not isinstance(ids, list) or not all(isinstance(i, str) and WHOLE.fullmatch(i) for i in ids):
        raise RpcError("eventIds must be a list of texts")
    numbers = sorted({int(text) for text in ids})
    marks = orjson.dumps(numbers).decode()
    sql = "select count(*) from events where id in (select value from json_each(?))"
    missing = site.store.one(sql, marks)[0] < len(numbers)
    style = site.settings.delete_all_unknown
    if not (call.hit("reject") or (missing and style == "nothing deleted")):
        _delete(site, call, numbers)
    if call.hit("reject") or (missing and style != "ignored"):
        raise RpcError("Not all events exist", "EventNotFoundException")
    return ok(None, V2)


ROUTES = (
    Route("profilesearch", "POST", "/api/v1/profilesearch", "basic", V1, profilesearch),
    Route("profileimport", "POST", "/api/v1/profileimport", "basic", V1, profileimport, True),
    Route("deleteevent", "POST", "/api/v1/deleteevent", "basic", V1, deleteevent, True),
    Route("event/deleteAll", "POST", "/api/v2/event/deleteAll", "session", V2, delete_all, True),
)
