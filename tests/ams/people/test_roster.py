"""Finding people: names in any spelling, and nobody is unknown before the roster is fresh."""

from __future__ import annotations

import pandas as pd
import pytest

from airflow_provider_ams.ams import AMSClient, AMSConfigurationError, UserFilter
from airflow_provider_ams.ams.people.roster import (
    Roster,
    get_roster,
    match_known,
    match_users,
    select_users,
)
from airflow_provider_ams.ams.wire.records import User
from tests.ams.ams_site import ANN, BOB, CAT, LOG, Ticker, insert, log
from tests.ams.tiny import Tiny

NAMES = [
    ("José", "van Dam"),
    ("Straße", "Ünal"),
    ("I\u0307lker", "Ak"),
]


def roster(*names):
    return Roster(
        [User(user_id=n + 1, first_name=a, last_name=b) for n, (a, b) in enumerate(names)]
    )


SAME = [
    ("José van Dam", 1),
    ("Jose\u0301 van Dam", 1),
    (" JOSÉ  VAN DAM ", 1),
    ("José\u00a0van\u00a0Dam", 1),
    ("José van\tDam\n", 1),
    ("jose\u0301 van dam", 1),
    ("STRASSE ÜNAL", 2),
    ("strasse u\u0308nal", 2),
    ("İlker Ak", 3),
]


@pytest.mark.parametrize(("text", "number"), SAME)
def test_the_same_name(text, number):
    assert roster(*NAMES).find("about", text) == [number]


@pytest.mark.parametrize("text", ["Jose van Dam", "vanDam José", "", None, 5, "José"])
def test_another_name(text):
    assert roster(*NAMES).find("about", text) == []


def test_names_that_differ_in_spelling_alone_are_ambiguous():
    two = roster(("José", "Dam"), ("jose\u0301", "DAM"))
    assert two.find("about", "José Dam") == [1, 2]


def test_values_of_any_type():
    column = pd.Series([ANN, "1002", 1003.0, [1], {}, True, 1.5, None, "x"], dtype=object)
    ids, bad = match_users(None, column, "user_id")
    assert ids == [ANN, BOB, CAT, None, None, None, None, None, None]
    assert bad == {"missing": [7], "unmatched": [3, 4, 5, 6, 8], "ambiguous": []}


def test_one_is_not_true():
    ids, _ = match_users(None, pd.Series([1, True, 1.0], dtype=object), "user_id")
    assert ids == [1, None, 1]


# ---------------------------------------------------------------- fresh


def test_a_person_who_is_newer_than_the_roster_is_found(client, sandbox):
    insert(client, log([1], username="ann").drop(columns="user_id"), id_col="username")
    before = sandbox.requests()["usersynchronise"]
    sandbox.add_users([{"id": 1004, "username": "dora"}])
    insert(client, log([1], username="dora").drop(columns="user_id"), id_col="username")
    assert sandbox.requests()["usersynchronise"] == before + 1
    assert [e["user_id"] for e in sandbox.events(LOG)] == [ANN, 1004]
    chosen = select_users(client, UserFilter(user_key="username", user_value="dora"), cache=True)
    assert chosen == [1004]


def test_the_roster_is_read_again_once(client, sandbox):
    get_roster(client)
    for _ in range(2):
        _, bad = match_known(client, pd.Series(["nobody", "none"]), "username", cache=True)
        assert bad["unmatched"] == [0, 1]
    assert sandbox.requests()["usersynchronise"] == 3


def test_a_roster_that_was_just_read_is_not_read_again(client, sandbox):
    _, bad = match_known(client, pd.Series(["nobody"]), "username", cache=True)
    assert bad["unmatched"] == [0]
    assert sandbox.requests()["usersynchronise"] == 1


def test_a_filter_that_names_nobody(client):
    with pytest.raises(AMSConfigurationError, match="number 2 names nobody"):
        select_users(client, UserFilter(user_key="username", user_value=["ann", "x"]), cache=True)


# ---------------------------------------------------------------- pages


def test_pages_of_people():
    def answer(body):
        number = int(body["cursor"] or 0)
        people = [{"userId": number + 1}, {"userId": number + 2}]
        more = str(number + 1) if number < 5 else None
        return {"users": people, "cursor": more, "lastSynchronisationTimeOnServer": 1}

    with Tiny(usersynchronise=answer) as tiny:
        client = AMSClient(tiny.url, "api", "secret", clock=Ticker().clock())
        assert get_roster(client).ids == [1, 2, 3, 4, 5, 6, 7]
        assert get_roster(client) is get_roster(client)
