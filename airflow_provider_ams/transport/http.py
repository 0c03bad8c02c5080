"""One HTTP request, one reply or one error that says whether the request may have arrived."""

from __future__ import annotations

import ipaddress
import os
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.cookies import RequestsCookieJar
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError
from urllib3.exceptions import NameResolutionError as UnknownHostError
from urllib3.exceptions import ProxyError as UrllibProxyError

from airflow_provider_ams.transport.connections import Adapter, deadline

# Failures that end before a byte of the request has left: safe to send again, even for writes.
_BEFORE_SENDING = (
    NewConnectionError,
    ConnectTimeoutError,
    UrllibProxyError,
    ssl.SSLCertVerificationError,
)
_MIB = 1 << 20
_CHUNK = 1 << 16
MAX_REPLY_BYTES = 256 * _MIB
DEADLINE = 600.0
# How requests says that the environment names a CA bundle that is not there.
_NO_BUNDLE = "Could not find a suitable TLS CA certificate bundle"


class TransportError(Exception):
    """No reply came.

    Parameters
    ----------
    reason : str
        What happened, in words without payload or credentials.
    sent : bool
        False only if it is certain that the server did not get the request.
    tls : bool
        The server's certificate was not accepted.
    """

    def __init__(self, reason: str, *, sent: bool, tls: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent
        self.tls = tls


@dataclass(frozen=True)
class Reply:
    """An HTTP reply, as it came.

    Parameters
    ----------
    status : int
        HTTP status code.
    headers : mapping
        Reply headers; keys in any case.
    body : bytes
        The whole body, decoded from its transfer and content encoding.
    set_cookie : tuple of str
        The ``Set-Cookie`` headers, one by one; read them with `cookie`.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)  # they hold the session
    body: bytes = field(repr=False)
    set_cookie: tuple[str, ...] = field(default=(), repr=False)

    def sent_at(self, otherwise: float) -> float:
        """Return the time in its HTTP date, epoch seconds; else what is given."""
        try:
            return parsedate_to_datetime(self.headers.get("Date") or "").timestamp()
        except (TypeError, ValueError, OverflowError):
            return otherwise


def cookie(reply: Reply, name: str) -> str | None:
    """Return the value that a reply sets a cookie to, None if it does not."""
    for text in reply.set_cookie:
        jar: SimpleCookie = SimpleCookie()
        try:
            # The attributes behind it don't matter here, and a strange one would hide the value.
            jar.load(text.partition(";")[0])
        except CookieError:
            continue
        if name in jar and jar[name].value:
            return jar[name].value
    return None


class _NoCookies(RequestsCookieJar):
    """Keep no cookie: none is ever sent, as sessions are known by headers alone."""

    def extract_cookies(self, *response_and_request: object) -> None:
        """Take nothing out of a reply."""


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """See no redirect: preparing to follow one reads the whole body, and .netrc."""
        return None


def is_loopback(host: str | None) -> bool:
    """Tell whether a host name means this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def check_base_url(url: str) -> str:
    """Return the base URL without a trailing slash.

    Raises
    ------
    ValueError
        Not an ``https`` URL (``http`` is accepted for loopback alone), without a host, with user,
        query or fragment in it, or with blanks or control characters.
    """
    text = url.strip()
    if any(char.isspace() or not char.isprintable() for char in text):
        raise ValueError("the URL holds a blank or a control character")
    if "://" not in text:
        text = f"https://{text}"
    parts = urlsplit(text)
    if not parts.hostname:
        raise ValueError("the URL has no host: write it as https://host/site")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        raise ValueError(
            "the URL must start with https:// (http would show the password to the network, and is "
            "for this machine alone)"
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("the URL must hold scheme, host and path alone")
    try:
        _ = parts.port
    except ValueError:
        raise ValueError("the URL has a port that is no number up to 65535") from None
    return text.rstrip("/")


def check_header(name: str, value: str) -> str:
    """Return a header's value that is one word, such as a key or a name of an application.

    Raises
    ------
    ValueError
        It is empty, or holds blanks, control characters or anything beyond ASCII. The text names
        the header and not the value, which may be secret.
    """
    plain = isinstance(value, str) and value.isascii() and value.isprintable()
    if plain and value and " " not in value:
        return value
    del value  # no traceback that shows locals may show it
    raise ValueError(f"{name} must be one word of ASCII letters, digits and signs")


class HTTPSession:
    """Keep connections to one server and send requests to it, and to nowhere else.

    Redirects are not followed and .netrc is not read, so that headers with credentials never go
    to another host. Safe to use from several threads.

    Parameters
    ----------
    base_url : str
        Where paths are joined to; checked by `check_base_url`.
    connect_timeout, read_timeout : float
        Seconds.
    verify : bool or str
        Check the server's certificate; a path names a CA bundle.
    connections : int
        Connections kept open.
    max_bytes : int
        A reply with more, once it is unpacked, is not taken in.
    deadline : float
        Seconds for a whole request, from connecting to the last byte of the reply. (Looking up
        the host's name is up to the operating system.)
    now : callable
        Seconds, as ``time.monotonic``.

    Raises
    ------
    ValueError
        A setting can't mean anything; the text says which.
    """

    def __init__(
        self,
        base_url: str,
        *,
        connect_timeout: float = 10.0,
        read_timeout: float = 120.0,
        verify: bool | str = True,
        connections: int = 8,
        max_bytes: int = MAX_REPLY_BYTES,
        deadline: float = DEADLINE,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.base_url = check_base_url(base_url)
        if min(connect_timeout, read_timeout, deadline, max_bytes) <= 0:
            raise ValueError("timeouts, deadline and max_bytes must be more than 0")
        self._timeout = (min(connect_timeout, deadline), min(read_timeout, deadline))
        self._verify = _check_verify(verify)
        self._max_bytes = max_bytes
        self._deadline = deadline
        self._now = now
        self._session = _Session()
        # Requests are prepared here: merging them with a session's settings costs a tenth of a
        # small call, and would take credentials out of a .netrc file.
        self._usual = dict(requests.utils.default_headers())
        self._settings = {"proxies": {}, "stream": True, "verify": self._verify, "cert": None}
        # A proxy for the outside world must not see what is meant for this machine.
        self._session.trust_env = not is_loopback(urlsplit(self.base_url).hostname)
        self._session.cookies = _NoCookies()
        adapter = Adapter(pool_connections=1, pool_maxsize=connections)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def send(
        self,
        method: str,
        path: str,
        body: bytes | Iterable[bytes] | None,
        headers: Mapping[str, str],
    ) -> Reply:
        """Send one request and read its whole reply.

        Parameters
        ----------
        method : str
            HTTP verb.
        path : str
            Joined to the base URL; starts with a slash.
        body : bytes, HeldBody or None
            The request body.
        headers : mapping
            Request headers.

        Raises
        ------
        TransportError
            No (whole) reply came.
        """
        try:
            with deadline(self._deadline, self._timeout[1], self._now):
                answer = self._exchange(method, f"{self.base_url}{path}", body, headers)
                with answer:
                    content = self._read(answer)
            return Reply(answer.status_code, answer.headers, content, _set_cookie(answer))
        except (requests.RequestException, HTTPError, OSError, TransportError) as error:
            failure: BaseException = _describe(error, urlsplit(self.base_url).netloc)
        except BaseException as error:  # noqa: BLE001 - raised again below
            failure = error
        # The frames that it comes from hold the request, and the request holds credentials. Raised
        # here, it brings none of them along, neither as its traceback nor as its context.
        failure.__context__ = failure.__cause__ = None
        del body, headers
        raise failure.with_traceback(None)

    def _exchange(
        self,
        method: str,
        url: str,
        body: bytes | Iterable[bytes] | None,
        headers: Mapping[str, str],
    ) -> requests.Response:
        request = requests.PreparedRequest()
        request.prepare(method, url, {**self._usual, **headers}, data=body)
        settings: Any = self._settings
        if self._session.trust_env:
            settings = self._session.merge_environment_settings(url, {}, True, self._verify, None)
        return self._session.send(request, timeout=self._timeout, allow_redirects=False, **settings)

    def _read(self, answer: requests.Response) -> bytes:
        """Read a body piece by piece, so that one that is too large never is in memory."""
        if "," in answer.headers.get("Content-Encoding", ""):
            # Each layer may grow a thousandfold within one piece.
            raise TransportError("the reply is packed more than once", sent=True)
        pieces, size = [], 0
        for piece in answer.iter_content(_CHUNK):
            size += len(piece)
            if size > self._max_bytes:
                limit = f"{self._max_bytes / _MIB:.0f} MiB"
                raise TransportError(f"the reply has more than {limit}", sent=True)
            pieces.append(piece)
        return b"".join(pieces)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()


def _check_verify(verify: bool | str) -> bool | str:
    if isinstance(verify, str) and not os.path.exists(verify):
        raise ValueError(f"there is no CA bundle {verify!r}: give the path of a PEM file")
    return verify


def _set_cookie(answer: requests.Response) -> tuple[str, ...]:
    # requests joins headers of one name with commas, which dates in cookies hold as well.
    return tuple(answer.raw.headers.getlist("Set-Cookie"))


def _describe(error: Exception, host: str) -> TransportError:
    if isinstance(error, TransportError):
        return error
    causes = list(_causes(error))
    before = any(isinstance(cause, _BEFORE_SENDING) for cause in causes)
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return TransportError(f"the certificate of {host} was not accepted", sent=False, tls=True)
    if str(error).startswith(_NO_BUNDLE):
        return TransportError(
            "the CA bundle that the environment names is not there", sent=False, tls=True
        )
    if isinstance(error, requests.ConnectTimeout):
        return TransportError(f"connecting to {host} took too long", sent=False)
    if isinstance(error, requests.Timeout):
        return TransportError("no reply came in time", sent=True)
    if before:
        return TransportError(f"no connection could be made{_why(causes, host)}", sent=False)
    if any(isinstance(cause, TimeoutError) for cause in causes):
        return TransportError("no reply came in time", sent=True)
    if isinstance(error, requests.exceptions.SSLError):
        return TransportError("the TLS connection failed", sent=True, tls=True)
    if isinstance(error, requests.exceptions.InvalidURL):
        return TransportError("the URL is not valid", sent=False)
    return TransportError("the connection was lost", sent=True)


def _why(causes: list[BaseException], host: str) -> str:
    """Say with whom no connection could be made, and why."""
    if any(isinstance(cause, UrllibProxyError) for cause in causes):
        return f" to {host} by way of the proxy"
    if any(isinstance(cause, UnknownHostError) for cause in causes):
        return f": DNS knows no host {host}"
    refused = any(isinstance(cause, ConnectionRefusedError) for cause in causes)
    return f": {host} refuses connections" if refused else f" to {host}"


def _causes(error: BaseException) -> list[BaseException]:
    """Collect an error with everything it wraps (requests nests urllib3's in args)."""
    found: list[BaseException] = []
    queue: list[object] = [error]
    while queue:
        item = queue.pop()
        if not isinstance(item, BaseException) or any(item is known for known in found):
            continue
        found.append(item)
        queue += [item.__cause__, item.__context__, getattr(item, "reason", None), *item.args]
    return found
