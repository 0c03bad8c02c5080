"""Accounts: what is stored of a person, and the shapes in which v1, v2 and v3 show it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from airflow_provider_ams.sandbox.shaping import shown_id
from airflow_provider_ams.sandbox.store import Store
from airflow_provider_ams.sandbox.values import date_text, parse_date

API_ACCOUNT_ID = 9001
SEXES = ("MALE", "FEMALE", "UNSPECIFIED")
OTHER = 4
PHONE_CODES = {"HOME": 0, "MOBILE": 1, "OTHER": OTHER}
ADDRESS_CODES = {"PRIMARY": 0, "ALTERNATIVE": 1}
DEFAULTS: dict[str, Any] = {
    "first_name": "",
    "last_name": "",
    "middle_name": "",
    "known_as": "",
    "email": "",
    "dob": "01/01/1990",
    "sex": "UNSPECIFIED",
    "uuid": "",
    "organisation_id": 4242,
    "groups": [],
    "phones": [],
    "addresses": [],
    "staff": False,
    "active": True,
    "visible": True,
    "timezone": "",
    "password": None,
}


def complete(store: Store, users: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Fill in what is not said of new accounts: ids, names, e-mail addresses.

    Raises
    ------
    ValueError
        When a member is unknown, a username is missing or a value does not fit.
    """
    full = []
    for user in users:
        unknown = set(user) - {*DEFAULTS, "id", "username"}
        if unknown or not user.get("username"):
            raise ValueError(f"a user needs a username; unknown: {', '.join(sorted(unknown))}")
        row = {**DEFAULTS, **user}
        row["sex"] = str(row["sex"]).upper()
        if row["sex"] not in SEXES or parse_date(row["dob"]) is None:
            raise ValueError(f"sex is one of {', '.join(SEXES)}, dob is dd/MM/yyyy")
        first, _, last = str(row["username"]).partition(".")
        row["first_name"] = row["first_name"] or first.capitalize()
        row["last_name"] = row["last_name"] or last.capitalize() or "Example"
        row["email"] = row["email"] or f"{row['username']}@example.test"
        row["id"] = row.get("id") or store.next_ids("users")
        full.append(row)
    return full


def invented(count: int, first: int = 1) -> list[dict[str, Any]]:
    """Return so many accounts that stand for nobody."""
    return [
        {
            "username": f"athlete.{number:05d}",
            "last_name": f"Number {number:05d}",
            "sex": SEXES[number % 2],
            "dob": date_text(726_000 + number % 4_000),
            "groups": ["All Athletes"],
        }
        for number in range(first, first + count)
    ]


def search_object(user: dict[str, Any], ids: str = "int") -> dict[str, Any]:
    """Return a person as v1 shows it, with ids as numbers or as text."""
    shown: dict[str, Any] = {
        "userId": shown_id(user["id"], ids),
        "firstName": user["first_name"],
        "lastName": user["last_name"],
        "dob": user["dob"],
        "middleName": user["middle_name"],
        "emailAddress": user["email"],
        "knownAs": user["known_as"],
        "organisationalId": user["organisation_id"],
        "username": user["username"],
        "sex": user["sex"],
        "uuid": user["uuid"],
        "phoneNumbers": user["phones"],
        "addresses": user["addresses"],
    }
    return shown


def account_object(user: dict[str, Any]) -> dict[str, Any]:
    """Return a person as v2 shows it: other names and other codes."""
    return {
        "id": user["id"],
        "username": user["username"],
        "firstName": user["first_name"],
        "lastName": user["last_name"],
        "middleNames": user["middle_name"],
        "knownAs": user["known_as"],
        "emailAddress": user["email"],
        "dateOfBirth": user["dob"],
        "sex": str(SEXES.index(user["sex"])),
        "uuid": user["uuid"] or None,
        "organisationId": user["organisation_id"],
        "active": user["active"],
        "admin": False,
        "pending": False,
        "communicationPreferences": "0",
        "avatarId": -1,
        "ownerId": 1,
        "plan": -1,
        "state": 0,
        "language": "English",
        "sidebarWidth": "250px",
        "skypeName": None,
        "timezone": user["timezone"],
        "addresses": _coded(user["addresses"], ADDRESS_CODES) or None,
        "phoneNumbers": _coded(user["phones"], PHONE_CODES) or None,
        "favoriteDashboards": [],
        "favoriteEvents": [],
        "frontPageButtons": [],
        "accountExpiration": "01/01/1970",
        "__mtime__": user["modified"],
    }


def _coded(entries: list[dict[str, Any]], codes: dict[str, int]) -> list[dict[str, Any]]:
    """Return phones or addresses with the numbers that v2 has for their types."""
    return [{**entry, "type": codes.get(str(entry.get("type")), OTHER)} for entry in entries]


def personal_detail(user: dict[str, Any], detail: str, day: int) -> str:
    """Return a personal detail as it appears on events; Age is that on the day."""
    if detail == "Age":
        return str(age_on(user["dob"], day))
    names = {
        "First Name": "first_name",
        "Last Name": "last_name",
        "Sex": "sex",
        "DOB": "dob",
        "Email": "email",
        "Username": "username",
    }
    value = str(user[names[detail]])
    return value.capitalize() if detail == "Sex" else value


def age_on(dob: str, day: int) -> int:
    """Return the full years between a date of birth and a day number."""
    birth, then = dob.split("/"), date_text(day).split("/")
    before = (then[1], then[0]) < (birth[1], birth[0])
    return int(then[2]) - int(birth[2]) - before
