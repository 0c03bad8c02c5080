"""Users and groups: the roster, read once and paged, and finding people in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.errors import AMSConfigurationError, AMSInputError, AMSReplyError
from airflow_provider_ams.ams.options.writes import UserFilter, as_list

MAX_PAGES = 1000
# Column -> key of a v1 user object.
COLUMNS = {
    "user_id": "userId",
    "about": None,
    "username": "username",
    "email": "emailAddress",
    "first_name": "firstName",
    "last_name": "lastName",
    "middle_name": "middleName",
    "known_as": "knownAs",
    "dob": "dob",
    "sex": "sex",
    "uuid": "uuid",
    "organisational_id": "organisationalId",
}


class Roster:
    """The users that the account can see.

    Parameters
    ----------
    users : list of dict
        v1 user objects.
    server_time : int
        AMS's clock when the reading began, epoch milliseconds.
    """

    def __init__(self, users: list[dict[str, Any]], server_time: int) -> None:
        self.users = users
        self.server_time = server_time
        self._by_id = {int(u["userId"]): u for u in users}
        self._lookups: dict[str, dict[str, list[int]]] = {}

    @property
    def ids(self) -> list[int]:
        """All user ids, in the order of the roster."""
        return list(self._by_id)

    def text(self, user_id: int, column: str) -> str | None:
        """Return a user's username, e-mail or full name; None for a user who is not visible."""
        user = self._by_id.get(user_id)
        return _value(user, column) if user else None

    def find(self, column: str, value: object) -> list[int]:
        """Return the ids of all users with this username, e-mail or full name.

        Letter case and white space around and between words do not count.
        """
        if column == "user_id":
            number = as_user_id(value)
            return [number] if number in self._by_id else []
        if column not in self._lookups:
            lookup: dict[str, list[int]] = {}
            for number, user in self._by_id.items():
                lookup.setdefault(_fold(_value(user, column)), []).append(number)
            self._lookups[column] = lookup
        return self._lookups[column].get(_fold(value), [])


def _value(user: Mapping[str, Any], column: str) -> str | None:
    if column == "about":
        return f"{user.get('firstName') or ''} {user.get('lastName') or ''}".strip()
    value = user.get(COLUMNS[column] or column)
    return None if value is None else str(value)


def _fold(value: object) -> str:
    return " ".join(str(value).split()).casefold()


def as_user_id(value: object) -> int | None:
    """Return a whole number given as number or digits; None for anything else."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        text = value.strip()
        return int(text) if text.isascii() and text.isdigit() and int(text) > 0 else None
    try:
        number = int(value)  # type: ignore[call-overload]
        return number if number == value and number > 0 else None
    except (TypeError, ValueError, OverflowError):
        return None


def get_roster(client: AMSClient, *, cache: bool = True) -> Roster:
    """Read all users that the account can see, 100 a page, or return the roster read before."""
    known = client.cached.get("roster")
    if cache and known is not None:
        return known  # type: ignore[no-any-return]
    roster = _read_roster(client)
    client.cached["roster"] = roster
    return roster


def _read_roster(client: AMSClient) -> Roster:
    users: list[dict[str, Any]] = []
    cursor, server_time = "", None
    for _ in range(MAX_PAGES):
        body = {"lastSynchronisationTimeOnServer": 0, "paginate": "True", "cursor": cursor}
        data = client.read("usersynchronise", body)
        if not isinstance(data, dict):
            raise AMSReplyError("The list of users can't be read.", endpoint="usersynchronise")
        users += _user_list(data)
        if server_time is None:
            server_time = int(data.get("lastSynchronisationTimeOnServer") or 0)
        following = data.get("cursor")
        if not following:
            return Roster(users, server_time)
        if following == cursor:
            break
        cursor = following
    raise AMSReplyError(
        "Paging through the users does not come to an end.", endpoint="usersynchronise"
    )


def _user_list(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    users = data.get("users")
    if users is None:  # older sites name the list differently: the first list of objects
        lists = (v for k, v in data.items() if isinstance(v, list) and k != "mergedUsers")
        users = next((v for v in lists if v and isinstance(v[0], dict)), [])
    return [u for u in users if isinstance(u, dict) and as_user_id(u.get("userId"))]


def resolve_users(client: AMSClient, column: pd.Series[Any], id_col: str, cache: bool) -> list[int]:
    """Return the user id of each row, in one pass over the roster.

    Raises
    ------
    AMSInputError
        People who are missing, unknown or ambiguous, all of them by row. Values are not repeated.
    """
    roster = None if id_col == "user_id" else get_roster(client, cache=cache)
    ids, bad = match_users(roster, column, id_col)
    if any(bad.values()):
        raise _people_error(bad, id_col)
    return [i for i in ids if i is not None]


def match_users(
    roster: Roster | None, column: pd.Series[Any], id_col: str
) -> tuple[list[int | None], dict[str, list[Any]]]:
    """Return the user id of each row, None where there is none, and the rows without.

    Parameters
    ----------
    roster : Roster or None
        The users to look in; None takes user ids as they are given.
    column : Series
        What names the people.
    id_col : str
        How it names them.

    Returns
    -------
    list of int or None
        A user id for each row.
    dict
        ``missing``, ``unmatched`` and ``ambiguous``: the labels of the rows concerned.
    """
    missing = column.isna().tolist()
    values = column.dropna().unique().tolist()
    found = {v: roster.find(id_col, v) if roster else _given(v) for v in values}
    ids: list[int | None] = []
    bad: dict[str, list[Any]] = {"missing": [], "unmatched": [], "ambiguous": []}
    for label, value, gone in zip(column.index, column.tolist(), missing, strict=True):
        matches = [] if gone else found[value]
        ids.append(matches[0] if len(matches) == 1 else None)
        if len(matches) != 1:
            kind = "missing" if gone else "ambiguous" if matches else "unmatched"
            bad[kind].append(label)
    return ids, bad


def _given(value: object) -> list[int]:
    number = as_user_id(value)
    return [number] if number is not None else []


def _people_error(bad: dict[str, list[Any]], id_col: str) -> AMSInputError:
    words = {
        "missing": f"{{n}} rows have no {id_col!r}",
        "unmatched": f"{{n}} rows have a {id_col!r} that is no AMS user the account can see",
        "ambiguous": f"{{n}} rows have a {id_col!r} that several AMS users share",
    }
    parts = [f"{words[k].format(n=len(rows))}" for k, rows in bad.items() if rows]
    labels = list(dict.fromkeys(label for rows in bad.values() for label in rows))
    return AMSInputError(
        f"Failed to map people: {'; '.join(parts)}. Nothing was sent.",
        rows=labels,
        hint="Compare with get_user(); for namesakes use user_id, username or email.",
    )


def select_users(client: AMSClient, who: UserFilter | None, cache: bool) -> list[int]:
    """Return the ids of the users that a filter chooses; all visible users without one.

    Raises
    ------
    AMSConfigurationError
        A value of the filter names nobody, or somebody ambiguous.
    """
    if who is None or who.user_key is None:
        return get_roster(client, cache=cache).ids
    if who.user_key == "group":
        members = [m for g in as_list(who.user_value) for m in _group_members(client, str(g))]
        return list(dict.fromkeys(int(m["userId"]) for m in members))
    if who.user_key == "current_group":
        data = client.read("currentgroup", {"name": ""})
        return [int(m["userId"]) for m in _search_results(data)]
    roster = get_roster(client, cache=cache)
    ids: list[int] = []
    for position, value in enumerate(as_list(who.user_value)):
        matches = roster.find(who.user_key, value)
        if len(matches) != 1:
            what = "nobody" if not matches else f"{len(matches)} people"
            raise AMSConfigurationError(
                f"user_value number {position + 1} names {what} by {who.user_key!r}.",
                hint="Compare with get_user().",
            )
        ids += matches
    return list(dict.fromkeys(ids))


def _group_members(client: AMSClient, name: str) -> list[dict[str, Any]]:
    members = _search_results(client.read("groupmembers", {"name": name}))
    if not members:
        raise AMSConfigurationError(
            f"Group {name!r} is unknown or empty.",
            endpoint="groupmembers",
            hint="AMS wants the exact name; get_group() lists them.",
        )
    return members


def _search_results(data: object) -> list[dict[str, Any]]:
    if not isinstance(data, Mapping):
        return []
    groups = data.get("results") or []
    people = [p for g in groups if isinstance(g, Mapping) for p in g.get("results") or []]
    return [p for p in people if isinstance(p, dict) and as_user_id(p.get("userId"))]


def users_frame(users: list[dict[str, Any]]) -> pd.DataFrame:
    """Return v1 user objects as a frame: ``user_id`` int64, the rest text (missing: None)."""
    columns: dict[str, Any] = {}
    for column in COLUMNS:
        if column == "user_id":
            columns[column] = pd.Series([int(u["userId"]) for u in users], dtype="int64")
        else:
            columns[column] = pd.Series([_value(u, column) or None for u in users], dtype=object)
    return pd.DataFrame(columns)
