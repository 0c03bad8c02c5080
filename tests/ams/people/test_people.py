"""`get_user`, `get_group`, and what importing the library loads."""

from __future__ import annotations

import subprocess
import sys

import pytest

from airflow_provider_ams import ams
from airflow_provider_ams.ams import (
    AMSConfigurationError,
    UserFilter,
    UserOption,
    get_group,
    get_user,
)
from tests.ams.ams_site import ANN, BOB, USERS

COLUMNS = [
    "user_id",
    "about",
    "username",
    "email",
    "first_name",
    "last_name",
    "middle_name",
    "known_as",
    "dob",
    "sex",
    "uuid",
    "organisational_id",
]


def test_one_row_for_each_user(client, sandbox):
    frame = get_user(client=client)
    assert frame.columns.tolist() == COLUMNS
    assert frame["user_id"].dtype == "int64"
    ann = frame.set_index("user_id").loc[ANN]
    assert (ann["about"], ann["username"], ann["email"]) == ("Ann Vale", "ann", "ann@x.test")
    assert len(frame) == len(USERS) + 1  # and the API account


@pytest.mark.parametrize("page_size", [1, 2, 100])
def test_users_are_read_over_pages(client, sandbox, page_size):
    sandbox.configure(page_size=page_size)
    people = sandbox.add_users(7)
    assert set(people) <= set(get_user(client=client)["user_id"])


def test_columns_in_the_order_asked_for(client):
    frame = get_user(client=client, option=UserOption(columns=["email", "user_id"]))
    assert frame.columns.tolist() == ["email", "user_id"]
    with pytest.raises(AMSConfigurationError, match="'mail'"):
        get_user(client=client, option=UserOption(columns=["mail"]))


WHO = [
    ("user_id", BOB, [BOB]),
    ("username", ["BOB", "ann"], [ANN, BOB]),
    ("email", "bob@X.test", [BOB]),
    ("about", "Bob  Hill", [BOB]),
    ("group", "Squad", [BOB]),
]


@pytest.mark.parametrize(("key", "value", "ids"), WHO)
def test_users_are_chosen(client, sandbox, key, value, ids):
    sandbox.add_users([{"username": "zed", "groups": ["Other"]}])
    sandbox.delete_users([BOB])
    sandbox.add_users([{**USERS[1], "groups": ["Squad"]}])
    frame = get_user(client=client, filter=UserFilter(user_key=key, user_value=value))
    assert sorted(frame["user_id"]) == ids


def test_nobody_is_an_error_that_does_not_repeat_the_name(client):
    with pytest.raises(AMSConfigurationError, match="number 2 names nobody") as caught:
        get_user(client=client, filter=UserFilter(user_key="username", user_value=["ann", "zoe"]))
    assert "zoe" not in str(caught.value)


def test_namesakes_are_an_error(client, sandbox):
    sandbox.add_users([{"username": "ann2", "first_name": "Ann", "last_name": "Vale"}])
    with pytest.raises(AMSConfigurationError, match="2 people"):
        get_user(client=client, filter=UserFilter(user_key="about", user_value="Ann Vale"))


def test_group_names(client, sandbox):
    sandbox.add_users([{"username": "zed", "groups": ["Squad B", "Squad A"]}])
    frame = get_group(client=client)
    assert frame.columns.tolist() == ["name"]
    assert {"Squad A", "Squad B"} <= set(frame["name"])


def test_no_groups(client):
    assert get_group(client=client).columns.tolist() == ["name"]


def test_every_public_name_is_there():
    assert {name for name in ams.__all__ if getattr(ams, name) is None} == set()
    assert set(dir(ams)) >= set(ams.__all__)
    with pytest.raises(AttributeError, match="nothing"):
        _ = ams.nothing


LOADS = [
    ("import airflow_provider_ams.ams", {"airflow", "pandas", "requests"}),
    ("from airflow_provider_ams.ams import AMSError, InsertEventOption", {"airflow", "pandas"}),
    ("from airflow_provider_ams.ams import insert_event_data, get_event_data", {"airflow"}),
]


@pytest.mark.parametrize(("code", "absent"), LOADS)
def test_importing_the_library_loads_no_more_than_it_needs(code, absent):
    check = f"import sys\n{code}\nprint(*sorted({absent!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
