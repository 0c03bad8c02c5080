"""A body whose last byte is withheld is no request."""

from __future__ import annotations

import contextlib
import socket
import threading

import pytest

from airflow_provider_ams.transport import HeldBody, HTTPSession, WithheldError

BODY = b'{"eventId":5}'


class Permit:
    """Give leave to send, or refuse it; what happens is noted in order."""

    def __init__(self, refuse_at=None):
        self.seen, self._refuse_at = [], refuse_at

    def _step(self, name):
        self.seen.append(name)
        if name == self._refuse_at:
            raise LookupError(name)

    @contextlib.contextmanager
    def __call__(self):
        self._step("enter")
        yield lambda: self._step("check")
        self._step("leave")


class Server:
    """Take requests one by one; keep the bodies that came whole, and the pieces of the others."""

    def __init__(self):
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.whole, self.broken = [], []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                with connection:
                    self._take(connection)

    def _take(self, connection):
        data = b""
        while piece := connection.recv(65536):
            data += piece
            head, _, body = data.partition(b"\r\n\r\n")
            if len(body) == len(BODY):
                assert b"content-length: 13" in head.lower()
                self.whole.append(body)
                connection.sendall(
                    b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
                )
                return
        self.broken.append(data.partition(b"\r\n\r\n")[2])

    def close(self):
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)


@pytest.fixture
def server():
    server = Server()
    yield server
    server.close()


@pytest.fixture
def session(server):
    session = HTTPSession(server.url)
    yield session
    session.close()


def test_what_is_permitted_arrives_whole(server, session):
    permit = Permit()
    reply = session.send("POST", "/x", HeldBody(BODY, permit), {})
    assert reply.body == b"ok"
    assert server.whole == [BODY]
    assert permit.seen == ["enter", "check", "leave"]


@pytest.mark.parametrize("refuse_at", ["enter", "check"])
def test_what_is_not_permitted_is_no_request(server, session, refuse_at):
    with pytest.raises(WithheldError) as caught:
        session.send("POST", "/x", HeldBody(BODY, Permit(refuse_at)), {})
    assert isinstance(caught.value.reason, LookupError)
    assert refuse_at in str(caught.value)
    session.close()
    server.close()
    assert server.whole == []
    assert all(piece == BODY[: len(piece)] and len(piece) < len(BODY) for piece in server.broken)


def test_the_last_byte_alone_waits_for_leave():
    permit = Permit()
    body = HeldBody(BODY, permit)
    assert len(body) == len(BODY)
    pieces = iter(body)
    assert next(pieces) == BODY[:-1]
    assert permit.seen == []
    last = next(pieces)
    assert last == BODY[-1:]
    assert permit.seen == ["enter"]
    last.check()
    assert next(pieces, None) is None
    assert permit.seen == ["enter", "check", "leave"]


def test_a_body_may_be_sent_again():
    body = HeldBody(BODY, Permit())
    assert b"".join(body) == b"".join(body) == BODY
