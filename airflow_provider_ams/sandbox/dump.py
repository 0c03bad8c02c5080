"""Events and profiles seen and changed from behind the counter, by the control plane."""

from __future__ import annotations

from typing import Any

import orjson

from airflow_provider_ams.sandbox.calculations import compute
from airflow_provider_ams.sandbox.forms import Form
from airflow_provider_ams.sandbox.rows import Rows, event_values, table_rows
from airflow_provider_ams.sandbox.site import Site
from airflow_provider_ams.sandbox.store import EVENT_COLUMNS
from airflow_provider_ams.sandbox.values import date_text, parse_date, parse_time, time_text
from airflow_provider_ams.sandbox.wiretypes import Json

PROFILE_COLUMNS = "id, form_id, user_id, entered_by, modified, rows, computed"


def dump_events(site: Site, data: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the stored events of one form or of all, by id."""
    names = {user["id"]: user["username"] for user in site.store.users()}
    found = []
    for form in _chosen(site, data.get("form"), "event"):
        sql = f"select {EVENT_COLUMNS} from events where form_id = ? order by id"
        found += [_event(form, row, names) for row in site.store.all(sql, form.id)]
    return found


def latest(site: Site, table: str, count: int, form_id: int | None = None) -> list[dict[str, Any]]:
    """Return the events or profiles that changed last, of one form or of all."""
    columns = EVENT_COLUMNS if table == "events" else PROFILE_COLUMNS
    where = "form_id = ?" if form_id is not None else "? is null"
    sql = f"select {columns} from {table} where {where} order by modified desc, id desc limit ?"
    rows = site.store.all(sql, form_id, count)
    marks = orjson.dumps(sorted({row[2] for row in rows})).decode()
    known = "select id, username from users where id in (select value from json_each(?))"
    names = dict(site.store.all(known, marks))
    made = _event if table == "events" else _profile
    forms = ((site.store.form_by_id(row[1]), row) for row in rows)
    return [made(form, row, names) for form, row in forms if form is not None]


def _event(form: Form, row: tuple[Any, ...], names: dict[int, str]) -> dict[str, Any]:
    event_id, _, user_id, day, minute, f_day, f_minute, by, modified, rows, computed = row
    return {
        "id": event_id,
        "form": form.name,
        "user_id": user_id,
        "username": names.get(user_id),
        "start_date": date_text(day),
        "start_time": time_text(minute),
        "finish_date": date_text(f_day),
        "finish_time": time_text(f_minute),
        "entered_by": by,
        "modified": modified,
        **_contents(form, rows, computed),
    }


def dump_profiles(site: Site, data: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the stored profiles of one form or of all, by id."""
    names = {user["id"]: user["username"] for user in site.store.users()}
    found = []
    for form in _chosen(site, data.get("form"), "profile"):
        sql = f"select {PROFILE_COLUMNS} from profiles where form_id = ? order by id"
        found += [_profile(form, row, names) for row in site.store.all(sql, form.id)]
    return found


def _profile(form: Form, row: tuple[Any, ...], names: dict[int, str]) -> dict[str, Any]:
    profile_id, _, user_id, by, modified, rows, computed = row
    return {
        "id": profile_id,
        "form": form.name,
        "user_id": user_id,
        "username": names.get(user_id),
        "entered_by": by,
        "modified": modified,
        **_contents(form, rows, computed),
    }


def _chosen(site: Site, name: str | None, kind: str) -> list[Form]:
    if name is None:
        return [form for form in site.store.forms() if form.type == kind]
    return [_form(site, name, kind)]


def _form(site: Site, name: str, kind: str) -> Form:
    form = site.store.form(name, kind)
    if form is None:
        raise ValueError(f"no {kind} form {name}")
    return form


def _contents(form: Form, stored: bytes, computed: bytes | None) -> dict[str, Any]:
    rows: Rows = orjson.loads(stored)
    shown = [
        {"row": index, "pairs": [{"key": key, "value": value} for key, value in pairs]}
        for index, pairs in rows
    ]
    return {
        "rows": shown,
        "computed": orjson.loads(computed)[0] if computed else {},
        "values": event_values(form, rows),
        "table": table_rows(form, rows),
    }


def insert_events(site: Site, data: dict[str, Any]) -> list[int]:
    """Put events in, or replace what is given of those with an ``id`` that is there."""
    ids: list[int] = []
    with site.store.transaction() as stamp:
        for event in data["events"]:
            event_id = event.get("id") or site.store.next_ids("events")
            site.store.took_id("events", event_id)
            old = site.store.one(f"select {EVENT_COLUMNS} from events where id = ?", event_id)
            if data.get("edit") and not old:
                raise ValueError(f"no event {event_id}")
            row = _edited(site, old, event) if old else _made(site, event)
            computed = compute(site.store, row[0], row[7], row[1], row[2], event_id)
            form, user_id, *places, by, rows = row
            packed = (event_id, form.id, user_id, *places, by, stamp, orjson.dumps(rows), computed)
            site.store.put_events([packed])
            ids.append(event_id)
    return ids


def _made(site: Site, event: dict[str, Any]) -> tuple[Any, ...]:
    form = _form(site, event["form"], "event")
    day, minute = _day(event["start_date"]), _minute(event.get("start_time") or "9:00 AM")
    finish_day, finish_minute = day + (minute + 60) // 1440, (minute + 60) % 1440
    if event.get("finish_date"):
        finish_day = _day(event["finish_date"])
    if event.get("finish_time"):
        finish_minute = _minute(event["finish_time"])
    rows = pack_rows(event.get("values") or {}, event.get("table") or [])
    by = event.get("entered_by") or 9001
    return form, _user(site, event["user"]), day, minute, finish_day, finish_minute, by, rows


def _edited(site: Site, old: tuple[Any, ...], event: dict[str, Any]) -> tuple[Any, ...]:
    form = site.store.form_by_id(old[1])
    assert form is not None
    rows = orjson.loads(old[9])
    values = {**event_values(form, rows), **(event.get("values") or {})}
    table = event.get("table")
    packed = pack_rows(
        {key: value for key, value in values.items() if value is not None},
        table_rows(form, rows) if table is None else table,
    )
    places = list(old[3:7])
    names = ("start_date", "start_time", "finish_date", "finish_time")
    for place, name in enumerate(names):
        if event.get(name):
            places[place] = (_minute if name.endswith("time") else _day)(event[name])
    user_id = _user(site, event["user"]) if event.get("user") else old[2]
    return form, user_id, *places, old[7], packed


def pack_rows(values: dict[str, Any], table: list[dict[str, Any]]) -> Rows:
    """Return rows for storage: the event-level values alone in row 0, then the table."""
    rows: Rows = [(0, [[key, str(value)] for key, value in values.items()])]
    for place, row in enumerate(table, 1):
        rows.append((place, [[key, str(value)] for key, value in row.items()]))
    return rows


def _user(site: Site, user: Json) -> int:
    column = "id" if isinstance(user, int) else "username"
    found = site.store.one(f"select id from users where {column} = ?", user)
    if not found:
        raise ValueError(f"no user {user}")
    return int(found[0])


def _day(text: str) -> int:
    day = parse_date(text)
    if day is None:
        raise ValueError(f"not dd/MM/yyyy: {text}")
    return day


def _minute(text: str) -> int:
    minute = parse_time(text)
    if minute is None:
        raise ValueError(f"not h:mm AM: {text}")
    return minute
