"""No API key in any frame that a failure comes through."""

from __future__ import annotations

import traceback

import pytest

from airflow_provider_ams.tidepool import TidepoolClient, TidepoolError, ingest, track_events
from airflow_provider_ams.transport import RetryPolicy
from tests.ams.tiny import Tiny

KEY = "key-that-nobody-may-see"
ROWS = [{"text": "a", "timestamp": "2023-08-10T21:26:27.302Z", "id": "1"}]


def shown(error):
    """Return what a debugger shows of the frames of an error, its causes and contexts."""
    found, queue = [], [error]
    while queue:
        one = queue.pop()
        if one is None:
            continue
        queue += [one.__cause__, one.__context__]
        for frame, _ in traceback.walk_tb(one.__traceback__):
            if frame.f_code.co_filename != __file__:
                names = frame.f_locals.items()
                found += [(frame.f_code.co_name, name, repr(value)) for name, value in names]
    return [place[:2] for place in found if KEY in place[2]]


def vanish(_):
    raise ConnectionResetError  # the server's thread ends, and with it the connection


@pytest.mark.parametrize("call", [ingest, track_events])
@pytest.mark.parametrize(
    "answer", [(401, {}, b""), (404, {}, b""), (422, {}, b"["), (429, {}, b""), {}, vanish]
)
def test_no_frame_shows_the_key(call, answer, monkeypatch):
    monkeypatch.setattr(RetryPolicy, "delay", lambda *_: 0.0)
    with Tiny(track=answer, validate=answer) as tiny, pytest.raises(TidepoolError) as caught:
        tiny._server.handle_error = lambda *_: None
        call(ROWS, api_key=KEY, base_url=tiny.url)
    assert not shown(caught.value)
    assert KEY not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("make", [TidepoolClient, lambda key: ingest(ROWS, api_key=key)])
def test_no_frame_shows_a_key_that_is_none(make):
    with pytest.raises(TidepoolError) as caught:
        make(f"{KEY} with a blank")
    assert not shown(caught.value)


def test_a_client_does_not_show_its_key():
    client = TidepoolClient(KEY)
    assert KEY not in repr(client)
    assert KEY not in repr(vars(client))
