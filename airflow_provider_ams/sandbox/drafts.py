"""One event on its way in: checked member by member before anything is stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from airflow_provider_ams.sandbox.forms import Form
from airflow_provider_ams.sandbox.query import author
from airflow_provider_ams.sandbox.replies import PLAIN, V3, Refusal, RpcError
from airflow_provider_ams.sandbox.rows import Reject, Rows, take_rows
from airflow_provider_ams.sandbox.site import Call, Site
from airflow_provider_ams.sandbox.values import (
    HALF_DAY,
    in_order,
    parse_date,
    parse_time,
    site_zone,
    wall_of,
)
from airflow_provider_ams.sandbox.wiretypes import Json

DAY_MINUTES = 2 * HALF_DAY
MEMBERS = frozenset(
    {
        "formName",
        "startDate",
        "finishDate",
        "startTime",
        "finishTime",
        "userId",
        "enteredByUserId",
        "existingEventId",
        "rows",
    }
)


@dataclass
class Draft:
    """Hold one event that has passed all checks and is not stored yet."""

    form: Form
    user_id: int
    start: tuple[int, int]
    finish: tuple[int, int]
    entered_by: int
    rows: Rows
    existing: int | None = None


def unknown_members(site: Site, event: dict[str, Any]) -> Refusal:
    """Return the refusal of an event with members that events do not have."""
    extra = ", ".join(sorted(event.keys() - MEMBERS))
    json_body = site.settings.unprocessable_body == "json"
    return Refusal(422, f"Unrecognised property: {extra}", V3 if json_body else PLAIN)


def draft(site: Site, call: Call, event: Json, unknown: dict[str, None]) -> Draft:
    """Check one event.

    Raises
    ------
    Refusal
        422 for a member that events do not have, 403 for a form closed to the account.
    Reject
        For everything else that is wrong with it.
    """
    if not isinstance(event, dict):
        raise Reject(reason="an event is not an object")
    if not event.keys() <= MEMBERS:
        raise unknown_members(site, event)
    name = event.get("formName")
    form = site.store.form(name)
    if name in site.settings.forbidden_forms:
        raise Refusal(403, "Access denied")
    if form is None:
        raise _no_form(site.settings.unknown_form)
    if form.read_only:
        raise Reject(reason="the form is read-only")
    user = event.get("userId")
    user_id = user.get("userId") if isinstance(user, dict) else None
    if not isinstance(user_id, int) or not site.store.knows_user(user_id):
        raise Reject(reason="no such user")
    start, finish = _times(site, event)
    entered_by = author(event, call.user_id, site.settings.foreign_author)
    if entered_by is None:
        raise Reject(reason="enteredByUserId is not a number")
    return Draft(
        form,
        user_id,
        start,
        finish,
        entered_by,
        take_rows(form, event.get("rows"), site.settings, unknown, site.rule_breaks),
        _existing_id(event.get("existingEventId")),
    )


def _no_form(answer: str) -> Exception:
    if answer == "403":
        return Refusal(403, "Access denied")
    return RpcError("There is no such form") if answer == "rpc" else Reject(reason="no such form")


def _times(site: Site, event: dict[str, Any]) -> tuple[tuple[int, int], tuple[int, int]]:
    noon_bug = site.settings.twelve_am_is_noon
    order = site.settings.date_order
    day, finish_day = (_day(event.get(name), order) for name in ("startDate", "finishDate"))
    if day is None or finish_day is None:
        raise Reject(reason="a date is missing or not dd/MM/yyyy")
    if event.get("startTime") is None:
        zone = site_zone(site.settings.site_zone)
        minute: int | None = wall_of(site.clock.now(), zone)[1]
    else:
        minute = _minute(event["startTime"], noon_bug)
    if minute is None:
        raise Reject(reason="startTime is not h:mm AM")
    if event.get("finishTime") is None:
        later = minute + 60
        rolls = later >= DAY_MINUTES and finish_day == day
        return (day, minute), (finish_day + rolls, later % DAY_MINUTES)
    finish_minute = _minute(event["finishTime"], noon_bug)
    if finish_minute is None:
        raise Reject(reason="finishTime is not h:mm AM")
    return (day, minute), (finish_day, finish_minute)


def _day(value: Json, order: str) -> int | None:
    return parse_date(in_order(value, order)) if isinstance(value, str) else None


def _minute(value: Json, noon_bug: bool) -> int | None:
    return parse_time(value, noon_bug) if isinstance(value, str) else None


def _existing_id(value: Json) -> int | None:
    if value in (None, "", -1, "-1"):
        return None
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit()):
        raise Reject(reason="existingEventId is not an id")
    return int(text)
