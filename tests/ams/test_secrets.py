"""No password, token or athlete's value in any text that the library makes of itself."""

from __future__ import annotations

import logging
import pickle
import traceback
import warnings

import pandas as pd
import pytest

from airflow_provider_ams.ams import AMSClient, AMSError, EventFilter, get_user
from airflow_provider_ams.ams.credentials import find_credentials
from tests.ams.ams_site import ANN, CARD, LOG, Ticker, insert, log, read, update
from tests.ams.tiny import LOGIN, TOKEN, Tiny

PASSWORD, VALUE, NAME = "pa55-w0rd-xyz", "val-77431", "Quentin-Zephyr"
SECRETS = (PASSWORD, TOKEN, VALUE, NAME)
RPC = {"__is_rpc_exception__": True, "type": "Odd", "value": {"detailMessage": f"{VALUE} {NAME}"}}
PAGE = (200, {}, f"<html>{VALUE} {NAME} {TOKEN}</html>".encode())
ROSTER = {
    "users": [{"userId": ANN, "username": "q", "firstName": NAME, "lastName": VALUE}],
    "lastSynchronisationTimeOnServer": 1,
}
EMPTY = {"export": {"events": []}, "lastSynchronisationTimeOnServer": 1}


def texts_of(error):
    """Return everything that a log or a debugger would show of an error, and of its causes."""
    seen, found = set(), []
    queue = [error]
    while queue:
        one = queue.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        found += [str(one), repr(one), repr(getattr(one, "result", None))]
        queue.append(one.__cause__)
    found += traceback.format_exception(error)
    return found


def refused(text):
    state = {"result": {"state": "UNEXPECTED_ERROR", "message": text}}
    return state


def frame():
    return pd.DataFrame(
        {"user_id": [ANN], "start_date": "01/01/2025", "start_time": "9:00 AM", "note": VALUE}
    )


FAILURES = [
    ({"loginUser": (401, {}, PASSWORD.encode())}, lambda c: c.login()),
    ({"loginUser": RPC}, lambda c: c.login()),
    ({"loginUser": PAGE}, lambda c: c.login()),
    ({"loginUser": {"user": NAME}}, lambda c: c.login()),
    ({"eventsearch": RPC}, read),
    ({"eventsearch": PAGE}, read),
    ({"eventsearch": {"events": [{"x": VALUE}]}}, read),
    ({"eventsearch": (403, {}, VALUE.encode())}, read),
    ({"eventsearch": (500, {}, VALUE.encode())}, read),
    ({"usersynchronise": [VALUE]}, lambda c: get_user(client=c)),
    (
        {"synchronise": EMPTY, "eventsimport": (422, {}, VALUE.encode())},
        lambda c: insert(c, frame()),
    ),
    ({"synchronise": EMPTY, "eventsimport": PAGE}, lambda c: insert(c, frame())),
    ({"synchronise": EMPTY, "eventsimport": RPC}, lambda c: insert(c, frame())),
    ({}, lambda c: insert(c, frame().assign(start_date=VALUE))),
    ({}, lambda c: insert(c, frame().assign(start_time=VALUE))),
    ({}, lambda c: insert(c, frame().assign(note=[{"x": VALUE}]))),
    ({}, lambda c: update(c, frame().assign(event_id=VALUE))),
    ({"synchronise": EMPTY}, lambda c: update(c, frame().assign(event_id=77431))),
    ({}, lambda c: insert(c, frame().assign(username=NAME), id_col="username")),
    ({}, lambda c: read(c, filter=EventFilter(user_key="about", user_value=f"{NAME} {PASSWORD}"))),
]


@pytest.mark.parametrize(("answers", "work"), FAILURES)
def test_errors_logs_and_warnings_hold_no_secret(answers, work, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    with (
        Tiny(**{"usersynchronise": ROSTER, **answers}) as tiny,
        warnings.catch_warnings(record=True) as warned,
    ):
        warnings.simplefilter("always")
        client = AMSClient(tiny.url, "api", PASSWORD, clock=Ticker().clock())
        with pytest.raises(AMSError) as caught:
            work(client)
        shown = [
            repr(client),
            str(client),
            *texts_of(caught.value),
            caplog.text,
            *capfd.readouterr(),
        ]
        shown += [str(w.message) for w in warned]
    # The test's own lines stand in the traceback; what is looked for is not spelt out in them.
    assert not [secret for secret in SECRETS for text in shown if secret in text]


def test_every_error_names_where_and_what_next(sandbox, make_client):
    sandbox.faults(script=[{"endpoint": "eventsearch", "nth": 1, "times": 0, "fault": "503"}])
    with pytest.raises(AMSError) as caught:
        read(make_client())
    error = caught.value
    assert (error.endpoint, error.status) == ("eventsearch", 503)
    assert error.hint in str(error)
    assert "HTTP 503" in str(error)


def test_objects_show_no_value(client, sandbox, monkeypatch):
    result = insert(client, log([VALUE], field="note"))
    found = find_credentials(sandbox.url, "me", PASSWORD)
    for thing in (client, result, found):
        assert not [s for s in (*SECRETS, sandbox.password) if s in repr(thing)]
    assert not [s for s in SECRETS if s in str(result.rows.to_dict())]


def test_a_login_reply_s_tokens_are_not_kept():
    answer = {"user": {**LOGIN["user"], "skypeName": VALUE}, "permissions": ["Import Data"]}
    with Tiny(loginUser=answer) as tiny:
        account = AMSClient(tiny.url, "api", PASSWORD).login()
    assert VALUE not in str(account)
    assert TOKEN not in str(account)


@pytest.mark.parametrize("name", [LOG, CARD])
def test_the_library_logs_nothing_of_its_own_at_info(client, sandbox, caplog, name):
    caplog.set_level(logging.INFO)
    insert(client, log([VALUE], field="note"))
    read(client)
    assert VALUE not in caplog.text
    assert name not in [r.getMessage() for r in caplog.records]


def test_an_error_survives_being_sent_between_processes(client):
    with pytest.raises(AMSError) as caught:
        insert(client, log([True]))
    copy = pickle.loads(pickle.dumps(caught.value))
    assert str(copy) == str(caught.value)
    assert copy.rows == caught.value.rows
