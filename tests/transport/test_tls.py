"""TLS, with and without a proxy: the same deadline, the same care with old connections."""

from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from airflow_provider_ams.transport import HTTPSession, TransportError

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HOST = "ams.test"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.datetime.now(datetime.timezone.utc)
    names = [x509.DNSName(HOST), x509.DNSName("localhost")]
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return str(path)


def _read_request(connection):
    data = b""
    while not data.endswith(b"\r\n\r\nbody"):
        more = connection.recv(65536)
        if not more:
            return b""
        data += more
    return data


class Server:
    """Answer over TLS, on each connection as often as asked, whole or a byte at a time."""

    def __init__(self, certificate):
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.connections, self.pause = 0, 0
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, plain):
        with contextlib.suppress(OSError), self._context.wrap_socket(plain, True) as connection:
            self.connections += 1
            while _read_request(connection):
                for at in range(len(OK)):
                    connection.sendall(OK[at : at + 1] if self.pause else OK)
                    if not self.pause:
                        break
                    time.sleep(self.pause)

    def close(self):
        self._socket.close()


@pytest.fixture
def server(certificate):
    one = Server(certificate)
    yield one
    one.close()


@pytest.fixture
def proxy(server, monkeypatch):
    """Tunnel to the server, whatever host is asked for; returns the requests it got."""
    asked = []
    listener = socket.create_server(("127.0.0.1", 0))

    def pump(source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def run():
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                asked.append(client.recv(65536).split(b"\r\n")[0])
                behind = socket.create_connection(("127.0.0.1", server.port))
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                for pair in ((client, behind), (behind, client)):
                    threading.Thread(target=pump, args=pair, daemon=True).start()

    threading.Thread(target=run, daemon=True).start()
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{listener.getsockname()[1]}")
    yield asked
    listener.close()


@pytest.fixture(params=["direct", "proxy"])
def session(request, server, certificate):
    """Return a function that makes a session with a clock of its own."""
    host = "localhost"
    if request.param == "proxy":
        request.getfixturevalue("proxy")
        host = HOST
    made = []

    def make(**settings):
        url = f"https://{host}:{server.port}"
        made.append(HTTPSession(url, verify=certificate, **settings))
        return made[-1]

    yield make
    for one in made:
        one.close()


def post(session):
    return session.send("POST", "/x", b"body", {})


@pytest.mark.parametrize(("idle", "connections"), [(1, 1), (5, 2)])
def test_connections_are_kept_as_long_as_the_server_keeps_them(session, server, idle, connections):
    now = [100.0]
    one = session(now=lambda: now[0])
    assert post(one).body == b"ok"
    now[0] += idle
    assert post(one).body == b"ok"
    assert server.connections == connections


def test_a_reply_that_drips_ends_at_the_deadline(session, server):
    server.pause = 0.1
    began = time.monotonic()
    with pytest.raises(TransportError, match="no reply came in time") as caught:
        post(session(deadline=0.8))
    assert time.monotonic() - began < 2
    assert caught.value.sent


def test_the_proxy_sees_the_host_alone(proxy, server, certificate):
    session = HTTPSession(f"https://{HOST}:{server.port}/site", verify=certificate)
    assert post(session).status == 200
    session.close()
    assert [line.rpartition(b" ")[0] for line in proxy] == [
        f"CONNECT {HOST}:{server.port}".encode()
    ]


def test_a_certificate_nobody_vouches_for(server):
    session = HTTPSession(f"https://localhost:{server.port}")
    with pytest.raises(
        TransportError, match=r"certificate of localhost.* was not accepted"
    ) as caught:
        post(session)
    session.close()
    assert (caught.value.sent, caught.value.tls) == (False, True)
