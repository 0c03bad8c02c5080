"""`AmsHook` against a sandbox over HTTP: what it connects to, and what it says when it can't."""

from __future__ import annotations

import json
import logging
import socket

import pytest

from airflow_provider_ams.hooks.ams import AmsHook

pytestmark = pytest.mark.usefixtures("ams_connection")


def test_says_who_is_logged_in_where(ams_sandbox):
    works, words = AmsHook().test_connection()
    assert works
    assert words == (f"Logged in to {ams_sandbox.url} as api.account; 4 event and 1 profile forms.")


def test_one_client_for_a_hook():
    hook = AmsHook()
    client = hook.get_conn()
    assert hook.get_conn() is client
    assert client.login()["username"] == "api.account"
    hook.close()
    assert hook.get_conn() is not client


def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"password": "not-the-password"}, ["did not accept", "password"]),
        ({"login": "nobody"}, ["did not accept", "user name"]),
        ({"host": "{root}/elsewhere"}, ["site"]),
        ({"host": "http://ams.example.org/site"}, ["https"]),
        ({"host": "http://127.0.0.1:{closed}/site"}, ["can't be reached", "connection"]),
        ({"host": "https://127.0.0.1:{port}/site"}, ["TLS"]),
        ({"host": ""}, ["URL"]),
        ({"password": ""}, ["password"]),
        ({"extra": {"timezone": "Mars/Olympus"}}, ["timezone", "IANA"]),
        ({"extra": {"batch_size": "many"}}, ["batch_size"]),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_says_what_to_mend(ams_sandbox, ams_connection, changes, words):
    places = {
        "root": ams_sandbox.root,
        "port": ams_sandbox.root.rsplit(":", 1)[1],
        "closed": closed_port(),
    }
    changes = {k: v.format(**places) if isinstance(v, str) else v for k, v in changes.items()}
    ams_connection(**changes)
    works, said = AmsHook().test_connection()
    assert not works
    assert all(word in said for word in words), said
    assert "not-the-password" not in said


def test_says_that_the_time_is_up(ams_sandbox, ams_connection):
    ams_sandbox.configure(latency_ms=2000)
    ams_connection(extra={"read_timeout": 0.2})
    works, said = AmsHook().test_connection()
    assert not works
    assert "no reply came in time" in said


def test_secrets_stay_out_of_logs_and_reprs(ams_sandbox, caplog):
    caplog.set_level(logging.DEBUG)
    hook = AmsHook()
    hook.get_conn().login()
    text = caplog.text + repr(hook) + repr(hook.get_conn()) + str(vars(hook.get_conn()).keys())
    assert ams_sandbox.password not in text


def test_connection_from_a_uri(ams_sandbox, monkeypatch):
    place = ams_sandbox.url.removeprefix("http://")
    uri = f"ams://{ams_sandbox.username}:{ams_sandbox.password}@{place}?timezone=Europe%2FOslo"
    monkeypatch.setenv("AIRFLOW_CONN_AMS_DEFAULT", uri)
    assert AmsHook().test_connection()[0]
    assert AmsHook().settings["timezone"] == "Europe/Oslo"


def test_settings_reach_the_wire(ams_sandbox, ams_connection):
    ams_connection(extra=json.dumps({"app_id": "club-warehouse"}))
    AmsHook().test_connection()
    assert "club-warehouse" in ams_sandbox.state()["app_ids"]
