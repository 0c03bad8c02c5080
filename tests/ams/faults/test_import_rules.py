"""The finer rules of an import: statuses, numbers of calls, reasons, widths, whose events count."""

from __future__ import annotations

import time

import pytest

from airflow_provider_ams.ams import (
    AMSConfigurationError,
    AMSError,
    AMSLoginError,
    AMSPermissionError,
    AMSTransientError,
    AMSUnknownOutcomeError,
    InsertEventOption,
    UpdateEventOption,
    insert_event_data,
    update_event_data,
)
from airflow_provider_ams.ams.write.note import Progress
from airflow_provider_ams.transport import Clock, FileNotes, RetryPolicy
from tests.ams.faults.harness import (
    FORM,
    Crash,
    crash_after,
    held,
    make_client,
    prepare,
    sessions,
    stored_ids,
    wanted,
)
from tests.ams.tiny import Tiny
from tests.proxy import Proxy

NOTHING = {
    "export": {"events": []},
    "lastSynchronisationTimeOnServer": int(time.time() * 1000),
    "cursor": None,
}


@pytest.fixture
def sandbox(faulty_sandbox):
    prepare(faulty_sandbox)
    return faulty_sandbox


def run(client, frame, resume=None, **options):
    option = InsertEventOption(
        **{"interactive_mode": False, "batch_size": 3, "settle_seconds": 7.0, **options}
    )
    return insert_event_data(frame, FORM, client=client, option=option, resume=resume)


def spread(rows):
    """Return sessions of different days, so that calls are as large as they may be."""
    return sessions(rows).assign(start_date=[f"{i + 1:02d}/03/2026" for i in range(rows)])


def tiny_client(tiny, waits, tries=3):
    clock = Clock(sleep=waits.append, random=lambda: 0.0)
    return make_client(tiny, clock=clock, retry=RetryPolicy(tries=tries))


# ---------------------------------------------------------------- HTTP statuses of a write

PAGE = b"<html>a page with a secret-value in it</html>"


@pytest.mark.parametrize(
    ("status", "error", "calls", "settles"),
    [
        (400, AMSConfigurationError, 0, 0),
        (401, AMSLoginError, 2, 0),
        (403, AMSPermissionError, 2, 0),
        (404, AMSConfigurationError, 1, 0),
        (302, AMSConfigurationError, 1, 0),
        (418, AMSConfigurationError, 1, 0),
        (429, AMSTransientError, 3, 0),
        (500, AMSTransientError, 3, 0),
        (502, AMSTransientError, 3, 3),
        (503, AMSTransientError, 3, 3),
        (504, AMSTransientError, 3, 3),
        (507, AMSTransientError, 3, 3),
    ],
)
def test_status_of_a_write(status, error, calls, settles):
    waits = []
    with Tiny(synchronise=NOTHING, eventsimport=(status, {}, PAGE)) as tiny:
        tiny.username, tiny.password = "u", "p"
        with pytest.raises(AMSError) as caught:
            run(tiny_client(tiny, waits), spread(1))
        sent = len(tiny.calls("eventsimport"))
    if status == 400:  # AMS looked at the event and does not want it
        assert caught.value.result.rows["reason"].tolist() == ["AMS refused the event: HTTP 400"]
        assert caught.value.result.rows["batch"].tolist() == [1]
        return
    assert isinstance(caught.value, error)
    assert caught.value.status == status
    assert caught.value.endpoint == "eventsimport"
    assert sent == calls
    assert waits.count(7.0) == settles
    assert "secret-value" not in f"{caught.value} {caught.value!r}"
    row = caught.value.result.rows.iloc[0]
    assert row["status"] == "rejected"
    assert row["reason"].startswith("not stored: ")


@pytest.mark.parametrize("header", [{"Retry-After": "900"}, {"retry-after": "900"}])
def test_a_wait_that_ams_asks_for(header):
    waits = []
    with Tiny(synchronise=NOTHING, eventsimport=(429, header, b"")) as tiny:
        tiny.username, tiny.password = "u", "p"
        with pytest.raises(AMSTransientError) as caught:
            run(tiny_client(tiny, waits), spread(1))
    assert caught.value.retry_after == 900
    assert "HTTP 429" in str(caught.value)
    assert waits == []


def test_the_longest_wait_counts(sandbox):
    waits = []
    script = [
        {"endpoint": "eventsimport", "nth": 1, "fault": "429", "retry_after": 5},
        {"endpoint": "eventsimport", "nth": 2, "fault": "429", "retry_after": 9},
    ]
    sandbox.faults(script=script)
    sandbox.configure(latency_ms=20)
    client = make_client(sandbox, clock=Clock(sleep=waits.append, random=lambda: 0.0))
    run(client, spread(6), max_in_flight=2)
    assert waits == [9.0]


def test_a_page_instead_of_an_answer_may_come_early(sandbox):
    """A page comes from something in between: the server behind it may still be at work."""
    waits = []
    sandbox.faults(
        script=[{"endpoint": "eventsimport", "nth": 1, "fault": "html", "commit": False}]
    )
    client = make_client(sandbox, clock=Clock(sleep=waits.append, random=lambda: 0.0))
    run(client, spread(3))
    assert waits == [7.0, 0.0]
    assert held(sandbox) == wanted(spread(3))


# ---------------------------------------------------------------- results


def test_batch_numbers_and_reasons(sandbox):
    sandbox.faults(script=[{"endpoint": "eventsimport", "nth": 2, "fault": "500_after"}])
    rows = run(make_client(sandbox), spread(9)).rows
    assert rows["batch"].tolist() == [1] * 3 + [2] * 3 + [3] * 3
    assert rows["reason"].isna().all()


@pytest.mark.parametrize(("drop", "landed"), [(1, 2), (2, 1), (3, 0)], ids=["one", "two", "all"])
def test_events_that_ams_drops_in_silence_are_named(sandbox, drop, landed):
    """For a person to whom the form can't be delivered AMS reports success and stores nothing."""
    sandbox.faults(
        script=[{"endpoint": "eventsimport", "nth": [1, 2], "fault": "short_ids", "drop": drop}]
    )
    with pytest.raises(AMSError) as caught:
        run(make_client(sandbox), spread(3))
    rows = caught.value.result.rows
    assert rows["status"].tolist() == ["inserted"] * landed + ["rejected"] * drop
    assert rows["batch"].tolist() == [1] * landed + [2] * drop
    assert rows["reason"].iloc[-1] == f"not stored: AMS confirmed 0 of {drop} events"
    assert sandbox.requests()["eventsimport"] == 2


def test_a_refusal_without_a_word_gets_the_likely_reason(sandbox):
    sandbox.faults(script=[{"endpoint": "eventsimport", "nth": 1, "fault": "reject"}])
    with pytest.raises(AMSError) as caught:
        run(make_client(sandbox), spread(1))
    rows = caught.value.result.rows
    assert rows["reason"].tolist() == [
        "AMS refused the event without a reason; often a required field has no value"
    ]
    assert rows["batch"].tolist() == [1]


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("", "AMS refused the event without a reason; often a required field has no value"),
        (
            "0 out of 1 records were imported.",
            "AMS refused the event without a reason; often a required field has no value",
        ),
        ("The form is\nlocked", "AMS refused the event: The form is locked"),
        (
            "0 out of 1 records were imported. Value 12345 on 01/03/2026 is too high (12345).",
            "AMS refused the event: Value … on … is too high (…).",
        ),
    ],
)
def test_what_ams_says_of_a_refusal_is_told_without_the_event_s_values(message, told):
    answer = {"result": {"state": "UNEXPECTED_ERROR", "message": message}}
    with Tiny(synchronise=NOTHING, eventsimport=answer) as tiny:
        tiny.username, tiny.password = "u", "p"
        with pytest.raises(AMSError) as caught:
            run(tiny_client(tiny, []), spread(1).assign(minutes=12345))
    assert caught.value.result.rows["reason"].tolist() == [told]
    assert str(caught.value).startswith(f"{told} (rows 0). AMS refused 1 of 1 rows; nothing has")


def test_reasons_belong_to_their_events():
    """AMS names culprits by user id and date, under keys of its own."""

    def refuse(body):
        events = body["events"]
        bad = [e for e in events if e["userId"]["userId"] == 1001]
        if not bad:
            ids = [100 + e["userId"]["userId"] for e in events]
            part = {"state": "SUCCESSFULLY_IMPORTED", "ids": ids}
            state = "SUCCESSFULLY_IMPORTED"
        else:
            pairs = [
                {"key": "Error", "value": "minutes is out of range"},
                {"key": "organisationId", "value": "1001"},
                {"key": "Start Date", "value": bad[0]["startDate"]},
            ]
            blank = [{"key": "Error", "value": ""}, {"key": "organisationId", "value": "1000"}]
            part = {"message": "0 out of 3", "error": [{"pairs": blank}, {"pairs": pairs}]}
            state = "PARTIAL_ERROR"
        entry = {"formName": FORM, "eventImportResults": part}
        return {"result": {"state": state}, "eventImportResultForForm": [entry]}

    frame = sessions(6).iloc[[0, 2, 3, 4]].reset_index(drop=True)
    frame["user_id"] = [1000, 1001, 1002, 1003]
    frame["start_date"] = [f"0{i + 1}/03/2026" for i in range(4)]
    with Tiny(synchronise=NOTHING, eventsimport=refuse) as tiny:
        tiny.username, tiny.password = "u", "p"
        with pytest.raises(AMSError) as caught:
            run(tiny_client(tiny, []), frame, batch_size=4)
    rows = caught.value.result.rows
    assert rows["status"].tolist() == ["inserted", "rejected", "inserted", "inserted"]
    assert rows["reason"].tolist()[1] == "AMS refused the event: minutes is out of range"
    assert rows["event_id"].tolist()[0] == 1100


def test_given_up_after_200_refusals_and_not_before(sandbox):
    sandbox.faults(script=[{"endpoint": "eventsimport", "nth": 1, "times": 0, "fault": "reject"}])
    frame = sessions(260)
    with pytest.raises(AMSConfigurationError) as caught:
        run(make_client(sandbox), frame, batch_size=1)
    reasons = caught.value.result.rows["reason"]
    assert "first 200 events" in caught.value.message
    assert caught.value.endpoint == "eventsimport"
    assert caught.value.hint == "Check form, required fields and permissions with a single row."
    assert reasons.str.startswith("AMS refused").sum() == 200
    assert reasons.str.startswith("not stored").sum() == 60


# ---------------------------------------------------------------- whose events count


def test_an_equal_event_by_another_account_is_not_ours(sandbox):
    """The answer is lost and nothing was stored; a colleague has entered the same meanwhile."""
    frame = spread(1)
    sandbox.faults(script=[{"endpoint": "eventsimport", "nth": 1, "fault": "500_before"}])
    row = frame.iloc[0]

    def enter(endpoint, body):
        if endpoint == "eventsimport" and not sandbox.events(FORM):
            event = {
                "user": int(row["user_id"]),
                "start_date": row["start_date"],
                "start_time": row["start_time"],
                "values": {"minutes": "30", "load": "12345678"},
                "entered_by": 1005,
            }
            sandbox.add_events(FORM, [event])

    with Proxy(sandbox, before=enter) as proxy:
        run(make_client(proxy), frame)
    assert sorted(e["entered_by"] for e in sandbox.events(FORM)) == [1005, 9001]


def test_confirmed_events_do_not_stand_for_others(sandbox):
    """Equal rows in different calls: the first is confirmed, the second is not stored."""
    frame = sessions(2)
    sandbox.faults(script=[{"endpoint": "eventsimport", "nth": 2, "fault": "500_before"}])
    rows = run(make_client(sandbox), frame, batch_size=1).rows
    assert rows["event_id"].is_unique
    assert len(sandbox.events(FORM)) == 2


# ---------------------------------------------------------------- going on


def note_of(path):
    return Progress.parse(FileNotes(path).load())


def test_what_the_note_says(sandbox, tmp_path):
    path = tmp_path / "note.json"
    run(make_client(sandbox), spread(9), resume=path)
    note = note_of(path)
    first = sandbox.events(FORM)[0]["id"]
    assert note.confirmed == [[0, 9, first]]
    assert note.finished is True
    assert 0 < note.since < sandbox.events(FORM)[0]["modified"]


def test_the_note_is_there_before_the_first_call(sandbox, tmp_path):
    path = tmp_path / "note.json"
    sandbox.faults(script=[{"endpoint": "eventsimport", "nth": 1, "times": 0, "fault": "503"}])
    with pytest.raises(AMSTransientError):
        run(make_client(sandbox), spread(9), resume=path)
    note = note_of(path)
    assert note.confirmed == []
    assert note.finished is False
    assert note.since > 0


def test_confirmed_rows_are_not_read_back(sandbox, tmp_path):
    path = tmp_path / "note.json"
    sandbox.faults(
        script=[
            {"endpoint": "eventsimport", "nth": 3, "times": 9, "fault": "429", "retry_after": 99}
        ]
    )
    with pytest.raises(AMSTransientError):
        run(make_client(sandbox), spread(9), resume=path)
    sandbox.faults(None)
    waits = []
    client = make_client(sandbox, clock=Clock(sleep=waits.append))
    # The six that are confirmed are gone from AMS: a retry takes the note's word for them.
    for event in sandbox.events(FORM):
        sandbox.delete_event(event["id"])
    rows = run(client, spread(9), resume=path).rows
    assert rows["batch"].tolist() == [0] * 6 + [1] * 3
    assert len(sandbox.events(FORM)) == 3
    assert waits == [7.0]
    assert note_of(path).finished is True


def test_rows_whose_outcome_is_not_known_are_looked_up_since_they_were_sent(sandbox, tmp_path):
    """The try ends red because AMS can't be read back, some seconds after the lost answer."""
    path, slept = tmp_path / "note.json", []
    sandbox.faults(
        script=[
            {"endpoint": "eventsimport", "nth": 2, "fault": "reset_after_commit"},
            {"endpoint": "synchronise", "nth": 2, "times": 99, "fault": "503"},
        ]
    )
    clock = Clock(sleep=slept.append, monotonic=lambda: time.monotonic() + sum(slept))
    with pytest.raises(AMSUnknownOutcomeError):
        run(make_client(sandbox, clock=clock), spread(9), resume=path)
    note = note_of(path)
    sent = [event["modified"] for event in sandbox.events(FORM)]
    assert note.confirmed == [[0, 3, sandbox.events(FORM)[0]["id"]]]
    assert note.open_since <= max(sent)
    sandbox.faults(None)
    rows = run(make_client(sandbox), spread(9), resume=path).rows
    assert rows["batch"].tolist() == [0] * 6 + [1] * 3
    assert held(sandbox) == wanted(spread(9))


def test_a_finished_note_is_looked_up(sandbox, tmp_path):
    path = tmp_path / "note.json"
    run(make_client(sandbox), spread(9), resume=path)
    sandbox.delete_event(sandbox.events(FORM)[4]["id"])
    rows = run(make_client(sandbox), spread(9), resume=path).rows
    assert held(sandbox) == wanted(spread(9))
    assert rows["batch"].tolist() == [0, 0, 0, 0, 1, 0, 0, 0, 0]


def test_when_everything_is_confirmed_nothing_is_asked(sandbox, tmp_path):
    """The try died after the last call and before it could say so."""
    path = tmp_path / "note.json"
    run(make_client(sandbox), spread(9), resume=path)
    place = FileNotes(path)
    place.save({**place.load(), "finished": False})
    before = sandbox.requests()
    run(make_client(sandbox), spread(9), resume=path)
    after = sandbox.requests()
    assert after["synchronise"] == before["synchronise"]
    assert after["eventsimport"] == before["eventsimport"]


def test_undecided_rows_of_an_earlier_try_stay_unknown(sandbox, tmp_path):
    path = tmp_path / "note.json"
    sandbox.faults(
        script=[
            {"endpoint": "eventsimport", "nth": 1, "fault": "reset_after_commit"},
            {"endpoint": "synchronise", "nth": 2, "fault": "429", "retry_after": 99},
        ]
    )
    with pytest.raises(AMSUnknownOutcomeError):
        run(make_client(sandbox), spread(3), resume=path)
    sandbox.edit_event(sandbox.events(FORM)[1]["id"], {"minutes": "999"})
    with pytest.raises(AMSUnknownOutcomeError) as caught:
        run(make_client(sandbox), spread(3), resume=path)
    rows = caught.value.result.rows
    assert rows["status"].tolist() == ["inserted", "unknown", "inserted"]
    assert "not with the same values" in rows["reason"][1]
    assert len(sandbox.events(FORM)) == 3


def test_the_read_back_of_an_earlier_try_fails(sandbox, tmp_path):
    path = tmp_path / "note.json"
    script = [
        {"endpoint": "eventsimport", "nth": 2, "fault": "reset_after_commit"},
        {"endpoint": "synchronise", "nth": [2, 3], "fault": "429", "retry_after": 99},
    ]
    sandbox.faults(script=script)
    for _ in range(2):
        with pytest.raises(AMSUnknownOutcomeError) as caught:
            run(make_client(sandbox), spread(6), resume=path)
        rows = caught.value.result.rows
        assert rows["status"].tolist() == ["inserted"] * 3 + ["unknown"] * 3
        assert rows["reason"].iloc[5].startswith("sent, outcome not known: ")
    assert run(make_client(sandbox), spread(6), resume=path).counts["inserted"] == 6
    assert len(sandbox.events(FORM)) == 6


# ---------------------------------------------------------------- copies


def update(client, frame, **options):
    option = UpdateEventOption(
        interactive_mode=False, require_confirmation=False, settle_seconds=0.0, **options
    )
    return update_event_data(frame, FORM, client=client, option=option)


def to_update(sandbox, rows=1):
    frame = spread(rows).assign(end_time="10:00 AM", end_date=lambda f: f["start_date"])
    return frame.assign(event_id=stored_ids(sandbox, frame))


def test_a_copy_is_deleted_and_the_event_updated(sandbox):
    frame = to_update(sandbox, 3)
    sandbox.faults(script=[{"endpoint": "eventsimport", "nth": 1, "fault": "duplicate_update"}])
    result = update(make_client(sandbox), frame)
    assert sorted(e["id"] for e in sandbox.events(FORM)) == frame["event_id"].tolist()
    assert held(sandbox) == wanted(frame)
    assert len(result.warnings) == 3
    assert all("was deleted again" in w for w in result.warnings)
    assert len(sandbox.deleted()) == 3


def test_a_copy_that_can_not_be_deleted_is_told(sandbox):
    frame = to_update(sandbox)
    sandbox.faults(
        script=[
            {"endpoint": "eventsimport", "nth": 1, "fault": "duplicate_update"},
            {"endpoint": "deleteevent", "nth": 1, "fault": "rpc"},
        ]
    )
    with pytest.raises(AMSUnknownOutcomeError) as caught:
        update(make_client(sandbox), frame)
    copy = max(e["id"] for e in sandbox.events(FORM))
    result = caught.value.result
    assert result.warnings == [
        f"AMS made a copy instead of an update: event {copy} could not be deleted."
    ]
    assert result.rows["reason"][0] == f"AMS made a copy, event {copy}, that is still there"
    assert result.rows["status"][0] == "unknown"


def test_an_answer_with_a_foreign_id_deletes_nothing():
    """AMS answers with an id that is nowhere to be found: no copy, no proof, no delete."""
    done = {"state": "SUCCESSFULLY_IMPORTED", "ids": [777]}
    answer = {
        "result": {"state": "SUCCESSFULLY_IMPORTED"},
        "eventImportResultForForm": [{"formName": FORM, "eventImportResults": done}],
    }
    frame = spread(1).assign(end_time="10:00 AM", end_date="01/03/2026", event_id=5)
    event = {
        "id": 5,
        "userId": int(frame["user_id"][0]),
        "startDate": "01/03/2026",
        "startTime": "9:00 AM",
        "finishDate": "01/03/2026",
        "finishTime": "10:00 AM",
    }

    def stored(body):
        held = [event] if "startDate" in body else []
        return {**NOTHING, "export": {"events": held}}

    there = {"events": [event]}
    with Tiny(synchronise=stored, eventsearch=there, eventsimport=answer) as tiny:
        tiny.username, tiny.password = "u", "p"
        with pytest.raises(AMSUnknownOutcomeError) as caught:
            update(tiny_client(tiny, []), frame)
        assert not tiny.calls("deleteevent")
    assert caught.value.result.rows["reason"][0] == "AMS answered with another id, 777"


def test_an_ams_that_only_copies_is_reported_and_cleaned_up(sandbox):
    frame = sessions(2).iloc[:1].assign(end_time="10:00 AM", end_date="01/03/2026")
    ids = stored_ids(sandbox, frame)
    sandbox.configure(update_duplicates=True)
    client = make_client(sandbox)
    option = UpdateEventOption(require_confirmation=False, interactive_mode=False, batch_size=4)
    with pytest.raises(AMSError) as caught:
        update_event_data(frame.assign(event_id=ids), FORM, client=client, option=option)
    result = caught.value.result
    assert result.counts["rejected"] == 1
    assert "copy" in result.rows["reason"][0]
    assert len(result.warnings) == 2  # one copy for each try, both deleted
    assert [e["id"] for e in sandbox.events(FORM)] == ids
    assert sandbox.events(FORM)[0]["values"]["note"] == "old"


def test_a_copy_is_not_deleted_when_the_event_changed_meanwhile(sandbox):
    """Somebody edits the event in AMS: what looks like our copy is no proof any more."""
    frame = sessions(2).iloc[:1].assign(end_time="10:00 AM", end_date="01/03/2026")
    ids = stored_ids(sandbox, frame)
    sandbox.configure(update_duplicates=True)
    edits = []

    def edit(endpoint, body):
        """After the call has been answered, a person edits the event before it is read back."""
        if endpoint == "eventsimport":
            edits.append(sandbox.edit_event(ids[0], {"note": "by hand"}))

    option = UpdateEventOption(require_confirmation=False, interactive_mode=False, batch_size=4)
    with Proxy(sandbox, after=edit) as proxy, pytest.raises(AMSError) as caught:
        client = make_client(proxy)
        update_event_data(frame.assign(event_id=ids), FORM, client=client, option=option)
    assert edits
    assert caught.value.result.counts["unknown"] == 1
    assert len(sandbox.events(FORM)) == 2


def test_copies_among_other_updates(sandbox):
    """One of three events is copied, twice; the two others are not held up."""
    frame = to_update(sandbox, 3)
    sandbox.faults(
        script=[
            {"endpoint": "eventsimport", "nth": [2, 3], "fault": "duplicate_update"},
        ]
    )
    option = UpdateEventOption(
        interactive_mode=False, require_confirmation=False, settle_seconds=0.0, batch_size=1
    )
    with pytest.raises(AMSError) as caught:
        update_event_data(frame, FORM, client=make_client(sandbox), option=option)
    rows = caught.value.result.rows
    assert rows["status"].tolist() == ["updated", "rejected", "updated"]
    assert rows["reason"][1] == "AMS makes a copy instead of the update"
    assert sorted(e["id"] for e in sandbox.events(FORM)) == frame["event_id"].tolist()
    assert len(caught.value.result.warnings) == 2


def test_several_copies_in_one_call(sandbox):
    """A copy that can't be deleted does not keep the others from being settled."""
    frame = to_update(sandbox, 3)
    sandbox.faults(
        script=[
            {"endpoint": "eventsimport", "nth": 1, "fault": "duplicate_update"},
            {"endpoint": "deleteevent", "nth": 1, "fault": "500_before"},
        ]
    )
    with pytest.raises(AMSUnknownOutcomeError) as caught:
        update(make_client(sandbox), frame)
    rows = caught.value.result.rows
    assert rows["status"].tolist() == ["unknown", "updated", "updated"]
    assert len(sandbox.events(FORM)) == 4


def test_a_stop_after_going_on(sandbox, tmp_path):
    """What was read back and is not there is known not to be stored, also when the rest fails."""
    path = tmp_path / "note.json"
    busy = {"endpoint": "eventsimport", "nth": [2, 3], "fault": "429", "retry_after": 99}
    sandbox.faults(script=[busy])
    for _ in range(2):
        with pytest.raises(AMSTransientError) as caught:
            run(make_client(sandbox), spread(6), resume=path)
        rows = caught.value.result.rows
        assert rows["status"].tolist() == ["inserted"] * 3 + ["rejected"] * 3
        assert note_of(path).finished is False
    assert run(make_client(sandbox), spread(6), resume=path).counts["inserted"] == 6


@pytest.mark.parametrize(("times", "calls"), [(1, 2), (2, 4), (3, 6)])
def test_calls_spent_on_a_call_that_fails(sandbox, times, calls):
    """Sent again once as it is; then halved, because one event may be the stumbling block."""
    failing = {"endpoint": "eventsimport", "nth": 2, "times": times, "fault": "500_before"}
    sandbox.faults(script=[failing])
    run(make_client(sandbox), spread(8), batch_size=4)
    assert sandbox.requests()["eventsimport"] == 1 + calls
    assert held(sandbox) == wanted(spread(8))


# ---------------------------------------------------------------- lost answers


@pytest.mark.parametrize(
    ("fault", "waits"),
    [
        ({"fault": "reset_before"}, [7.0, 0.0]),
        ({"fault": "reset_after_commit"}, []),
        ({"fault": "cut"}, []),
        ({"fault": "500_before"}, [0.0]),
        ({"fault": "503"}, [7.0, 0.0]),
        ({"fault": "rpc"}, [0.0]),
        ({"fault": "empty", "commit": False}, [0.0]),
    ],
    ids=lambda value: value["fault"] if isinstance(value, dict) else "",
)
def test_only_a_lost_answer_is_waited_for(sandbox, fault, waits):
    """What is found at once needs no wait; what AMS has answered for itself will not come later."""
    slept = []
    sandbox.faults(script=[{"endpoint": "eventsimport", "nth": 2, **fault}])
    client = make_client(sandbox, clock=Clock(sleep=slept.append, random=lambda: 0.0))
    rows = run(client, spread(6)).rows
    assert slept == waits
    assert held(sandbox) == wanted(spread(6))
    assert rows["batch"].tolist() == [1] * 3 + ([3] * 3 if waits else [2] * 3)


def test_the_reason_of_an_unknown_row_names_the_cause(sandbox):
    sandbox.faults(
        script=[
            {"endpoint": "eventsimport", "nth": 1, "times": 0, "fault": "reset_before"},
        ]
    )
    with pytest.raises(AMSTransientError) as caught:
        run(make_client(sandbox, retry=RetryPolicy(tries=2, base=0)), spread(1))
    assert caught.value.message == "AMS does not take the events: the connection was lost."
    assert caught.value.status is None
    assert caught.value.endpoint == "eventsimport"


def test_an_answer_without_sense_is_no_http_error(sandbox):
    sandbox.faults(script=[{"endpoint": "eventsimport", "nth": 1, "times": 0, "fault": "rpc"}])
    with pytest.raises(AMSTransientError) as caught:
        run(make_client(sandbox, retry=RetryPolicy(tries=2, base=0)), spread(1))
    assert caught.value.status is None


# ---------------------------------------------------------------- fields that AMS drops

LOOK = "Look at the account on the AMS web pages, then run again."
MISSPELT = "without the fields 'notes', which the form does not have"


@pytest.mark.parametrize("fault", [None, "reset_after_commit"])
def test_rows_that_were_stored_without_a_field_say_so(sandbox, fault):
    frame = spread(6).rename(columns={"note": "notes"})
    if fault:
        sandbox.faults(script=[{"endpoint": "eventsimport", "nth": 1, "fault": fault}])
    with pytest.raises(AMSConfigurationError) as caught:
        run(make_client(sandbox), frame)
    error = caught.value
    assert "notes" in error.message
    assert error.endpoint == "eventsimport"
    assert error.hint == "Correct the column names, then update these events by their event_id."
    rows = error.result.rows
    landed = rows["status"] == "inserted"
    assert landed.any()
    named = rows.loc[landed & frame["notes"].notna(), "reason"]
    assert named.tolist() == [MISSPELT] * len(named)
    assert rows.loc[~landed, "reason"].str.startswith("not stored: ").all()


# ---------------------------------------------------------------- the first request


def test_the_server_is_asked_for_its_time_with_one_person():
    seen = []

    def answer(body):
        seen.append(body)
        return NOTHING

    done = {"state": "SUCCESSFULLY_IMPORTED", "ids": [1, 2]}
    stored = {
        "result": {"state": "SUCCESSFULLY_IMPORTED"},
        "eventImportResultForForm": [{"formName": FORM, "eventImportResults": done}],
    }
    with Tiny(synchronise=answer, eventsimport=stored) as tiny:
        tiny.username, tiny.password = "u", "p"
        clock = Clock(now=lambda: 1_780_000_000.0, sleep=lambda seconds: None)
        run(make_client(tiny, clock=clock), spread(2))
    (body,) = seen
    assert body["userIds"] == [1000]
    assert body["lastSynchronisationTimeOnServer"] == 1_780_000_000_000


def test_the_note_is_written_before_anything_is_sent(sandbox, tmp_path):
    path = tmp_path / "note.json"
    # login, forms, server time: then the process dies with the first call on its way.
    with pytest.raises(Crash), crash_after(4):
        run(make_client(sandbox), spread(3), resume=path)
    assert sandbox.requests()["eventsimport"] == 1
    assert note_of(path).since > 0


@pytest.mark.parametrize(
    ("status", "message", "hint"),
    [
        (401, "AMS does not accept the session for writing, even after a new login.", LOOK),
        (
            403,
            "The account may not write to form 'Session'.",
            "Grant read and write access to the form.",
        ),
    ],
)
def test_shut_out(status, message, hint):
    with Tiny(synchronise=NOTHING, eventsimport=(status, {}, PAGE)) as tiny:
        tiny.username, tiny.password = "u", "p"
        with pytest.raises(AMSError) as caught:
            run(tiny_client(tiny, []), spread(1))
    assert caught.value.message == message
    assert caught.value.hint == hint
