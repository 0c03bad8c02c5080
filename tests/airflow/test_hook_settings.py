from __future__ import annotations

import pytest
from airflow.providers.common.compat.sdk import Connection

from airflow_provider_ams.ams.errors import AMSConfigurationError
from airflow_provider_ams.hooks.ams import AmsHook, connection_url, read_connection

SITE = "https://example.smartabase.com/site"


def connection(**fields):
    return Connection(conn_id="c", conn_type="ams", **fields)


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({"host": SITE}, SITE),
        ({"host": f"{SITE}/"}, SITE),
        ({"host": "example.smartabase.com/site"}, SITE),
        ({"host": "example.smartabase.com", "schema": "site"}, SITE),
        ({"host": "https://example.smartabase.com", "schema": "/site/"}, SITE),
        ({"host": "example.smartabase.com/site", "schema": "https"}, SITE),
        ({"host": SITE, "port": 8443}, "https://example.smartabase.com:8443/site"),
        ({"host": f"{SITE}:8", "port": 8443}, "https://example.smartabase.com:8443/site:8"),
        (
            {"host": "https://example.smartabase.com:8443/site", "port": 8443},
            "https://example.smartabase.com:8443/site",
        ),
        ({"host": "127.0.0.1", "port": 8085, "schema": "site"}, "http://127.0.0.1:8085/site"),
        ({"host": "localhost:8085/site"}, "http://localhost:8085/site"),
        ({"host": "http://127.0.0.1:8085/site"}, "http://127.0.0.1:8085/site"),
    ],
)
def test_url_from_fields(fields, url):
    assert connection_url(connection(**fields)) == url


@pytest.mark.parametrize(
    ("uri", "url"),
    [
        ("ams://u:p%40w@example.smartabase.com/site", SITE),
        ("ams://u:p%40w@example.smartabase.com:8443/site", SITE.replace("com/", "com:8443/")),
        ("ams://u:p%40w@127.0.0.1:8085/site", "http://127.0.0.1:8085/site"),
        ("ams://https://u:p%40w@example.smartabase.com/site", SITE),
    ],
)
def test_url_from_uri(monkeypatch, uri, url):
    monkeypatch.setenv("AIRFLOW_CONN_AMS_DEFAULT", uri)
    settings = AmsHook().settings
    assert settings == {"url": url, "username": "u", "password": "p@w"}


def test_airflows_own_uri_round_trip(monkeypatch):
    uri = connection(host=f"{SITE}", login="u", password="p").get_uri()
    monkeypatch.setenv("AIRFLOW_CONN_AMS_DEFAULT", uri)
    assert AmsHook().settings["url"] == SITE


def test_extras_become_settings():
    conn = connection(
        host=SITE,
        login="u",
        password="p",
        extra='{"timezone": "Australia/Sydney", "batch_size": "50", "read_timeout": 30,'
        ' "ca_bundle": "/certs/ca.pem", "app_id": "", "connect_timeout": null}',
    )
    settings = read_connection(conn)
    assert settings["timezone"] == "Australia/Sydney"
    assert settings["batch_size"] == 50
    assert settings["read_timeout"] == 30.0
    assert settings["verify"] == "/certs/ca.pem"
    assert not {"app_id", "connect_timeout"} & set(settings)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, ["URL (host)", "user name (login)", "password"]),
        ({"host": SITE, "login": "u"}, ["password"]),
        ({"host": SITE, "login": "u", "password": "p", "extra": '{"batch_size": "x"}'}, ["batch"]),
    ],
)
def test_what_is_missing_is_named(fields, words):
    with pytest.raises(AMSConfigurationError) as caught:
        read_connection(connection(**fields))
    assert all(word in str(caught.value) for word in words)


def test_form_for_old_airflow_says_the_same():
    behaviour = AmsHook.get_ui_field_behaviour()
    assert behaviour["hidden_fields"] == ["schema", "port"]
    assert behaviour["relabeling"]["host"] == "URL with site"
