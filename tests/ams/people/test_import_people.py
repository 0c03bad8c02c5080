"""`id_col`: one pass over the roster, everybody who is not found listed, nothing sent."""

from __future__ import annotations

import pandas as pd
import pytest

from airflow_provider_ams.ams import (
    AMSImportError,
    AMSInputError,
    UpsertProfileOption,
    upsert_profile_data,
)
from tests.ams.ams_site import ANN, BOB, CARD, LOG, insert, log, update


def people(column, values, **columns):
    frame = pd.DataFrame({column: values, "start_date": "01/01/2025", "amount": 1})
    return frame.assign(**columns)


@pytest.mark.parametrize(
    ("id_col", "values"),
    [
        ("user_id", [ANN, BOB]),
        ("user_id", [float(ANN), float(BOB)]),
        ("user_id", [str(ANN), f" {BOB} "]),
        ("username", ["ann", "bob"]),
        ("username", [" Ann ", "BOB"]),
        ("email", ["Ann@X.test", "bob@x.test"]),
        ("about", ["Ann Vale", "bob  hill"]),
    ],
)
@pytest.mark.parametrize("dtype", ["object", "category"])
def test_people_are_found(client, sandbox, id_col, values, dtype):
    insert(client, people(id_col, pd.Series(values, dtype=dtype)), id_col=id_col)
    assert [e["user_id"] for e in sandbox.events()] == [ANN, BOB]


@pytest.mark.parametrize("column", ["User_ID", "USERNAME"])
def test_letter_case_of_the_id_column_does_not_matter(client, sandbox, column):
    value = ANN if column == "User_ID" else "ann"
    insert(client, people(column, [value]), id_col=column.lower())
    assert [e["user_id"] for e in sandbox.events()] == [ANN]


def test_a_field_may_be_called_like_the_id_column_in_another_case(client, sandbox):
    sandbox.add_form("Mails", ["Email", "amount"])
    insert(client, people("email", ["ann@x.test"], Email="mine"), "Mails", id_col="email")
    assert sandbox.events()[0]["values"] == {"Email": "mine", "amount": "1"}


def test_a_roster_of_500_takes_one_paged_pass(client, sandbox):
    sandbox.add_users(496)  # with the three and the API account: 500
    names = [u["username"] for u in sandbox.users() if u["username"] != sandbox.username]
    sandbox.clear_requests()
    insert(client, people("username", names), id_col="username")
    requests = sandbox.requests()
    assert requests["usersynchronise"] == 5
    assert requests["eventsimport"] == 20
    insert(client, people("username", names[:3]), id_col="username")
    assert sandbox.requests()["usersynchronise"] == 5
    insert(client, people("username", names[:3]), id_col="username", cache=False)
    assert sandbox.requests()["usersynchronise"] == 10


def test_all_who_are_not_found_are_listed_and_the_others_land(client, sandbox):
    sandbox.add_users([{"username": "ann2", "first_name": "Ann", "last_name": "Vale"}])
    values = ["Bob Hill", "Nobody Here", "Ann Vale", None, "ann  VALE", "No One"]
    frame = people("about", values).set_axis(list("abcdef"))
    with pytest.raises(AMSImportError) as caught:
        insert(client, frame, id_col="about")
    assert sorted(caught.value.rows) == ["b", "c", "d", "e", "f"]
    for part in ("'about' is no AMS user", "'about' is missing", "several AMS users"):
        assert part in str(caught.value)
    assert not any(name in str(caught.value) for name in ("Nobody", "Ann", "Vale"))
    assert str(caught.value).startswith("Failed to map people: ")
    assert [e["username"] for e in sandbox.events()] == ["bob"]


@pytest.mark.parametrize("value", ["x", 1.5, -1, None, True, "1001.5"])
def test_a_user_id_is_a_whole_number(client, sandbox, value):
    frame = people("user_id", pd.Series([ANN, value], dtype=object))
    with pytest.raises(AMSImportError) as caught:
        insert(client, frame)
    assert caught.value.rows == [1]
    assert len(sandbox.events()) == 1


def test_a_frame_without_the_id_column_is_refused_before_login(client, sandbox):
    with pytest.raises(AMSInputError, match="'username'"):
        insert(client, log([1]), id_col="username")
    assert sandbox.requests() == {}


def test_other_columns_that_name_the_person_are_no_fields(client, sandbox):
    frame = people("user_id", [ANN]).assign(username="somebody", about="Some Body", email="e")
    insert(client, frame)
    assert sandbox.events()[0]["values"] == {"amount": "1"}


def test_an_update_of_somebody_else_s_event_by_name_is_refused(client, sandbox):
    event = sandbox.add_event(LOG, ANN, start_date="01/01/2025", values={"amount": 5})
    frame = people("username", ["bob"]).drop(columns="start_date").assign(event_id=event)
    with pytest.raises(AMSImportError, match="Invalid event_id"):
        update(client, frame, id_col="username")
    assert sandbox.events()[0]["values"] == {"amount": "5"}


def test_profiles_find_people_the_same_way(client, sandbox):
    frame = pd.DataFrame({"email": ["BOB@x.test", "ann@x.test"], "height": [1.5, 2]})
    option = UpsertProfileOption(interactive_mode=False, id_col="email")
    result = upsert_profile_data(frame, CARD, client=client, option=option)
    assert result.counts["updated"] == 2
    assert {p["user_id"]: p["values"]["height"] for p in sandbox.profiles()} == {
        ANN: "2",
        BOB: "1.5",
    }
