"""Users and groups: the roster, read once and paged, and finding people in it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Hashable, Iterable
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import pandas as pd

from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.errors import AMSConfigurationError, AMSReplyError
from airflow_provider_ams.ams.options.reads import UserFilter
from airflow_provider_ams.ams.options.rules import as_list
from airflow_provider_ams.ams.wire.endpoints import (
    CURRENTGROUP,
    GROUPMEMBERS,
    LISTGROUPS,
    USERSYNCHRONISE,
)
from airflow_provider_ams.ams.wire.ids import as_id
from airflow_provider_ams.ams.wire.records import User

# The columns of a roster, as the attributes of a user are called.
COLUMNS = (
    "user_id", "about", "username", "email", "first_name", "last_name", "middle_name", "known_as",
    "dob", "sex", "uuid", "organisational_id",
)  # fmt: skip
_MAX_PAGES = 1000
# Type and value of what was looked for -> who that is.
_Found = dict[tuple[type, Hashable], list[int]]


class Roster:
    """The users that the account can see.

    Parameters
    ----------
    users : list of User
        Each once.
    """

    def __init__(self, users: list[User]) -> None:
        self.users = users
        self._by_id = {user.user_id: user for user in users}
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

        Letter case, white space around and between words, and the way in which accents are
        encoded do not count.
        """
        if column == "user_id":
            number = as_id(value)
            return [number] if number in self._by_id else []
        if column not in self._lookups:
            lookup: dict[str, list[int]] = {}
            for number, user in self._by_id.items():
                lookup.setdefault(_fold(_value(user, column)), []).append(number)
            self._lookups[column] = lookup
        return self._lookups[column].get(_fold(value), [])


def _value(user: User, column: str) -> str | None:
    value = getattr(user, column)
    return None if value is None else str(value)


def _fold(value: object) -> str:
    # The same name is typed with composed and with decomposed accents, and with hard spaces;
    # case folding can take a letter apart again.
    words = " ".join(unicodedata.normalize("NFC", str(value)).split())
    return unicodedata.normalize("NFC", words.casefold())


_rosters: WeakKeyDictionary[AMSClient, Roster] = WeakKeyDictionary()


def get_roster(client: AMSClient, *, cache: bool = True) -> Roster:
    """Read all users that the account can see, 100 a page, or return the roster read before."""
    known = _rosters.get(client) if cache else None
    if known is None:
        known = _rosters[client] = _read_roster(client)
    return known


def people_called(client: AMSClient, user_ids: Iterable[int], column: str) -> dict[int, str]:
    """Return what people are called, by their ids, for somebody who reads a list of them.

    Parameters
    ----------
    client : AMSClient
        The client; its roster is read if it was not yet.
    user_ids : iterable of int
        Who.
    column : str
        ``about`` (first and last name), ``username`` or ``email``.

    Returns
    -------
    dict
        A text for each person whom the account can see and who has one. If others are called the
        same, the id stands behind it.
    """
    roster = get_roster(client)
    texts = {user_id: roster.text(user_id, column) for user_id in user_ids}
    return {
        user_id: text if len(roster.find(column, text)) == 1 else f"{text} ({user_id})"
        for user_id, text in texts.items()
        if text
    }


def known_names(client: AMSClient, user_id: int) -> list[str]:
    """Return what a person is called, from the roster if it was read; AMS is not asked."""
    roster = _rosters.get(client)
    columns = ("about", "username", "email", "first_name", "last_name", "known_as")
    texts = [roster.text(user_id, column) for column in columns] if roster else []
    return [text for text in texts if text]


def _read_roster(client: AMSClient) -> Roster:
    users: dict[int, User] = {}
    cursors = [""]
    while len(cursors) <= _MAX_PAGES:
        page = client.read(
            USERSYNCHRONISE,
            {"lastSynchronisationTimeOnServer": 0, "paginate": "True", "cursor": cursors[-1]},
        )
        users.update((user.user_id, user) for user in page.users)
        if page.cursor is None:
            return Roster(list(users.values()))
        if page.cursor in cursors:
            break
        cursors.append(page.cursor)
    raise AMSReplyError(
        "Paging through the users does not come to an end.", endpoint=USERSYNCHRONISE.name
    )


def read_groups(client: AMSClient) -> list[str]:
    """Read the names of the groups that the account can see."""
    return client.read(LISTGROUPS, {"name": ""}).names


def match_known(
    client: AMSClient, column: pd.Series[Any], id_col: str, *, cache: bool = True
) -> tuple[list[int | None], dict[str, list[Any]]]:
    """Match people as `match_users`; the roster is read again before anybody is called unknown."""
    known = _rosters.get(client) if cache else None
    roster = known if known is not None else get_roster(client, cache=cache)
    found = match_users(roster, column, id_col)
    if known is None or not found[1]["unmatched"]:
        return found
    return match_users(get_roster(client, cache=False), column, id_col)


_BAD = ("missing", "unmatched", "ambiguous")


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
    find = partial(roster.find, id_col) if roster else _given
    values = column.tolist()
    if not any(missing) and set(map(type, values)) in ({int}, {str}):
        held = {value: find(value) for value in set(values)}
        if all(len(users) == 1 for users in held.values()):
            return [held[value][0] for value in values], {kind: [] for kind in _BAD}
    known: _Found = {}
    ids: list[int | None] = []
    bad: dict[str, list[Any]] = {kind: [] for kind in _BAD}
    for label, value, gone in zip(column.index, values, missing, strict=True):
        matches = [] if gone else _find_once(find, value, known)
        ids.append(matches[0] if len(matches) == 1 else None)
        if len(matches) != 1:
            kind = "missing" if gone else "ambiguous" if matches else "unmatched"
            bad[kind].append(label)
    return ids, bad


def _find_once(
    find: Callable[[object], list[int]],
    value: object,
    known: dict[tuple[type, Hashable], list[int]],
) -> list[int]:
    if not isinstance(value, Hashable):
        return find(value)
    key = (type(value), value)  # 1 and True are equal, and not the same
    if key not in known:
        known[key] = find(value)
    return known[key]


def _given(value: object) -> list[int]:
    number = as_id(value)
    return [number] if number is not None else []


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
        return list(dict.fromkeys(m.user_id for m in members))
    if who.user_key == "current_group":
        return [user.user_id for user in client.read(CURRENTGROUP, {"name": ""}).users]
    values = pd.Series(as_list(who.user_value), dtype=object)
    ids, bad = match_known(client, values, who.user_key, cache=cache)
    wrong = [place for places in bad.values() for place in places]
    if wrong:
        place = min(wrong)
        count = len(get_roster(client).find(who.user_key, values[place]))
        what = f"{count} people" if count > 1 else "nobody"
        raise AMSConfigurationError(
            f"user_value number {place + 1} names {what} by {who.user_key!r}.",
            hint="Compare with get_user().",
        )
    return list(dict.fromkeys(i for i in ids if i is not None))


def _group_members(client: AMSClient, name: str) -> list[User]:
    members = client.read(GROUPMEMBERS, {"name": name}).users
    if not members:
        raise AMSConfigurationError(
            f"Group {name!r} is unknown or empty.",
            endpoint="groupmembers",
            hint="AMS wants the exact name; get_group() lists them.",
        )
    return members


def users_frame(users: list[User]) -> pd.DataFrame:
    """Return users as a frame: ``user_id`` int64, the rest text (missing: None)."""
    columns: dict[str, Any] = {}
    for column in COLUMNS:
        if column == "user_id":
            columns[column] = pd.Series([user.user_id for user in users], dtype="int64")
        else:
            columns[column] = pd.Series([_value(u, column) or None for u in users], dtype=object)
    return pd.DataFrame(columns)
