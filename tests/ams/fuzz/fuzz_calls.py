"""The public functions, called as a user would, and what must be true of what they return."""

from __future__ import annotations

import time

import pandas as pd
from fuzz_world import ANN, BOB, CARD, CAT, LOG

from airflow_provider_ams import ams
from airflow_provider_ams.transport import Clock, RetryPolicy

QUIET = {"interactive_mode": False}
START, END = "01/01/2026", "31/01/2026"


def make_client(proxy, tries=2):
    clock = Clock(now=time.time, sleep=lambda seconds: None, random=lambda: 0.5)
    retry = RetryPolicy(tries=tries)
    return ams.AMSClient(
        proxy.url, "api", "secret", timezone="UTC", clock=clock, retry=retry, read_timeout=5
    )


def frame(**columns):
    base = {"user_id": [ANN, BOB], "start_date": ["05/01/2026", "06/01/2026"], "amount": [5, 6]}
    return pd.DataFrame(base | {"start_time": "9:00 AM"} | columns)


def by_name():
    names = {"about": ["Ann Vale", "Bob Vale"], "day": ["01/02/2026", "02/02/2026"]}
    return frame(**names).drop(columns="user_id")


def keyed():
    return frame(start_date=["01/01/2026", "06/01/2026"], level=["Low", "High"])


def planned(client):
    option = ams.PlanOption(key=["start_date"], mode="upsert", validate=True, **QUIET)
    plan = ams.plan_event_data(keyed(), LOG, client=client, option=option)
    return ams.apply(plan, client=client, interactive_mode=False)


def mirror(client):
    option = ams.MirrorEventOption(key=["start_date"], max_deletes=10, interactive_mode=False)
    return ams.mirror_event_data(keyed(), LOG, window=(START, END), client=client, option=option)


def upsert(client):
    option = ams.UpsertEventOption(key=["start_date"], **QUIET)
    return ams.upsert_event_data(keyed(), LOG, client=client, option=option)


def update(client):
    option = ams.UpdateEventOption(require_confirmation=False, **QUIET)
    rows = frame(event_id=[500, 502], start_date=["01/01/2026", "02/01/2026"])
    return ams.update_event_data(rows, LOG, client=client, option=option)


def insert(client):
    option = ams.InsertEventOption(id_col="about", **QUIET)
    return ams.insert_event_data(by_name(), LOG, client=client, option=option)


def profile(client):
    rows = pd.DataFrame({"user_id": [ANN, CAT], "height": [170, 180]})
    option = ams.UpsertProfileOption(**QUIET)
    return ams.upsert_profile_data(rows, CARD, client=client, option=option)


def delete(client):
    option = ams.DeleteEventOption(require_confirmation=False, **QUIET)
    return ams.delete_multiple_events([500, 502, 503], LOG, client=client, option=option)


def schema_of_both(client):
    event = ams.get_form_schema(LOG, client=client, option=ams.FormOption(**QUIET))
    option = ams.FormOption(form_type="profile", **QUIET)
    return pd.concat([event, ams.get_form_schema(CARD, client=client, option=option)])


def search(client, **chosen):
    return ams.get_event_data(
        LOG,
        START,
        END,
        client=client,
        filter=ams.EventFilter(**chosen) if chosen else None,
        option=ams.EventOption(include_missing_users=True, **QUIET),
    )


def filtered(client):
    return search(
        client, data_key="amount", data_value="1", data_condition="greater_than_or_equal_to"
    )


def group(client):
    chosen = ams.UserFilter(user_key="group", user_value="All")
    return ams.get_user(client=client, filter=chosen, option=ams.UserOption(**QUIET))


def current_group(client):
    return search(client, user_key="current_group")


def sync(client):
    return ams.sync_event_data(LOG, 0, client=client, option=ams.SyncEventOption(**QUIET))


def profiles(client):
    return ams.get_profile_data(CARD, client=client, option=ams.ProfileOption(**QUIET))


def validate(client):
    option = ams.PlanOption(key=["start_date"], mode="upsert", validate=True, **QUIET)
    return ams.validate_event_data(keyed(), LOG, client=client, option=option)


READS = {
    "login": (lambda c: ams.login(client=c, option=ams.LoginOption(**QUIET)), ["loginUser"]),
    "get_user": (
        lambda c: ams.get_user(client=c, option=ams.UserOption(**QUIET)),
        ["loginUser", "usersynchronise"],
    ),
    "group": (group, ["usersynchronise", "groupmembers"]),
    "get_group": (
        lambda c: ams.get_group(client=c, option=ams.GroupOption(**QUIET)),
        ["loginUser", "listgroups"],
    ),
    "get_forms": (lambda c: ams.get_forms(client=c, option=ams.FormOption(**QUIET)), ["summaries"]),
    "get_form_schema": (schema_of_both, ["summaries", "schema"]),
    "get_event_data": (search, ["summaries", "usersynchronise", "eventsearch"]),
    "filtered": (filtered, ["filteredeventsearch"]),
    "current_group": (current_group, ["currentgroup", "eventsearch"]),
    "sync_event_data": (sync, ["usersynchronise", "synchronise"]),
    "get_profile_data": (profiles, ["profilesearch"]),
    "validate_event_data": (validate, ["summaries", "schema", "usersynchronise"]),
}
_EVENTS = ["summaries", "schema", "usersynchronise", "synchronise", "eventsearch", "eventsimport"]
WRITES = {
    "insert": (insert, [*_EVENTS, "loginUser"]),
    "update": (update, _EVENTS),
    "upsert": (upsert, _EVENTS),
    "profile": (profile, ["schema", "profilesearch", "profileimport", "usersynchronise"]),
    "delete": (delete, ["synchronise", "deleteAll", "deleteevent"]),
    "mirror": (mirror, [*_EVENTS, "deleteevent", "deleteAll"]),
    "plan and apply": (planned, _EVENTS),
}
ROWS = {"delete": 3}


def check_result(name, result, world):
    """Every input row is accounted for, and what is said to be stored is stored."""
    rows = result.rows
    assert len(rows) == ROWS.get(name, 2), "a row is unaccounted for"
    assert rows["status"].notna().all()
    if name == "delete":
        gone = rows.loc[rows["status"] == "deleted", "event_id"]
        assert not set(gone) & set(world.events), "deleted, and still there"
        return
    if name == "profile":
        return
    landed = rows.loc[rows["status"].isin(["inserted", "updated"]), "event_id"]
    assert landed.notna().all()
    assert set(landed) <= set(world.events), "inserted, and not there"
    assert landed.is_unique, "two rows, one event"
