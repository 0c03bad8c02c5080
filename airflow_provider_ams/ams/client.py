"""The AMS client: session, one request with the right retry rule, and the roster."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

import orjson
import pendulum

from airflow_provider_ams.ams.credentials import Credentials, find_credentials
from airflow_provider_ams.ams.errors import (
    AMSConfigurationError,
    AMSLoginError,
    AMSPermissionError,
    AMSReplyError,
    AMSTransientError,
)
from airflow_provider_ams.ams.wire.replies import NotJSON, RPCException, parse
from airflow_provider_ams.transport import (
    Clock,
    HTTPSession,
    Reply,
    RetryBudget,
    RetryPolicy,
    TransportError,
    parse_retry_after,
)

_T = TypeVar("_T")
_V1_QUERY = "?informat=json&format=json"
_LOGIN_PATH = "/api/v2/user/loginUser"
_DESCRIPTION_PATH = "/api/v2/application/getApplicationDescription"


def path_of(endpoint: str) -> str:
    """Return the path of a v1 endpoint (a bare name) or of a later one (``v2/...``)."""
    if endpoint.startswith(("v2/", "v3/")):
        return f"/api/{endpoint}"
    return f"/api/v1/{endpoint}{_V1_QUERY}"


class AMSClient:
    """Talk to one AMS site as one user. Safe to use from several threads.

    Logs in when first needed, and once more when a session has died. Reads are retried with
    back-off; writes only when it is certain that AMS did not get them.

    Parameters
    ----------
    url, username, password : str, optional
        Else the environment (``AMS_URL``, ``AMS_USERNAME``, ``AMS_PASSWORD``), else keyring.
    timezone : str, optional
        IANA name of the site's time zone, for "now" and for times that carry a zone.
    app_id : str
        Names the integration to the vendor's support (``X-APP-ID``).
    connect_timeout, read_timeout : float
        Seconds.
    verify : bool or str
        Check the server's certificate; a path names a CA bundle.
    retry : RetryPolicy
        How often and how long to retry reads.
    clock : Clock
        Time, sleep and randomness.

    Raises
    ------
    AMSConfigurationError
        A setting is missing or can't be used. Nothing is sent by building a client.
    """

    def __init__(
        self,
        url: str | None = None,
        username: str | None = None,
        password: str | None = None,
        *,
        timezone: str | None = None,
        app_id: str = "airflow-provider-ams",
        connect_timeout: float = 10.0,
        read_timeout: float = 120.0,
        verify: bool | str = True,
        retry: RetryPolicy | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._credentials: Credentials = find_credentials(url, username, password)
        self.url = self._credentials.url
        self.timezone = _check_zone(timezone)
        self.retry = retry or RetryPolicy()
        self.clock = clock or Clock()
        self.requests = 0
        self.retries = 0
        self.account: dict[str, Any] = {}
        self.cached: dict[str, Any] = {}
        self._http = HTTPSession(
            self.url, connect_timeout=connect_timeout, read_timeout=read_timeout, verify=verify
        )
        self._headers = {"Content-Type": "application/json", "X-APP-ID": app_id}
        self._budget = RetryBudget()
        self._lock = threading.Lock()
        self._count_lock = threading.Lock()
        self._session: dict[str, str] = {}
        self._logins = 0

    def __repr__(self) -> str:
        return f"AMSClient({self.url!r})"

    @property
    def user_id(self) -> int | None:
        """The API account's own user id, known after login."""
        value = self.account.get("id")
        return int(value) if value is not None else None

    def now(self) -> pendulum.DateTime:
        """Return the site's wall-clock time (UTC if no time zone is set)."""
        return pendulum.from_timestamp(self.clock.now(), tz=self.timezone or "UTC")

    def close(self) -> None:
        """Close the connections; the session on the server ends by itself."""
        self._http.close()

    # ------------------------------------------------------------ login

    def login(self) -> dict[str, Any]:
        """Log in now, if not logged in yet, and return the login reply (no token in it).

        Raises
        ------
        AMSLoginError
            User name, password or site are not accepted.
        AMSTransientError
            AMS can't be reached, or fails.
        """
        self._ensure_session()
        return dict(self.account)

    def _ensure_session(self) -> tuple[dict[str, str], int]:
        with self._lock:
            if not self._session:
                self._log_in()
            return self._session, self._logins

    def renew_session(self, seen: int) -> None:
        """Log in again, unless another thread has done so since login number `seen`."""
        with self._lock:
            if self._logins == seen:
                self._log_in()

    def _log_in(self) -> None:
        self._session = {}
        reply, data = self._login_call({})
        token = _token(reply)
        if token is None:
            # The documented two steps: an anonymous session first, which the login then fills.
            token = _token(self._describe_application())
            if token is None:
                raise AMSLoginError("AMS gave no session.", endpoint="loginUser")
            _, data = self._login_call(_session_headers(token))
        user = data.get("user")
        if not isinstance(user, dict) or not user.get("id"):
            raise AMSLoginError("AMS did not confirm the login.", endpoint="loginUser")
        # skypeName holds an upload token on the login reply: not kept.
        self.account = {
            "id": user["id"],
            "username": user.get("username"),
            "application_id": data.get("applicationId"),
            "permissions": data.get("permissions") or [],
        }
        self._session = _session_headers(token)
        self._logins += 1

    def _describe_application(self) -> Reply:
        stamp = self.now().format("DD-MM-YYYY HH:mm")
        body = orjson.dumps({"appName": self._credentials.site, "currentDateOnClient": stamp})
        return self._retrying(lambda: self._send(_DESCRIPTION_PATH, body, {}), "login")

    def _login_call(self, headers: dict[str, str]) -> tuple[Reply, dict[str, Any]]:
        body = orjson.dumps(
            {
                "username": self._credentials.username,
                "password": self._credentials.password,
                "loginProperties": {
                    "appName": self._credentials.site,
                    "clientTime": self.now().format("YYYY-MM-DDTHH:mm"),
                },
            }
        )

        def attempt() -> tuple[Reply, dict[str, Any]]:
            reply = self._send(_LOGIN_PATH, body, headers)
            return reply, self._login_data(reply)

        return self._retrying(attempt, "loginUser")

    def _login_data(self, reply: Reply) -> dict[str, Any]:
        if reply.status in (401, 403):
            raise AMSLoginError(
                "AMS did not accept the user name and password.",
                endpoint="loginUser",
                status=reply.status,
                hint="Check them (the user name is not the e-mail address), and that the account "
                "is exempt from MFA, SSO and terms documents.",
            )
        self._raise_for_status("loginUser", reply)
        try:
            data = parse(reply.body)
        except NotJSON:
            raise AMSReplyError("The reply was not JSON.", endpoint="loginUser") from None
        except RPCException as error:
            hint = "Check the site's name at the end of the URL." if error.about_application else ""
            raise AMSLoginError(
                f"AMS refused the login ({error.type}).", endpoint="loginUser", hint=hint or None
            ) from None
        return data if isinstance(data, dict) else {}

    # ------------------------------------------------------------ requests

    def read(self, endpoint: str, body: object | None = None, method: str = "POST") -> Any:  # noqa: ANN401
        """Send a request that changes nothing and return the parsed reply (None if empty).

        Parameters
        ----------
        endpoint : str
            Name of a v1 endpoint, or the path from ``v2/`` or ``v3/`` on.
        body : object, optional
            What to send as JSON.
        method : str
            ``POST``, or ``GET`` for v3.

        Raises
        ------
        AMSPermissionError, AMSLoginError, AMSConfigurationError
            As the names say; not retried.
        AMSTransientError
            Retries are used up, or the wait would be too long.
        """
        data = orjson.dumps(body) if body is not None else None
        renewed = False

        def attempt() -> Any:  # noqa: ANN401
            nonlocal renewed
            session, login = self._ensure_session()
            reply = self._send(path_of(endpoint), data, session, method)
            if not renewed and self.session_is_dead(reply):
                renewed = True
                self.renew_session(login)
                session, _ = self._ensure_session()
                reply = self._send(path_of(endpoint), data, session, method)
            self._raise_for_status(endpoint, reply)
            return _read_body(endpoint, reply)

        return self._retrying(attempt, endpoint)

    def write(self, endpoint: str, body: bytes) -> tuple[Reply, int]:
        """Send a request that changes data, once, and return the reply and the login number.

        Only failures before anything was sent are retried: AMS does not detect duplicates.

        Raises
        ------
        TransportError
            The request may have arrived, and no whole reply came.
        AMSTransientError, AMSConfigurationError, AMSLoginError
            The request was certainly not sent.
        """

        def attempt() -> tuple[Reply, int]:
            session, login = self._ensure_session()
            try:
                return self._send(path_of(endpoint), body, session), login
            except AMSTransientError as error:
                if isinstance(error.__cause__, TransportError) and error.__cause__.sent:
                    raise error.__cause__ from None
                raise

        return self._retrying(attempt, endpoint)

    def _send(
        self, path: str, body: bytes | None, session: dict[str, str], method: str = "POST"
    ) -> Reply:
        with self._count_lock:
            self.requests += 1
        try:
            return self._http.send(method, path, body, {**self._headers, **session})
        except TransportError as error:
            if error.tls:
                raise AMSConfigurationError(
                    f"AMS can't be reached: {error.reason}.",
                    hint="Check the URL, or give the CA bundle to trust.",
                ) from error
            raise AMSTransientError(f"AMS can't be reached: {error.reason}.") from error

    def _retrying(self, attempt: Callable[[], _T], endpoint: str) -> _T:
        failures = 0
        while True:
            try:
                result = attempt()
            except AMSTransientError as error:
                failures += 1
                error.endpoint = error.endpoint or endpoint
                self.pause_before_retry(error, failures)
            else:
                self._budget.earn()
                return result

    def pause_before_retry(self, error: AMSTransientError, failures: int) -> None:
        """Wait as the retry rule says, or raise the error if there is to be no other try."""
        delay = self.retry.delay(failures, self.clock.random(), error.retry_after)
        if failures >= self.retry.tries or not self._budget.spend():
            error.hint = error.hint or "Run again later."
            raise error
        if delay > self.retry.max_wait:
            error.retry_after = delay
            error.hint = f"AMS asks to wait {delay:.0f} seconds; run again after that."
            raise error
        with self._count_lock:
            self.retries += 1
        self.clock.sleep(delay)

    def session_is_dead(self, reply: Reply) -> bool:
        """Tell whether a reply may mean that the session has ended (401, 403, RPC exception)."""
        if reply.status in (401, 403):
            return True
        if reply.status != 200 or b"__is_rpc_exception__" not in reply.body[:4096]:
            return False
        try:
            parse(reply.body)
        except RPCException as error:
            return error.about_session
        except NotJSON:
            return False
        return False

    def _raise_for_status(self, endpoint: str, reply: Reply) -> None:
        if reply.status != 200:
            raise_for_status(endpoint, reply, self.clock.now())


def raise_for_status(endpoint: str, reply: Reply, now: float) -> NoReturn:
    """Raise the error that an HTTP status other than 200 stands for."""
    status = reply.status
    details: dict[str, Any] = {"endpoint": endpoint, "status": status}
    if status == 401:
        raise AMSLoginError("AMS does not accept the session, even after a new login.", **details)
    if status == 403:
        raise AMSPermissionError(
            "The account has no access to this form or feature.",
            hint="Grant the role that opens it, as for the AMS web pages.",
            **details,
        )
    if status == 429 or status >= 500:
        wait = parse_retry_after(reply.headers.get("Retry-After"), now)
        raise AMSTransientError("AMS failed to answer.", retry_after=wait, **details)
    if status == 404 or 300 <= status < 400:
        raise AMSConfigurationError(
            "There is no AMS here.", hint="Check the URL: https://host/site.", **details
        )
    raise AMSConfigurationError("AMS refused the request.", **details)


def _read_body(endpoint: str, reply: Reply) -> Any:  # noqa: ANN401
    try:
        return parse(reply.body)
    except NotJSON:
        raise AMSReplyError("The reply was not JSON.", endpoint=endpoint) from None
    except RPCException as error:
        raise AMSReplyError(f"AMS reported {error.type}.", endpoint=endpoint) from None


def _token(reply: Reply) -> str | None:
    token = reply.headers.get("session-header")
    if token:
        return token
    for part in (reply.headers.get("Set-Cookie") or "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == "JSESSIONID" and value:
            return value
    return None


def _session_headers(token: str) -> dict[str, str]:
    return {"session-header": token, "Cookie": f"JSESSIONID={token}"}


def _check_zone(name: str | None) -> str | None:
    name = name or os.environ.get("AMS_TIMEZONE") or None
    if name is not None:
        try:
            pendulum.timezone(name)
        except ValueError:
            raise AMSConfigurationError(
                f"timezone {name!r} is not known.", hint="Use an IANA name: Australia/Perth."
            ) from None
    return name


_clients: dict[tuple[Any, ...], AMSClient] = {}
_clients_lock = threading.Lock()


def get_client(
    url: str | None = None,
    username: str | None = None,
    password: str | None = None,
    *,
    cache: bool = True,
    **settings: Any,  # noqa: ANN401
) -> AMSClient:
    """Return a client, the one of an earlier call if URL, user and settings are the same.

    Parameters
    ----------
    url, username, password : str, optional
        Else the environment, else keyring.
    cache : bool
        False: make a new client, with a session and a roster of its own.
    **settings
        As for `AMSClient`.

    Raises
    ------
    AMSConfigurationError
        A setting is missing or can't be used.
    """
    found = find_credentials(url, username, password)
    if not cache:
        return AMSClient(found.url, found.username, found.password, **settings)
    key = (found.url, found.username, found.password, tuple(sorted(settings.items())))
    with _clients_lock:
        if key not in _clients:
            _clients[key] = AMSClient(found.url, found.username, found.password, **settings)
        return _clients[key]
