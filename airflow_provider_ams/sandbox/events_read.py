"""Reading events: by change (``synchronise``) and by date (``eventsearch`` and its filter)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from airflow_provider_ams.sandbox.calculations import ReadAdditions
from airflow_provider_ams.sandbox.forms import Form
from airflow_provider_ams.sandbox.query import TRUE, cursor_numbers, id_list, sync_time
from airflow_provider_ams.sandbox.replies import V1, Refusal, Reply, RpcError, ok
from airflow_provider_ams.sandbox.rows import event_values, shown_rows
from airflow_provider_ams.sandbox.site import Call, Route, Site
from airflow_provider_ams.sandbox.store import EVENT_COLUMNS
from airflow_provider_ams.sandbox.values import (
    date_text,
    parse_date,
    parse_number,
    parse_time,
    time_text,
)
from airflow_provider_ams.sandbox.wiretypes import Json

ANY_USER = "user_id in (select value from json_each(?))"


def show_events(site: Site, form: Form, records: Iterable[tuple[Any, ...]]) -> list[dict[str, Any]]:
    """Return stored events in the shape in which they are read."""
    additions = ReadAdditions(site.store, form)
    shown = []
    for event_id, _, user_id, day, minute, f_day, f_minute, by, _, rows, computed in records:
        event = {
            "formName": form.name,
            "id": event_id,
            "startDate": date_text(day),
            "startTime": time_text(minute),
            "finishDate": date_text(f_day),
            "finishTime": time_text(f_minute),
            "userId": user_id,
            "enteredByUserId": by,
            "rows": shown_rows(form, rows, computed, additions.of(user_id, day), site.settings),
        }
        if form.files:
            event["attachmentUrl"] = _attachments(site, form, rows)
        shown.append(event)
    return shown


def _attachments(site: Site, form: Form, rows: bytes) -> list[dict[str, str]]:
    values = event_values(form, orjson.loads(rows))
    found = [values[name].partition("|") for name in form.files if "|" in values.get(name, "")]
    base = f"{site.origin}/{site.settings.site}/attachments"
    return [{"attachmentUrl": f"{base}/{number}", "name": name} for number, _, name in found]


def open_form(site: Site, name: Json, kind: str = "event") -> Form:
    """Return a form for reading, or refuse."""
    form = site.store.form(name, kind)
    if form is not None and form.name in site.settings.forbidden_forms:
        raise Refusal(403, "Access denied")
    if form is None:
        raise RpcError(f"There is no {kind} form named {name}", "FormNotFoundException")
    return form


def synchronise(site: Site, call: Call) -> Reply:
    """Return the events of one form that changed since a time, and the ids deleted since."""
    data = call.json()
    call.need(data, "formName")
    form = open_form(site, data["formName"])
    asked = id_list(data.get("userIds"))
    if data.get("lastSynchronisationTimeOnServer") is None and data.get("startDate") is None:
        raise Refusal(400, "Required parameters missing: lastSynchronisationTimeOnServer")
    since = sync_time(data.get("lastSynchronisationTimeOnServer"))
    paging = data["pagination"] if isinstance(data.get("pagination"), dict) else {}
    paged = paging.get("paginate") in TRUE
    too_many = 0 < site.settings.max_unpaged_users < len(asked)
    if not paged and (site.settings.reject_unpaginated or too_many):
        raise Refusal(500, "The request is too large")
    now, number, after = _sync_cursor(site, paging.get("cursor"))
    first_day = _bound(data.get("startDate"), "startDate", 0)
    limit = site.settings.page_size if paged else None
    page, last = _changed(site, form, asked, (since, first_day, *after), limit)
    reply: dict[str, Any] = {
        "export": {"events": show_events(site, form, page)},
        "lastSynchronisationTimeOnServer": now + number * site.settings.sync_time_drift_ms,
        "idsOfDeletedEvents": _deleted(site, form, since),
    }
    if paged:
        _put(reply, site.settings.sync_cursor_key, last and f"{now}.{number + 1}.{last}")
    return ok(reply)


def _changed(
    site: Site, form: Form, asked: list[int], after: tuple[int, ...], limit: int | None
) -> tuple[list[tuple[Any, ...]], str | None]:
    """Return a page in order of change, and the place of its last event when there are more."""
    since, first_day, modified, event_id = after
    users = [user for user in asked if site.store.knows_user(user)]
    records = site.store.all(  # the index gives the order: no page sorts the whole form
        f"select {EVENT_COLUMNS} from events indexed by by_change"
        " where form_id = ? and (modified, id) > (?, ?)"
        f" and day >= ? and {ANY_USER} order by modified, id limit ?",
        *(form.id, *max((since, 1 << 62), (modified, event_id)), first_day),
        *(orjson.dumps(users).decode(), -1 if limit is None else limit + 1),
    )
    if limit is None or len(records) <= limit:
        return records, None
    last = records[limit - 1]
    return records[:limit], f"{last[8]}.{last[0]}"


def _bound(value: Json, name: str, default: int) -> int:
    if value in (None, ""):
        return default
    day = parse_date(value) if isinstance(value, str) else None
    if day is None:
        raise RpcError(f"{name} is not a date")
    return day


def _sync_cursor(site: Site, cursor: Json) -> tuple[int, int, tuple[int, int]]:
    """Read a cursor: the time of the first page, the page's number, the last event read."""
    if not cursor:
        return site.clock.stamp(), 0, (-1, -1)
    time, number, modified, last_id = cursor_numbers(cursor, 4)
    _check_expiry(site, time)
    return time, number, (modified, last_id)


def _check_expiry(site: Site, given: int) -> None:
    if not site.settings.cursors_expire:
        return
    newest = site.store.one("select coalesce(max(modified), 0) from events")[0]
    if newest > given:
        raise Refusal(500, "The cursor has expired")


def _deleted(site: Site, form: Form, since: int) -> list[int]:
    after = 0 if site.settings.repeat_deletions else since
    sql = "select id from deleted where form_id = ? and modified > ? order by modified, id"
    return [event_id for (event_id,) in site.store.all(sql, form.id, after)]


def _put(reply: dict[str, Any], key: str, value: Json) -> None:
    *parents, last = key.split(".")
    for parent in parents:
        reply = reply.setdefault(parent, {})
    reply[last] = value


def eventsearch(site: Site, call: Call) -> Reply:
    """Return the events of some forms between two dates."""
    data = call.json()
    call.need(data, "formNames")
    names = data["formNames"] if isinstance(data["formNames"], list) else [data["formNames"]]
    return _search(site, data, names, {})


def filteredeventsearch(site: Site, call: Call) -> Reply:
    """Return the events whose fields meet all conditions of their form's filter."""
    data = call.json()
    call.need(data, "filter")
    filters: dict[str, list[dict[str, Any]]] = {}
    for part in data["filter"] if isinstance(data["filter"], list) else [data["filter"]]:
        if not isinstance(part, dict) or not isinstance(part.get("filterSet"), list):
            raise Refusal(500, "Malformed filter")
        filters.setdefault(str(part.get("formName")), []).extend(part["filterSet"])
    return _search(site, data, list(filters), filters)


def _search(
    site: Site, data: dict[str, Any], names: list[Any], filters: dict[str, list[dict[str, Any]]]
) -> Reply:
    forms = [open_form(site, name) for name in names]
    paged = data.get("paginate") in TRUE
    if not paged and site.settings.reject_unpaginated:
        raise Refusal(500, "Unpaginated requests are not supported")
    found: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
    for form in forms:
        records = _records(site, form, data)
        shown = show_events(site, form, records)
        conditions = filters.get(form.name, [])
        found += [
            (record, event)
            for record, event in zip(records, shown, strict=True)
            if all(_meets(event, condition) for condition in conditions)
        ]
    found.sort(key=lambda item: (item[0][3], item[0][4], item[0][0]))
    page, cursor = _page(site, found, data.get("cursor")) if paged else (found, None)
    if not page and site.settings.empty_body_when_no_rows:
        return Reply(b"")
    reply: dict[str, Any] = {"events": [event for _, event in page]}
    if paged:
        _put(reply, site.settings.search_cursor_key, cursor)
    return ok(reply)


def _records(site: Site, form: Form, data: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Select by users and dates; without both times the dates are ignored, as live."""
    where = ["form_id = ?", "user_id in (select id from users where visible)"]
    values: list[Any] = [form.id]
    if data.get("userIds") is not None:
        where.append(ANY_USER)
        values.append(orjson.dumps(id_list(data["userIds"])).decode())
    if data.get("startTime") and data.get("finishTime"):
        first, last = parse_time(str(data["startTime"])), parse_time(str(data["finishTime"]))
        if first is None or last is None:
            raise RpcError("startTime or finishTime is not a time")
        where.append("day between ? and ? and minute between ? and ?")
        start = _bound(data.get("startDate"), "startDate", 0)
        values += [start, _bound(data.get("finishDate"), "finishDate", 1 << 31), first, last]
    sql = f"select {EVENT_COLUMNS} from events where {' and '.join(where)} order by day, minute, id"
    records = site.store.all(sql, *values)
    cap = data.get("resultsPerUser")
    return _newest(records, cap) if isinstance(cap, int) and cap > 0 else records


def _newest(records: list[tuple[Any, ...]], cap: int) -> list[tuple[Any, ...]]:
    taken: dict[int, int] = {}
    kept = []
    for record in reversed(records):
        taken[record[2]] = taken.get(record[2], 0) + 1
        if taken[record[2]] <= cap:
            kept.append(record)
    return kept[::-1]


def _page(site: Site, found: list[Any], cursor: Json) -> tuple[list[Any], str | None]:
    """Cut a page; the server's cursor is a bare date, so the rest of that date is lost."""
    bug = site.settings.search_cursor_bug
    if cursor:
        text, _, rest = str(cursor).partition("|")
        day = parse_date(text)
        if day is None:
            raise Refusal(500, "The cursor is not valid")
        if bug:
            found = [item for item in found if item[0][3] > day]
        else:
            place = (day, *cursor_numbers(rest, 2))
            found = [item for item in found if (item[0][3], item[0][4], item[0][0]) > place]
    page = found[: site.settings.page_size]
    if len(found) <= len(page):
        return page, None
    last = page[-1][0]
    text = date_text(last[3])
    return page, text if bug else f"{text}|{last[4]}.{last[0]}"


def _meets(event: dict[str, Any], condition: Json) -> bool:
    if not isinstance(condition, dict):
        raise Refusal(500, "Malformed filter")
    key, wanted = condition.get("key"), str(condition.get("value", ""))
    code = condition.get("filterCondition") or 0
    if code not in range(1, 8):
        raise Refusal(500, "Malformed filter")
    values = [p["value"] for row in event["rows"] for p in row["pairs"] if p["key"] == key]
    if code == 2:
        return not any(_compare(value, 1, wanted) for value in values)
    return any(_compare(value, code, wanted) for value in values)


def _compare(value: str, code: int, wanted: str) -> bool:
    if code == 3:
        return wanted in value
    left, right = parse_number(value), parse_number(wanted)
    if left is None or right is None:
        return code == 1 and value == wanted
    return {
        1: left == right,
        4: left < right,
        5: left > right,
        6: left <= right,
        7: left >= right,
    }[code]


ROUTES = (
    Route("synchronise", "POST", "/api/v1/synchronise", "basic", V1, synchronise),
    Route("eventsearch", "POST", "/api/v1/eventsearch", "basic", V1, eventsearch),
    Route(
        "filteredeventsearch",
        "POST",
        "/api/v1/filteredeventsearch",
        "basic",
        V1,
        filteredeventsearch,
    ),
)
