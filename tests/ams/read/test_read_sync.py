"""`sync_event_data` and `get_profile_data`."""

from __future__ import annotations

import pandas as pd
import pytest

from airflow_provider_ams.ams import (
    AMSConfigurationError,
    AMSTransientError,
    ProfileFilter,
    ProfileOption,
    SyncEventFilter,
    SyncEventOption,
    get_profile_data,
    sync_event_data,
)
from tests.ams.ams_site import ANN, BOB, CARD, CAT, LIFTS, LOG
from tests.ams.read.test_read_events import META, crowd, dtypes, some_days

CURSORS = ["pagination.cursor", "cursor", "export.cursor", "export.nextCursor"]


def sync(client, since=0, form=LOG, filter=None):
    option = SyncEventOption(interactive_mode=False)
    return sync_event_data(form, since, client=client, filter=filter, option=option)


@pytest.mark.parametrize("key", CURSORS)
@pytest.mark.parametrize("page_size", [1, 5, 100])
def test_every_event_comes_once_whatever_the_cursor(client, sandbox, key, page_size):
    sandbox.configure(sync_cursor_key=key, page_size=page_size)
    ids = crowd(sandbox, some_days(7))
    result = sync(client)
    assert sorted(result.data["event_id"]) == sorted(ids)
    assert result.deleted_event_ids == []


def test_more_than_a_page_on_one_day(client, sandbox):
    ids = crowd(sandbox, some_days(1), each=120)
    assert sorted(sync(client).data["event_id"]) == sorted(ids)


def test_only_what_changed_since(client, sandbox):
    ids = crowd(sandbox, some_days(3), users=(ANN,))
    first = sync(client)
    assert isinstance(first.last_synchronisation_time, int)
    sandbox.time(advance_ms=1000)
    sandbox.edit_event(ids[1], {"amount": 9})
    new = sandbox.add_event(LOG, BOB, start_date="01/01/2020", values={"amount": 1})
    gone = sandbox.delete_event(ids[0])
    assert gone == 1
    data, watermark, deleted = sync(client, first.last_synchronisation_time)
    assert sorted(data["event_id"]) == sorted([ids[1], new])
    assert deleted == [ids[0]]
    assert watermark > first.last_synchronisation_time


def test_nothing_new_has_the_same_columns(client, sandbox):
    result = sync(client)
    assert dtypes(result.data) == META
    assert result.last_synchronisation_time > 0


def test_deleted_ids_are_collected_over_all_pages_and_people(client, sandbox):
    people = sandbox.add_users(60)
    ids = crowd(sandbox, some_days(1), users=people)
    sandbox.configure(page_size=4)
    sandbox.delete_event(*ids[::2])
    result = sync(client)
    assert sorted(result.deleted_event_ids) == sorted(ids[::2])
    assert sorted(result.data["event_id"]) == sorted(ids[1::2])


def test_the_smallest_time_of_all_pages_is_kept(client, sandbox):
    crowd(sandbox, some_days(10))
    sandbox.time(freeze=True)
    now = sandbox.time()
    sandbox.configure(page_size=3, sync_time_drift_ms=500)
    assert now <= sync(client).last_synchronisation_time < now + 500


def test_people_are_asked_for_25_at_a_time(client, sandbox):
    sandbox.configure(reject_unpaginated=True, max_unpaged_users=25)
    people = sandbox.add_users(130)
    crowd(sandbox, some_days(1), users=people)
    sandbox.clear_requests()
    assert len(sync(client).data) == 130
    assert sandbox.requests()["synchronise"] == 6  # 134 people


def test_too_much_at_once_is_asked_for_one_by_one(client, sandbox):
    ids = crowd(sandbox, some_days(3))
    sandbox.faults(
        script=[{"endpoint": "synchronise", "nth": 1, "times": 5, "fault": "500_before"}]
    )
    assert sorted(sync(client).data["event_id"]) == sorted(ids)


def test_a_cursor_that_expires_is_an_error_not_a_short_answer(make_client, sandbox):
    crowd(sandbox, some_days(6))
    sandbox.faults(
        script=[{"endpoint": "synchronise", "nth": 2, "times": 0, "fault": "500_before"}]
    )
    sandbox.configure(page_size=4)
    with pytest.raises(AMSTransientError):
        sync(make_client())


def test_some_people_only(client, sandbox):
    crowd(sandbox, some_days(2))
    chosen = SyncEventFilter(user_key="username", user_value=["bob", "CAT"])
    assert set(sync(client, filter=chosen).data["user_id"]) == {BOB, CAT}


@pytest.mark.parametrize("since", [-1, "0", 1.5, None, True])
def test_a_watermark_is_a_whole_number(client, since):
    with pytest.raises(AMSConfigurationError, match="epoch milliseconds"):
        sync(client, since)


def test_an_account_that_sees_nobody_reads_nothing(client, sandbox):
    sandbox.reset()
    sandbox.add_form(LOG, ["amount"])
    result = sync(client, 5)
    assert len(result.data) == 0
    assert result.last_synchronisation_time >= 5


# ---------------------------------------------------------------- profiles

CARD_META = {
    "user_id": "int64",
    "about": "object",
    "username": "object",
    "profile_id": "Int64",
    "form": "object",
    "entered_by_user_id": "Int64",
}


def cards(client, filter=None):
    option = ProfileOption(interactive_mode=False)
    return get_profile_data(CARD, client=client, filter=filter, option=option)


def put(client, people, heights):
    from airflow_provider_ams.ams import UpsertProfileOption, upsert_profile_data

    frame = pd.DataFrame({"user_id": people, "height": heights})
    upsert_profile_data(
        frame, CARD, client=client, option=UpsertProfileOption(interactive_mode=False)
    )


def test_profiles_are_read_with_their_people(client, sandbox):
    put(client, [ANN, BOB], [1.5, 2])
    frame = cards(client).sort_values("user_id")
    assert dtypes(frame) == {**CARD_META, "height": "float64"}
    assert frame["username"].tolist() == ["ann", "bob"]
    assert frame["height"].tolist() == [1.5, 2.0]
    put(client, frame["user_id"].tolist(), frame["height"].tolist())
    assert {p["values"]["height"] for p in sandbox.profiles()} == {"1.5", "2"}


def test_no_profiles_have_the_same_columns(client):
    assert dtypes(cards(client)) == CARD_META


def test_profiles_of_some_people_and_of_many(client, sandbox):
    people = sandbox.add_users(250)
    put(client, people[:3], [1, 2, 3])
    assert len(cards(client)) == 3
    assert sandbox.requests()["profilesearch"] == 4  # before and after the import, and twice here
    chosen = ProfileFilter(user_key="user_id", user_value=people[1])
    assert cards(client, chosen)["height"].tolist() == [2]


@pytest.mark.parametrize("form", [LOG, LIFTS, "Kard", "", None])
def test_a_form_of_another_type_is_told(client, form):
    with pytest.raises(AMSConfigurationError, match="form"):
        get_profile_data(form, client=client, option=ProfileOption(interactive_mode=False))
