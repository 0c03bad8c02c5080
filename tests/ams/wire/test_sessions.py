"""A dead session is not a wrong password: what is renewed, what is sent again, what is an error."""

from __future__ import annotations

import json
import threading
from contextlib import suppress

import pytest

from airflow_provider_ams.ams import (
    AMSClient,
    AMSConfigurationError,
    AMSError,
    AMSLoginError,
    AMSPermissionError,
    AMSReplyError,
    AMSTransientError,
)
from airflow_provider_ams.ams.session import token_of
from airflow_provider_ams.ams.wire.endpoints import LISTGROUPS
from airflow_provider_ams.ams.wire.replies import Verdict
from airflow_provider_ams.transport import Reply, RetryPolicy
from tests.ams.ams_site import Ticker
from tests.ams.tiny import LOGIN, TOKEN, Tiny

OUT = (401, {}, b"<html>no</html>")
SHUT = (403, {}, b"<html>no</html>")
BUSY = (503, {}, b"")
GROUPS = {"name": ["a"]}
LOST = {"__is_rpc_exception__": True, "type": "E", "value": {"detailMessage": "Not logged in"}}
DELETED = {"state": "SUCCESS"}


def client_of(tiny, **settings):
    return AMSClient(tiny.url, "api", "secret-word", clock=Ticker().clock(), **settings)


def read(client):
    return client.read(LISTGROUPS, {"name": ""}).names


def delete(client):
    return client.write("deleteevent", b'{"eventId": 5}')


# ---------------------------------------------------------------- reads

FINE = [
    [OUT, GROUPS],
    [OUT, BUSY, OUT, GROUPS],
    [BUSY, OUT, GROUPS],
    [OUT, BUSY, OUT, BUSY, OUT, GROUPS],
    [SHUT, GROUPS],
    [LOST, GROUPS],
    [LOST, OUT, GROUPS],
    [(200, {}, b""), (200, {}, b"<html>"), {"state": "FAILED"}, GROUPS],
    [(200, {}, b'{"name": ["a"'), GROUPS],
]


@pytest.mark.parametrize("answers", FINE)
def test_reads_get_through(answers):
    with Tiny(listgroups=list(answers)) as tiny:
        assert read(client_of(tiny)) == ["a"]
        assert len(tiny.calls("listgroups")) == len(answers)


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ([OUT, OUT], AMSLoginError),
        ([BUSY, OUT, OUT, OUT], AMSLoginError),
        ([SHUT, SHUT], AMSPermissionError),
        ([SHUT, BUSY, SHUT, SHUT], AMSPermissionError),
    ],
)
def test_reads_that_stay_shut_out(answers, kind):
    with Tiny(listgroups=[*answers, GROUPS]) as tiny, pytest.raises(kind):
        read(client_of(tiny))


def test_a_session_that_has_worked_has_died():
    """Three HTTP 401: the first ends a session that was good, and says nothing of the password."""
    with Tiny(listgroups=[GROUPS, OUT, OUT, GROUPS]) as tiny:
        client = client_of(tiny)
        assert read(client) == read(client) == ["a"]
        assert len(tiny.calls("loginUser")) == 3


def test_a_login_that_fails_for_now_is_tried_again():
    logins = [
        BUSY,
        (200, {}, b"<html>"),
        (200, {"session-header": TOKEN}, json.dumps(LOGIN).encode()),
    ]
    with Tiny(loginUser=logins, listgroups=GROUPS) as tiny:
        assert read(client_of(tiny)) == ["a"]
        assert len(tiny.calls("listgroups")) == 1


def test_a_renewal_that_is_refused_is_a_login_error():
    good = (200, {"session-header": TOKEN}, json.dumps(LOGIN).encode())
    with Tiny(loginUser=[good, OUT], listgroups=OUT) as tiny:
        with pytest.raises(AMSLoginError, match="user name and password"):
            read(client_of(tiny))
        assert len(tiny.calls("listgroups")) == 1


def test_retries_of_a_login_are_not_multiplied_by_those_of_the_read():
    with Tiny(loginUser=BUSY, listgroups=GROUPS) as tiny:
        with pytest.raises(AMSTransientError):
            read(client_of(tiny, retry=RetryPolicy(tries=3)))
        assert len(tiny.calls("loginUser")) == 3


def test_a_reply_that_stays_wrong_is_asked_for_as_often_as_one_that_does_not_come():
    with Tiny(listgroups={"state": "FAILED"}) as tiny:
        with pytest.raises(AMSReplyError, match="state"):
            read(client_of(tiny, retry=RetryPolicy(tries=3)))
        assert len(tiny.calls("listgroups")) == 3


# ---------------------------------------------------------------- writes


def test_a_write_that_was_not_taken_goes_out_again_after_a_new_login():
    with Tiny(deleteevent=[DELETED, OUT, DELETED]) as tiny:
        client = client_of(tiny)
        assert [delete(client).verdict for _ in range(2)] == [Verdict.CONFIRMED] * 2
        assert len(tiny.calls("loginUser")) == 2


def test_a_write_goes_out_again_only_once():
    with Tiny(deleteevent=[DELETED, OUT, OUT, DELETED]) as tiny:
        client = client_of(tiny)
        delete(client)
        answer = delete(client)
        assert (answer.code, answer.nothing_taken, answer.status) == ("session", True, 401)
        assert delete(client).verdict is Verdict.CONFIRMED
        assert len(tiny.calls("deleteevent")) == 4


@pytest.mark.parametrize(("answer", "code"), [(SHUT, "forbidden"), (LOST, "session")])
def test_a_write_that_may_have_been_taken_does_not_go_out_again(answer, code):
    with Tiny(deleteevent=[answer, DELETED]) as tiny:
        client = client_of(tiny)
        first = delete(client)
        assert (first.verdict, first.code) == (Verdict.AMBIGUOUS, code)
        assert not first.nothing_taken
        assert len(tiny.calls("deleteevent")) == 1
        assert delete(client).verdict is Verdict.CONFIRMED
        assert len(tiny.calls("loginUser")) == 2


def test_writes_of_an_account_that_is_shut_out():
    with Tiny(deleteevent=OUT) as tiny:
        with pytest.raises(AMSLoginError) as caught:
            delete(client_of(tiny))
        assert (caught.value.status, caught.value.endpoint) == (401, "deleteevent")
        assert len(tiny.calls("deleteevent")) == 2


@pytest.mark.parametrize("first", [BUSY, ConnectionAbortedError])
def test_a_lost_write_and_then_a_dead_session_is_no_wrong_password(first):
    script = [first, OUT, OUT, DELETED]

    def answer(body):
        found = script.pop(0)
        if found is ConnectionAbortedError:
            raise found  # no answer: the server closes the connection
        return found

    with Tiny(deleteevent=answer) as tiny:
        client = client_of(tiny)
        verdicts = [delete(client).verdict for _ in range(3)]
    assert verdicts == [Verdict.AMBIGUOUS, Verdict.AMBIGUOUS, Verdict.CONFIRMED]
    assert len(tiny.calls("loginUser")) == 3


def test_a_login_that_fails_means_that_nothing_was_sent():
    with Tiny(loginUser=BUSY) as tiny:
        with pytest.raises(AMSTransientError):
            delete(client_of(tiny))
        assert tiny.calls("deleteevent") == []


def test_four_threads_meet_one_dead_session():
    gate = threading.Barrier(4)
    with Tiny(deleteevent=DELETED) as tiny:
        client = client_of(tiny)
        delete(client)
        dead = tiny.seen[-1][1]["session-header"]
        tiny.answers["loginUser"] = (200, {"session-header": "new"}, json.dumps(LOGIN).encode())
        tiny.answers["deleteevent"] = lambda body: (
            OUT if tiny.seen[-1][1].get("session-header") == dead else DELETED
        )
        found = []

        def work():
            gate.wait(5)
            found.append(delete(client).verdict)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
    assert found == [Verdict.CONFIRMED] * 4
    assert len(tiny.calls("loginUser")) == 2


# ---------------------------------------------------------------- tokens and settings


def token(**headers):
    cookies = (headers.pop("Set_Cookie"),) if "Set_Cookie" in headers else ()
    return token_of(Reply(200, headers, b"", cookies))


@pytest.mark.parametrize(
    ("cookie", "found"),
    [
        ("JSESSIONID=a+b/c-d.e; Path=/; Secure; HttpOnly", "a+b/c-d.e"),
        ("Path=/; JSESSIONID=abc", None),
        ("other=1; JSESSIONID=abc", None),
        ('JSESSIONID="abc"', "abc"),
        ("JSESSIONID=", None),
        ("XJSESSIONID=abc", None),
        ("", None),
    ],
)
def test_the_token_of_a_cookie(cookie, found):
    assert token(Set_Cookie=cookie) == found


@pytest.mark.parametrize("text", ["a b", "a;b", "a\u00e9", 'a"b', "a,b", "x" * 5000, "a\x01"])
def test_a_token_that_can_t_be_sent_back(text):
    with pytest.raises(AMSReplyError, match="token"):
        token(**{"session-header": text})


@pytest.mark.parametrize("app_id", ["a\nb", "a\r\nHost: x", "\u00e9", "a\x00", "a b", "", None])
def test_an_app_id_that_can_t_be_a_header(app_id):
    with pytest.raises(AMSConfigurationError, match="app_id"):
        AMSClient("https://host.test/site", "a", "b", app_id=app_id)


@pytest.mark.parametrize(
    ("url", "setting", "word"),
    [
        ("https://host.test/site", {"verify": "/no/such/bundle.pem"}, "CA bundle"),
        ("https://host.test/site", {"deadline": 0}, "deadline"),
        ("https://host.test/site", {"max_reply_bytes": -1}, "more than 0"),
        ("https://host.test/my site", {}, "blank"),
        ("https://host.test:port/site", {}, "port"),
    ],
)
def test_settings_that_can_t_be_used(url, setting, word):
    with pytest.raises(AMSConfigurationError, match=word):
        AMSClient(url, "a", "b", **setting)


@pytest.mark.parametrize(
    "reply",
    [
        [], None, {"user": 5}, {"user": {"id": "x"}}, {"user": {"id": {}}}, {"user": {"id": -1}},
        {"user": {"id": 5}, "permissions": 5}, {"state": "FAILED"}, {"error": True},
    ],
)  # fmt: skip
def test_a_login_reply_that_is_none(reply):
    answer = (200, {"session-header": TOKEN}, json.dumps(reply).encode())
    with Tiny(loginUser=answer) as tiny, pytest.raises(AMSError) as caught:
        client_of(tiny).login()
    assert type(caught.value) is AMSReplyError
    assert "secret-word" not in repr(caught.value)


# ---------------------------------------------------------------- secrets


def frames_of(error):
    """Yield what a report that shows local variables would show, with all causes."""
    while error is not None:
        trace = error.__traceback__
        while trace is not None:
            yield from trace.tb_frame.f_locals.values()
            trace = trace.tb_next
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


FAILING = [OUT, SHUT, BUSY, (200, {}, b"<html>"), LOST, {"user": None}, (404, {}, b""), "closed"]


@pytest.mark.parametrize("answer", FAILING)
def test_no_frame_of_a_failed_login_shows_the_password(answer):
    with Tiny(loginUser=answer) as tiny:
        client = client_of(tiny)
        if answer == "closed":
            tiny._server.server_close()
        with pytest.raises(AMSError) as caught:
            read(client)
    shown = [repr(value) for value in frames_of(caught.value)]
    assert shown
    assert not any("secret-word" in text for text in shown)


@pytest.mark.parametrize("error", [None, KeyError])
def test_a_client_closes_its_connections_at_the_end_of_a_block(error):
    with Tiny(listgroups={"name": []}) as tiny:
        with suppress(KeyError), client_of(tiny) as client:
            read(client)
            assert not tiny.ended.acquire(blocking=False)
            if error:
                raise error
        assert tiny.ended.acquire(timeout=10)
