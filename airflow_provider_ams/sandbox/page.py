"""The page of the sandbox: forms, events, people, and what has been sent in the last minutes.

It only shows: no script, no form to send, nothing from elsewhere. Texts come from whoever uses the
sandbox, so all of them are escaped.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from html import escape
from typing import Any

from fastapi import APIRouter, Request, Response

from airflow_provider_ams.sandbox.diary import CHANGED, DELETED, NEW, REFUSED
from airflow_provider_ams.sandbox.dump import latest
from airflow_provider_ams.sandbox.forms import Form
from airflow_provider_ams.sandbox.guard import refused
from airflow_provider_ams.sandbox.site import Site
from airflow_provider_ams.sandbox.wiretypes import Json

MINUTES = 15
LATEST, RECORDS, PEOPLE, REQUESTS = 20, 50, 200, 200
STYLE = """
body{font:14px/1.5 system-ui,sans-serif;color:#1b2733;background:#f6f8fa;margin:0 auto;
max-width:1200px;padding:1rem 1.5rem 3rem}
h1{font-size:1.5rem;margin:.2rem 0}h2{font-size:1.1rem;margin:2rem 0 .5rem}
p{margin:.3rem 0 .8rem;color:#4a5a6a}a{color:#0b62b0}
.scroll{overflow-x:auto;background:#fff;border:1px solid #d8dee4;border-radius:8px}
table{border-collapse:collapse;width:100%}
th{text-align:left;background:#eef2f6;font-weight:600;white-space:nowrap}
td,th{padding:.35rem .7rem;border-bottom:1px solid #e6eaee;vertical-align:top}
tr:last-child td{border-bottom:0}td.n,th.n{text-align:right}
td.w{white-space:nowrap}td.bad{color:#a4262c;font-weight:600}nav a{margin-right:1rem}
"""
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_NUMBERS = frozenset({"id", "fields", "records", "calls", "faults", "ms", "status", "user id"} | {
    NEW, CHANGED, DELETED, REFUSED
})  # fmt: skip


def router(site: Site) -> APIRouter:
    """Return the page's route, and one that leads from the site's address to it."""
    routes = APIRouter(include_in_schema=False)

    async def show(request: Request) -> Response:
        no = refused(request.headers, False)
        if no is not None:
            return Response(no[1], no[0], media_type="text/plain")
        return Response(
            whole_page(site, request.query_params.get("form")), 200, HEADERS, "text/html"
        )

    async def to_page(request: Request) -> Response:
        no = refused(request.headers, False)
        if no is not None:
            return Response(no[1], no[0], media_type="text/plain")
        return Response(status_code=303, headers={"Location": "/", **HEADERS})

    routes.add_api_route("/", show, methods=["GET"])
    routes.add_api_route(f"/{site.settings.site}", to_page, methods=["GET"])
    return routes


def whole_page(site: Site, chosen: str | None = None) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    site
        What is shown.
    chosen
        Id of the one form whose fields and records are shown, as the address has it.
    """
    number = int(chosen) if chosen and len(chosen) < 18 and chosen.isdecimal() else 0
    form = site.store.form_by_id(number)
    middle = _one_form(site, form) if form is not None else _latest(site)
    parts = [_head(site), *_imports(site), *_forms(site), *middle, *_people(site), *_traffic(site)]
    body = "\n".join(parts)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>AMS sandbox</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{STYLE}</style></head><body>{body}</body></html>"
    )


def _head(site: Site) -> str:
    now = datetime.fromtimestamp(site.clock.now() / 1000, timezone.utc)
    address = f"{site.origin}/{site.settings.site}"
    links = ("imports", "forms", "records", "people", "requests")
    nav = " ".join(f'<a href="#{name}">{name.capitalize()}</a>' for name in links)
    return (
        f"<h1>AMS sandbox</h1><p>{escape(address)}, account {escape(site.settings.username)}, "
        f"server time {now:%d/%m/%Y %H:%M} UTC. "
        f'Reload to see what has changed; steer it by <a href="/docs">the control plane</a>.</p>'
        f"<nav>{nav}</nav>"
    )


def _imports(site: Site) -> list[str]:
    runs = [
        {
            "began": _clock(run.began),
            "last call": _clock(run.last),
            "form": run.form,
            "endpoint": run.endpoint,
            "calls": run.calls,
            **{what: run.did[what] for what in (NEW, CHANGED, DELETED, REFUSED)},
            "faults": run.faults,
        }
        for run in site.diary.runs()
    ]
    told = (
        "What has been written, by session and form; times of this machine in UTC. Events that an "
    )
    told += "import found as they are to be are not sent, so they are not in here."
    return _section("imports", "What each import did", told, runs, "Nothing has been written yet.")


def _forms(site: Site) -> list[str]:
    counts: dict[int, int] = {}
    for table in ("events", "profiles"):
        counts |= dict(site.store.all(f"select form_id, count(*) from {table} group by form_id"))
    rows = [
        {
            "id": form.id,
            "form": _Link(f"/?form={form.id}#records", form.name),
            "type": form.type,
            "fields": len(form.fields),
            "records": counts.get(form.id, 0),
        }
        for form in site.store.forms()
    ]
    return _section("forms", "Forms", "A form's name shows its fields and records.", rows, "None.")


def _latest(site: Site) -> list[str]:
    rows = [{"form": event["form"], **_record(event)} for event in latest(site, "events", LATEST)]
    told = f"The {LATEST} events that changed last."
    return _section("records", "Events", told, rows, "There are none.")


def _one_form(site: Site, form: Form) -> list[str]:
    table = "profiles" if form.type == "profile" else "events"
    fields = [
        {
            "field": item.name,
            "type": item.type,
            "required": "yes" if item.required else "",
            "in the table": "yes" if item.table else "",
            "options": ", ".join(item.options),
        }
        for item in form.fields
    ]
    records = [_record(record) for record in latest(site, table, RECORDS, form.id)]
    told = f"The {RECORDS} records that changed last."
    return [
        *_section("fields", f"Fields of {form.name}", f"Of type {form.type}.", fields, "None."),
        *_section("records", f"Records of {form.name}", told, records, "There are none."),
    ]


def _record(record: dict[str, Any]) -> dict[str, Any]:
    when = (
        {"start": f"{record['start_date']} {record['start_time']}"}
        if "start_date" in record
        else {}
    )
    table = [", ".join(f"{k}: {v}" for k, v in row.items()) for row in record["table"]]
    return {
        "id": record["id"],
        "person": record["username"] or f"user {record['user_id']}",
        **when,
        "values": "; ".join(f"{name}: {value}" for name, value in record["values"].items()),
        "calculated": "; ".join(f"{name}: {value}" for name, value in record["computed"].items()),
        "table": " / ".join(table),
    }


def _people(site: Site) -> list[str]:
    (count,) = site.store.one("select count(*) from users")
    rows = [
        {
            "user id": user["id"],
            "username": user["username"],
            "name": f"{user['first_name']} {user['last_name']}".strip(),
            "e-mail": user["email"],
            "groups": ", ".join(user["groups"]),
            "remarks": _remarks(user),
        }
        for user in site.store.users(f"id in (select id from users order by id limit {PEOPLE})")
    ]
    told = f"{count} accounts" + (f", the first {PEOPLE}." if count > PEOPLE else ".")
    return _section("people", "People", told, rows, "There are none.")


def _remarks(user: dict[str, Any]) -> str:
    said = {
        "staff": user["staff"],
        "not active": not user["active"],
        "not visible to the account": not user["visible"],
    }
    return ", ".join(name for name, holds in said.items() if holds)


def _traffic(site: Site) -> list[str]:
    seen = site.diary.requests(MINUTES)
    rows = [
        {
            "at": _clock(one.at),
            "endpoint": one.endpoint,
            "status": _status(one.status),
            "ms": round(one.ms),
            "fault": _Bad(one.fault) if one.fault else "",
        }
        for one in seen[:REQUESTS]
    ]
    faults = sum(bool(one.fault) for one in seen)
    told = f"{len(seen)} in the last {MINUTES} minutes, {faults} of them hit by a fault"
    told += f"; the last {REQUESTS}:" if len(seen) > REQUESTS else "."
    return _section("requests", "Requests and faults", told, rows, "There were none.")


def _status(status: int) -> Json:
    return status if 0 < status < 400 else _Bad(status or "no answer")


class _Link:
    """A cell that leads somewhere on this page."""

    def __init__(self, href: str, text: str) -> None:
        self.href, self.text = href, text


class _Bad(str):
    """A cell that stands out."""


def _clock(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, timezone.utc):%H:%M:%S}"


def _section(
    anchor: str, title: str, told: str, rows: Sequence[dict[str, Any]], nothing: str
) -> list[str]:
    """Return a heading, a sentence and a table; columns without values are left out."""
    head = f'<h2 id="{anchor}">{escape(title)}</h2>'
    if not rows:
        return [head, f"<p>{escape(nothing)}</p>"]
    names = [name for name in rows[0] if any(row[name] not in ("", None) for row in rows)]
    heads = "".join(f"<th{_kind(name)}>{escape(name)}</th>" for name in names)
    lines = "".join(f"<tr>{''.join(_cells(names, row))}</tr>" for row in rows)
    table = f'<div class="scroll"><table><tr>{heads}</tr>{lines}</table></div>'
    return [head, f"<p>{escape(told)}</p>", table]


def _cells(names: Iterable[str], row: dict[str, Any]) -> Iterable[str]:
    for name in names:
        value = row[name]
        kind = ' class="bad"' if isinstance(value, _Bad) else _kind(name)
        yield f"<td{kind}>{_text(value)}</td>"


def _kind(name: str) -> str:
    if name in _NUMBERS:
        return ' class="n"'
    return ' class="w"' if name == "start" else ""


def _text(value: Json) -> str:
    if isinstance(value, _Link):
        return f'<a href="{escape(value.href)}">{escape(value.text)}</a>'
    return escape("" if value is None else str(value))
