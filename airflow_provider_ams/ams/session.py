"""The session with AMS: log in, keep the token, and tell a dead session from a wrong password."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import orjson
import pendulum

from airflow_provider_ams.ams.credentials import Credentials
from airflow_provider_ams.ams.errors import AMSLoginError, AMSReplyError
from airflow_provider_ams.ams.wire.decode import RPCException
from airflow_provider_ams.ams.wire.endpoints import parse_login
from airflow_provider_ams.ams.wire.records import LoginReply
from airflow_provider_ams.ams.wire.statuses import Kind, meaning_of, read_error
from airflow_provider_ams.transport import Reply, Secret, SecretHeaders, clean, cookie

_CHECK_ACCOUNT = (
    "Check them (the user name is not the e-mail address), and that the account is exempt from "
    "MFA, SSO and terms documents."
)
# A reason with figures or signs in it may quote an id, an address or what was sent.
_PLAIN_WORDS = re.compile(r"[A-Za-z .,;:'!?()-]{1,200}")
LOGIN_PATH = "/api/v2/user/loginUser"
DESCRIPTION_PATH = "/api/v2/application/getApplicationDescription"
# A token goes back as a header and as a cookie: it must not be able to end either.
_TOKEN = re.compile(r"[!#-+\--:<-\[\]-~]{1,4096}")
# So many sessions in a row that were refused when they were new: then it is not their age.
_FRESH_REFUSALS = 2

Send = Callable[[str, str, bytes, dict[str, str]], Reply]


@dataclass(eq=False)
class Session:
    """One login.

    Parameters
    ----------
    headers : dict
        What requests have to carry.
    account : LoginReply
        Who has logged in.
    used : bool
        A request with it has come to another end than HTTP 401.
    """

    headers: dict[str, str] = field(repr=False)
    account: LoginReply
    used: bool = False


class Sessions:
    """Keep one session for all threads, and make a new one when AMS does not take it any more.

    Parameters
    ----------
    credentials : Credentials
        Whom to log in.
    send : callable
        Takes verb, path, body and headers.
    now : callable
        The site's wall-clock time.
    on_token : callable, optional
        Called with each new token, before it is used.
    """

    def __init__(
        self,
        credentials: Credentials,
        send: Send,
        now: Callable[[], pendulum.DateTime],
        on_token: Callable[[str], None] | None = None,
    ) -> None:
        self._credentials = credentials
        self._send = send
        self._now = now
        self._on_token = on_token
        self._lock = threading.Lock()
        self._session: Session | None = None
        self._account: LoginReply | None = None
        self._refusals = 0

    @property
    def account(self) -> LoginReply | None:
        """The account that has logged in; None before the first login."""
        return self._account

    def current(self) -> Session:
        """Return the session, after a login if there is none; tried once.

        Raises
        ------
        AMSLoginError
            User name, password or site are not accepted.
        AMSTransientError
            AMS can't be reached, or fails; nothing else was sent.
        """
        with self._lock:
            if self._session is None:
                self._session = self._log_in()
                self._account = self._session.account
            return self._session

    def used(self, session: Session) -> None:
        """Note that a request came to another end than HTTP 401.

        When the session is refused from now on, it has died, which says nothing of the password.
        """
        session.used = True
        self._refusals = 0

    def drop(self, session: Session) -> None:
        """Let the next request log in again, unless another thread has done so already."""
        with self._lock:
            if self._session is session:
                self._session = None

    def refused(self, session: Session) -> bool:
        """Drop a session that AMS does not take.

        Returns
        -------
        bool
            False if one session after the other is refused when it is new: logging in again will
            not help.
        """
        with self._lock:
            if self._session is not session:
                return True  # another thread has met the same
            self._session = None
            self._refusals = 0 if session.used else self._refusals + 1
            if self._refusals < _FRESH_REFUSALS:
                return True
            self._refusals = 0
            return False

    # ------------------------------------------------------------ login

    def _log_in(self) -> Session:
        reply, account = self._login_call({})
        token = self._token_of(reply)
        if token is None:
            # The documented two steps: an anonymous session first, which the login then fills.
            token = self._token_of(self._describe_application())
            if token is None:
                raise AMSLoginError("AMS gave no session.", endpoint="loginUser")
            _, account = self._login_call(session_headers(token))
        return Session(session_headers(token), account)

    def _token_of(self, reply: Reply) -> Secret | None:
        token = token_of(reply)
        if token is not None and self._on_token is not None:
            self._on_token(token)
        return token

    def _describe_application(self) -> Reply:
        stamp = self._now().format("DD-MM-YYYY HH:mm")
        body = orjson.dumps({"appName": self._credentials.site, "currentDateOnClient": stamp})
        reply = self._send("POST", DESCRIPTION_PATH, body, {})
        error = read_error("getApplicationDescription", reply, self._now().timestamp())
        if error is not None:
            raise error
        return reply

    def _login_call(self, headers: dict[str, str]) -> tuple[Reply, LoginReply]:
        reply = self._send("POST", LOGIN_PATH, self._login_body(), headers)
        return reply, self._read_login(reply)

    def _login_body(self) -> bytes:
        return orjson.dumps(
            {
                "username": self._credentials.username,
                "password": self._credentials.password,
                "loginProperties": {
                    "appName": self._credentials.site,
                    "clientTime": self._now().format("YYYY-MM-DDTHH:mm"),
                },
            }
        )

    def _read_login(self, reply: Reply) -> LoginReply:
        if meaning_of(reply.status).kind in (Kind.SESSION, Kind.FORBIDDEN):
            raise AMSLoginError(
                "AMS did not accept the user name and password.",
                endpoint="loginUser",
                status=reply.status,
                hint=_CHECK_ACCOUNT,
            )
        error = read_error("loginUser", reply, self._now().timestamp())
        if error is not None:
            raise error
        try:
            account = parse_login(reply.body)
        except RPCException as problem:
            raise self._refusal(problem) from None
        if account is None:
            raise AMSLoginError("AMS did not confirm the login.", endpoint="loginUser")
        return account

    def _refusal(self, problem: RPCException) -> AMSLoginError:
        """Return the error for an exception in place of an account, with AMS's reason if safe."""
        reason = clean(problem.text)
        given = (self._credentials.username, self._credentials.password)
        echo = any(word.casefold() in reason.casefold() for word in given)
        told = f": {reason.rstrip('.')}" if _PLAIN_WORDS.fullmatch(reason) and not echo else ""
        if problem.about_application:
            text = f"AMS refused the login ({problem.type}){told}."
            hint = "Check the site's name at the end of the URL."
        else:
            text = f"AMS did not accept the user name and password ({problem.type}){told}."
            hint = _CHECK_ACCOUNT
        return AMSLoginError(text, endpoint="loginUser", hint=hint)


def token_of(reply: Reply) -> Secret | None:
    """Return the session token of a login reply: from its own header, else from the cookie.

    Raises
    ------
    AMSReplyError
        The token can't be sent back.
    """
    token = Secret(reply.headers.get("session-header") or cookie(reply, "JSESSIONID") or "")
    if token and not _TOKEN.fullmatch(token):
        raise AMSReplyError("The session token can't be used.", endpoint="loginUser")
    return token or None


def session_headers(token: str) -> dict[str, str]:
    """Return the two headers that carry a session."""
    return SecretHeaders({"session-header": token, "Cookie": f"JSESSIONID={token}"})
