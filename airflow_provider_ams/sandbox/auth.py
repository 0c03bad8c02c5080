"""Authentication: Basic, the two-step session login, and their failures."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from airflow_provider_ams.sandbox.people import account_object
from airflow_provider_ams.sandbox.replies import V1, V2, V3, Refusal, Reply, RpcError, ok
from airflow_provider_ams.sandbox.sessions import Session
from airflow_provider_ams.sandbox.site import Call, Route, Site
from airflow_provider_ams.sandbox.wiretypes import Json

APPLICATION_ID = 77
PERMISSIONS = [
    "Enter Data",
    "Enter Data For Group",
    "Import Data",
    "Import Profile Data",
    "Profile Data",
    "Athlete History",
    "Reports",
    "Groups",
    "Account Read",
]
_CLIENT_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?")
_CLIENT_DATE = re.compile(r"\d{2}-\d{2}-\d{4} \d{2}:\d{2}")


def check_password(site: Site, username: Json, password: Json) -> int | None:
    """Return the id of the account, or None."""
    found = site.store.one(
        "select id, password, active from users where username = ?", str(username)
    )
    return int(found[0]) if found and found[1] and found[1] == password and found[2] else None


def authenticate(site: Site, route: Route, call: Call) -> None:
    """Set the caller of a request, or refuse it with 401."""
    basic = call.headers.get(b"authorization", b"")
    if route.auth == "basic" and basic.lower().startswith(b"basic "):
        user_id = _check_basic(site, basic)
        call.session, call.user_id = site.sessions.for_basic(user_id), user_id
        return
    limits = (site.settings.session_calls, site.settings.session_seconds)
    session = site.sessions.use(token_of(call), *limits)
    if session is None or session.user_id is None:
        raise _not_logged_in(site.settings.expired_session, route.style)
    call.session, call.user_id = session, session.user_id


def _not_logged_in(answer: str, style: str) -> Exception:
    if answer == "rpc" and style != V3:
        return RpcError("You are not logged in", "NotLoggedInException")
    return Refusal(403 if answer == "403" else 401, "Not logged in", V3 if style == V3 else "plain")


def _check_basic(site: Site, header: bytes) -> int:
    try:
        name, _, password = base64.b64decode(header[6:], validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise Refusal(401, "Malformed credentials") from None
    user_id = check_password(site, name, password)
    if user_id is None:
        raise Refusal(401, "Username or password is wrong")
    return user_id


def token_of(call: Call) -> str:
    """Return the session token of a request: header first, cookie else."""
    header = call.headers.get(b"session-header", b"").decode("latin-1")
    if header:
        return header
    for part in call.headers.get(b"cookie", b"").decode("latin-1").split(";"):
        name, _, value = part.strip().partition("=")
        if name == "JSESSIONID":
            return value
    return ""


def userauthentication(site: Site, call: Call) -> Reply:
    """Check the credentials in the body, which repeat those of the header."""
    data = call.json()
    call.need(data, "username", "password")
    if check_password(site, data["username"], data["password"]) != call.user_id:
        raise Refusal(401, "Username or password is wrong")
    return ok({"state": "SUCCESS", "username": data["username"], "userId": call.user_id}, V1)


def get_application_description(site: Site, call: Call) -> Reply:
    """Open a session that nobody has logged in to yet."""
    data = call.json()
    call.need(data, "appName", "currentDateOnClient")
    _check_application(site, data["appName"])
    if not _CLIENT_DATE.fullmatch(str(data["currentDateOnClient"])):
        raise RpcError("currentDateOnClient must be dd-MM-yyyy HH:mm")
    call.session = site.sessions.open()
    return ok({"id": APPLICATION_ID, "name": site.settings.site}, V2)


def login_user(site: Site, call: Call) -> Reply:
    """Log in; a session from the first step is used when there is one."""
    data = call.json()
    call.need(data, "username", "password", "loginProperties")
    properties = data["loginProperties"]
    if not isinstance(properties, dict):
        raise Refusal(400, "loginProperties is not an object")
    call.need(properties, "appName", "clientTime")
    _check_application(site, properties["appName"])
    if not _CLIENT_TIME.fullmatch(str(properties["clientTime"])):
        raise RpcError("clientTime must be yyyy-MM-ddTHH:mm")
    user_id = check_password(site, data["username"], data["password"])
    if user_id is None:
        raise Refusal(401, "Username or password is wrong")
    session = _session_for_login(site, call)
    session.user_id, call.session, call.user_id = user_id, session, user_id
    site.sessions.logins += 1
    reply = ok(_login_object(site, user_id), V2)
    cookie = f"JSESSIONID={session.token}; Path=/; Secure; HttpOnly"
    reply.headers.append((b"set-cookie", cookie.encode()))
    return reply


def _session_for_login(site: Site, call: Call) -> Session:
    known = site.sessions.get(token_of(call))
    return known if known is not None and known.user_id is None else site.sessions.open()


def _check_application(site: Site, name: Json) -> None:
    if name != site.settings.site:
        raise RpcError(f"There is no application known as {name}", "ApplicationNotFoundException")


def _login_object(site: Site, user_id: int) -> dict[str, Any]:
    user = account_object(site.store.users("id = ?", user_id)[0])
    user |= {"organisationId": -1, "addresses": [], "phoneNumbers": []}
    user["skypeName"] = str(1_000_000_000_000_000_000 + user_id * 7_919)
    return {
        "isAthlete": False,
        "isCoach": True,
        "isAdmin": False,
        "user": user,
        "applicationId": APPLICATION_ID,
        "loginActions": [],
        "restrictionPolicyIds": [],
        "permissions": PERMISSIONS,
    }


def logout(site: Site, call: Call) -> Reply:
    """End the session of the request."""
    site.sessions.close(token_of(call))
    call.session = None
    return ok(None, V2)


ROUTES = (
    Route(
        "userauthentication", "POST", "/api/v1/userauthentication", "basic", V1, userauthentication
    ),
    Route(
        "getApplicationDescription",
        "POST",
        "/api/v2/application/getApplicationDescription",
        "none",
        V2,
        get_application_description,
    ),
    Route("loginUser", "POST", "/api/v2/user/loginUser", "none", V2, login_user),
    Route("logout", "POST", "/api/v2/user/logout", "session", V2, logout),
)
