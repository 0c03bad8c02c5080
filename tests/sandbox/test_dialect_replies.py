"""What replies look like: empty members, ids as text, errors."""

from __future__ import annotations

import json

import pytest
from sandbox_wire import event

PROFILE = {
    "formName": "Athlete Profile",
    "userId": {"userId": 1001},
    "rows": [{"row": 0, "pairs": [{"key": "position", "value": "wing"}]}],
}
NOBODY = [{"userId": 1}]


def replies(wire, style):
    """Return the replies that hold empty members, by endpoint."""
    wire.sandbox.configure(empty_members=style, undeliverable_users=[1001])
    return {
        "synchronise": wire.sync("Reaction Time", [1001], pagination={"paginate": True}),
        "eventsearch": wire.search("Reaction Time", paginate=True),
        "profilesearch": wire.v1("profilesearch", {"formNames": "Athlete Profile", "userIds": []}),
        "usersynchronise": wire.v1(
            "usersynchronise", {"lastSynchronisationTimeOnServer": 2**60, "paginate": "True"}
        ),
        "usersearch": wire.v1("usersearch", {"identification": NOBODY}),
        "eventimport": wire.v1("eventimport", event()),
    }


def members(wire, style):
    found = {}
    for name, reply in replies(wire, style).items():
        body = reply if isinstance(reply, dict) else reply.json()
        body.pop("lastSynchronisationTimeOnServer", None)
        found[name] = body
    found["synchronise"].update(found["synchronise"].pop("export"))
    found["usersearch"] = found["usersearch"]["results"][0]
    del found["usersearch"]["search"]
    del found["eventimport"]["state"], found["eventimport"]["message"]
    return found


LISTS = {
    "synchronise": ["events", "idsOfDeletedEvents"],
    "eventsearch": ["events"],
    "profilesearch": ["profiles"],
    "usersynchronise": ["users", "mergedUsers", "idsOfDeletedUsers"],
    "usersearch": ["results"],
    "eventimport": ["ids"],
}
CURSORS = {"eventsearch": "nextCursor", "usersynchronise": "cursor"}


def test_empty_members_are_left_out(wire):
    assert members(wire, "absent") == {name: {} for name in LISTS}


def test_empty_members_are_empty_lists(wire):
    wanted = {name: {key: [] for key in keys} for name, keys in LISTS.items()}
    for name, cursor in CURSORS.items():
        wanted[name][cursor] = None
    wanted["synchronise"]["pagination"] = {"cursor": None}

    assert members(wire, "[]") == wanted


def test_empty_members_are_null(wire):
    wanted = {name: dict.fromkeys(keys) for name, keys in LISTS.items()}
    for name, cursor in {**CURSORS, "synchronise": "pagination"}.items():
        wanted[name][cursor] = None

    assert members(wire, "null") == wanted


@pytest.mark.parametrize(("style", "shown"), [("absent", "absent"), ("[]", []), ("null", None)])
def test_events_without_rows_and_rows_without_pairs(wire, style, shown):
    wire.sandbox.configure(empty_members=style, row_layout="separate")
    empty, row = wire.ids(
        event(fields={}), event("Training Log", fields={}, rows=[{"activity": "Run"}])
    )

    assert wire.read_one("Reaction Time", empty).get("rows", "absent") == shown
    wire.sandbox.configure(extra_fields="none")
    first = wire.read_one("Training Log", row)["rows"][0]
    assert first.get("pairs", "absent") == shown


@pytest.mark.parametrize(("style", "cast"), [("int", int), ("text", str)])
def test_ids_are_numbers_or_texts(wire, style, cast):
    wire.sandbox.configure(event_ids=style)
    (event_id,) = wire.ids(event())
    read = wire.search("Reaction Time")["events"][0]
    assert (read["id"], read["userId"]) == (cast(event_id), 1001)
    wire.v1("deleteevent", {"eventId": event_id})
    synced = wire.sync("Reaction Time", [1001])
    assert synced["idsOfDeletedEvents"] == [cast(event_id)]


@pytest.mark.parametrize(("style", "cast"), [("int", int), ("text", str)])
def test_user_ids_are_numbers_or_texts(wire, style, cast):
    wire.sandbox.configure(user_ids=style)
    wire.ids(event())
    read = wire.search("Reaction Time")["events"][0]
    assert (read["userId"], read["enteredByUserId"]) == (cast(1001), cast(9001))
    assert type(read["id"]) is int
    found = wire.v1("usersearch", {"identification": [{"userId": 1001}]}).json()
    assert found["results"][0]["results"][0]["userId"] == cast(1001)
    wire.sandbox.merge_users(1002, 1003)
    users = wire.v1("usersynchronise", {"lastSynchronisationTimeOnServer": 0}).json()
    assert users["users"][0]["userId"] == cast(1001)
    assert users["mergedUsers"] == [{"oldId": cast(1002), "newId": cast(1003)}]
    group = wire.v1("groupmembers", {"name": "Squad A"}).json()["results"][0]
    assert group["search"] == {"userId": cast(9001)}


@pytest.mark.parametrize(("style", "kind"), [("int", int), ("text", str)])
def test_ids_in_replies_are_numbers_or_texts(wire, style, kind):
    wire.sandbox.configure(reply_ids=style)
    found = [*wire.ids(event()), *wire.v1("eventimport", event()).json()["ids"]]
    found += wire.v1("profileimport", PROFILE).json()["ids"]

    assert {type(number) for number in found} == {kind}


def test_errors_of_v1_have_two_shapes(wire):
    body = {"formNames": "Nothing"}
    assert "__is_rpc_exception__" in wire.v1("eventsearch", body).json()
    wire.sandbox.configure(v1_errors="error")
    assert wire.v1("eventsearch", body).json() == {"error": "There is no event form named Nothing"}
    assert "__is_rpc_exception__" in wire.v2("event/deleteAll", {"eventIds": ["1"]}).json()


def test_the_result_of_a_bulk_call_may_be_a_text(wire):
    wire.sandbox.configure(result_as_text=True)

    assert json.loads(wire.insert(event())["result"]) == {"state": "SUCCESSFULLY_IMPORTED"}
    assert json.loads(wire.insert(event(user=1))["result"])["state"] == "UNEXPECTED_ERROR"


def test_422_is_json_or_a_page(wire):
    wrong = event(colour="red")
    assert "colour" in wire.v1("eventimport", wrong).json()["message"]
    wire.sandbox.configure(unprocessable_body="html")
    for name, body in (("eventimport", wrong), ("eventsimport", {"events": [wrong]})):
        reply = wire.v1(name, body)
        assert (reply.status_code, reply.text[:6]) == (422, "<html>")


@pytest.mark.parametrize(
    ("answer", "v2", "v3"), [("401", 401, 401), ("403", 403, 403), ("rpc", 200, 401)]
)
def test_dead_tokens(wire, answer, v2, v3):
    wire.session()
    wire.sandbox.configure(expired_session=answer)
    wire.sandbox.expire_sessions()

    reply = wire.v2("event/deleteAll", {"eventIds": []})
    assert reply.status_code == v2
    assert ("__is_rpc_exception__" in reply.text) == (answer == "rpc")
    assert wire.v3("forms/summaries").status_code == v3


def test_profile_ids_may_be_missing(wire):
    wire.sandbox.configure(profile_ids=False)

    assert wire.v1("profileimport", PROFILE).json().keys() == {"state", "message"}


@pytest.mark.parametrize(("answer", "status"), [("rpc", 200), ("500", 500), ("404", 404)])
def test_a_site_that_is_not_there(wire, answer, status):
    wire.sandbox.configure(wrong_site=answer)
    url = f"{wire.sandbox.root}/elsewhere/api"
    for path in ("v1/listgroups?informat=json&format=json", "v2/person/get"):
        reply = wire.http.post(f"{url}/{path}", json={}, auth=wire.basic, timeout=5)
        assert reply.status_code == status
        assert ("no application known as elsewhere" in reply.text) == (answer == "rpc")
    assert wire.http.get(f"{url}/v3/forms/summaries", timeout=5).status_code == 404


def test_the_login_shows_the_account_as_recorded(wire):
    user = wire.login().json()["user"]

    assert (user["organisationId"], user["addresses"], user["phoneNumbers"]) == (-1, [], [])


def test_v2_has_numbers_for_the_types_of_phones_and_addresses(wire):
    phones = [{"type": kind, "number": "1"} for kind in ("HOME", "MOBILE", "OTHER")]
    addresses = [{"type": kind} for kind in ("PRIMARY", "ALTERNATIVE")]
    person = {"username": "much.reached", "phones": phones, "addresses": addresses}
    (number,) = wire.sandbox.add_users([person])
    leaf = {"negated": False, "comp": "1", "fieldName": "id", "valueInteger": [str(number)]}
    query = {"comparisons": {"op": "0", "branches": [{"leaf": leaf}]}}

    found = wire.v2("person/get", {"filter": query}).json()["objects"][0]
    assert [item["type"] for item in found["phoneNumbers"]] == [0, 1, 4]
    assert [item["type"] for item in found["addresses"]] == [0, 1]


def test_attachments_can_be_fetched(wire):
    wire.sandbox.add_form("Files", ["Scan: File Upload"])
    wire.ids(event("Files", fields={"Scan": "881|a.pdf"}))
    address = wire.search("Files")["events"][0]["attachmentUrl"][0]["attachmentUrl"]

    assert wire.http.get(address, auth=wire.basic, timeout=5).content.startswith(b"attachment 881")
    assert wire.http.get(address, headers=wire.session(), timeout=5).status_code == 200
    assert wire.http.get(address, timeout=5).status_code == 401
    assert wire.http.get(address + "9", auth=wire.basic, timeout=5).status_code == 404


@pytest.mark.parametrize("answer", ["empty", "empty body", "rpc"])
def test_groups_that_are_not_there(wire, answer):
    wire.sandbox.configure(unknown_group=answer)
    reply = wire.v1("groupmembers", {"name": "Nothing"})

    assert reply.status_code == 200
    assert (reply.text == "") == (answer == "empty body")
    assert ("__is_rpc_exception__" in reply.text) == (answer == "rpc")
    assert wire.v1("groupmembers", {"name": "Squad A"}).json()["results"][0]["results"]
