"""No password, token or athlete's value in any text that the library makes of itself."""

from __future__ import annotations

import logging
import pickle
import sys
import traceback
import warnings

import pandas as pd
import pytest

from airflow_provider_ams.ams import (
    AMSClient,
    AMSError,
    DeleteEventOption,
    EventFilter,
    delete_event_data,
    get_event_data,
    get_user,
    insert_event_data,
    login,
)
from airflow_provider_ams.ams.credentials import find_credentials
from airflow_provider_ams.transport import RetryPolicy
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


def chain_of(error):
    """Return an error with its causes and contexts, the suppressed ones as well."""
    found, queue = [], [error]
    while queue:
        one = queue.pop()
        if one is not None and not any(one is known for known in found):
            found.append(one)
            queue += [one.__cause__, one.__context__]
    return found


def locals_of(error):
    """Return what a debugger shows of the variables of all frames that an error came through."""
    here = __file__
    return [
        (f"{frame.f_code.co_filename}:{frame.f_code.co_qualname}", name, repr(value))
        for one in chain_of(error)
        for frame, _ in traceback.walk_tb(one.__traceback__)
        if frame.f_code.co_filename != here
        for name, value in frame.f_locals.items()
    ]


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


SURE = DeleteEventOption(interactive_mode=False)
BROKEN = [
    (401, {}, b""), (403, {}, b""), (404, {}, b""), (422, {}, b""), (429, {}, b""), (500, {}, b""),
    (200, {}, b"["), (200, {}, b"["*100_000), (200, {"Content-Encoding": "gzip"}, b"no gzip"),
    (200, {"Content-Encoding": "gzip, gzip"}, b"x"), RPC, {"state": "ERROR"}, {"user": None},
]  # fmt: skip
CALLS = {
    "loginUser": lambda where: login(*where),
    "getApplicationDescription": lambda where: login(*where),
    "eventsearch": lambda where: get_event_data(LOG, "01/01/2025", "02/01/2025", *where),
    "usersynchronise": lambda where: get_user(*where),
    "deleteevent": lambda where: delete_event_data(1, LOG, *where, option=SURE),
    "eventsimport": lambda where: insert_event_data(frame(), LOG, *where),
}


@pytest.mark.parametrize("answer", BROKEN)
@pytest.mark.parametrize("endpoint", CALLS)
def test_no_frame_of_a_failure_shows_a_secret(endpoint, answer, monkeypatch):
    monkeypatch.setattr(RetryPolicy, "delay", lambda *_: 0.0)
    answers = {"usersynchronise": ROSTER, "synchronise": EMPTY}
    if endpoint == "getApplicationDescription":
        answers["loginUser"] = (200, {}, b'{"user": {"id": 1}}')
    with Tiny(**{**answers, endpoint: answer}) as tiny, pytest.raises(AMSError) as caught:
        CALLS[endpoint]((tiny.url, "api", PASSWORD))
    shown = locals_of(caught.value)
    assert not [s[:2] for s in shown if PASSWORD in s[2] or TOKEN in s[2]]


@pytest.mark.parametrize("endpoint", CALLS)
def test_no_frame_of_a_lost_connection_shows_a_secret(endpoint, monkeypatch):
    monkeypatch.setattr(RetryPolicy, "delay", lambda *_: 0.0)

    def vanish(_):
        raise ConnectionResetError  # the server's thread ends, and with it the connection

    answers = {"usersynchronise": ROSTER, "synchronise": EMPTY, endpoint: vanish}
    with Tiny(**answers) as tiny, pytest.raises(AMSError) as caught:
        tiny._server.handle_error = lambda *_: None
        if endpoint == "getApplicationDescription":
            tiny.answers["loginUser"] = (200, {}, b'{"user": {"id": 1}}')
        CALLS[endpoint]((tiny.url, "api", PASSWORD))
    shown = locals_of(caught.value)
    assert not [s[:2] for s in shown if PASSWORD in s[2] or TOKEN in s[2]]


class Interrupt(BaseException):
    pass


def test_no_frame_of_an_interrupt_shows_a_secret(monkeypatch):
    def interrupted(*_, **__):
        raise Interrupt

    monkeypatch.setattr("requests.Session.send", interrupted)
    with pytest.raises(Interrupt) as caught:
        login("http://127.0.0.1:9/site", "api", PASSWORD)
    assert not [s[:2] for s in locals_of(caught.value) if PASSWORD in s[2]]


@pytest.mark.parametrize("setting", [{"timezone": "No/Where"}, {"app_id": "a b"}, {"deadline": 0}])
def test_no_frame_of_a_client_that_can_t_be_made_shows_a_secret(setting):
    with pytest.raises(AMSError) as caught:
        AMSClient("https://host.test/site", "api", PASSWORD, **setting)
    assert not [s[:2] for s in locals_of(caught.value) if PASSWORD in s[2]]
    with pytest.raises(AMSError) as caught:
        AMSClient("https://host.test", "api", PASSWORD)
    assert not [s[:2] for s in locals_of(caught.value) if PASSWORD in s[2]]


def test_tokens_are_told_to_who_masks_them():
    told = []
    with Tiny() as tiny:
        AMSClient(tiny.url, "api", PASSWORD, on_token=told.append).login()
    assert told == [TOKEN]
    assert TOKEN not in repr(told)


HOSTILE = [
    "https://host.test.evil.test/site", "https://host.test@evil.test/site",
    "https://evil.test/host.test/site", "https://host.test:444/site", "https://host.test/other",
    "https://host.test/site/../other", "https://HOST.TEST/SITE", "https://host.test/site#@x",
    "https://evil.test\\@host.test/site", "http://host.test/site", "https://host.test./site",
]  # fmt: skip


@pytest.mark.parametrize("url", HOSTILE)
def test_the_environment_s_password_goes_to_its_own_url_alone(url, monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    for name, value in (("URL", "https://host.test/site"), ("USERNAME", "u"), ("PASSWORD", "p")):
        monkeypatch.setenv(f"AMS_{name}", value)
    assert find_credentials().password == "p"
    with pytest.raises(AMSError):
        find_credentials(url)


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
