"""Passwords, keys and session tokens are told to Airflow's masker before they are used."""

from __future__ import annotations

import pytest
from airflow.models import Connection

from airflow_provider_ams.hooks import _connection
from airflow_provider_ams.hooks.ams import AmsHook
from airflow_provider_ams.hooks.ams import read_connection as read_ams
from airflow_provider_ams.hooks.tidepool import read_connection as read_tidepool
from tests.ams.tiny import TOKEN, Tiny


@pytest.fixture
def masked(monkeypatch):
    told = []
    monkeypatch.setattr("airflow.providers.common.compat.sdk.mask_secret", told.append)
    return told


def ams(url="https://host.test/site"):
    return Connection(conn_id="x", conn_type="ams", host=url, login="api", password="pass-word")


def test_what_a_connection_holds(masked):
    assert "pass-word" not in repr(read_ams(ams()))
    read_tidepool(Connection(conn_id="y", conn_type="tidepool", password="the-key"))
    assert masked == ["pass-word", "the-key"]
    assert {type(secret) for secret in masked} == {str}


def test_the_token_of_a_login(masked, monkeypatch):
    with Tiny() as tiny:
        monkeypatch.setattr(AmsHook, "get_connection", lambda *_: ams(tiny.url))
        AmsHook().get_conn().login()
    assert masked == ["pass-word", TOKEN]


def test_limits_reach_the_client():
    extra = '{"deadline": "2.5", "max_reply_bytes": "1000"}'
    for kind, read in (("ams", read_ams), ("tidepool", read_tidepool)):
        found = read(
            Connection(
                conn_id="x", conn_type=kind, host="https://h.test/s", login="a", password="b",
                extra=extra,
            )
        )  # fmt: skip
        assert (found["deadline"], found["max_reply_bytes"]) == (2.5, 1000)


def test_masking_is_airflow_s_own():
    _connection.mask("some-word-that-is-secret")
