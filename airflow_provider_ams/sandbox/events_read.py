"""Reading events by change: ``synchronise``."""

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
from airflow_provider_ams.sandbox.query import TRUE, cursor_numbers, id_list, sync_time
from airflow_provider_ams.sandbox.replies import V1, Refusal, Reply
from airflow_provider_ams.sandbox.shaping import shown_id
from airflow_provider_ams.sandbox.site import Call, Route, Site
from airflow_provider_ams.sandbox.store import EVENT_COLUMNS
from airflow_provider_ams.sandbox.wiretypes import Json


def synchronise(site: Site, call: Call) -> Reply:
    """Return the events of one form that changed since a time, and the ids deleted since."""
    data = call.json()
    call.need(data, "formName")
    form = open_form(site, data["formName"])
    asked = id_list(data.get("userIds"))
    if data.get("lastSynchronisationTimeOnServer") is None and data.get("startDate") is None:
        raise Refusal(400, "Required parameters missing: lastSynchronisationTimeOnServer")
    since, first_day = _from(site, data)
    paging = data["pagination"] if isinstance(data.get("pagination"), dict) else {}
    paged = paging.get("paginate") in TRUE
    check_paging(site, paged, len(asked))
    now, number, after = _sync_cursor(site, paging.get("cursor"))
    limit = site.settings.page_size if paged else None
    page, last = _changed(site, form, asked, (since, first_day, *after), limit)
    reply: dict[str, Any] = {
        "export": {"events": show_events(site, form, page)},
        "lastSynchronisationTimeOnServer": now + number * site.settings.sync_time_drift_ms,
        "idsOfDeletedEvents": _deleted(site, form, asked, since),
    }
    if paged:
        put(reply, site.settings.sync_cursor_key, last and f"{now}.{number + 1}.{last}")
    return site.v1(reply)


def _from(site: Site, data: dict[str, Any]) -> tuple[int, int]:
    """Return the time and the day to read from; which of them counts is up to the dialect."""
    since = sync_time(data.get("lastSynchronisationTimeOnServer"))
    first_day = day_bound(site, data.get("startDate"), "startDate", 0)
    if data.get("lastSynchronisationTimeOnServer") is None or data.get("startDate") is None:
        return since, first_day
    style = site.settings.since_and_start_date
    return (0 if style == "start date" else since), (0 if style == "since" else first_day)


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


def _deleted(site: Site, form: Form, asked: list[int], since: int) -> list[int | str]:
    where: list[str] = ["modified > ?"]
    values: list[Any] = [0 if site.settings.repeat_deletions else since]
    if site.settings.deletions_of != "site":
        where.append("form_id = ?")
        values.append(form.id)
    if site.settings.deletions_of == "users":
        where.append(ANY_USER)
        values.append(orjson.dumps(asked).decode())
    sql = f"select id from deleted where {' and '.join(where)} order by modified, id"
    ids = site.settings.event_ids
    return [shown_id(event_id, ids) for (event_id,) in site.store.all(sql, *values)]


ROUTES = (Route("synchronise", "POST", "/api/v1/synchronise", "basic", V1, synchronise),)
