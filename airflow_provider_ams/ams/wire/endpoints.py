"""The endpoints that are read: where they are, and how their replies become records.

Each takes its list where AMS puts it, and an empty answer only in the forms in which AMS gives
one. Everything else is an error: what can't be read must never pass for what is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from msgspec import Struct, field

from airflow_provider_ams.ams.wire.decode import (
    Envelope,
    check_clock,
    check_members,
    check_unique,
    convert,
    decode,
    parse_json,
    refuse_failure,
    unreadable,
)
from airflow_provider_ams.ams.wire.form_tree import parse_tree
from airflow_provider_ams.ams.wire.records import (
    Event,
    FormList,
    FormSummary,
    Groups,
    Id,
    LoginReply,
    Milliseconds,
    Node,
    People,
    Profile,
    ProfilePage,
    SearchPage,
    SyncPage,
    User,
    UserPage,
)

_T = TypeVar("_T")
Cursor = str | int | None
V1_QUERY = "?informat=json&format=json"


def path_of(endpoint: str) -> str:
    """Return the path of a v1 endpoint (a bare name) or of a later one (``v2/...``)."""
    if endpoint.startswith(("v2/", "v3/")):
        return f"/api/{endpoint}"
    return f"/api/v1/{endpoint}{V1_QUERY}"


@dataclass(frozen=True)
class Endpoint(Generic[_T]):
    """An endpoint that is read.

    Parameters
    ----------
    name : str
        As errors name it.
    path : str
        From the site's base URL on.
    parse : callable
        Takes a reply's body and the time of the reply (seconds since the epoch), and returns the
        record; raises `AMSReplyError` and `RPCException`.
    method : str
        HTTP verb.
    """

    name: str
    path: str
    parse: Callable[[bytes, float], _T]
    method: str = "POST"


def _v1(name: str, parse: Callable[[bytes, float], _T]) -> Endpoint[_T]:
    return Endpoint(name, path_of(name), parse)


def _first_cursor(*places: Cursor) -> str | None:
    """Return the first cursor that is one; all spellings are in use on some site."""
    return next((str(place) for place in places if place not in (None, "")), None)


# ---------------------------------------------------------------- events


class _Export(Struct):
    events: list[Event] = []
    cursor: Cursor = None
    next_cursor: Cursor = field(name="nextCursor", default=None)


class _Pagination(Struct, frozen=True):
    cursor: Cursor = None


class _Sync(Envelope, kw_only=True):
    export: _Export
    time: Milliseconds = field(name="lastSynchronisationTimeOnServer")
    deleted: list[Id] = field(name="idsOfDeletedEvents", default_factory=list)
    pagination: _Pagination = _Pagination()
    cursor: Cursor = None


def _sync_page(body: bytes, now: float) -> SyncPage:
    name = "synchronise"
    raw = decode(name, body, _Sync)
    export = raw.export
    check_unique(name, [event.id for event in export.events], "$.export.events[...].id")
    if not export.events:
        data = parse_json(name, body)
        check_members(name, data, _SYNC_MEMBERS)
        check_members(name, data["export"], _EXPORT_MEMBERS, "$.export")
    check_clock(name, raw.time, now)
    cursor = _first_cursor(raw.pagination.cursor, raw.cursor, export.cursor, export.next_cursor)
    # An id that is named twice as deleted is deleted: that is no contradiction.
    return SyncPage(export.events, list(dict.fromkeys(raw.deleted)), raw.time, cursor)


_EXPORT_MEMBERS = ("events", "cursor", "nextCursor")
_SYNC_MEMBERS = (
    "export", "lastSynchronisationTimeOnServer", "idsOfDeletedEvents", "pagination", "cursor",
    "__is_rpc_exception__", "state", "error",
)  # fmt: skip


class _Search(Envelope, kw_only=True):
    events: list[Event] = field(default_factory=list)
    next_cursor: Cursor = field(name="nextCursor", default=None)
    next_cursor_2: Cursor = field(name="next_cursor", default=None)
    cursor: Cursor = None


_SEARCH_MEMBERS = (
    "events", "nextCursor", "next_cursor", "cursor", "__is_rpc_exception__", "state", "error",
)  # fmt: skip


def _search_page(name: str) -> Callable[[bytes, float], SearchPage]:
    def parse(body: bytes, now: float) -> SearchPage:
        if not body.strip():  # an empty body is how AMS may say "no rows"
            return SearchPage([], None)
        raw = decode(name, body, _Search)
        check_unique(name, [event.id for event in raw.events], "$.events[...].id")
        if not raw.events:
            check_members(name, parse_json(name, body), _SEARCH_MEMBERS)
        cursor = _first_cursor(raw.next_cursor, raw.next_cursor_2, raw.cursor)
        return SearchPage(raw.events, cursor)

    return parse


SYNCHRONISE = _v1("synchronise", _sync_page)
EVENTSEARCH = _v1("eventsearch", _search_page("eventsearch"))
FILTEREDEVENTSEARCH = _v1("filteredeventsearch", _search_page("filteredeventsearch"))


# ---------------------------------------------------------------- profiles


class _Profiles(Envelope, kw_only=True):
    profiles: list[Profile] = field(default_factory=list)


_PROFILE_MEMBERS = frozenset({"profiles", "__is_rpc_exception__", "state", "error"})


def _profile_page(body: bytes, now: float) -> ProfilePage:
    raw = decode("profilesearch", body, _Profiles)
    if not raw.profiles:  # AMS leaves out what is empty (docs/wire.md, section 2)
        check_members("profilesearch", parse_json("profilesearch", body), _PROFILE_MEMBERS)
    ids = [record.id for record in raw.profiles if record.id is not None]
    check_unique("profilesearch", ids, "$.profiles[...].id")
    return ProfilePage(raw.profiles)


PROFILESEARCH = _v1("profilesearch", _profile_page)


# ---------------------------------------------------------------- people


class _Users(Envelope, kw_only=True):
    time: Milliseconds = field(name="lastSynchronisationTimeOnServer")
    users: list[User] = field(default_factory=list)
    cursor: Cursor = None


_USERS_MEMBERS = frozenset(
    {
        "users", "lastSynchronisationTimeOnServer", "cursor", "mergedUsers", "idsOfDeletedUsers",
        "__is_rpc_exception__", "state", "error",
    }
)  # fmt: skip


def _user_page(body: bytes, now: float) -> UserPage:
    name = "usersynchronise"
    raw = decode(name, body, _Users)
    users = raw.users
    if not users:
        data = parse_json(name, body)
        found = _other_list(data)
        if found is None:
            check_members(name, data, _USERS_MEMBERS)
        else:
            users = convert(name, found, list[User])
    check_unique(name, [user.user_id for user in users], "$.users[...].userId")
    return UserPage(users, raw.time, _first_cursor(raw.cursor))


def _other_list(data: object) -> object:
    """Return the list of people where a site names it differently (docs/wire.md, section 5)."""
    if not isinstance(data, dict) or data.get("users") is not None:
        return None
    lists = [v for k, v in data.items() if isinstance(v, list) and k not in _USERS_MEMBERS]
    return next((v for v in lists if v and isinstance(v[0], dict) and "userId" in v[0]), None)


class _Result(Struct):
    results: list[User] = []


class _Results(Envelope, kw_only=True):
    results: list[_Result] = field(default_factory=list)


def _people(name: str) -> Callable[[bytes, float], People]:
    def parse(body: bytes, now: float) -> People:
        if not body.strip():
            return People([])
        raw = decode(name, body, _Results)
        for result in raw.results:
            ids = [user.user_id for user in result.results]
            check_unique(name, ids, "$.results[...].results[...].userId")
        if not any(result.results for result in raw.results):
            data = parse_json(name, body)
            members = ("results", "__is_rpc_exception__", "state", "error")
            check_members(name, data, members)
            for result in data.get("results") or ():
                check_members(name, result, ("search", "results"), "$.results[...]")
        # The same person may answer to several terms of a search.
        return People(list({u.user_id: u for r in raw.results for u in r.results}.values()))

    return parse


class _Groups(Envelope, kw_only=True):
    name: list[str] = field(default_factory=list)


def _groups(body: bytes, now: float) -> Groups:
    raw = decode("listgroups", body, _Groups)
    if not raw.name:
        members = ("name", "__is_rpc_exception__", "state", "error")
        check_members("listgroups", parse_json("listgroups", body), members)
    return Groups(list(dict.fromkeys(raw.name)))


USERSYNCHRONISE = _v1("usersynchronise", _user_page)
GROUPMEMBERS = _v1("groupmembers", _people("groupmembers"))
CURRENTGROUP = _v1("currentgroup", _people("currentgroup"))
LISTGROUPS = _v1("listgroups", _groups)


# ---------------------------------------------------------------- forms

FORM_TYPES = ("event", "profile", "database", "linkedOnlyEvent", "linkedOnlyProfile")


def _form_list(body: bytes, now: float) -> FormList:
    name = "forms/summaries"
    data = parse_json(name, body)
    refuse_failure(name, data)
    if data is None:  # an account that opens no form at all
        return FormList({})
    if not isinstance(data, dict):
        raise unreadable(name, "expected `object`")
    if not data.keys() & set(FORM_TYPES):
        check_members(name, data, FORM_TYPES)
    lists = {kind: data[kind] for kind in FORM_TYPES if data.get(kind) is not None}
    forms = convert(name, lists, dict[str, list[FormSummary]])
    for found in forms.values():
        check_unique(name, [form.id for form in found], "$[...].id")
    return FormList(forms)


FORMS = Endpoint("forms/summaries", "/api/v3/forms/summaries", _form_list, "GET")


def form_schema(form_type: str, form_id: int) -> Endpoint[Node]:
    """Return the endpoint that describes one form."""

    def parse(body: bytes, now: float) -> Node:
        data = parse_json("forms", body)
        refuse_failure("forms", data)
        return parse_tree("forms", data, form_id)

    return Endpoint("forms", f"/api/v3/forms/{form_type}/{form_id}", parse, "GET")


# ---------------------------------------------------------------- login


class _LoginUser(Struct):
    id: Id
    username: str | None = None


class _Login(Envelope, kw_only=True):
    user: _LoginUser | None = None
    application_id: int | None = field(name="applicationId", default=None)
    permissions: Sequence[str] = ()


def parse_login(body: bytes) -> LoginReply | None:
    """Read the reply of ``loginUser``; None if it names no account.

    Raises
    ------
    AMSReplyError
        It is something else.
    RPCException
        It is AMS's envelope for an exception.
    """
    raw = decode("loginUser", body, _Login)
    if raw.user is None:
        return None
    # skypeName holds an upload token on the login reply: not kept.
    return LoginReply(
        user_id=raw.user.id,
        username=raw.user.username,
        application_id=raw.application_id,
        permissions=tuple(raw.permissions),
    )
