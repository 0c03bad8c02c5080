"""A server with rules and error bodies that nobody here has seen before."""

from __future__ import annotations

import json
import logging
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tidepool_samples import sample_rows

from airflow_provider_ams.tidepool import (
    TidepoolClient,
    TidepoolConfigurationError,
    TidepoolPermissionError,
    TidepoolRejectedError,
)


class Handler(BaseHTTPRequestHandler):
    """Refuse batches with an event whose text says "bad", and echo the event in the error."""

    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # an answer in two packets would wait for the client's acknowledgement

    def do_POST(self):
        events = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.calls.append((self.path, len(events)))
        bad = [at for at, event in enumerate(events) if "bad" in event["text"]]
        if self.server.status:
            return self.answer(self.server.status, {"error": events})
        if any(event["id"] in self.server.known for event in events):
            return self.answer(409, {"error": "known id"})
        if self.server.lose:
            self.server.lose = False
            self.server.known |= {event["id"] for event in events}
            return self.answer(500, {})
        if bad:
            detail = [
                {"loc": ["body", at, "text"], "msg": events[at]["text"], "input": events[at]}
                for at in bad
            ]
            return self.answer(422, {"detail": detail})
        self.server.stored += [] if self.path == "/validate" else events
        return self.answer(200 if self.path == "/validate" else 201, {})

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.calls, server.stored, server.known, server.lose = [], [], set(), False
    server.status = None
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def client(server):
    with TidepoolClient("k", f"http://127.0.0.1:{server.server_port}") as client:
        yield client


def rows_with_bad(*bad, count=300):
    rows = sample_rows(count)
    for at in bad:
        rows[at]["text"] = f"bad secret {at}"
    return rows


def test_a_bad_event_is_found_and_named_without_its_text(client, server, write_csv, quick, caplog):
    caplog.set_level(logging.DEBUG)
    result = client.ingest(write_csv(rows_with_bad(41, 299)), quick(tolerance="all"))
    reason = "refused by the server (HTTP 422 about text)"
    assert [row[:2] for row in result.rejected] == [(43, reason), (301, reason)]
    assert len(server.stored) == 298
    assert "secret" not in str(result) + caplog.text
    # Two calls for each halving on the way down to one event, and the batches themselves.
    assert len(server.calls) <= 3 + 2 * 2 * 7


def test_an_error_does_not_hold_what_the_server_echoes(client, write_csv, quick):
    with pytest.raises(TidepoolRejectedError) as error:
        client.ingest(write_csv(rows_with_bad(250)), quick(validate="all"))
    assert "line 252" in str(error.value)
    assert "secret" not in str(error.value) + repr(error.value.result)


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (401, TidepoolPermissionError, "Set a valid API key"),
        (403, TidepoolPermissionError, "API key of the right project"),
        (302, TidepoolConfigurationError, "ends in /api/v1/events"),
        (405, TidepoolConfigurationError, "ends in /api/v1/events"),
        (418, TidepoolRejectedError, "refused by the server"),
    ],
)
def test_what_can_not_get_better_is_asked_once(client, server, status, error, words):
    server.status = status
    with pytest.raises(error, match=words) as raised:
        client.track_events([{"text": "secret", "timestamp": "2023-08-10T21:26:27Z"}])
    assert server.calls == [("/track", 1)]
    assert "secret" not in str(raised.value)


def test_a_server_that_refuses_known_ids_is_not_misread(client, server, quick, caplog):
    server.lose = True
    result = client.ingest(sample_rows(3), quick(tolerance="all"))
    assert {row.reason for row in result.rejected} == {
        "refused by the server (HTTP 409) after a sending without an answer"
    }
    assert "events sent again with the same ids (HTTP 500)" in caplog.text


@pytest.mark.parametrize("batch_size", [1, 100])
def test_every_event_of_a_batch_can_be_bad(client, server, write_csv, quick, batch_size):
    path = write_csv(rows_with_bad(*range(100, 200)))
    result = client.ingest(path, quick(tolerance="all", batch_size=batch_size))
    assert (result.tracked, len(result.rejected)) == (200, 100)
    again = client.ingest(path, quick(tolerance="all", max_in_flight=3))
    assert (again.tracked, again.already, len(again.rejected)) == (0, 200, 100)
    assert len(server.stored) == 200


def test_progress_is_shown_only_when_asked_for(client, write_csv, quick, capsys):
    client.ingest(write_csv(sample_rows(5)), quick())
    assert capsys.readouterr() == ("", "")
    client.ingest(write_csv(sample_rows(5), "b.csv"), quick(interactive_mode=True))
    out, err = capsys.readouterr()
    assert out.startswith("✔ rows 5, tracked 5")
    assert "rows/s" in err
