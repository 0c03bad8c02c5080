from __future__ import annotations

import logging
import socket

import pytest
from tidepool_samples import sample_rows

from airflow_provider_ams.tidepool import (
    IngestOption,
    TidepoolClient,
    TidepoolConfigurationError,
    TidepoolPermissionError,
    TidepoolRejectedError,
    TidepoolTransientError,
)
from airflow_provider_ams.transport import RetryPolicy

KEY = "tp-secret-key-123"


def test_the_key_comes_from_the_environment(monkeypatch, sandbox):
    monkeypatch.setenv("TIDEPOOL_API_KEY", f" {sandbox.tidepool_key}\n")
    with TidepoolClient(base_url=sandbox.tidepool_url) as client:
        assert client.track_events(sample_rows(1)).tracked == 1


@pytest.mark.parametrize("key", ["", "  ", "two words", "line\nbreak", "schlüssel"])
def test_a_key_that_can_not_be_one_is_not_sent(monkeypatch, key):
    monkeypatch.delenv("TIDEPOOL_API_KEY", raising=False)
    with pytest.raises(TidepoolPermissionError) as error:
        TidepoolClient(key)
    assert not key.strip() or key not in str(error.value)


@pytest.mark.parametrize(
    "url",
    ["http://example.org/api", "https://", "https://user:pw@example.org", "ftp://127.0.0.1/x"],
)
def test_urls_that_are_refused(url):
    with pytest.raises(TidepoolConfigurationError, match="base_url"):
        TidepoolClient(KEY, url)


def test_repr_shows_the_host_alone():
    client = TidepoolClient(KEY, "https://shoreline.tidepool.so/api/v1/events")
    assert repr(client) == "TidepoolClient(host='shoreline.tidepool.so')"
    assert KEY not in repr(vars(client)["_session"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"batch_size": 0},
        {"batch_size": 101},
        {"batch_size": True},
        {"max_in_flight": 0},
        {"max_in_flight": 2.0},
        {"pause": -1},
        {"pause": float("nan")},
        {"validate": "some"},
        {"tolerance": "some"},
        {"ambiguous": "both"},
        {"format": "xlsx"},
        {"columns": {"a": "txt"}},
        {"columns": {"a": "text", "b": "text"}},
        {"columns": ["text"]},
        {"timezone": "Mars/Base"},
        {"timezone": ""},
        {"event_name": " "},
        {"resend": -1},
    ],
)
def test_options_that_can_not_mean_anything(wrong):
    with pytest.raises(TidepoolConfigurationError) as error:
        IngestOption(**wrong)
    assert next(iter(wrong)) in str(error.value)


def test_an_unknown_option_is_named(client):
    with pytest.raises(TidepoolConfigurationError, match="colums"):
        client.ingest([], colums={})


def test_validate_stores_nothing(client, sandbox):
    result = client.validate_events(sample_rows(150))
    assert (result.validated, result.tracked, result.requests) == (150, 0, 2)
    assert sandbox.tidepool_summary()["events"] == 0


def test_track_stores_all(client, sandbox):
    result = client.track_events(sample_rows(150))
    assert (result.tracked, result.batches) == (150, 2)
    assert sandbox.tidepool_summary() == {
        "events": 150,
        "distinct": 150,
        "batches": 2,
        "repeated": {},
    }


@pytest.mark.parametrize("call", ["validate_events", "track_events"])
def test_wrong_rows_are_named_before_anything_is_sent(client, sandbox, call):
    rows = [*sample_rows(3), {"text": "", "timestamp": "soon"}]
    with pytest.raises(TidepoolRejectedError, match="row 4: text is empty; timestamp is not ISO"):
        getattr(client, call)(rows)
    assert sandbox.requests() == {}


def test_a_wrong_key_fails_at_once_and_says_what_to_set(sandbox, clock, caplog):
    caplog.set_level(logging.DEBUG)
    client = TidepoolClient(KEY, sandbox.tidepool_url, clock=clock)
    with pytest.raises(TidepoolPermissionError, match="api_key, TIDEPOOL_API_KEY") as error:
        client.ingest(sample_rows(3), interactive_mode=False)
    assert KEY not in str(error.value) + repr(error.value) + caplog.text
    assert sandbox.requests() == {"tidepool/validate": 1}
    assert clock.slept == []


def test_a_wrong_path_is_a_setting_to_change(sandbox, clock):
    client = TidepoolClient(sandbox.tidepool_key, sandbox.root + "/wrong", clock=clock)
    with pytest.raises(TidepoolConfigurationError, match="/api/v1/events"):
        client.track_events(sample_rows(1))


def test_nobody_there_is_for_later(clock):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    client = TidepoolClient(
        KEY, f"http://127.0.0.1:{port}/x", clock=clock, retry=RetryPolicy(tries=3)
    )
    with pytest.raises(TidepoolTransientError, match="no connection") as error:
        client.track_events(sample_rows(1))
    assert len(clock.slept) == 2
    assert (error.value.result.requests, error.value.result.tracked) == (3, 0)
