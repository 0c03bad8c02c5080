"""Stored events in the shape in which they are read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from airflow_provider_ams.sandbox.calculations import ReadAdditions
from airflow_provider_ams.sandbox.dress import Dresser, shown_rows
from airflow_provider_ams.sandbox.forms import Form
from airflow_provider_ams.sandbox.replies import Refusal, RpcError
from airflow_provider_ams.sandbox.rows import event_values
from airflow_provider_ams.sandbox.shaping import shown_id
from airflow_provider_ams.sandbox.site import Site
from airflow_provider_ams.sandbox.values import date_text, in_order, parse_date, time_text
from airflow_provider_ams.sandbox.wiretypes import Json

ANY_USER = "user_id in (select value from json_each(?))"


def show_events(
    site: Site, form: Form, records: Iterable[tuple[Any, ...]], search: bool = False
) -> list[dict[str, Any]]:
    """Return stored events as ``synchronise`` shows them, or ``eventsearch``."""
    settings = site.settings
    additions = ReadAdditions(site.store, form, settings.extra_fields)
    dresser, separate = Dresser(form, settings), settings.row_layout == "separate"
    clock, event_ids, user_ids = settings.event_times, settings.event_ids, settings.user_ids
    shown, order = [], settings.date_order
    for event_id, _, user_id, day, minute, f_day, f_minute, by, _, rows, computed in records:
        added = additions.of(user_id, day)
        start = (day, minute) if settings.hide_start_fields else None
        event = {
            "formName": form.name,
            "id": shown_id(event_id, event_ids),
            "startDate": in_order(date_text(day), order),
            "startTime": time_text(minute, clock),
            "finishDate": in_order(date_text(f_day), order),
            "finishTime": time_text(f_minute, clock),
            "userId": shown_id(user_id, user_ids),
            "enteredByUserId": shown_id(by, user_ids),
            "rows": shown_rows(dresser, rows, computed, added, start, separate),
        }
        if form.files:
            _attach(site, form, rows, event, search)
        shown.append(event)
    return shown


def _attach(site: Site, form: Form, rows: bytes, event: dict[str, Any], search: bool) -> None:
    style = site.settings.attachment_urls
    if style == "none" or (style == "search only" and not search):
        return
    values = event_values(form, orjson.loads(rows))
    found = [values[name].partition("|") for name in form.files if "|" in values.get(name, "")]
    base = f"{site.origin}/{site.settings.site}/attachments"
    urls = [{"attachmentUrl": f"{base}/{number}", "name": name} for number, _, name in found]
    event["attachmentUrl"] = urls[0]["attachmentUrl"] if style == "text" and urls else urls


def open_form(site: Site, name: Json, kind: str = "event") -> Form:
    """Return a form for reading, or refuse."""
    form = site.store.form(name, kind)
    if form is not None and form.name in site.settings.forbidden_forms:
        raise Refusal(403, "Access denied")
    if form is None:
        raise RpcError(f"There is no {kind} form named {name}", "FormNotFoundException")
    return form


def day_bound(site: Site, value: Json, name: str, default: int) -> int:
    """Return the day number of a date that bounds a search; left out it is the default."""
    if value in (None, ""):
        return default
    text = in_order(value, site.settings.date_order) if isinstance(value, str) else ""
    day = parse_date(text)
    if day is None:
        raise RpcError(f"{name} is not a date")
    return day


def put(reply: dict[str, Any], key: str, value: Json) -> None:
    """Set a member by its dotted name."""
    *parents, last = key.split(".")
    for parent in parents:
        reply = reply.setdefault(parent, {})
    reply[last] = value


def check_paging(site: Site, paged: bool, users: int) -> None:
    """Refuse a read without paging where the site does not allow it."""
    limit = site.settings.max_unpaged_users
    if not paged and (site.settings.reject_unpaginated or 0 < limit < users):
        raise Refusal(500, "The request is too large")
