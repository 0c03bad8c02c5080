"""Whatever is sent, the server answers, stores nothing odd and serves the next request."""

from __future__ import annotations

import logging

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sandbox_wire import event

from airflow_provider_ams.sandbox import auth, control
from airflow_provider_ams.sandbox.app import AMS_ROUTES
from airflow_provider_ams.sandbox.server import make_server
from airflow_provider_ams.sandbox.site import Call
from airflow_provider_ams.sandbox.tidepool import ROUTES as TIDEPOOL_ROUTES
from airflow_provider_ams.sandbox.wire import Endpoint

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 10**6),
    st.floats(allow_nan=False),
    st.text(max_size=9),
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
GOOD = {
    "eventsimport": {"events": [event()]},
    "eventimport": event(),
    "synchronise": {
        "formName": "Training Log",
        "lastSynchronisationTimeOnServer": 0,
        "userIds": [1001],
        "pagination": {"paginate": True, "cursor": None},
    },
    "eventsearch": {
        "formNames": ["Training Log"],
        "startDate": "01/01/2026",
        "finishDate": "31/01/2026",
        "startTime": "12:00 AM",
        "finishTime": "11:59 PM",
        "paginate": True,
        "cursor": "01/01/2026",
        "resultsPerUser": 1,
    },
    "filteredeventsearch": {
        "filter": [
            {
                "formName": "Training Log",
                "filterSet": [{"key": "duration", "value": "5", "filterCondition": 1}],
            }
        ]
    },
    "profilesearch": {"formNames": ["Athlete Profile"], "userIds": [1001]},
    "profileimport": {
        "formName": "Athlete Profile",
        "userId": {"userId": 1001},
        "enteredByUserId": 9001,
        "rows": [{"row": 0, "pairs": [{"key": "position", "value": "x"}]}],
    },
    "deleteevent": {"eventId": 1},
    "event/deleteAll": {"eventIds": ["1"]},
    "usersynchronise": {
        "lastSynchronisationTimeOnServer": 0,
        "userIds": [1],
        "paginate": "True",
        "cursor": "",
    },
    "usersearch": {"identification": [{"userId": 1001, "username": "x"}]},
    "groupmembers": {"name": "Squad A"},
    "person/get": {
        "filter": {
            "comparisons": {"branches": [{"leaf": {"valueInteger": ["1001"]}}]},
            "limit": "-1",
            "offset": "-1",
        }
    },
    "userauthentication": {"username": "a", "password": "b"},
    "getApplicationDescription": {
        "appName": "site",
        "currentDateOnClient": "01-01-2026 10:00",
    },
    "loginUser": {
        "username": "a",
        "password": "b",
        "loginProperties": {"appName": "site", "clientTime": "2026-01-01T10:00"},
    },
    "tidepool/track": [{"text": "a", "timestamp": "2023-08-10T21:26:27Z", "id": "1"}],
}
ROUTES = {route.name: route for route in (*AMS_ROUTES, *TIDEPOOL_ROUTES) if route.name in GOOD}


@pytest.fixture(scope="module")
def site():
    _, bound, site = make_server(0, "demo", None, None, {})
    bound.close()
    yield site
    site.store.close()


def places(value, path=()):
    """Yield the path of every part of a JSON value."""
    yield path
    parts = enumerate(value) if isinstance(value, list) else ()
    for key, part in value.items() if isinstance(value, dict) else parts:
        yield from places(part, (*path, key))


def replaced(value, path, new):
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


@pytest.mark.parametrize("name", sorted(GOOD))
@settings(max_examples=40, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_part_of_a_request_may_be_anything(site, caplog, name, data):
    caplog.set_level(logging.WARNING)
    path = data.draw(st.sampled_from(list(places(GOOD[name]))))
    body = replaced(GOOD[name], path, data.draw(JSON))
    basic = b"Basic YXBpLmFjY291bnQ6c2FuZGJveC1wYXNzd29yZA=="
    call = Call({b"authorization": basic}, query="informat=json&format=json")
    call.headers[b"x-tidepool-api-key"] = b"sandbox-key"
    session = site.sessions.for_basic(auth.check_password(site, "api.account", "sandbox-password"))
    call.headers[b"session-header"] = session.token.encode()
    call.body = orjson.dumps(body)

    reply = Endpoint(site, ROUTES[name]).answer(call)

    assert reply.status in (200, 201, 400, 401, 403, 422, 500)
    assert not [record for record in caplog.records if "could not be served" in record.message]
    assert orjson.dumps(control.state(site, {}))
