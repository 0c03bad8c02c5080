"""The AMS client: settings, one request with the right retry rule, and counters."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

import orjson
import pendulum

from airflow_provider_ams.ams.credentials import Credentials, find_credentials
from airflow_provider_ams.ams.errors import (
    AMSConfigurationError,
    AMSError,
    AMSReplyError,
    AMSTransientError,
)
from airflow_provider_ams.ams.problems import ZONE_SETTING
from airflow_provider_ams.ams.session import Session, Sessions
from airflow_provider_ams.ams.wire.decode import RPCException
from airflow_provider_ams.ams.wire.endpoints import Endpoint, path_of
from airflow_provider_ams.ams.wire.replies import WriteReply, lost, write_reply
from airflow_provider_ams.ams.wire.statuses import Kind, meaning_of, read_error
from airflow_provider_ams.ams.zones import check_zone
from airflow_provider_ams.transport import (
    DEADLINE,
    MAX_REPLY_BYTES,
    Clock,
    GiveUp,
    HeldBody,
    HTTPSession,
    Reply,
    Retrier,
    RetryBudget,
    RetryPolicy,
    SecretHeaders,
    TransportError,
    check_header,
    hidden,
)

_T = TypeVar("_T")
_Body = bytes | HeldBody
# Sessions that end as soon as others have used them up; after so many, a pause.
_MAX_RENEWALS = 5


class _DeadSession(Exception):
    """AMS does not take the session; `final` is what to raise if no other will do."""

    def __init__(self, final: AMSError) -> None:
        super().__init__()
        self.final = final


class AMSClient:
    """Talk to one AMS site as one user; a context manager. Safe to use from several threads.

    Logs in when first needed, and again when a session has died. Reads are retried with
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
    max_reply_bytes : int
        A reply with more, once it is unpacked, is not taken in.
    deadline : float
        Seconds for one request and its whole reply, however slowly it trickles in.
    on_token : callable, optional
        Called with each session's token before it is used, so that logs can mask it.
    zone_setting : str
        Where the caller sets `timezone`, for messages.

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
        max_reply_bytes: int = MAX_REPLY_BYTES,
        deadline: float = DEADLINE,
        on_token: Callable[[str], None] | None = None,
        zone_setting: str = ZONE_SETTING,
    ) -> None:
        password = hidden(password)
        credentials = find_credentials(url, username, password)
        self.url = credentials.url
        self.timezone, self.zone_setting = check_zone(timezone, zone_setting), zone_setting
        self.retry, self.clock = retry or RetryPolicy(), clock or Clock()
        self.requests = self.retries = 0
        try:
            self._http = HTTPSession(
                self.url,
                connect_timeout=connect_timeout,
                read_timeout=read_timeout,
                verify=verify,
                max_bytes=max_reply_bytes,
                deadline=deadline,
            )
            name = check_header("app_id", app_id)
        except ValueError as problem:
            raise AMSConfigurationError(f"The client can't be made: {problem}.") from None
        self._headers = {"Content-Type": "application/json", "X-APP-ID": name}
        self._count_lock = threading.Lock()
        self._retrier = Retrier(self.retry, self.clock, RetryBudget(), self._count_retry)
        self._sessions = Sessions(credentials, self._send, self.now, on_token)

    def __enter__(self) -> AMSClient:
        return self

    def __exit__(self, *about: object) -> None:
        self.close()

    def __repr__(self) -> str:
        # A traceback may show a client whose making has failed.
        return f"AMSClient({getattr(self, 'url', None)!r})"

    @property
    def account(self) -> dict[str, Any]:
        """What AMS says of the API account, known after login; no secret is in it."""
        account = self._sessions.account
        if account is None:
            return {}
        return {
            "id": account.user_id,
            "username": account.username,
            "application_id": account.application_id,
            "permissions": list(account.permissions),
        }

    @property
    def user_id(self) -> int | None:
        """The API account's own user id, known after login."""
        account = self._sessions.account
        return account.user_id if account is not None else None

    def now(self) -> pendulum.DateTime:
        """Return the site's wall-clock time (UTC if no time zone is set)."""
        return pendulum.from_timestamp(self.clock.now(), tz=self.timezone or "UTC")

    def close(self) -> None:
        """Close the connections; the session on the server ends by itself."""
        self._http.close()

    def login(self) -> dict[str, Any]:
        """Log in now, if not logged in yet, and return the login reply (no token in it).

        Raises
        ------
        AMSLoginError
            User name, password or site are not accepted.
        AMSTransientError
            AMS can't be reached, or fails.
        """
        self._retrying(self._sessions.current, "loginUser")
        return self.account

    # ------------------------------------------------------------ requests

    def read(self, endpoint: Endpoint[_T], body: object | None = None) -> _T:
        """Send a request that changes nothing and return what AMS answers, as a record.

        A reply that can't be read is asked for again, as one that did not come.

        Parameters
        ----------
        endpoint : Endpoint
            One of `wire.endpoints`.
        body : object, optional
            What to send as JSON.

        Raises
        ------
        AMSPermissionError, AMSLoginError, AMSConfigurationError
            As the names say; not retried.
        AMSReplyError
            AMS keeps answering with something that can't be understood.
        AMSTransientError
            Retries are used up, or the wait would be too long.
        """
        data = orjson.dumps(body) if body is not None else None

        def attempt() -> _T:
            for renewals in range(_MAX_RENEWALS):
                session = self._sessions.current()
                try:
                    return self._read_once(endpoint, data, session)
                except _DeadSession as dead:
                    if not self._may_renew(session, dead.final, renewals > 0):
                        raise dead.final from None
            raise AMSTransientError("AMS keeps ending the session.", endpoint=endpoint.name)

        return self._retrying(attempt, endpoint.name)

    def _may_renew(self, session: Session, final: AMSError, renewed: bool) -> bool:
        """Drop a refused session; False if a new one would be refused as well."""
        if final.status == 401:
            return self._sessions.refused(session)
        # HTTP 403, or an exception that speaks of a session: more often it means what it says.
        self._sessions.drop(session)
        return not renewed

    def _read_once(self, endpoint: Endpoint[_T], data: bytes | None, session: Session) -> _T:
        try:
            reply = self._send(endpoint.method, endpoint.path, data, session.headers)
        except AMSError:
            self._sessions.used(session)
            raise
        error = read_error(endpoint.name, reply, self.clock.now())
        if error is not None:
            if meaning_of(reply.status).kind in (Kind.SESSION, Kind.FORBIDDEN):
                raise _DeadSession(error)
            self._sessions.used(session)
            raise error
        try:
            found = endpoint.parse(reply.body, reply.sent_at(self.clock.now()))
        except RPCException as problem:
            failure = AMSReplyError(f"AMS reported {problem.type}.", endpoint=endpoint.name)
            if problem.about_session:
                raise _DeadSession(failure) from None
            raise failure from None
        self._sessions.used(session)
        return found

    def write(self, endpoint: str, body: bytes | HeldBody, sent: int = 1) -> WriteReply:
        """Send a request that changes data, once, and return what the answer means.

        Only what AMS has certainly not taken is sent again: a request that did not leave, and,
        after a new login, one that was refused for a dead session (HTTP 401). AMS does not detect
        duplicates.

        Parameters
        ----------
        endpoint : str
            ``eventsimport``, ``profileimport``, ``deleteevent`` or ``v2/event/deleteAll``.
        body : bytes or HeldBody
            JSON.
        sent : int
            Events or records in the call.

        Raises
        ------
        AMSTransientError, AMSLoginError
            The request was certainly not taken.
        AMSConfigurationError
            So it was not, or there is no AMS at this URL.
        """
        renewed = False
        while True:
            session, reply = self._retrying(lambda: self._write_once(endpoint, body), endpoint)
            if isinstance(reply, WriteReply):
                return reply
            answer = write_reply(endpoint, reply, sent, self.clock.now())
            if answer.code == "session" and answer.nothing_taken:
                if not self._sessions.refused(session):
                    error = read_error(endpoint, reply, self.clock.now())
                    assert error is not None
                    raise error
                if renewed:
                    return answer
                renewed = True
                continue
            self._sessions.used(session)
            if answer.code in ("session", "forbidden"):
                # Whether AMS has taken it is not known: only the next request logs in again.
                self._sessions.drop(session)
            return answer

    def _write_once(self, endpoint: str, body: _Body) -> tuple[Session, Reply | WriteReply]:
        session = self._sessions.current()
        try:
            return session, self._send("POST", path_of(endpoint), body, session.headers)
        except AMSError as error:
            cause = error.__cause__
            if isinstance(cause, TransportError) and cause.sent:
                self._sessions.used(session)
                return session, lost(cause.reason)
            raise

    def _send(self, method: str, path: str, body: _Body | None, headers: dict[str, str]) -> Reply:
        with self._count_lock:
            self.requests += 1
        try:
            return self._http.send(method, path, body, SecretHeaders(self._headers | headers))
        except TransportError as error:
            lost = error
        finally:
            del body, headers  # no traceback that shows locals may show the password
        text = f"AMS can't be reached: {lost.reason}."
        if lost.tls:
            hint = "Check the URL, or give the CA bundle to trust."
            raise AMSConfigurationError(text, hint=hint) from lost
        todo = None if lost.sent else "Check the URL and the network, or run again later."
        raise AMSTransientError(text, hint=todo) from lost

    def _retrying(self, attempt: Callable[[], _T], endpoint: str) -> _T:
        def explain(error: AMSTransientError, given_up: GiveUp) -> None:
            error.endpoint = error.endpoint or endpoint
            _explain(error, given_up)

        return self._retrier.run(attempt, AMSTransientError, explain)

    def pause_before_retry(self, error: AMSTransientError, failures: int) -> None:
        """Wait as the retry rule says, or raise the error if there is to be no other try."""
        given_up = self._retrier.wait(failures, error.retry_after)
        if given_up is not None:
            _explain(error, given_up)
            raise error

    def _count_retry(self) -> None:
        with self._count_lock:
            self.retries += 1


def _explain(error: AMSTransientError, given_up: GiveUp) -> None:
    """Add to an error what to do, now that there is no other try."""
    if given_up.reason == "wait":
        error.retry_after = given_up.delay
        error.hint = f"AMS asks to wait {given_up.delay:.0f} seconds; run again after that."
    else:
        error.hint = error.hint or "Run again later."


_clients: dict[tuple[Credentials, tuple[tuple[str, Any], ...]], AMSClient] = {}
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
    password = hidden(password)
    found = find_credentials(url, username, password)
    if not cache:
        return AMSClient(found.url, found.username, found.password, **settings)
    key = (found, tuple(sorted(settings.items())))
    with _clients_lock:
        if key not in _clients:
            _clients[key] = AMSClient(found.url, found.username, found.password, **settings)
        return _clients[key]
