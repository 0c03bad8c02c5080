from __future__ import annotations

import pytest
import requests

QUERY = {"informat": "json", "format": "json"}


def test_basic_opens_v1_and_every_reply_carries_a_session_that_works(wire):
    reply = wire.v1("listgroups", {"name": ""})

    token = reply.headers["session-header"]
    assert reply.status_code == 200
    again = wire.v1("listgroups", {}, auth=None, headers={"session-header": token})
    assert again.json() == reply.json()
    cookie = wire.v1("listgroups", {}, auth=None, headers={"Cookie": f"JSESSIONID={token}"})
    assert cookie.status_code == 200


def test_v1_has_no_content_type_and_is_chunked_while_v2_is_json_with_a_length(wire):
    v1 = wire.v1("listgroups", {"name": ""})
    v2 = wire.login()

    assert "content-type" not in v1.headers
    assert v1.headers["transfer-encoding"] == "chunked"
    assert "set-cookie" not in v1.headers
    assert v2.headers["content-type"] == "application/json;charset=utf-8"
    assert v2.headers["content-disposition"] == "attachment"
    assert int(v2.headers["content-length"]) == len(v2.content)


def test_login_without_the_first_step(wire):
    reply = wire.login()

    token = reply.headers["session-header"]
    assert f"JSESSIONID={token};" in reply.headers["set-cookie"]
    assert reply.json()["user"]["id"] == 9001
    assert reply.json()["user"]["skypeName"].isdigit()
    assert len(reply.json()["user"]["skypeName"]) == 19


def test_login_in_two_steps_keeps_the_token_of_the_first(wire):
    base = f"{wire.sandbox.url}/api/v2"
    body = {"appName": "site", "currentDateOnClient": "31-01-2026 09:30"}
    first = requests.post(f"{base}/application/getApplicationDescription", json=body, timeout=5)
    token = first.headers["session-header"]
    headers = {"session-header": token}

    before = requests.get(f"{wire.sandbox.url}/api/v3/group-athletes", headers=headers, timeout=5)
    login = {
        "username": wire.sandbox.username,
        "password": wire.sandbox.password,
        "loginProperties": {"appName": "site", "clientTime": "2026-01-31T09:30:15"},
    }
    second = requests.post(f"{base}/user/loginUser", json=login, headers=headers, timeout=5)

    assert before.status_code == 401
    assert second.headers["session-header"] == token
    after = requests.get(f"{wire.sandbox.url}/api/v3/group-athletes", headers=headers, timeout=5)
    assert after.status_code == 200


@pytest.mark.parametrize(
    ("changes", "status", "text"),
    [
        ({"password": "wrong"}, 401, "<html>"),
        ({"username": "nobody"}, 401, "<html>"),
        ({"loginProperties": None}, 400, "<html>"),
        (
            {"loginProperties": {"appName": "other", "clientTime": "2026-01-31T09:30"}},
            200,
            "no application known as other",
        ),
        (
            {"loginProperties": {"appName": "site", "clientTime": "31/01/2026"}},
            200,
            "__is_rpc_exception__",
        ),
    ],
)
def test_login_failures(wire, changes, status, text):
    reply = wire.login(**changes)

    assert reply.status_code == status
    assert text in reply.text


def test_wrong_basic_is_401_and_not_json(wire):
    reply = wire.v1("listgroups", {}, auth=("api.account", "wrong"))

    assert reply.status_code == 401
    with pytest.raises(ValueError):
        reply.json()


def test_userauthentication(wire):
    body = {"username": wire.sandbox.username, "password": wire.sandbox.password}

    assert wire.v1("userauthentication", body).json()["state"] == "SUCCESS"
    assert wire.v1("userauthentication", {**body, "password": "x"}).status_code == 401


@pytest.mark.parametrize("query", [{}, {"informat": "json"}, {"format": "xml", "informat": "json"}])
def test_v1_needs_both_query_parameters(wire, query):
    assert wire.v1("listgroups", {}, params=query).status_code == 400


def test_unknown_query_parameters_are_ignored(wire):
    assert wire.v1("listgroups", {}, params={**QUERY, "x": "1"}).status_code == 200


def test_logout_ends_the_session(wire):
    assert wire.v2("user/logout", {}).text == "null"
    assert wire.v3("forms/summaries").status_code == 401


def test_sessions_die_by_calls_by_time_and_by_command(wire):
    wire.sandbox.configure(session_calls=2)
    assert [wire.v3("forms/summaries").status_code for _ in range(3)] == [200, 200, 401]

    wire.sandbox.configure(session_calls=0, session_seconds=60)
    wire._token = None
    assert wire.v3("forms/summaries").status_code == 200
    wire.sandbox.time(advance_ms=61_000)
    assert wire.v3("forms/summaries").status_code == 401

    wire._token = None
    wire.session()
    wire.sandbox.expire_sessions()
    assert wire.v3("forms/summaries").status_code == 401


def test_v2_and_v3_ignore_basic(wire):
    reply = wire.v3("forms/summaries", headers={}, auth=wire.basic)

    assert reply.status_code == 401


def test_a_second_account_has_its_own_session(wire):
    wire.sandbox.add_users([{"username": "other.account", "password": "pw", "staff": True}])

    reply = wire.login(username="other.account", password="pw")

    assert reply.json()["user"]["username"] == "other.account"
    assert "pw" not in reply.text


def test_unknown_paths_are_404(wire):
    assert wire.v1("eventsexport", {}).status_code == 404
    assert wire.v3("forms/event/999").status_code == 404
    assert wire.v3("forms/event/999").json()["message"]
    assert wire.v3("nothing").json() == {"message": "Not Found"}
    assert requests.post(f"{wire.sandbox.root}/tidepool/api/v1/x", timeout=5).status_code == 404


def test_v3_has_no_writes_and_v1_no_gets(wire):
    options = {"headers": wire.session(), "timeout": 5}
    for method, path in [("POST", "v3/forms/event/301"), ("GET", "v1/listgroups")]:
        reply = wire.http.request(method, f"{wire.sandbox.url}/api/{path}", **options)
        assert reply.status_code == 404
    assert wire.sandbox.requests() == {"loginUser": 1}
