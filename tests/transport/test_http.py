"""One request: a reply, or an error that says whether the request may have arrived."""

from __future__ import annotations

import contextlib
import gzip
import socket
import struct
import threading
import time
import tracemalloc

import pytest

from airflow_provider_ams.transport import (
    HTTPSession,
    Reply,
    TransportError,
    check_base_url,
    check_header,
    cookie,
)

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
    assert (caught.value.reason == "no reply came in time") == timed_out
    assert not caught.value.tls
    assert "body" not in str(caught.value)


def test_before_sending_it_has_not():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(TransportError) as caught:
        post(f"http://127.0.0.1:{port}/base")
    assert not caught.value.sent
    reason = f"no connection could be made: 127.0.0.1:{port} refuses connections"
    assert caught.value.reason == reason


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
        ("https://a.test:99999/x", None),
        ("https://a.test:port/x", None),
        ("https://a.test/x y", None),
        ("https://a.test/x\ny", None),
        ("https://a.te\tst/x", None),
        ("https://a.test/\x00", None),
        ("https://a.test/\u2028x", None),
        ("https://", None),
        ("", None),
    ],
)
def test_base_urls(url, used):
    if used is None:
        with pytest.raises(ValueError, match="URL"):
            check_base_url(url)
    else:
        assert check_base_url(url) == used


@pytest.mark.parametrize("value", ["", " ", "two words", "a\nb", "a\r\nX: y", "a\x7f", "schlüssel"])
def test_a_header_that_is_not_one_word_is_named_without_its_value(value):
    with pytest.raises(ValueError, match="X-APP-ID must be one word") as raised:
        check_header("X-APP-ID", value)
    assert not value.strip() or value not in str(raised.value)


def test_a_header_that_is_one_word():
    assert check_header("X-APP-ID", "airflow-provider-ams/1.0") == "airflow-provider-ams/1.0"


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"verify": "/no/such/bundle.pem"}, "no CA bundle '/no/such/bundle.pem'"),
        ({"verify": ""}, "no CA bundle"),
        ({"deadline": 0}, "more than 0"),
        ({"read_timeout": -1}, "more than 0"),
        ({"max_bytes": 0}, "more than 0"),
    ],
)
def test_settings_that_mean_nothing_are_refused_at_once(setting, words):
    with pytest.raises(ValueError, match=words):
        HTTPSession("https://a.test", **setting)


def test_a_bundle_that_the_environment_names_but_is_not_there(monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/bundle.pem")
    with pytest.raises(TransportError, match="CA bundle that the environment names") as caught:
        post("https://a.test")
    assert (caught.value.sent, caught.value.tls) == (False, True)


# -- large and slow replies -----------------------------------------------------------------


def packed(*layers, status="200 OK"):
    body = b"0" * 50_000_000
    for _ in layers:
        body = gzip.compress(body)
    head = f"HTTP/1.1 {status}\r\nLocation: /x\r\nContent-Encoding: {', '.join(layers)}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def test_a_packed_reply_is_unpacked(wire):
    assert post(wire(answer(packed("gzip"))).url).body == b"0" * 50_000_000


@pytest.mark.parametrize("status", ["200 OK", "302 Found"])
@pytest.mark.parametrize("layers", [["gzip"], ["gzip", "gzip"]])
def test_a_reply_that_unpacks_to_too_much_never_is_in_memory(wire, layers, status):
    server = wire(answer(packed(*layers, status=status)))
    tracemalloc.start()
    try:
        with pytest.raises(TransportError, match="more than") as caught:
            post(server.url, max_bytes=2_000_000)
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()
    assert caught.value.sent


@pytest.mark.parametrize("framing", ["Content-Length: 1001", "Transfer-Encoding: chunked", "X: y"])
def test_a_reply_may_be_as_large_as_the_cap_and_no_larger(wire, framing):
    body = b"x" * 1001
    if "chunked" in framing:
        body = b"3e9\r\n" + body + b"\r\n0\r\n\r\n"
    server = wire(answer(f"HTTP/1.1 200 OK\r\n{framing}\r\n\r\n".encode() + body))
    assert len(post(server.url, max_bytes=1001).body) == 1001
    with pytest.raises(TransportError, match="more than"):
        post(server.url, max_bytes=1000)


def drip(content, pause=0.05):
    def serve(wire, connection):
        read_request(wire, connection)
        with contextlib.suppress(OSError):
            for byte in content:
                connection.sendall(bytes([byte]))
                time.sleep(pause)

    return serve


LONG = b"x" * 1000
DRIPS = [
    b"HTTP/1.1 200 OK\r\n" + b"X-Pad: x\r\n" * 1000,
    b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + LONG,
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n" + LONG,
    b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + LONG,
    b"HTTP/1.1 100 Continue\r\n\r\n" * 1000,
]


@pytest.mark.parametrize("content", DRIPS)
def test_a_reply_that_drips_ends_at_the_deadline(wire, content):
    server = wire(drip(content))
    began = time.monotonic()
    with pytest.raises(TransportError, match="no reply came in time") as caught:
        post(server.url, deadline=0.6)
    assert time.monotonic() - began < 1.5
    assert caught.value.sent


def test_a_server_that_takes_nothing_in_ends_at_the_deadline(wire):
    stop = threading.Event()
    server = wire(lambda server, connection: stop.wait(10))
    session = HTTPSession(server.url, deadline=0.5)
    began = time.monotonic()
    with pytest.raises(TransportError) as caught:
        session.send("POST", "/x", b"x" * 50_000_000, {})
    stop.set()
    session.close()
    assert time.monotonic() - began < 1.5
    assert caught.value.sent


def test_a_server_that_is_slow_to_take_a_body_has_more_time_than_for_connecting(wire):
    def serve(server, connection):
        time.sleep(0.6)
        read_request(server, connection)
        connection.sendall(OK)

    server = wire(serve)
    session = HTTPSession(server.url, connect_timeout=0.2, read_timeout=30)
    assert session.send("POST", "/x", b"x" * 20_000_000, {}).status == 200
    session.close()


# -- connections that are kept --------------------------------------------------------------


class Counting(Wire):
    """Answer many requests on each connection, and count the connections."""

    def __init__(self):
        self.connections = 0
        super().__init__(self._many)

    def _many(self, wire, connection):
        self.connections += 1
        threading.Thread(target=self._answer, args=(connection.dup(),), daemon=True).start()

    def _answer(self, connection):
        with connection, contextlib.suppress(OSError, ValueError):
            while True:
                data = connection.recv(65536)
                if not data:
                    return
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


@pytest.fixture
def counting():
    server = Counting()
    yield server
    server.close()


@pytest.mark.parametrize(("idle", "connections"), [(0, 1), (3.9, 1), (4.1, 2), (3600, 2)])
def test_a_connection_is_used_again_only_while_the_server_keeps_it(counting, idle, connections):
    now = [100.0]
    session = HTTPSession(counting.url, deadline=10_000, now=lambda: now[0])
    for _ in range(2):
        session.send("GET", "/x", None, {})
    now[0] += idle
    session.send("GET", "/x", None, {})
    session.close()
    assert counting.connections == connections


def test_the_end_of_one_request_s_deadline_does_not_shorten_the_next(counting):
    now = [0.0]

    def later():
        now[0] += 0.3
        return now[0]

    session = HTTPSession(counting.url, read_timeout=5, deadline=2.2, now=later)
    for _ in range(5):
        assert session.send("POST", "/x", b"1", {}).status == 200
    session.close()


# -- cookies --------------------------------------------------------------------------------


def test_cookies_are_read_and_never_sent_back(wire):
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n"
        b"Set-Cookie: lang=en; Expires=Wed, 09 Jun 2032 10:18:14 GMT; Path=/\r\n"
        b'Set-Cookie: JSESSIONID="a b"; Path=/; HttpOnly; SameSite=Lax\r\n\r\n'
    )
    server = wire(answer(head))
    session = HTTPSession(server.url)
    replies = [session.send("GET", "/x", None, {}) for _ in range(2)]
    session.close()
    assert [cookie(reply, "JSESSIONID") for reply in replies] == ["a b"] * 2
    assert cookie(replies[0], "lang") == "en"
    assert cookie(replies[0], "Path") is None
    assert "Cookie" not in server.requests[1][0]
    assert "a b" not in repr(replies[0])


@pytest.mark.parametrize(
    ("headers", "value"),
    [
        ((), None),
        (("a=1",), "1"),
        (("a=",), None),
        (("b=1; a=2",), None),
        (("b=1", "a=2; x={strange,[value"), "2"),
        (("bad name=1; a=2", "a=3"), "3"),
        (("=; ;", "a=x=y"), "x=y"),
    ],
)
def test_a_cookie_by_its_name(headers, value):
    assert cookie(Reply(200, {}, b"", headers), "a") == value
