"""One request: a reply, or an error that says whether the request may have arrived."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading

import pytest

from airflow_provider_ams.transport import HTTPSession, TransportError, check_base_url

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-One: 1\r\n\r\nok"
ACCEPT = struct.pack("ii", 1, 0)


class Wire:
    """Serve one connection after the other with a function of the socket."""

    def __init__(self, serve):
        self._serve = serve
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.requests = []
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/base"
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                with connection:
                    self._serve(self, connection)

    def close(self):
        self._socket.close()


def read_request(wire, connection):
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (
            int(x.split(b":")[1])
            for x in head.split(b"\r\n")
            if x.lower().startswith(b"content-length")
        ),
        0,
    )
    while len(body) < length:
        body += connection.recv(65536)
    wire.requests.append((head.decode(), body))


def answer(content):
    def serve(wire, connection):
        read_request(wire, connection)
        connection.sendall(content)

    return serve


def reset_after_reading(wire, connection):
    read_request(wire, connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ACCEPT)


def silence(wire, connection):
    read_request(wire, connection)
    with contextlib.suppress(OSError):
        connection.recv(1)


@pytest.fixture
def wire():
    wires = []

    def make(serve):
        wires.append(Wire(serve))
        return wires[-1]

    yield make
    for one in wires:
        one.close()


def post(url, **settings):
    session = HTTPSession(url, connect_timeout=2, **{"read_timeout": 2, **settings})
    try:
        return session.send("POST", "/x", b"body", {"A": "b"})
    finally:
        session.close()


def test_a_reply_as_it_came(wire):
    server = wire(answer(OK))
    reply = post(server.url)
    assert (reply.status, reply.body, reply.headers["x-one"]) == (200, b"ok", "1")
    head, body = server.requests[0]
    assert head.startswith("POST /base/x HTTP/1.1")
    assert "A: b" in head
    assert body == b"body"
    assert "ok" not in repr(reply)


@pytest.mark.parametrize("status", [301, 302, 401, 404, 500, 503])
def test_every_status_is_a_reply(wire, status):
    head = f"HTTP/1.1 {status} X\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    server = wire(answer(head.encode()))
    assert post(server.url).status == status
    assert len(server.requests) == 1


LOST = [
    (reset_after_reading, False),
    (answer(b""), False),
    (answer(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf"), False),
    (answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"), False),
    (answer(b"nonsense\r\n\r\n"), False),
    (silence, True),
]


@pytest.mark.parametrize(("serve", "timed_out"), LOST)
def test_after_sending_the_request_may_have_arrived(wire, serve, timed_out):
    with pytest.raises(TransportError) as caught:
        post(wire(serve).url, read_timeout=0.2)
    assert caught.value.sent
    assert caught.value.timed_out == timed_out
    assert not caught.value.tls
    assert "body" not in str(caught.value)


def test_before_sending_it_has_not():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(TransportError) as caught:
        post(f"http://127.0.0.1:{port}/base")
    assert not caught.value.sent
    assert not caught.value.timed_out


def test_a_server_without_tls(wire):
    with pytest.raises(TransportError) as caught:
        post(wire(answer(OK)).url.replace("http:", "https:"))
    assert caught.value.reason


def test_an_error_holds_no_request(wire):
    with pytest.raises(TransportError) as caught:
        post(wire(reset_after_reading).url)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_many_threads_share_a_session(wire):
    def serve(server, connection):
        for _ in range(1):
            read_request(server, connection)
            connection.sendall(OK.replace(b"X-One: 1", b"Connection: close"))

    session = HTTPSession(wire(serve).url)
    replies = []
    threads = [
        threading.Thread(target=lambda: replies.append(session.send("POST", "/x", b"1", {})))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    session.close()
    assert [reply.body for reply in replies] == [b"ok"] * 8


@pytest.mark.parametrize(
    ("url", "used"),
    [
        (" https://a.test/x/ ", "https://a.test/x"),
        ("a.test/x", "https://a.test/x"),
        ("http://127.0.0.9/x", "http://127.0.0.9/x"),
        ("http://a.test/x", None),
        ("https://a.test/x#f", None),
        ("https://u@a.test/x", None),
    ],
)
def test_base_urls(url, used):
    if used is None:
        with pytest.raises(ValueError, match="URL"):
            check_base_url(url)
    else:
        assert check_base_url(url) == used
