"""Replies of reads: what is taken, what is empty, and what is an error that says where."""

from __future__ import annotations

import json
import time

import pytest

from airflow_provider_ams.ams import AMSReplyError
from airflow_provider_ams.ams.wire import endpoints as e
from airflow_provider_ams.ams.wire.decode import RPCException
from airflow_provider_ams.ams.wire.records import Attachment

NOW = time.time()
CLOCK = {"lastSynchronisationTimeOnServer": int(NOW * 1000)}
EVENT = {"id": 5, "userId": 1, "rows": [{"row": 0, "pairs": [{"key": "a", "value": "1"}]}]}
RPC = {"__is_rpc_exception__": True, "type": "X", "value": {"detailMessage": "of Ann"}}


def parse(endpoint, data):
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    return endpoint.parse(body, NOW)


def sync(*events, **more):
    return {"export": {"events": list(events)}, **CLOCK, **more}


# ---------------------------------------------------------------- what is taken


def test_an_event():
    times = {"startDate": "01/02/2026", "startTime": "9:00 AM", "finishDate": "02/02/2026"}
    whole = {**EVENT, **times, "formName": "Log", "enteredByUserId": 9, "more": {"x": 1}}
    (event,) = parse(e.SYNCHRONISE, sync(whole)).events
    assert (event.id, event.user_id, event.form, event.entered_by) == (5, 1, "Log", 9)
    assert (event.start_date, event.finish_date, event.finish_time) == (
        "01/02/2026", "02/02/2026", None,
    )  # fmt: skip
    assert [(p.key, p.value) for p in event.rows[0].pairs] == [("a", "1")]
    assert event.attachments == []


@pytest.mark.parametrize(
    ("given", "files"),
    [
        ([{"attachmentUrl": "https://x/1", "name": "a.pdf"}], [Attachment("https://x/1", "a.pdf")]),
        ("https://x/1", [Attachment("https://x/1")]),
        (["https://x/1"], [Attachment("https://x/1")]),
        ({"attachmentUrl": "https://x/1"}, [Attachment("https://x/1")]),
        (None, []),
        ([], []),
    ],
)
def test_attachments_in_both_shapes(given, files):
    (event,) = parse(e.EVENTSEARCH, {"events": [{**EVENT, "attachmentUrl": given}]}).events
    assert event.attachments == files


@pytest.mark.parametrize(
    "odd",
    [
        {"rows": None},
        {"rows": []},
        {"rows": [{"row": 0}]},
        {"rows": [{"pairs": None}]},
        {"rows": [{"pairs": []}]},
        {"rows": [{"pairs": [{"key": "a"}, {"key": "b", "value": None}]}]},
    ],
)
def test_missing_and_null_lists_are_empty(odd):
    (event,) = parse(e.EVENTSEARCH, {"events": [{**EVENT, **odd}]}).events
    assert [p for row in event.rows for p in row.pairs if p.value] == []


def test_only_the_person_may_be_nobody():
    (event,) = parse(e.EVENTSEARCH, {"events": [{**EVENT, "enteredByUserId": -1}]}).events
    assert event.entered_by == -1


def test_what_a_list_of_forms_says_beside_names_and_ids():
    odd = {"mainCategory": {"id": 1}, "isReadOnly": "yes", "groupEntryEnabled": None}
    (form,) = parse(e.FORMS, {"event": [{"id": 1, "name": "a", **odd}]}).forms["event"]
    assert (form.category, form.read_only, form.group_entry) == ("", False, False)


def test_ids_and_times_may_be_text():
    as_text = {**EVENT, "id": "5", "userId": "1", "enteredByUserId": "9"}
    given = sync(as_text, idsOfDeletedEvents=["7"])
    given["lastSynchronisationTimeOnServer"] = str(given["lastSynchronisationTimeOnServer"])
    page = parse(e.SYNCHRONISE, given)
    assert (page.events[0].id, page.events[0].user_id, page.events[0].entered_by) == (5, 1, 9)
    assert page.deleted_ids == [7]
    assert page.server_time == CLOCK["lastSynchronisationTimeOnServer"]


@pytest.mark.parametrize(
    ("more", "cursor"),
    [
        ({"pagination": {"cursor": "a"}, "cursor": "b"}, "a"),
        ({"pagination": {"cursor": None}, "cursor": "b"}, "b"),
        ({"pagination": None, "cursor": "b"}, "b"),
        ({"pagination": {}, "cursor": 17}, "17"),
        ({"export": {"events": [EVENT], "cursor": "c"}}, "c"),
        ({"export": {"events": [EVENT], "nextCursor": "d"}}, "d"),
        ({"cursor": ""}, None),
        ({}, None),
    ],
)
def test_every_spelling_of_the_cursor_of_synchronise(more, cursor):
    assert parse(e.SYNCHRONISE, {**sync(EVENT), **more}).cursor == cursor


@pytest.mark.parametrize(
    ("more", "cursor"),
    [
        ({"nextCursor": "a", "cursor": "c"}, "a"),
        ({"next_cursor": "b", "cursor": "c"}, "b"),
        ({"nextCursor": None, "cursor": "c"}, "c"),
        ({"nextCursor": ""}, None),
    ],
)
def test_every_spelling_of_the_cursor_of_a_search(more, cursor):
    assert parse(e.EVENTSEARCH, {"events": [EVENT], **more}).cursor == cursor


def test_people_of_a_list_with_another_name():
    page = parse(
        e.USERSYNCHRONISE, {"mergedUsers": [{"oldId": 1}], "people": [{"userId": 3}], **CLOCK}
    )
    assert [u.user_id for u in page.users] == [3]


def test_somebody_found_by_two_terms_is_one_person():
    two = [{"results": [{"userId": 3}]}, {"results": [{"userId": 3}, {"userId": 4}]}]
    assert [u.user_id for u in parse(e.GROUPMEMBERS, {"results": two}).users] == [3, 4]


# ---------------------------------------------------------------- nothing

EMPTY = [
    (e.SYNCHRONISE, sync()),
    (e.SYNCHRONISE, {"export": {}, **CLOCK}),
    (e.SYNCHRONISE, {"export": {"events": None}, "idsOfDeletedEvents": None, **CLOCK}),
    (e.EVENTSEARCH, {}),
    (e.EVENTSEARCH, {"events": []}),
    (e.EVENTSEARCH, {"events": None}),
    (e.EVENTSEARCH, b""),
    (e.FILTEREDEVENTSEARCH, b" \n"),
    (e.PROFILESEARCH, {"profiles": []}),
    (e.USERSYNCHRONISE, CLOCK),
    (e.USERSYNCHRONISE, {"users": None, "mergedUsers": [], **CLOCK}),
    (e.GROUPMEMBERS, b""),
    (e.GROUPMEMBERS, {"results": [{"search": {"userId": 9}}]}),
    (e.CURRENTGROUP, {}),
    (e.LISTGROUPS, {}),
    (e.LISTGROUPS, {"name": []}),
    (e.FORMS, {}),
    (e.FORMS, {"event": None, "profile": []}),
    (e.FORMS, b"null"),
]


@pytest.mark.parametrize(("endpoint", "data"), EMPTY)
def test_nothing(endpoint, data):
    page = parse(endpoint, data)
    lists = [getattr(page, name) for name in page.__struct_fields__]
    assert not any(found for found in lists if isinstance(found, list))


# ---------------------------------------------------------------- errors

ALL = [
    e.SYNCHRONISE, e.EVENTSEARCH, e.FILTEREDEVENTSEARCH, e.PROFILESEARCH, e.USERSYNCHRONISE,
    e.GROUPMEMBERS, e.CURRENTGROUP, e.LISTGROUPS, e.FORMS, e.form_schema("event", 1),
]  # fmt: skip
WRONG = [
    {"state": "FAILED"}, {"error": True}, {"error": 5}, {"error": "no"}, {"dataList": []}, [], "x",
    5, True, {"foo": 1}, b"<html>", b"{", b"\xff", b'{"a": "\\ud800"}', b"[" * 2000,
]  # fmt: skip


@pytest.mark.parametrize("endpoint", ALL, ids=lambda endpoint: endpoint.name)
@pytest.mark.parametrize("data", WRONG, ids=repr)
def test_another_reply_is_an_error_everywhere(endpoint, data):
    with pytest.raises(AMSReplyError) as caught:
        parse(endpoint, data)
    assert caught.value.endpoint == endpoint.name


@pytest.mark.parametrize("endpoint", ALL, ids=lambda endpoint: endpoint.name)
def test_an_exception_is_told_from_data(endpoint):
    for data in (RPC, {**RPC, "events": [], "users": [], "export": {}, **CLOCK}):
        with pytest.raises(RPCException) as caught:
            parse(endpoint, data)
        assert caught.value.type == "X"
        assert "Ann" not in repr(caught.value)


def test_the_type_of_an_exception_is_told_in_safe_words():
    with pytest.raises(RPCException) as caught:
        parse(e.LISTGROUPS, {**RPC, "type": "Ann Vale: no such form"})
    assert caught.value.type == "an exception"


@pytest.mark.parametrize(
    "data",
    [
        {"events": [EVENT], "state": "FAILED"},
        {"events": [EVENT], "error": "some"},
        {"events": [EVENT], "error": True},
    ],
)
def test_a_failure_beside_the_list_counts(data):
    with pytest.raises(AMSReplyError):
        parse(e.EVENTSEARCH, data)


def test_no_error_beside_the_list_is_no_error():
    data = {"events": [EVENT], "error": None, "__is_rpc_exception__": False}
    assert len(parse(e.EVENTSEARCH, data).events) == 1


PLACES = [
    (e.EVENTSEARCH, {"events": {}}, "$.events"),
    (e.EVENTSEARCH, {"events": [5]}, "$.events[0]"),
    (e.EVENTSEARCH, {"events": [EVENT, {"userId": 1}]}, "$.events[1]"),
    (e.EVENTSEARCH, {"events": [{**EVENT, "id": -5}]}, "$.events[0].id"),
    (e.EVENTSEARCH, {"events": [{**EVENT, "id": 0}]}, "$.events[0].id"),
    (e.EVENTSEARCH, {"events": [{**EVENT, "id": 2**63}]}, "$.events[0].id"),
    (e.EVENTSEARCH, {"events": [{**EVENT, "id": 5.0}]}, "$.events[0].id"),
    (e.EVENTSEARCH, {"events": [{**EVENT, "id": True}]}, "$.events[0].id"),
    (e.EVENTSEARCH, {"events": [{**EVENT, "id": "-7"}]}, "$.events[0].id"),
    (e.EVENTSEARCH, {"events": [{**EVENT, "id": "٧"}]}, "$.events[0].id"),
    (e.EVENTSEARCH, {"events": [{**EVENT, "id": "9" * 30}]}, "$.events[0].id"),
    (e.EVENTSEARCH, {"events": [{**EVENT, "userId": {"userId": 1}}]}, "$.events[0].userId"),
    (e.EVENTSEARCH, {"events": [{**EVENT, "startDate": 5}]}, "$.events[0].startDate"),
    (e.EVENTSEARCH, {"events": [{**EVENT, "rows": [{"pairs": [{"value": "secret"}]}]}]}, "pairs"),
    (e.EVENTSEARCH, {"events": [{**EVENT, "rows": [{"pairs": [{"key": "a", "value": 7}]}]}]}, "va"),
    (e.EVENTSEARCH, {"events": [EVENT, EVENT]}, "$.events[...].id"),
    (e.SYNCHRONISE, sync(EVENT, {**EVENT, "userId": 2}), "$.export.events[...].id"),
    (e.SYNCHRONISE, {"export": {"rows": []}, **CLOCK}, "$.export"),
    (e.SYNCHRONISE, {"export": [EVENT], **CLOCK}, "$.export"),
    (e.SYNCHRONISE, {"export": {"events": []}}, "lastSynchronisationTimeOnServer"),
    (e.SYNCHRONISE, sync(idsOfDeletedEvents=[-1]), "$.idsOfDeletedEvents[0]"),
    (e.PROFILESEARCH, {"profiles": [{"id": 5}]}, "$.profiles[0]"),
    (e.PROFILESEARCH, {"profiles": [{"id": 5, "userId": 1}] * 2}, "$.profiles[...].id"),
    (e.PROFILESEARCH, {"rows": []}, "unknown members"),
    (e.USERSYNCHRONISE, {"users": []}, "lastSynchronisationTimeOnServer"),
    (e.USERSYNCHRONISE, {"users": [{"userId": 3}] * 2, **CLOCK}, "$.users[...].userId"),
    (e.USERSYNCHRONISE, {"users": [{"userId": 3, "firstName": 7}], **CLOCK}, "users[0].firstN"),
    (e.GROUPMEMBERS, {"results": [{"results": [{"userId": 3}] * 2}]}, "userId"),
    (e.GROUPMEMBERS, {"results": [{"people": []}]}, "$.results[...]"),
    (e.LISTGROUPS, {"name": ["a", 5]}, "$.name[1]"),
    (e.LISTGROUPS, {"name": "a"}, "$.name"),
    (e.FORMS, {"event": [{"name": "a"}]}, "id"),
    (e.FORMS, {"event": {}}, "array"),
    (e.FORMS, {"event": [{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]}, "id"),
]  # fmt: skip


@pytest.mark.parametrize(("endpoint", "data", "place"), PLACES)
def test_errors_say_where_and_never_what(endpoint, data, place):
    with pytest.raises(AMSReplyError) as caught:
        parse(endpoint, data)
    assert place in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("seconds", [-90_000, 90_000, -NOW + 7], ids=["behind", "ahead", "1970"])
def test_a_clock_that_is_a_day_off_is_not_believed(seconds):
    with pytest.raises(AMSReplyError, match="clock"):
        parse(
            e.SYNCHRONISE, sync(EVENT, lastSynchronisationTimeOnServer=int((NOW + seconds) * 1000))
        )


@pytest.mark.parametrize("seconds", [-80_000, 0, 80_000])
def test_a_clock_that_is_hours_off_is(seconds):
    when = int((NOW + seconds) * 1000)
    page = parse(e.SYNCHRONISE, sync(EVENT, lastSynchronisationTimeOnServer=when))
    assert page.server_time == when
