"""What an HTTP status means for a read, as the table in docs/wire.md, section 1 has it."""

from __future__ import annotations

import pytest

from airflow_provider_ams.ams.errors import (
    AMSConfigurationError,
    AMSLoginError,
    AMSPermissionError,
    AMSReplyError,
    AMSTransientError,
)
from airflow_provider_ams.ams.wire.statuses import Kind, meaning_of, read_error
from airflow_provider_ams.transport import Reply

ERRORS = [
    (204, AMSReplyError, "no meaning"),
    (300, AMSConfigurationError, "no AMS here"),
    (302, AMSConfigurationError, "no AMS here"),
    (399, AMSConfigurationError, "no AMS here"),
    (400, AMSConfigurationError, "refused"),
    (401, AMSLoginError, "session"),
    (403, AMSPermissionError, "no access"),
    (404, AMSConfigurationError, "no AMS here"),
    (408, AMSTransientError, "failed to answer"),
    (409, AMSConfigurationError, "refused"),
    (413, AMSConfigurationError, "refused"),
    (422, AMSConfigurationError, "refused"),
    (429, AMSTransientError, "failed to answer"),
    (499, AMSConfigurationError, "refused"),
    (500, AMSTransientError, "failed to answer"),
    (501, AMSTransientError, "failed to answer"),
    (503, AMSTransientError, "failed to answer"),
]


def error_of(status, now=0.0, **headers):
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return read_error("synchronise", Reply(status, names, b"Ann"), now)


@pytest.mark.parametrize(("status", "kind", "words"), ERRORS)
def test_each_status_has_its_error(status, kind, words):
    error = error_of(status)
    assert type(error) is kind
    assert words in error.message
    assert (error.endpoint, error.status) == ("synchronise", status)
    assert "Ann" not in str(error)


def test_a_200_is_no_error():
    assert error_of(200) is None


def test_what_to_do_is_said_where_the_caller_can_do_something():
    assert "role" in error_of(403).hint
    assert "URL" in error_of(404).hint


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_the_wait_that_ams_asks_for_is_told(status):
    assert error_of(status, Retry_After="7").retry_after == 7
    later = "Thu, 01 Jan 1970 00:01:00 GMT"
    assert error_of(status, now=20.0, Retry_After=later).retry_after == 40
    assert error_of(status).retry_after is None


@pytest.mark.parametrize(
    ("status", "kind", "late"),
    [
        (200, Kind.ANSWER, False),
        (300, Kind.ABSENT, False),
        (400, Kind.REFUSED, False),
        (408, Kind.FAILED, True),
        (418, Kind.FAILED, False),
        (500, Kind.FAILED, False),
        (501, Kind.FAILED, True),
        (504, Kind.FAILED, True),
    ],
)
def test_only_a_gateway_may_leave_a_call_at_work(status, kind, late):
    assert (meaning_of(status).kind, meaning_of(status).late) == (kind, late)
