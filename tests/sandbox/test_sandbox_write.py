from __future__ import annotations

import pytest
from sandbox_wire import event, pairs

FAILED = {"result": {"state": "UNEXPECTED_ERROR", "message": ""}}
TABLE = ["total: Number", {"name": "lift", "table": True}, {"name": "kg", "table": True}]


@pytest.fixture
def lifts(wire):
    wire.sandbox.add_form("Lifts", TABLE)
    return "Lifts"


def test_bulk_success(wire):
    reply = wire.insert(event(), event(user=1002), event("Training Log", fields={"duration": "9"}))

    assert reply["result"] == {"state": "SUCCESSFULLY_IMPORTED"}
    first, second = reply["eventImportResultForForm"]
    assert first["formName"] == "Reaction Time"
    assert first["eventImportResults"]["message"] == "2 out of 2 records successfully imported."
    assert len(set(first["eventImportResults"]["ids"])) == 2
    assert len(second["eventImportResults"]["ids"]) == 1
    assert len(wire.sandbox.events("Reaction Time")) == 2


def test_single_success(wire):
    reply = wire.v1("eventimport", event()).json()

    assert reply["state"] == "SUCCESSFULLY_IMPORTED"
    assert [stored["id"] for stored in wire.sandbox.events("Reaction Time")] == reply["ids"]


def test_insert_is_never_idempotent(wire):
    assert wire.ids(event()) != wire.ids(event())
    assert len(wire.sandbox.events("Reaction Time")) == 2


def test_unknown_fields_are_dropped_with_a_suffix(wire):
    reply = wire.insert(event(fields={"Day": "1", "day": "2", "Mood": "3", "First Name": "A"}))

    message = reply["eventImportResultForForm"][0]["eventImportResults"]["message"]
    assert message == (
        "1 out of 1 records successfully imported. The following names [day, Mood] were sent in"
        " the message but do not exist in the form"
    )
    assert wire.sandbox.events("Reaction Time")[0]["values"] == {"Day": "1"}
    assert wire.sandbox.state()["rule_breaks"] == {"built-in field sent": 1}


BAD = {
    "form": {"formName": "No Such Form"},
    "profile form": {"formName": "Athlete Profile"},
    "user": {"userId": {"userId": 77}},
    "bare user": {"userId": 1001},
    "date": {"startDate": "2026-03-02"},
    "american date": {"finishDate": "03/31/2026"},
    "time": {"startTime": "09:00"},
    "seconds": {"finishTime": "9:00:00 AM"},
    "number as value": {"rows": [{"row": 0, "pairs": [{"key": "Day", "value": 1}]}]},
    "no rows": {"rows": []},
    "row number": {"rows": [{"row": "0", "pairs": []}]},
    "event id": {"existingEventId": "abc"},
}


@pytest.mark.parametrize("name", BAD)
def test_one_bad_event_fails_the_whole_call_without_saying_which(wire, name):
    reply = wire.insert(event(), {**event(user=1002), **BAD[name]}, event(user=1003))

    assert reply == FAILED
    assert wire.sandbox.events("Reaction Time") == []


def test_unknown_members_are_422(wire):
    one = wire.v1("eventimport", event(comment="x"))
    many = wire.v1("eventsimport", {"events": [event(comment="x")]})

    assert (one.status_code, many.status_code) == (422, 422)
    assert "comment" in one.json()["message"]


def test_missing_members_of_a_single_event_are_400(wire):
    body = event()
    del body["startTime"]

    assert wire.v1("eventimport", body).status_code == 400
    assert wire.ids(body)  # in bulk the time may be left out


def test_required_values(wire):
    fields = [{"name": "rpe", "required": True}, "note", {"name": "set", "table": True}]
    wire.sandbox.add_form("Strict", fields)

    assert wire.insert(event("Strict", fields={"note": "x"})) == FAILED
    assert wire.insert(event("Strict", fields={"rpe": ""})) == FAILED
    assert wire.ids(event("Strict", fields={"rpe": "5"}))


def test_event_level_keys_on_a_second_row_are_rejected_even_blank(wire, lifts):
    reply = wire.insert(event(lifts, fields={"total": "1"}, rows=[{"lift": "a", "total": ""}]))

    message = "This form does not support multiple rows for key: total"
    assert reply == {"result": {"state": "UNEXPECTED_ERROR", "message": message}}


def test_same_user_and_date_twice_fails_without_a_table(wire, lifts):
    later = {"startTime": "5:00 PM", "finishTime": "6:00 PM"}

    assert wire.insert(event(), event(**later)) == FAILED
    assert len(wire.ids(event(lifts, fields={}), event(lifts, fields={}, **later))) == 2
    assert len(wire.ids(event(), event(user=1002))) == 2
    wire.sandbox.configure(same_day_rule=False)
    assert len(wire.ids(event(), event(**later))) == 2


def test_rows_are_merged_on_reading(wire, lifts):
    rows = [{"lift": "Squat", "kg": "100"}, {"lift": "Press", "kg": ""}]
    (apart,) = wire.ids(event(lifts, fields={"total": "3"}, rows=rows))
    (mixed,) = wire.ids(event(lifts, fields={"total": "3", **rows[0]}, rows=rows[1:]))

    for event_id in (apart, mixed):
        read = wire.read_one(lifts, event_id)["rows"]
        assert [row["row"] for row in read] == [0, 1]
        assert pairs(read[0]) == {"total": "3", "lift": "Squat", "kg": "100"}
        assert pairs(read[1]) == {"lift": "Press"}


def test_mixed_row_0_may_split_into_two_events(wire, lifts):
    wire.sandbox.configure(split_mixed_rows=True)
    ids = wire.ids(event(lifts, fields={"total": "3", "lift": "a"}, rows=[{"lift": "b"}]))

    stored = wire.sandbox.events(lifts)
    assert len(ids) == len(stored) == 2
    assert stored[0]["values"] == {"total": "3"}
    assert stored[1]["table"] == [{"lift": "a"}, {"lift": "b"}]


def test_update_replaces_everything_and_keeps_the_id(wire, lifts):
    (event_id,) = wire.ids(event(lifts, fields={"total": "3"}, rows=[{"lift": "a"}]))
    change = event(lifts, fields={}, rows=[{"kg": "5"}], existingEventId=event_id)

    assert wire.ids({**change, "startDate": "03/03/2026"}) == [event_id]
    (stored,) = wire.sandbox.events(lifts)
    assert (stored["values"], stored["table"]) == ({}, [{"kg": "5"}])
    assert stored["start_date"] == "03/03/2026"
    assert wire.ids({**change, "existingEventId": str(event_id)}) == [event_id]


@pytest.mark.parametrize("blank", ["", None, -1, "-1"])
def test_no_event_id_creates(wire, blank):
    assert wire.ids(event(existingEventId=blank))
    assert len(wire.sandbox.events("Reaction Time")) == 1


def test_update_of_an_unknown_or_foreign_id(wire):
    (own,) = wire.ids(event(user=1002))
    ids = wire.ids(event(existingEventId=999), event(user=1003, existingEventId=own))

    assert own not in ids
    assert 999 not in ids
    assert len(wire.sandbox.events("Reaction Time")) == 3
    wire.sandbox.configure(unknown_event_id="failure")
    assert wire.insert(event(existingEventId=999)) == FAILED


def test_update_that_duplicates(wire):
    (own,) = wire.ids(event())
    wire.sandbox.configure(update_duplicates=True)

    (other,) = wire.ids(event(existingEventId=own, fields={"Day": "2"}))

    assert other != own
    days = [stored["values"]["Day"] for stored in wire.sandbox.events("Reaction Time")]
    assert days == ["1", "2"]


def test_undeliverable_users_are_dropped_in_silence(wire):
    wire.sandbox.configure(undeliverable_users=[1002])
    reply = wire.insert(event(), event(user=1002), event(user=1003))

    result = reply["eventImportResultForForm"][0]["eventImportResults"]
    assert result["state"] == "SUCCESSFULLY_IMPORTED"
    assert len(result["ids"]) == 2
    assert result["message"] == "2 out of 3 records successfully imported."


def test_partial_reply(wire):
    wire.sandbox.configure(partial_errors=True)
    reply = wire.insert(event(), event(user=1002, startTime="noon"))

    assert reply["result"]["state"] == "IMPORTED_WITH_ERRORS"
    result = reply["eventImportResultForForm"][0]["eventImportResults"]
    assert len(result["ids"]) == 1
    assert "state" not in result
    error = pairs(result["error"][0])
    assert error["organisationId"] == "1002"
    assert error["Start Time"] == "noon"
    assert error["Day"] == "1"
    assert error["Error"] == "startTime is not h:mm AM"
    wire.sandbox.configure(partial_error_text="")
    reply = wire.insert(event(user=1002, startTime="noon"))
    assert (
        pairs(reply["eventImportResultForForm"][0]["eventImportResults"]["error"][0])["Error"] == ""
    )


def test_call_size_limit_and_closed_forms(wire):
    wire.sandbox.configure(max_events_per_call=1, forbidden_forms=["Training Log"])

    assert wire.v1("eventsimport", {"events": [event(), event(user=1002)]}).status_code == 500
    assert wire.v1("eventimport", event("Training Log")).status_code == 403


def test_finish_time_defaults_to_one_hour_and_rolls_over_midnight(wire):
    body = event(startTime="11:30 PM")
    del body["finishTime"]
    (event_id,) = wire.ids(body)

    read = wire.read_one("Reaction Time", event_id)
    assert (read["finishDate"], read["finishTime"]) == ("03/03/2026", "12:30 AM")


def test_twelve_am_is_noon_and_hour_zero_is_midnight(wire):
    ids = wire.ids(event(startTime="12:05 AM"), event(user=1002, startTime="00:05 AM"))
    read = [wire.read_one("Reaction Time", i, u) for i, u in zip(ids, (1001, 1002), strict=True)]

    assert [item["startTime"] for item in read] == ["12:05 PM", "12:05 AM"]
    wire.sandbox.configure(twelve_am_is_noon=False)
    (event_id,) = wire.ids(event(startTime="12:05 AM"))
    assert wire.read_one("Reaction Time", event_id)["startTime"] == "12:05 AM"


def test_profile_is_one_record_that_is_replaced(wire):
    body = {
        "formName": "Athlete Profile",
        "userId": {"userId": 1001},
        "rows": [{"row": 0, "pairs": [{"key": "height_cm", "value": "180"}]}],
    }
    before = wire.sandbox.profiles("Athlete Profile")[0]
    reply = wire.v1("profileimport", body).json()

    assert reply["state"] == "SUCCESSFULLY_IMPORTED"
    assert reply["ids"] == [before["id"]]
    assert wire.sandbox.profiles("Athlete Profile")[0]["values"] == {"height_cm": "180"}
    assert len(wire.sandbox.profiles("Athlete Profile")) == 18
    search = {"formNames": "Athlete Profile", "userIds": [1001, 1002]}
    profiles = wire.v1("profilesearch", search).json()["profiles"]
    assert [profile["userId"] for profile in profiles] == [1001, 1002]
    assert "startDate" not in profiles[0]
    assert pairs(profiles[1]["rows"][0])["bmi"] == "21.9"
    bad = wire.v1("profileimport", {**body, "userId": {"userId": 1}}).json()
    assert bad == {"state": "UNEXPECTED_ERROR", "message": ""}


def test_deletes(wire):
    ids = wire.ids(event(), event(user=1002), event(user=1003))

    first = wire.v1("deleteevent", {"eventId": ids[0]}).json()
    again = wire.v1("deleteevent", {"eventId": ids[0]}).json()
    assert first == {"state": "SUCCESS", "message": f"Deleted {ids[0]}"}
    assert again["state"] == "FAILURE"
    refused = wire.v2("event/deleteAll", {"eventIds": [str(ids[1]), str(ids[0])]}).json()
    assert refused["__is_rpc_exception__"] is True
    assert len(wire.sandbox.events("Reaction Time")) == 2
    assert wire.v2("event/deleteAll", {"eventIds": [str(i) for i in ids[1:]]}).text == "null"
    assert wire.sandbox.events("Reaction Time") == []
    assert wire.sandbox.deleted() == ids
    assert "__is_rpc_exception__" in wire.v2("event/deleteAll", {"eventIds": ids}).text
    assert min(wire.ids(event())) > max(ids)


def test_an_update_without_a_change_is_in_the_next_delta(wire):
    (event_id,) = wire.ids(event())
    since = wire.sync("Reaction Time", [1001])["lastSynchronisationTimeOnServer"]
    wire.ids(event(existingEventId=event_id))

    delta = wire.sync("Reaction Time", [1001], lastSynchronisationTimeOnServer=since)
    assert [item["id"] for item in delta["export"]["events"]] == [event_id]


def test_ids_beyond_all_bounds_are_a_failure_and_the_server_lives(wire):
    assert wire.v1("deleteevent", {"eventId": 2**63}).json()["state"] == "FAILURE"
    assert wire.v1("eventsimport", {"events": [event(existingEventId="9" * 40)]}).status_code == 500
    assert len(wire.ids(event())) == 1
