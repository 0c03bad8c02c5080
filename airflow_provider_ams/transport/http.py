"""One HTTP request, one reply or one error that says whether the request may have arrived."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.exceptions import ProxyError as UrllibProxyError

# Failures that end before a byte of the request has left: safe to send again, even for writes.
_BEFORE_SENDING = (
    NewConnectionError,
    ConnectTimeoutError,
    UrllibProxyError,
    ssl.SSLCertVerificationError,
)


class TransportError(Exception):
    """No reply came.

    Parameters
    ----------
    reason : str
        What happened, in words without payload or credentials.
    sent : bool
        False only if it is certain that the server did not get the request.
    timed_out : bool
        The server may still be working on the request.
    tls : bool
        The server's certificate was not accepted.
    """

    def __init__(
        self, reason: str, *, sent: bool, timed_out: bool = False, tls: bool = False
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent
        self.timed_out = timed_out
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
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class _NoAuth(AuthBase):
    """Keep requests from taking credentials out of a .netrc file."""

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        return r


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
        Not an ``https`` URL (``http`` is accepted for loopback alone), without a host, or with
        user, query or fragment in it.
    """
    text = url.strip()
    if "://" not in text:
        text = f"https://{text}"
    parts = urlsplit(text)
    if not parts.hostname:
        raise ValueError("the URL has no host: write it as https://host/site")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        raise ValueError("the URL must start with https:// (http only for this machine itself)")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("the URL must hold scheme, host and path alone")
    return text.rstrip("/")


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
    """

    def __init__(
        self,
        base_url: str,
        *,
        connect_timeout: float = 10.0,
        read_timeout: float = 120.0,
        verify: bool | str = True,
        connections: int = 8,
    ) -> None:
        self.base_url = check_base_url(base_url)
        self._timeout = (connect_timeout, read_timeout)
        self._verify = verify
        self._session = requests.Session()
        self._session.auth = _NoAuth()
        # A proxy for the outside world must not see what is meant for this machine.
        self._session.trust_env = not is_loopback(urlsplit(self.base_url).hostname)
        adapter = HTTPAdapter(pool_connections=1, pool_maxsize=connections)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def send(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Reply:
        """Send one request and read its whole reply.

        Parameters
        ----------
        method : str
            HTTP verb.
        path : str
            Joined to the base URL; starts with a slash.
        body : bytes or None
            The request body.
        headers : mapping
            Request headers.

        Raises
        ------
        TransportError
            No (whole) reply came.
        """
        try:
            answer = self._session.request(
                method,
                f"{self.base_url}{path}",
                data=body,
                headers=dict(headers),
                timeout=self._timeout,
                verify=self._verify,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise _describe(error) from None
        finally:
            # The session is known by headers alone: a cookie jar would keep a dead session alive.
            self._session.cookies.clear()
        return Reply(answer.status_code, answer.headers, answer.content)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()


def _describe(error: requests.RequestException) -> TransportError:
    causes = list(_causes(error))
    before = any(isinstance(cause, _BEFORE_SENDING) for cause in causes)
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return TransportError("the server's certificate was not accepted", sent=False, tls=True)
    if isinstance(error, requests.ConnectTimeout):
        return TransportError("connecting took too long", sent=False, timed_out=True)
    if isinstance(error, requests.Timeout):
        return TransportError("no reply came in time", sent=True, timed_out=True)
    if before:
        return TransportError("no connection could be made", sent=False)
    if isinstance(error, requests.exceptions.SSLError):
        return TransportError("the TLS connection failed", sent=True, tls=True)
    if isinstance(error, requests.exceptions.InvalidURL):
        return TransportError("the URL is not valid", sent=False)
    return TransportError("the connection was lost", sent=True)


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
