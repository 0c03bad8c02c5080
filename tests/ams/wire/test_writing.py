"""Replies of writes: confirmed only by an allowlist, refused only in so many words."""

from __future__ import annotations

import json

import pytest

from airflow_provider_ams.ams import AMSConfigurationError
from airflow_provider_ams.ams.wire.replies import Verdict, dropped_among, lost, write_reply
from airflow_provider_ams.transport import Reply

OK, REFUSED, AMBIGUOUS = Verdict.CONFIRMED, Verdict.REFUSED, Verdict.AMBIGUOUS
DONE = "SUCCESSFULLY_IMPORTED"
RPC = {"__is_rpc_exception__": True, "type": "X", "value": {"detailMessage": "bad"}}
LOST = {**RPC, "value": {"detailMessage": "Not logged in"}}
WRITES = ["eventsimport", "profileimport", "deleteevent", "v2/event/deleteAll"]


def read(endpoint, data, sent=1, status=200, headers=()):
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    return write_reply(endpoint, Reply(status, dict(headers), body), sent, 0.0)


# ---------------------------------------------------------------- HTTP status

STATUSES = [
    (400, REFUSED, "refused", True, False),
    (401, AMBIGUOUS, "session", True, False),
    (403, AMBIGUOUS, "forbidden", False, False),
    (408, AMBIGUOUS, "status", False, True),
    (409, AMBIGUOUS, "status", False, False),
    (413, REFUSED, "refused", True, False),
    (414, REFUSED, "refused", True, False),
    (415, REFUSED, "refused", True, False),
    (431, REFUSED, "refused", True, False),
    (422, REFUSED, "refused", True, False),
    (429, AMBIGUOUS, "busy", True, False),
    (500, AMBIGUOUS, "status", False, False),
    (502, AMBIGUOUS, "status", False, True),
    (503, AMBIGUOUS, "status", False, True),
    (504, AMBIGUOUS, "status", False, True),
    (524, AMBIGUOUS, "status", False, True),
    (204, AMBIGUOUS, "status", False, False),
]


@pytest.mark.parametrize("endpoint", WRITES)
@pytest.mark.parametrize(("status", "verdict", "code", "nothing_taken", "late"), STATUSES)
def test_a_status_means_the_same_for_every_write(
    endpoint, status, verdict, code, nothing_taken, late
):
    answer = read(endpoint, b"<html>Ann</html>", status=status)
    assert (answer.verdict, answer.code, answer.status) == (verdict, code, status)
    assert (answer.nothing_taken, answer.late) == (nothing_taken, late)
    assert answer.reason == f"AMS answered HTTP {status}"


@pytest.mark.parametrize("endpoint", WRITES)
@pytest.mark.parametrize("status", [301, 302, 307, 404])
def test_no_ams_here_is_a_matter_of_configuration(endpoint, status):
    with pytest.raises(AMSConfigurationError) as caught:
        read(endpoint, b"", status=status)
    assert (caught.value.endpoint, caught.value.status) == (endpoint, status)


def test_the_wait_that_ams_asks_for():
    assert read("eventsimport", b"", status=503, headers={"Retry-After": "7"}).retry_after == 7
    later = Reply(503, {"Retry-After": "Thu, 01 Jan 1970 00:01:00 GMT"}, b"")
    assert write_reply("eventsimport", later, 1, 20.0).retry_after == 40


# ---------------------------------------------------------------- every write


@pytest.mark.parametrize("endpoint", WRITES)
@pytest.mark.parametrize(
    ("body", "code", "late"),
    [(b"<html>", "not_json", True), (b'{"state":', "not_json", True), (b"", "empty", False)],
)
def test_what_is_no_answer_says_nothing(endpoint, body, code, late):
    answer = read(endpoint, body)
    assert (answer.verdict, answer.code, answer.late) == (AMBIGUOUS, code, late)
    assert not answer.nothing_taken
    assert answer.reason
    assert answer.status == 200


def test_a_lost_reply_may_come_true_later():
    answer = lost("time-out")
    assert (answer.verdict, answer.code, answer.reason) == (AMBIGUOUS, "lost", "time-out")
    assert answer.late is True
    assert answer.nothing_taken is False


@pytest.mark.parametrize("endpoint", WRITES)
def test_an_exception(endpoint):
    deletes = endpoint not in ("eventsimport", "profileimport")
    answer = read(endpoint, RPC)
    assert (answer.verdict, answer.code) == (REFUSED if deletes else AMBIGUOUS, "rpc")
    assert (answer.nothing_taken, answer.reason) == (False, "AMS reported X")
    answer = read(endpoint, LOST)
    assert answer.reason == "AMS reported X"
    assert (answer.verdict, answer.code, answer.nothing_taken) == (AMBIGUOUS, "session", False)


# ---------------------------------------------------------------- eventsimport


def imported(ids=(5, 6), state=DONE, part_state=DONE, message="", result=None, **part):
    inner = {"state": part_state, "message": message, "ids": list(ids), **part}
    inner = {key: value for key, value in inner.items() if value is not None}
    whole = {"state": state} if result is None else result
    return {"result": whole, "eventImportResultForForm": [{"eventImportResults": inner}]}


CONFIRMED = [
    imported(),
    imported(["5", "6"]),
    imported(part_state=None),
    imported(result=json.dumps({"state": DONE})),
    imported(message="2 out of 2 records successfully imported."),
    imported(error=None),
    imported(error=[]),
]


@pytest.mark.parametrize("data", CONFIRMED)
def test_a_confirmed_import(data):
    answer = read("eventsimport", data, sent=2)
    assert (answer.verdict, answer.code, answer.ids) == (OK, "ok", [5, 6])


ERROR = [{"pairs": [{"key": "Error", "value": "no"}, {"key": "organisationId", "value": "1"}]}]
NOT_CONFIRMED = [
    (imported([5]), AMBIGUOUS, "short"),
    (imported([]), AMBIGUOUS, "short"),
    ({"result": {"state": DONE}}, AMBIGUOUS, "short"),
    (imported(message="1 out of 2 records successfully imported."), AMBIGUOUS, "short"),
    (imported([5, 6, 7]), AMBIGUOUS, "too_many"),
    (imported([5, 5]), AMBIGUOUS, "same_ids"),
    (imported([5, -6]), AMBIGUOUS, "bad_ids"),
    (imported([5, 0]), AMBIGUOUS, "bad_ids"),
    (imported([5, 6.0]), AMBIGUOUS, "bad_ids"),
    (imported([5, None]), AMBIGUOUS, "bad_ids"),
    (imported([5, " 6 "]), AMBIGUOUS, "bad_ids"),
    (imported([5, True]), AMBIGUOUS, "bad_ids"),
    (imported([5, 2**63]), AMBIGUOUS, "bad_ids"),
    (imported(ids=[5, 6], part_state="FAILED"), AMBIGUOUS, "part"),
    (imported(part_state="successfully_imported"), AMBIGUOUS, "part"),
    (imported(error=ERROR), AMBIGUOUS, "part"),
    (imported(error=True), AMBIGUOUS, "part"),
    ({**imported(), "error": "x"}, AMBIGUOUS, "part"),
    (imported(result={"state": DONE, "error": "x"}), AMBIGUOUS, "part"),
    ({"result": {"state": DONE}, "eventImportResultForForm": {}}, AMBIGUOUS, "part"),
    ({"result": {"state": DONE}, "eventImportResultForForm": [5]}, AMBIGUOUS, "part"),
    (imported(state="UNEXPECTED_ERROR"), AMBIGUOUS, "partial"),
    (imported(["x"], state="FAILED"), AMBIGUOUS, "partial"),
    ({"result": {"state": "FAILED"}, "eventImportResultForForm": {}}, AMBIGUOUS, "partial"),
    (imported([], state="SOME_ERROR", error=ERROR), AMBIGUOUS, "partial"),
    (imported([], state="UNEXPECTED_ERROR"), REFUSED, "refused"),
    ({"result": {"state": "UNEXPECTED_ERROR", "message": ""}}, REFUSED, "refused"),
    ({"result": {"state": "FAILED"}}, REFUSED, "refused"),
    ({"result": {"state": "SUCCESS"}}, AMBIGUOUS, "state"),
    ({"result": {"state": "SUCCESSFULLY_IMPORTED "}}, AMBIGUOUS, "state"),
    ({"result": {"state": "IMPORTED_WITH_ERRORS"}}, AMBIGUOUS, "state"),
    ({"result": {"state": "PENDING"}}, AMBIGUOUS, "state"),
    ({"result": {"state": 5}}, AMBIGUOUS, "no_state"),
    ({"result": "no json"}, AMBIGUOUS, "no_state"),
    ({"state": DONE, "ids": [5, 6]}, AMBIGUOUS, "no_state"),
    ({}, AMBIGUOUS, "no_state"),
    (None, AMBIGUOUS, "no_state"),
    ([], AMBIGUOUS, "no_state"),
]


@pytest.mark.parametrize(("data", "verdict", "code"), NOT_CONFIRMED)
def test_an_import_that_is_not_confirmed(data, verdict, code):
    answer = read("eventsimport", data, sent=2)
    assert (answer.verdict, answer.code) == (verdict, code)
    assert answer.reason
    assert answer.short == (code == "short")
    assert answer.nothing_taken == (verdict is REFUSED)


def test_the_parts_of_two_forms_are_not_put_together():
    one = imported([5])["eventImportResultForForm"]
    data = {
        "result": {"state": DONE},
        "eventImportResultForForm": one + imported([6])["eventImportResultForForm"],
    }
    assert read("eventsimport", data, sent=2).code == "too_many"


def test_errors_of_single_events():
    answer = read("eventsimport", imported([5], state="SOME_ERROR", error=ERROR), sent=2)
    assert answer.errors == [{"Error": "no", "organisationId": "1"}]
    assert answer.ids == [5]
    assert "organisationId" not in repr(answer)


def test_words_of_ams_are_kept_apart_from_ours():
    data = {"result": {"state": "UNEXPECTED_ERROR", "message": "Ann has no date"}}
    answer = read("eventsimport", data)
    assert answer.message == "Ann has no date"
    assert "Ann" not in f"{answer!r} {answer.reason}"


@pytest.mark.parametrize(
    "data",
    [
        imported(message="kept"),
        imported([5, 6, 7], message="kept"),
        imported([5, 6, 6], message="kept"),
        imported([5, 6], message="kept", error=ERROR),
        imported([5, 6, "x"], message="kept"),
        imported([5, 6], message="kept", part_state="PENDING"),
        imported([5, 6], message="kept", state="FAILED"),
        imported(message="kept: 1 out of 2 records"),
    ],
)
@pytest.mark.parametrize("sent", [1, 2, 3])
def test_what_ams_names_and_says_is_kept_whatever_is_wrong(data, sent):
    answer = read("eventsimport", data, sent=sent)
    assert answer.ids[:2] == [5, 6]
    assert answer.message.startswith("kept")


def test_more_ids_than_events_are_kept_each_once_or_not():
    assert read("eventsimport", imported([5, 5], message="kept"), sent=2).ids == [5, 5]


def test_the_words_of_the_call_and_of_its_part_are_both_kept():
    data = imported([], result={"state": "PENDING", "message": "one"}, message="two")
    answer = read("eventsimport", data)
    assert (answer.code, answer.message) == ("state", "one two")


def test_a_message_that_is_no_text_is_none():
    assert read("eventsimport", imported(message=5), sent=2).message == ""


def test_ams_counts_fewer_than_it_names():
    for message in ("1 out of 2 records", "١ out of ٢ records"):
        answer = read("eventsimport", imported(message=message), sent=2)
        assert (answer.verdict, answer.short) == (AMBIGUOUS, True)
    answer = read("eventsimport", imported(message="1 out of 2 records"), sent=2)
    assert answer.reason == "AMS counted 1 of 2 events"


@pytest.mark.parametrize("error", [[5], [{"pairs": 5}], [{}], [{"pairs": [5]}]])
def test_an_error_that_can_not_be_read_is_one_all_the_same(error):
    answer = read("eventsimport", imported(error=error), sent=2)
    assert (answer.verdict, answer.errors) == (AMBIGUOUS, [{}])


def test_an_error_without_a_value_has_an_empty_one():
    error = [{"pairs": [{"key": "Error", "value": None}]}]
    assert read("eventsimport", imported(error=error), sent=2).errors == [{"Error": ""}]


def test_a_dropped_name_that_was_not_sent_stays_as_it_is():
    assert dropped_among(("x", "y", "A"), ["A"]) == ("x", "y", "A")


REMARK = (
    "2 out of 2 records successfully imported. The following names [{}] were sent in the message "
    "but do not exist in the form"
)


def test_a_failure_is_named_by_its_state():
    answer = read("eventsimport", {"result": {"state": "UNEXPECTED_ERROR"}})
    assert answer.reason == "UNEXPECTED_ERROR"


def test_no_field_was_dropped_if_none_is_named():
    assert read("eventsimport", imported(message=REMARK.format("")), sent=2).dropped_fields == ()


@pytest.mark.parametrize(
    "name", ["The following names [A", "A] were sent in the message but do not exist"]
)
def test_the_words_of_the_remark_may_stand_in_a_name(name):
    answer = read("eventsimport", imported(message=REMARK.format(f"B, {name}, C")), sent=2)
    assert answer.dropped_fields == ("B", name, "C")


@pytest.mark.parametrize(
    ("names", "sent", "found"),
    [
        ("A", ["A"], ("A",)),
        ("A, B", ["A", "B"], ("A", "B")),
        ("A, B", ["A, B"], ("A, B",)),
        ("A [kg], B", ["A [kg]", "B"], ("A [kg]", "B")),
        ("x, A, B, y", ["x", "A, B", "y"], ("x", "A, B", "y")),
    ],
)
def test_dropped_fields_may_hold_brackets_and_commas(names, sent, found):
    answer = read("eventsimport", imported(message=REMARK.format(names)), sent=2)
    assert answer.verdict is OK
    assert dropped_among(answer.dropped_fields, sent) == found


# ---------------------------------------------------------------- the others

OTHERS = [
    ("profileimport", {"state": DONE}, OK, "ok"),
    ("profileimport", {"state": DONE, "ids": [5]}, OK, "ok"),
    ("profileimport", {"state": DONE, "ids": [5, 6]}, AMBIGUOUS, "too_many"),
    ("profileimport", {"state": DONE, "ids": [-5]}, AMBIGUOUS, "bad_ids"),
    ("profileimport", {"state": DONE, "ids": 5}, AMBIGUOUS, "bad_ids"),
    ("profileimport", {"state": DONE, "error": "x"}, AMBIGUOUS, "part"),
    ("profileimport", {"state": "UNEXPECTED_ERROR"}, REFUSED, "refused"),
    ("profileimport", {"state": "UNEXPECTED ERROR"}, REFUSED, "refused"),
    ("profileimport", {"state": "FAILED", "ids": [5]}, AMBIGUOUS, "partial"),
    ("profileimport", {"state": "SUCCESS"}, AMBIGUOUS, "state"),
    ("profileimport", {"result": {"state": DONE}}, AMBIGUOUS, "no_state"),
    ("deleteevent", {"state": "SUCCESS"}, OK, "ok"),
    ("deleteevent", {"state": "SUCCESS", "error": "x"}, AMBIGUOUS, "part"),
    ("deleteevent", {"state": "FAILURE"}, REFUSED, "refused"),
    ("deleteevent", {"state": "ERROR"}, REFUSED, "refused"),
    ("deleteevent", {"state": DONE}, AMBIGUOUS, "state"),
    ("deleteevent", None, AMBIGUOUS, "no_state"),
    ("deleteevent", {"state": 5}, AMBIGUOUS, "no_state"),
    ("deleteevent", ["SUCCESS"], AMBIGUOUS, "no_state"),
    ("v2/event/deleteAll", None, OK, "ok"),
    ("v2/event/deleteAll", {"error": True}, REFUSED, "refused"),
    ("v2/event/deleteAll", [], REFUSED, "refused"),
]


@pytest.mark.parametrize(("endpoint", "data", "verdict", "code"), OTHERS)
def test_profiles_and_deletions(endpoint, data, verdict, code):
    answer = read(endpoint, data)
    assert (answer.verdict, answer.code) == (verdict, code)
    assert bool(answer.reason) == (verdict is not OK)
    # Whether a refusal to delete many leaves all of them is not known.
    assert answer.nothing_taken is (verdict is REFUSED and endpoint != "v2/event/deleteAll")


@pytest.mark.parametrize(
    "data",
    [
        {"state": DONE, "ids": [5]},
        {"state": DONE, "ids": [-5]},
        {"state": DONE, "error": "x"},
        {"state": "FAILED", "ids": [5]},
        {"state": "FAILED"},
        {"state": "PENDING"},
    ],
)
def test_words_about_a_profile_are_kept(data):
    assert read("profileimport", {**data, "message": "kept"}).message == "kept"


def test_ids_and_dropped_fields_of_profiles():
    answer = read("profileimport", {"state": DONE, "ids": [5], "message": REMARK.format("A, B")})
    assert (answer.ids, answer.dropped_fields) == ([5], ("A", "B"))
    assert read("profileimport", {"state": DONE, "ids": [5, 6]}).ids == [5, 6]


@pytest.mark.parametrize(("state", "why"), [("FAILURE", "refused"), ("PENDING", "not known")])
def test_why_an_event_was_not_deleted(state, why):
    answer = read("deleteevent", {"state": state, "message": "kept"})
    assert answer.message == "kept"
    assert "delete" in answer.reason
    assert [w for w in ("refused", "not known") if w in answer.reason] == [why]
