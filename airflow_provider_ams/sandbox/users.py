"""User endpoints: synchronise, search, groups, and the account objects of v2 and v3."""

from __future__ import annotations

from typing import Any

import orjson

from airflow_provider_ams.sandbox.events_show import check_paging
from airflow_provider_ams.sandbox.people import account_object, search_object
from airflow_provider_ams.sandbox.query import TRUE, cursor_numbers, id_list, sync_time
from airflow_provider_ams.sandbox.replies import V1, V2, V3, Reply, RpcError, ok
from airflow_provider_ams.sandbox.shaping import shown_id
from airflow_provider_ams.sandbox.site import Call, Route, Site
from airflow_provider_ams.sandbox.wiretypes import Json


def usersynchronise(site: Site, call: Call) -> Reply:
    """List the users changed since a time, a page of them when asked."""
    data = call.json()
    call.need(data, "lastSynchronisationTimeOnServer")
    since = sync_time(data["lastSynchronisationTimeOnServer"])
    paged = data.get("paginate") in TRUE
    now, after = _read_cursor(site, data.get("cursor"))
    limit = site.settings.page_size if paged else -1
    users = site.store.users(
        "visible and modified > ? and id > ?", since, after
    )  # ordered by id, so the last id is a stable cursor
    check_paging(site, paged, len(users))
    page = users[:limit] if paged else users
    more = paged and len(users) > limit
    reply = {
        "users": [_with_phones(site, user) for user in page],
        "lastSynchronisationTimeOnServer": now,
        "cursor": f"{now}.{page[-1]['id']}" if more else None,
        **_departures(site, since, data.get("userIds")),
    }
    return site.v1(reply)


def _read_cursor(site: Site, cursor: Json) -> tuple[int, int]:
    if not cursor:
        return site.clock.stamp(), 0
    time, last = cursor_numbers(cursor, 2)
    return time, last


def _with_phones(site: Site, user: dict[str, Any]) -> dict[str, Any]:
    shown = search_object(user, site.settings.user_ids)
    shown.pop("addresses")
    return shown


def _departures(site: Site, since: int, asked: Json) -> dict[str, Any]:
    rows = site.store.all("select id, new_id, modified from removed_users")
    asked = set(id_list(asked))
    ids = site.settings.user_ids
    merged = [
        {"oldId": shown_id(old, ids), "newId": shown_id(new, ids)}
        for old, new, at in rows
        if new and at > since
    ]
    gone = [shown_id(old, ids) for old, new, _ in rows if new is None and old in asked]
    return {"mergedUsers": merged, "idsOfDeletedUsers": gone}


def usersearch(site: Site, call: Call) -> Reply:
    """Find users by id, username, e-mail address or name; all of them without a filter."""
    asked = call.json().get("identification")
    elements = asked if isinstance(asked, list) else [asked] if asked else []
    found = [(element, _matching(site, element)) for element in elements or [{}]]
    if site.settings.empty_body_when_no_rows and not any(users for _, users in found):
        return Reply(b"")
    single = sum(len(users) for _, users in found) == 1
    results = [{"search": e, "results": _shown(site, users, single)} for e, users in found]
    return site.v1({"results": results})


def _matching(site: Site, element: Json) -> list[dict[str, Any]]:
    columns = {
        "userId": "id",
        "username": "username",
        "emailAddress": "json_extract(data, '$.email')",
        "firstName": "json_extract(data, '$.first_name')",
        "lastName": "json_extract(data, '$.last_name')",
    }
    if not isinstance(element, dict):
        raise RpcError("identification must hold objects")
    known = [name for name in columns if element.get(name) is not None]
    if not all(isinstance(element[name], (str, int)) for name in known):
        raise RpcError("identification must hold texts and numbers")
    if element and not known:
        return []
    where = " and ".join(["visible", *(f"{columns[name]} = ?" for name in known)])
    return site.store.users(where, *(element[name] for name in known))


def _shown(site: Site, users: list[dict[str, Any]], single: bool) -> list[dict[str, Any]]:
    shown = [search_object(user, site.settings.user_ids) for user in users]
    if single and shown:
        names = _group_names(site)
        ids = {name: 40 + place for place, name in enumerate(names)}
        kind = "coachGroups" if users[0]["staff"] else "athleteGroups"
        groups: dict[str, Any] = {"role": [], "athleteGroups": [], "coachGroups": []}
        groups[kind] = [{"id": ids[name], "name": name} for name in users[0]["groups"]]
        shown[0]["groupsAndRoles"] = groups
    return shown


def _group_names(site: Site) -> list[str]:
    return [name for (name,) in site.store.all("select distinct grp from members order by grp")]


def groupmembers(site: Site, call: Call) -> Reply:
    """List the members of one named group; an unknown group has none."""
    data = call.json()
    call.need(data, "name")
    names = data["name"] if isinstance(data["name"], list) else [data["name"]]
    return _members(site, call, str(names[0]) if names else "")


def currentgroup(site: Site, call: Call) -> Reply:
    """List the members of the group the account opened last: the first of its groups."""
    call.json()
    own = site.store.users("id = ?", call.user_id)[0]["groups"]
    return _members(site, call, own[0] if own else "")


def _members(site: Site, call: Call, group: str) -> Reply:
    unknown = group not in _group_names(site)
    if unknown and site.settings.unknown_group == "rpc":
        raise RpcError(f"There is no group named {group}", "GroupNotFoundException")
    if unknown and site.settings.unknown_group == "empty body":
        return Reply(b"")
    where = "visible and not staff and id in (select user_id from members where grp = ?)"
    ids = site.settings.user_ids
    users = [search_object(user, ids) for user in site.store.users(where, group)]
    search = {"userId": shown_id(call.user_id, ids)}
    return site.v1({"results": [{"search": search, "results": users}]})


def listgroups(site: Site, call: Call) -> Reply:
    """List the names of the groups."""
    call.json()
    return site.v1({"name": _group_names(site)})


def group_athletes(site: Site, call: Call) -> Reply:
    """List the groups with the ids of their athletes."""
    athletes = site.store.users("visible and active and not staff")
    shown = {
        str(user["id"]): {
            "id": user["id"],
            "firstname": user["first_name"],
            "lastname": user["last_name"],
            "avatarId": -1,
        }
        for user in athletes
    }
    groups = [
        {"name": name, "athletes": [user["id"] for user in athletes if name in user["groups"]]}
        for name in _group_names(site)
    ]
    return ok({"athleteMap": shown, "groups": groups}, V3)


def person_get(site: Site, call: Call) -> Reply:
    """Return account objects by id."""
    try:
        query = call.json()["filter"]
        leaf = query["comparisons"]["branches"][0]["leaf"]
        ids = [int(text) for text in leaf["valueInteger"] if isinstance(text, str)]
        limit, offset = int(query.get("limit", "-1")), max(int(query.get("offset", "-1")), 0)
    except (KeyError, IndexError, TypeError, ValueError):
        raise RpcError("The filter is not understood") from None
    marks = orjson.dumps(ids).decode()
    people = site.store.users("visible and id in (select value from json_each(?))", marks)
    page = people[offset : offset + limit if limit >= 0 else None]
    return ok({"objects": [account_object(p) for p in page], "totalCount": len(people)}, V2)


ROUTES = (
    Route("usersynchronise", "POST", "/api/v1/usersynchronise", "basic", V1, usersynchronise),
    Route("usersearch", "POST", "/api/v1/usersearch", "basic", V1, usersearch),
    Route("groupmembers", "POST", "/api/v1/groupmembers", "basic", V1, groupmembers),
    Route("currentgroup", "POST", "/api/v1/currentgroup", "basic", V1, currentgroup),
    Route("listgroups", "POST", "/api/v1/listgroups", "basic", V1, listgroups),
    Route("group-athletes", "GET", "/api/v3/group-athletes", "session", V3, group_athletes),
    Route("person/get", "POST", "/api/v2/person/get", "session", V2, person_get),
)
