"""Reading events by date: ``eventsearch`` and ``filteredeventsearch``."""

from __future__ import annotations

from typing import Any

import orjson

from airflow_provider_ams.sandbox.events_show import (
    ANY_USER,
    check_paging,
    day_bound,
    open_form,
    put,
    show_events,
)
from airflow_provider_ams.sandbox.forms import Form
from airflow_provider_ams.sandbox.query import TRUE, cursor_numbers, id_list
from airflow_provider_ams.sandbox.replies import V1, Refusal, Reply, RpcError
from airflow_provider_ams.sandbox.site import Call, Route, Site
from airflow_provider_ams.sandbox.store import EVENT_COLUMNS
from airflow_provider_ams.sandbox.values import date_text, parse_date, parse_number, parse_time
from airflow_provider_ams.sandbox.wiretypes import Json


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
    users = _users(site, data)
    check_paging(site, paged, len(users))
    found: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
    for form in forms:
        records = _records(site, form, users, data)
        shown = show_events(site, form, records, search=True)
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
        put(reply, site.settings.search_cursor_key, cursor)
    return site.v1(reply)


def _users(site: Site, data: dict[str, Any]) -> list[int]:
    visible = [user for (user,) in site.store.all("select id from users where visible")]
    if data.get("userIds") is not None:
        asked = id_list(data["userIds"])
        return [user for user in asked if site.store.knows_user(user)]
    if site.settings.search_without_users == "500":
        raise Refusal(500, "The request is too large")
    return visible if site.settings.search_without_users == "everybody" else []


def _records(
    site: Site, form: Form, users: list[int], data: dict[str, Any]
) -> list[tuple[Any, ...]]:
    """Select by users and bounds."""
    where = ["form_id = ?", ANY_USER]
    values: list[Any] = [form.id, orjson.dumps(users).decode()]
    days, minutes = _bounds(site, data)
    if days is not None:
        where.append("day between ? and ?")
        values += days
    if minutes is not None:
        where.append("minute between ? and ?")
        values += minutes
    sql = f"select {EVENT_COLUMNS} from events where {' and '.join(where)} order by day, minute, id"
    records = site.store.all(sql, *values)
    cap = data.get("resultsPerUser")
    return _newest(records, cap) if isinstance(cap, int) and cap > 0 else records


Span = tuple[int, int] | None


def _bounds(site: Site, data: dict[str, Any]) -> tuple[Span, Span]:
    """Return the days and the minutes to search; without both times none, as live."""
    minutes: Span = None
    style = site.settings.search_bounds
    if data.get("startTime") and data.get("finishTime"):
        first, last = parse_time(str(data["startTime"])), parse_time(str(data["finishTime"]))
        if first is None or last is None:
            raise RpcError("startTime or finishTime is not a time")
        minutes = first, last
    start = day_bound(site, data.get("startDate"), "startDate", 0)
    days = start, day_bound(site, data.get("finishDate"), "finishDate", 1 << 31)
    paged = data.get("paginate") in TRUE
    if paged and (style == "not when paged" or (style == "first page only" and data.get("cursor"))):
        return None, None
    if style == "no times":
        return days, None
    return days if minutes or style == "dates" else None, minutes


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
