from __future__ import annotations

import pytest

from airflow_provider_ams.tidepool.replies import Action, classify, named_fields
from airflow_provider_ams.transport import Reply

TABLE = [
    # status, headers, body, after /validate, after /track
    (200, {}, b'{"status": "ok"}', Action.DONE, Action.STOP),
    (201, {}, b"", Action.SETUP, Action.DONE),
    (200, {}, b"<html>Log in</html>", Action.SETUP, Action.STOP),
    (201, {}, b"  <html>", Action.SETUP, Action.STOP),
    (204, {}, b"", Action.SETUP, Action.STOP),
    (301, {}, b"", Action.SETUP, Action.SETUP),
    (400, {}, b"", Action.SPLIT, Action.SPLIT),
    (401, {}, b"", Action.KEY, Action.KEY),
    (403, {}, b"", Action.KEY, Action.KEY),
    (404, {}, b"", Action.SETUP, Action.SETUP),
    (405, {}, b"", Action.SETUP, Action.SETUP),
    (408, {}, b"", Action.LATER, Action.LATER),
    (409, {}, b"", Action.SPLIT, Action.SPLIT),
    (413, {}, b"", Action.TOO_LARGE, Action.TOO_LARGE),
    (415, {}, b"", Action.SETUP, Action.SETUP),
    (422, {}, b"", Action.SPLIT, Action.SPLIT),
    (425, {}, b"", Action.LATER, Action.LATER),
    (429, {}, b"", Action.LATER, Action.LATER),
    (500, {}, b"", Action.LATER, Action.DOUBT),
    (502, {}, b"<html>", Action.LATER, Action.DOUBT),
    (503, {}, b"", Action.LATER, Action.DOUBT),
    (503, {"Retry-After": "1"}, b"", Action.LATER, Action.LATER),
    (504, {}, b"", Action.LATER, Action.DOUBT),
    (599, {}, b"", Action.LATER, Action.DOUBT),
    (777, {}, b"", Action.SETUP, Action.STOP),
]


@pytest.mark.parametrize(("status", "headers", "body", "validate", "track"), TABLE)
def test_each_status_means_one_thing(status, headers, body, validate, track):
    reply = Reply(status, headers, body)
    assert classify(reply, 200, stores=False) is validate
    assert classify(reply, 201, stores=True) is track


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b'{"errors": [{"index": 3, "field": "timestamp", "message": "bad"}]}', ["timestamp"]),
        (b'{"detail": [{"loc": ["body", 3, "text"], "input": "secret"}]}', ["text"]),
        (b'{"errors": [{"path": "[0].user_id"}, {"path": "/0/id"}]}', ["id", "user_id"]),
        (b'{"error": "text is bad"}', []),
        (b'{"detail": [{"loc": ["body", "secret"]}]}', []),
        (b"<html>", []),
        (b"[1, 2]", []),
    ],
)
def test_only_names_of_fields_are_taken_from_an_error(body, fields):
    assert named_fields(body) == fields
