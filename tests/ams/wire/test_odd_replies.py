"""Answers that no well-behaved server gives: each is an error, none passes for "nothing there"."""

from __future__ import annotations

import json
import time

import pytest

from airflow_provider_ams.ams import (
    AMSClient,
    AMSError,
    AMSReplyError,
    AMSUnknownOutcomeError,
    SyncEventOption,
    get_group,
    get_profile_data,
    get_user,
    sync_event_data,
)
from tests.ams.ams_site import ANN, BOB, LOG, Ticker, insert, log, read
from tests.ams.tiny import Tiny

# AMS's clock: one that is far from the HTTP date of its own reply is not believed.
CLOCK = int(time.time() * 1000)
PEOPLE = [{"userId": ANN, "username": "ann"}, {"userId": BOB, "username": "bob"}]
ROSTER = {"users": PEOPLE, "lastSynchronisationTimeOnServer": 7, "cursor": None}


def event(number, day="01/01/2025", **more):
    times = {"startTime": "9:00 AM", "finishDate": day, "finishTime": "10:00 AM"}
    rows = [{"row": 0, "pairs": [{"key": "amount", "value": str(number)}]}]
    return {"id": number, "userId": ANN, "startDate": day, "rows": rows, **times, **more}


def site(**answers):
    return Tiny(**{"usersynchronise": ROSTER, **answers})


def client_of(tiny):
    return AMSClient(tiny.url, "api", "secret", timezone="UTC", clock=Ticker().clock())


def sync(client):
    return sync_event_data(LOG, 0, client=client, option=SyncEventOption())


def page(events, cursor, place="pagination"):
    data = {"export": {"events": events}, "lastSynchronisationTimeOnServer": CLOCK}
    return {**data, place: {"cursor": cursor}}


# ---------------------------------------------------------------- paging


def test_a_cursor_that_does_not_move_is_an_error():
    with (
        site(synchronise=page([event(1)], "same")) as tiny,
        pytest.raises(AMSReplyError, match="end"),
    ):
        sync(client_of(tiny))
    assert len(tiny.calls("synchronise")) == 2


def test_a_roster_that_does_not_end_is_an_error():
    with site(usersynchronise={**ROSTER, "cursor": "same"}) as tiny, pytest.raises(AMSReplyError):
        get_user(client=client_of(tiny))
    assert len(tiny.calls("usersynchronise")) == 2


def test_cursors_are_sent_back_as_they_came():
    pages = [page([event(1)], "a+/="), page([event(2)], 17), page([event(3)], "")]
    with site(synchronise=pages) as tiny:
        result = sync(client_of(tiny))
    assert result.data["event_id"].tolist() == [1, 2, 3]
    sent = [body["pagination"] for body in tiny.calls("synchronise")]
    assert sent == [{"paginate": True}, *({"paginate": True, "cursor": c} for c in ("a+/=", "17"))]


def test_an_event_seen_twice_counts_in_its_last_state():
    changed = event(1, rows=[{"row": 0, "pairs": [{"key": "amount", "value": "99"}]}])
    with site(synchronise=[page([event(1), event(2)], "x"), page([changed], None)]) as tiny:
        data = sync(client_of(tiny)).data
    assert dict(zip(data["event_id"], data["amount"], strict=True)) == {1: 99, 2: 2}


def test_a_deleted_event_is_not_among_the_data():
    first = {**page([event(1), event(2)], "x"), "idsOfDeletedEvents": [5]}
    last = {**page([], None), "idsOfDeletedEvents": [2, 5]}
    with site(synchronise=[first, last]) as tiny:
        result = sync(client_of(tiny))
    assert result.data["event_id"].tolist() == [1]
    assert sorted(result.deleted_event_ids) == [2, 5]


def test_the_smallest_watermark_of_all_pages():
    late = {**page([], None), "lastSynchronisationTimeOnServer": CLOCK + 3}
    with site(synchronise=[page([event(1)], "x"), late]) as tiny:
        assert sync(client_of(tiny)).last_synchronisation_time == CLOCK


def test_a_full_page_without_any_cursor_is_not_the_end():
    events = [event(n, "01/01/2025" if n < 60 else "02/01/2025") for n in range(1, 131)]

    def answer(body):
        first, last = body["startDate"], body["finishDate"]
        found = [e for e in events if first <= e["startDate"] <= last and ANN in body["userIds"]]
        return {"events": found[:100]}

    with site(eventsearch=answer) as tiny:
        assert len(read(client_of(tiny), start="01/01/2025", end="02/01/2025")) == 130


def test_pages_in_no_order_lose_nothing():
    events = [event(n, f"{(n * 7) % 20 + 1:02d}/01/2025") for n in range(1, 121)]

    def answer(body):
        first, last = body["startDate"], body["finishDate"]
        found = [e for e in events if first <= e["startDate"] <= last and ANN in body["userIds"]]
        more = {"next_cursor": "x"} if len(found) > 30 else {}
        return {"events": found[:30], **more}

    with site(eventsearch=answer) as tiny:
        frame = read(client_of(tiny), start="01/01/2025", end="31/01/2025")
    assert sorted(frame["event_id"]) == list(range(1, 121))


def test_an_empty_page_with_a_next_one_is_an_error():
    with site(eventsearch={"events": [], "nextCursor": "x"}) as tiny, pytest.raises(AMSReplyError):
        read(client_of(tiny))


def test_the_list_of_users_may_have_another_name():
    with site(usersynchronise={"people": PEOPLE, "lastSynchronisationTimeOnServer": 7}) as tiny:
        assert get_user(client=client_of(tiny))["username"].tolist() == ["ann", "bob"]


# ---------------------------------------------------------------- bodies

JUNK = [b"<html>login</html>", b'{"events": [', b"[]", b'"text"', b"5"]
READS = {
    "eventsearch": read,
    "synchronise": sync,
    "usersynchronise": lambda c: get_user(client=c),
    "profilesearch": lambda c: get_profile_data("Card", client=c),
    "listgroups": lambda c: get_group(client=c),
}


@pytest.mark.parametrize("body", JUNK)
@pytest.mark.parametrize("endpoint", [e for e in READS if e != "listgroups"])
def test_junk_is_an_error(endpoint, body):
    with site(**{endpoint: (200, {}, body)}) as tiny, pytest.raises(AMSReplyError):
        READS[endpoint](client_of(tiny))


ODD = [
    ("eventsearch", {"events": [{"userId": ANN}]}),
    ("eventsearch", {"events": ["x"]}),
    ("eventsearch", {"events": [{**event(1), "id": "x"}]}),
    ("synchronise", {"export": {"events": []}}),
    ("synchronise", {"dataList": [], "lastSynchronisationTimeOnServer": 1}),
    ("synchronise", page([{"x": 1}], None)),
    ("profilesearch", {"message": "x"}),
    ("profilesearch", {"profiles": "x"}),
    ("listgroups", {"name": "x"}),
]


@pytest.mark.parametrize(("endpoint", "answer"), ODD)
def test_what_can_t_be_understood_is_an_error(endpoint, answer):
    with site(**{endpoint: answer}) as tiny, pytest.raises(AMSReplyError):
        READS[endpoint](client_of(tiny))


@pytest.mark.parametrize("missing", ["rows", "startTime", "enteredByUserId", "formName"])
def test_events_may_lack_what_is_not_needed(missing):
    one = event(1)
    one.pop(missing, None)
    with site(eventsearch={"events": [one]}) as tiny:
        assert read(client_of(tiny))["event_id"].tolist() == [1]


@pytest.mark.parametrize(
    "odd", [{"userId": None}, {"rows": [{"pairs": [{"value": "x"}]}]}, {"rows": ["x"]}]
)
def test_an_event_that_can_t_be_read_is_an_ams_error(odd):
    with site(eventsearch={"events": [{**event(1), **odd}]}) as tiny, pytest.raises(AMSError):
        read(client_of(tiny))


def test_an_event_of_somebody_not_in_the_roster_is_kept():
    with site(eventsearch={"events": [event(1, userId=4711)]}) as tiny:
        frame = read(client_of(tiny))
    assert frame["user_id"].tolist() == [4711]
    assert frame["username"].tolist() == [None]


# ---------------------------------------------------------------- writes

NONE = {"export": {"events": []}, "lastSynchronisationTimeOnServer": CLOCK}
DONE = "SUCCESSFULLY_IMPORTED"


def form(ids, message="", state=DONE, **more):
    part = {"state": state, "message": message, "ids": ids, **more}
    return [{"formName": LOG, "eventImportResults": part}]


CONFIRMED = [
    {"result": {"state": DONE}, "eventImportResultForForm": form([5])},
    {"result": json.dumps({"state": DONE}), "eventImportResultForForm": form([5])},
    {"result": {"state": DONE}, "eventImportResultForForm": form(["5"])},
]


@pytest.mark.parametrize("answer", CONFIRMED)
def test_a_success_is_taken_as_one(answer):
    with site(synchronise=NONE, eventsimport=answer) as tiny:
        result = insert(client_of(tiny), log([1]))
    assert result.rows["event_id"].tolist() == [5]
    assert result.rows["status"].tolist() == ["inserted"]


NOT_CONFIRMED = [
    {},
    None,
    [],
    {"result": {"state": "SUCCESS"}, "eventImportResultForForm": form([5])},
    {"result": {"state": "successfully_imported"}, "eventImportResultForForm": form([5])},
    {"result": {"state": DONE + " "}, "eventImportResultForForm": form([5])},
    {"result": {"state": DONE}},
    {"result": {"state": DONE}, "eventImportResultForForm": form([])},
    {"result": {"state": DONE}, "eventImportResultForForm": form([5, 6])},
    {"result": {"state": DONE}, "eventImportResultForForm": form([5], state="FAILED")},
    {"result": {"state": DONE}, "eventImportResultForForm": form([5], error=[{"pairs": []}])},
    {"result": {"state": "FAILURE"}},
    {"result": {"state": "ERROR"}},
    {"state": DONE, "ids": [5]},
]


@pytest.mark.parametrize("answer", NOT_CONFIRMED)
def test_anything_else_is_never_reported_as_imported(answer):
    with site(synchronise=NONE, eventsimport=answer) as tiny, pytest.raises(AMSError) as caught:
        insert(client_of(tiny), log([1]))
    rows = caught.value.result.rows
    assert rows["status"].tolist() in (["rejected"], ["unknown"])
    assert rows["reason"].notna().all()
    if rows["status"].tolist() == ["unknown"]:
        assert isinstance(caught.value, AMSUnknownOutcomeError)
