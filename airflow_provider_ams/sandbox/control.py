"""The control plane under ``/__sandbox__/``: reset, seed, look inside, change, break."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from airflow_provider_ams.sandbox import people, seeds, tidepool
from airflow_provider_ams.sandbox.dialect import Dialect
from airflow_provider_ams.sandbox.dump import dump_events, dump_profiles, insert_events
from airflow_provider_ams.sandbox.faults import FaultPlan
from airflow_provider_ams.sandbox.forms import Form
from airflow_provider_ams.sandbox.guard import refused
from airflow_provider_ams.sandbox.rows import Reject
from airflow_provider_ams.sandbox.site import Site
from airflow_provider_ams.sandbox.store import TABLES
from airflow_provider_ams.sandbox.wiretypes import Json

Action = Callable[[Site, dict[str, Any]], Any]
PREFIX = "/__sandbox__"
MAX_INVENTED = 100_000


def start(site: Site, data: dict[str, Any] | None = None) -> None:
    """Make sure that the API account is there, then seed."""
    data = data or {}
    if not site.store.one("select 1 from users where id = ?", people.API_ACCOUNT_ID):
        account = {
            "id": people.API_ACCOUNT_ID,
            "username": site.settings.username,
            "password": site.settings.password,
            "first_name": "Api",
            "last_name": "Account",
            "staff": True,
            "groups": ["All Athletes"],
        }
        site.store.put_users(people.complete(site.store, [account]))
    if data.get("seed"):
        seed(site, data)


def reset(site: Site, data: dict[str, Any]) -> dict[str, Any]:
    """Empty the site, then seed it when asked; in another dialect when one is given."""
    spoken = Dialect.parse(data["dialect"]) if data.get("dialect") is not None else None
    site.reset(spoken)
    start(site, data)
    return {}


def seed(site: Site, data: dict[str, Any]) -> dict[str, Any]:
    """Add a named data set."""
    today = data.get("today")
    seeds.plant(site, data["seed"], date.fromisoformat(today) if today else date.today())
    return {}


def state(site: Site, data: dict[str, Any]) -> dict[str, Any]:
    """Return counts of everything and all settings but the password."""
    counts = {name: site.store.one(f"select count(*) from {name}")[0] for name in TABLES}
    events = {
        form.name: site.store.one("select count(*) from events where form_id = ?", form.id)[0]
        for form in site.store.forms()
        if form.type == "event"
    }
    return {
        "counts": counts,
        "events": events,
        "settings": site.settings.shown(),
        "dialect": repr(site.settings.dialect),
        "time": site.clock.now(),
        "logins": site.sessions.logins,
        "rule_breaks": dict(site.rule_breaks),
        **requests(site, {"detail": "1"}),
        "faults_hit": len(site.faults.log),
    }


def requests(site: Site, data: dict[str, Any]) -> dict[str, Any]:
    """Return the number of requests by endpoint."""
    counts = dict(site.traffic.requests)
    if not data.get("detail"):
        return counts
    return {
        "requests": counts,
        "max_in_flight": dict(site.traffic.max_in_flight),
        "statuses": dict(site.traffic.statuses),
        "app_ids": dict(site.traffic.app_ids),
    }


def clear_requests(site: Site, data: dict[str, Any]) -> dict[str, Any]:
    """Set the counts to zero."""
    site.traffic.clear()
    return {}


def configure(site: Site, data: dict[str, Any]) -> dict[str, Any]:
    """Change settings."""
    site.use(site.settings.changed(data))
    return site.settings.shown()


def switch_dialect(site: Site, data: dict[str, Any]) -> dict[str, Any]:
    """Speak another dialect from now on; the data and all other settings stay."""
    site.use(site.settings.speaking(Dialect.parse(data.get("dialect"))))
    return site.settings.dialect.as_dict()


def dialect(site: Site, data: dict[str, Any]) -> dict[str, Any]:
    """Return the dialect that is spoken."""
    return site.settings.dialect.as_dict()


def move_time(site: Site, data: dict[str, Any]) -> int:
    """Move or stop the clock."""
    return site.clock.move(data.get("now_ms"), data.get("advance_ms") or 0, data.get("freeze"))


def expire_sessions(site: Site, data: dict[str, Any]) -> int:
    """End all sessions."""
    return site.sessions.close_all()


def add_users(site: Site, data: dict[str, Any]) -> list[int]:
    """Add accounts, given or invented."""
    users = data["users"]
    if isinstance(users, int):
        if not 0 <= users <= MAX_INVENTED:
            raise ValueError(f"at most {MAX_INVENTED} accounts can be invented in one call")
        first = site.store.one("select count(*) + 1 from users where username like 'athlete.%'")
        users = people.invented(users, first[0])
    return site.store.put_users(people.complete(site.store, users))


def list_users(site: Site, data: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all accounts, passwords masked."""
    return [{**user, "password": user["password"] and "***"} for user in site.store.users()]


def delete_users(site: Site, data: dict[str, Any]) -> int:
    """Delete accounts; their events stay."""
    return _remove(site, data["ids"], None)


def merge_users(site: Site, data: dict[str, Any]) -> int:
    """Merge an account into another, which gets its events."""
    with site.store.transaction() as stamp:
        pair = (data["new"], stamp, data["old"])
        site.store.db.execute("update events set user_id = ?, modified = ? where user_id = ?", pair)
    return _remove(site, [data["old"]], data["new"])


def _remove(site: Site, ids: list[int], new: int | None) -> int:
    with site.store.transaction() as stamp:
        for user_id in ids:
            row = (user_id, new, stamp)
            site.store.db.execute("insert or replace into removed_users values (?,?,?)", row)
            site.store.db.execute("delete from users where id = ?", (user_id,))
            site.store.db.execute("delete from members where user_id = ?", (user_id,))
    site.store.refresh()
    return len(ids)


def add_form(site: Site, data: dict[str, Any]) -> int:
    """Add a form; one that is there goes, with all its records, when told to replace it."""
    options = {k: v for k, v in data.items() if k not in ("id", "name", "fields", "replace")}
    kind = options.get("type", "event")
    old = [site.store.form(data["name"], kind), site.store.form_by_id(data.get("id") or 0)]
    there = [form for form in old if form is not None]
    if there and not data.get("replace"):
        what = f"{there[0].type} form {there[0].name!r} (id {there[0].id})"
        raise ValueError(f"there is the {what} already; replace=True replaces it and its records")
    form_id = data.get("id") or (there[0].id if there else site.store.next_ids("forms"))
    form = Form.build(form_id, data["name"], data["fields"], **options)
    site.store.drop_forms([form.id for form in there])
    site.store.put_form(form)
    return form_id


def list_forms(site: Site, data: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the definitions of all forms."""
    return [form.as_dict() for form in site.store.forms()]


def delete_event(site: Site, data: dict[str, Any]) -> int:
    """Delete events as a person would."""
    return site.store.delete_events(data["ids"])


def deleted(site: Site, data: dict[str, Any]) -> list[int]:
    """Return the ids of deleted events."""
    return [row[0] for row in site.store.all("select id from deleted order by modified, id")]


def set_faults(site: Site, data: dict[str, Any]) -> dict[str, Any]:
    """Replace the fault plan and start its counts and log anew."""
    plan = FaultPlan.build(data)
    site.faults.release()
    site.faults = plan
    return {}


def release(site: Site, data: dict[str, Any]) -> int:
    """Let the paused requests of an endpoint go; returns how many there were."""
    return site.faults.release(data.get("endpoint") or "*")


def paused(site: Site, data: dict[str, Any]) -> dict[str, int]:
    """Return how many requests are paused, by endpoint."""
    return site.faults.paused()


def fault_log(site: Site, data: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the faults that hit."""
    return site.faults.log


ACTIONS: dict[tuple[str, str], Action] = {
    ("POST", "reset"): reset,
    ("POST", "seed"): seed,
    ("GET", "state"): state,
    ("GET", "requests"): requests,
    ("DELETE", "requests"): clear_requests,
    ("POST", "configure"): configure,
    ("POST", "dialect"): switch_dialect,
    ("GET", "dialect"): dialect,
    ("POST", "time"): move_time,
    ("POST", "sessions/expire"): expire_sessions,
    ("POST", "users"): add_users,
    ("GET", "users"): list_users,
    ("POST", "users/delete"): delete_users,
    ("POST", "users/merge"): merge_users,
    ("POST", "forms"): add_form,
    ("GET", "forms"): list_forms,
    ("POST", "events"): insert_events,
    ("GET", "events"): dump_events,
    ("POST", "events/edit"): insert_events,
    ("POST", "events/delete"): delete_event,
    ("GET", "events/deleted"): deleted,
    ("GET", "profiles"): dump_profiles,
    ("POST", "faults"): set_faults,
    ("GET", "faults"): fault_log,
    ("POST", "faults/release"): release,
    ("GET", "faults/paused"): paused,
    ("GET", "tidepool/events"): tidepool.tracked_events,
    ("GET", "tidepool/counts"): tidepool.tracked_counts,
    ("GET", "tidepool/summary"): tidepool.tracked_summary,
}


def router(site: Site) -> APIRouter:
    """Return the routes of the control plane."""
    routes = APIRouter(prefix=PREFIX, tags=["control plane"])
    for (method, path), action in ACTIONS.items():
        endpoint = _endpoint(site, action)
        name = action.__name__.replace("_", " ")
        routes.add_api_route(
            f"/{path}", endpoint, methods=[method], name=name, description=action.__doc__
        )
    return routes


def _endpoint(site: Site, action: Action) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        body = await request.body()
        no = refused(request.headers, bool(body))
        if no is not None:
            return _answer({"error": no[1]}, no[0])
        try:
            data = orjson.loads(body) if body else dict(request.query_params)
            result = action(site, data)
        except (ValueError, TypeError, KeyError, AttributeError, Reject) as error:
            reason = getattr(error, "reason", None) or f"{type(error).__name__}: {error}"
            return _answer({"error": reason}, 400)
        return _answer(result, 200)

    return serve


def _answer(data: Json, status: int) -> Response:
    body = data if isinstance(data, bytes) else orjson.dumps(data)
    return Response(body, status, media_type="application/json")
