"""What imports and deletions do where nobody knows."""

from __future__ import annotations

import pytest
from sandbox_wire import event

FIELDS = {"Subject": "308", "Day": "1"}


def stored(wire, form="Reaction Time"):
    return [item["values"] for item in wire.sandbox.events(form)]


def test_a_blank_clears_or_is_ignored(wire):
    (own,) = wire.ids(event(fields=FIELDS))
    blank = event(existingEventId=own, fields={"Subject": "", "Condition": ""})

    wire.sandbox.configure(blank_on_write="ignored")
    wire.ids(blank)
    assert stored(wire) == [{"Subject": "308", "Condition": ""}]
    wire.sandbox.configure(blank_on_write="clears")
    wire.ids(blank)
    assert stored(wire) == [{"Subject": "", "Condition": ""}]


def profile(**values):
    pairs = [{"key": key, "value": value} for key, value in values.items()]
    rows = [{"row": 0, "pairs": pairs}]
    return {"formName": "Athlete Profile", "userId": {"userId": 1001}, "rows": rows}


def test_profiles_are_replaced_or_merged(wire):
    def after(body, **settings):
        wire.sandbox.configure(**settings)
        reply = wire.v1("profileimport", body).json()
        assert reply["state"] == "SUCCESSFULLY_IMPORTED"
        found = wire.sandbox.profiles("Athlete Profile")
        return next(item["values"] for item in found if item["user_id"] == 1001)

    height = profile(height_cm="180")
    assert after(height) == {"height_cm": "180"}
    merged = {"position": "wing", "height_cm": "180"}
    assert after(profile(position="wing"), profile_import="merges") == merged
    assert after(profile(position=""))["position"] == ""
    kept = after(profile(position="wing", height_cm=""), blank_on_write="ignored")
    assert kept == merged


def test_an_update_without_a_change_may_not_count(wire):
    (own,) = wire.ids(event(fields=FIELDS))
    since = wire.sync("Reaction Time", [1001])["lastSynchronisationTimeOnServer"]
    wire.sandbox.configure(unchanged_update_counts=False)

    def changed(**members):
        wire.ids(event(existingEventId=own, **members))
        delta = wire.sync("Reaction Time", [1001], lastSynchronisationTimeOnServer=since)
        return "events" in delta["export"]

    assert not changed(fields=FIELDS)
    assert changed(fields=FIELDS, startTime="9:01 AM")


def test_undeliverable_accounts(wire):
    wire.sandbox.add_users([{"username": "gone", "active": False, "id": 1200}])

    def kept(style):
        wire.sandbox.configure(undeliverable_accounts=style)
        events = [event(user=user) for user in (1001, 1200, 9002)]
        result = wire.insert(*events)["eventImportResultForForm"][0]["eventImportResults"]
        assert result["state"] == "SUCCESSFULLY_IMPORTED"
        single = wire.v1("eventimport", event(user=9002)).json()
        return len(result["ids"]), "ids" in single

    assert kept("none") == (3, True)
    assert kept("inactive") == (2, True)
    assert kept("staff") == (2, False)
    assert kept("inactive and staff") == (1, False)


def test_unknown_forms(wire):
    def answer(style):
        wire.sandbox.configure(unknown_form=style)
        return wire.v1("eventsimport", {"events": [event("Nothing")]})

    assert answer("failure").json()["result"]["state"] == "UNEXPECTED_ERROR"
    assert answer("403").status_code == 403
    assert "__is_rpc_exception__" in answer("rpc").json()


def test_who_has_entered_an_event(wire):
    def author(style):
        wire.sandbox.configure(foreign_author=style)
        (own,) = wire.ids(event(enteredByUserId=1005))
        return wire.read_one("Reaction Time", own)["enteredByUserId"]

    assert author("kept") == 1005
    assert author("caller") == 9001


@pytest.mark.parametrize("state", ["FAILURE", "ERROR", "SUCCESS"])
def test_deleting_what_is_not_there(wire, state):
    wire.sandbox.configure(delete_missing=state)

    assert wire.v1("deleteevent", {"eventId": 1}).json()["state"] == state


@pytest.mark.parametrize(
    ("style", "refused", "left"),
    [("nothing deleted", True, 1), ("others deleted", True, 0), ("ignored", False, 0)],
)
def test_deleting_many_some_of_which_are_not_there(wire, style, refused, left):
    (own,) = wire.ids(event())
    wire.sandbox.configure(delete_all_unknown=style)

    reply = wire.v2("event/deleteAll", {"eventIds": [str(own), "1"]})
    assert ("__is_rpc_exception__" in reply.text) == refused
    assert (reply.text == "null") != refused
    assert len(stored(wire)) == left


def test_text_may_be_cut(wire):
    wire.sandbox.configure(text_limit=255)
    wire.ids(event(fields={"Subject": "x" * 300, "Day": "1" * 300}))

    (values,) = stored(wire)
    assert (len(values["Subject"]), len(values["Day"])) == (255, 300)
