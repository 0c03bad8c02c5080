"""What the import does, and says, when calls go wrong: one rule a test."""

from __future__ import annotations

import math

import orjson
import pandas as pd
import pytest

from airflow_provider_ams.ams import (
    AMSConfigurationError,
    AMSError,
    AMSImportError,
    AMSLoginError,
    AMSTransientError,
    AMSUnknownOutcomeError,
    InsertEventOption,
    insert_event_data,
)
from airflow_provider_ams.ams.write.places import as_checkpoint
from airflow_provider_ams.transport import Clock
from tests.ams.faults.harness import (
    FORM,
    USERS,
    held,
    make_client,
    prepare,
    sessions,
    wanted,
)
from tests.proxy import Proxy

POISONED = "Needs Load"


@pytest.fixture
def sandbox(faulty_sandbox):
    prepare(faulty_sandbox)
    faulty_sandbox.add_form(POISONED, ["minutes: Number", {"name": "load", "required": True}])
    return faulty_sandbox


def run(sandbox, frame, form=FORM, client=None, resume=None, **options):
    client = client or make_client(sandbox)
    option = InsertEventOption(**{"interactive_mode": False, "batch_size": 25, **options})
    return insert_event_data(frame, form, client=client, option=option, resume=resume)


def poisoned(rows, bad):
    frame = sessions(rows)[["user_id", "start_date", "minutes", "load"]]
    frame["start_date"] = [f"{1 + i // 28:02d}/0{1 + i % 9}/2026" for i in range(rows)]
    frame["user_id"] = [1000 + i % USERS for i in range(rows)]
    frame.loc[frame.index[list(bad)], "load"] = None
    return frame


# ---------------------------------------------------------------- poison rows


@pytest.mark.parametrize("bad", [(0,), (7,), (24,), (3, 4), (0, 12, 24), tuple(range(25))])
def test_bad_rows_are_named_and_the_others_land(sandbox, bad):
    frame = poisoned(25, bad)
    frame["start_date"] = [f"{i + 1:02d}/03/2026" for i in range(25)]
    with pytest.raises(AMSImportError) as caught:
        run(sandbox, frame, POISONED)
    rows = caught.value.result.rows
    assert rows.index[rows["status"] == "rejected"].tolist() == list(bad)
    assert rows.loc[rows["status"] == "rejected", "reason"].str.contains("required").all()
    assert len(sandbox.events(POISONED)) == 25 - len(bad)
    calls = sandbox.requests()["eventsimport"]
    assert calls <= 1 + 2 * len(bad) * math.ceil(math.log2(25))


@pytest.mark.parametrize(
    ("tolerance", "fails"), [(None, True), (1, True), (2, False), ("5%", True), ("8%", False)]
)
def test_tolerance(sandbox, tolerance, fails):
    frame = poisoned(25, (3, 20))
    frame["start_date"] = [f"{i + 1:02d}/03/2026" for i in range(25)]
    if fails:
        with pytest.raises(AMSImportError):
            run(sandbox, frame, POISONED, tolerance=tolerance)
    else:
        result = run(sandbox, frame, POISONED, tolerance=tolerance)
        assert result.counts["rejected"] == 2
    assert len(sandbox.events(POISONED)) == 23


def test_reasons_come_from_ams_where_it_names_them(sandbox):
    sandbox.configure(partial_errors=True)
    frame = poisoned(10, (4,))
    frame["start_date"] = [f"{i + 1:02d}/03/2026" for i in range(10)]
    with pytest.raises(AMSImportError) as caught:
        run(sandbox, frame, POISONED)
    rows = caught.value.result.rows
    assert rows["status"].tolist().count("rejected") == 1
    assert rows.loc[4, "status"] == "rejected"
    assert rows.loc[4, "reason"]
    assert len(sandbox.events(POISONED)) == 9


def test_an_import_that_ams_refuses_entirely_is_given_up(sandbox):
    frame = poisoned(600, range(600))
    with pytest.raises(AMSConfigurationError) as caught:
        run(sandbox, frame, POISONED, tolerance="all")
    assert caught.value.result.counts["rejected"] == 600
    assert sandbox.requests()["eventsimport"] < 600


# ---------------------------------------------------------------- costs


def test_one_extra_request_without_faults(sandbox):
    frame = sessions(50).assign(start_date=[f"{i % 28 + 1:02d}/03/2026" for i in range(50)])
    result = run(sandbox, frame)
    requests = sandbox.requests()
    assert requests == {
        "loginUser": 1,
        "forms/summaries": 1,
        "synchronise": 1,
        "eventsimport": requests["eventsimport"],
    }
    assert result.requests == sum(requests.values())
    assert result.rows["batch"].max() == requests["eventsimport"]


def test_the_note_stays_small(sandbox, tmp_path):
    """Ids that run through, ids with holes, and ids in no order at all."""
    from airflow_provider_ams.ams.write.note import Progress, runs, unpack

    for ids in (
        list(range(1, 100_001)),
        [i + i // 700 for i in range(1, 100_001)],
        [(i * 7919) % 100_003 for i in range(100_000)],
    ):
        packed = runs(ids)
        size = len(orjson.dumps(Progress("0" * 64, 1, "", packed).dump()))
        assert size < 5_000
        if packed is not None:
            assert unpack(packed) == dict(enumerate(ids))


# ---------------------------------------------------------------- in flight


@pytest.mark.parametrize("max_in_flight", [1, 2, 8])
def test_results_do_not_depend_on_the_window(sandbox, max_in_flight):
    frame = sessions(60)
    sandbox.faults(random={"500_after": 0.2, "hidden_ids": 0.2}, seed=4, endpoint="eventsimport")
    result = run(sandbox, frame, batch_size=4, max_in_flight=max_in_flight)
    assert held(sandbox) == wanted(frame)
    events = {e["id"]: e for e in sandbox.events(FORM)}
    for row, event_id in zip(
        frame.to_dict("records"), result.rows["event_id"].tolist(), strict=True
    ):
        assert events[event_id]["user_id"] == row["user_id"]
        assert float(events[event_id]["values"]["minutes"]) == row["minutes"]
    assert result.rows["event_id"].is_unique


def test_so_many_calls_in_flight_and_no_more(sandbox):
    sandbox.configure(latency_ms=20)
    frame = sessions(60)
    run(sandbox, frame, batch_size=3, max_in_flight=4)
    assert sandbox.requests(detail=True)["max_in_flight"]["eventsimport"] == 4


# ---------------------------------------------------------------- what ends an import


def test_unknown_when_the_read_back_fails(sandbox):
    sandbox.faults(
        script=[
            {"endpoint": "eventsimport", "nth": 2, "fault": "reset_after_commit"},
            {"endpoint": "synchronise", "nth": 2, "times": 0, "fault": "500_before"},
        ]
    )
    frame = sessions(9).assign(start_date=[f"{i + 1:02d}/03/2026" for i in range(9)])
    with pytest.raises(AMSUnknownOutcomeError) as caught:
        run(sandbox, frame, batch_size=3)
    rows = caught.value.result.rows
    assert rows["status"].tolist() == ["inserted"] * 3 + ["unknown"] * 3 + ["rejected"] * 3
    assert rows["reason"].tolist()[3].startswith("sent, outcome not known")
    assert rows["reason"].tolist()[6].startswith("not stored")
    assert caught.value.rows == [3, 4, 5]


def test_a_failing_server_is_not_hammered(sandbox):
    sandbox.faults(script=[{"endpoint": "eventsimport", "nth": 1, "times": 0, "fault": "503"}])
    with pytest.raises(AMSTransientError) as caught:
        run(sandbox, sessions(9))
    assert caught.value.status == 503
    assert caught.value.result.counts["rejected"] == 9
    assert sandbox.requests()["eventsimport"] <= 6
    assert not sandbox.events(FORM)


def test_a_long_wait_is_handed_back(sandbox):
    sandbox.faults(
        script=[{"endpoint": "eventsimport", "nth": 1, "fault": "429", "retry_after": 600}]
    )
    waits = []
    client = make_client(sandbox, clock=Clock(sleep=waits.append))
    with pytest.raises(AMSTransientError) as caught:
        run(sandbox, sessions(9), client=client)
    assert caught.value.retry_after == pytest.approx(600)
    assert not waits


def test_one_event_that_ams_stumbles_over(sandbox):
    """Every call with a certain event fails with HTTP 500: the others land, it is named."""
    frame = sessions(20).assign(start_date=[f"{i + 1:02d}/03/2026" for i in range(20)])

    def stumble(endpoint, body):
        hit = endpoint == "eventsimport" and b'"41.5"' in body
        return (500, b"<html>Internal Server Error</html>") if hit else None

    with Proxy(sandbox, before=stumble) as proxy, pytest.raises(AMSImportError) as caught:
        run(sandbox, frame, client=make_client(proxy), batch_size=5)
    rows = caught.value.result.rows
    assert rows.index[rows["status"] == "rejected"].tolist() == [11]
    assert "500" in rows["reason"][11]
    assert len(sandbox.events(FORM)) == 19


def test_a_session_that_can_not_write_stops_the_import(sandbox):
    sandbox.faults(
        script=[{"endpoint": "eventsimport", "nth": 1, "times": 0, "fault": "session_expired"}]
    )
    with pytest.raises(AMSLoginError) as caught:
        run(sandbox, sessions(3))
    assert caught.value.result.counts["rejected"] == 3


def test_misspelt_fields_stop_the_import_at_once(sandbox):
    frame = sessions(60).rename(columns={"note": "notes"})
    with pytest.raises(AMSError) as caught:
        run(sandbox, frame, batch_size=3)
    assert "'notes'" in str(caught.value)
    assert sandbox.requests().get("eventsimport", 0) <= 2
    rows = caught.value.result.rows
    assert len(rows) == 60
    assert not rows["status"].isna().any()


# ---------------------------------------------------------------- across processes


def test_the_same_note_and_input_do_not_double(sandbox, tmp_path):
    frame, note = sessions(30), tmp_path / "note.json"
    first = run(sandbox, frame, resume=note)
    calls = sandbox.requests()["eventsimport"]
    again = run(sandbox, frame, resume=note)
    assert sandbox.requests()["eventsimport"] == calls
    assert held(sandbox) == wanted(frame)
    assert sorted(again.rows["event_id"]) == sorted(first.rows["event_id"])


def test_other_input_is_another_import(sandbox, tmp_path):
    frame, note = sessions(30), tmp_path / "note.json"
    run(sandbox, frame, resume=note)
    run(sandbox, frame.assign(minutes=1.0), resume=note)
    assert len(sandbox.events(FORM)) == 60


def test_what_somebody_deleted_is_sent_again_after_a_clear(sandbox, tmp_path):
    frame = sessions(30)
    note = as_checkpoint(tmp_path / "note.json")
    result = run(sandbox, frame, resume=note)
    for event_id in result.rows["event_id"].iloc[[2, 20]]:
        sandbox.delete_event(int(event_id))
    note.trust = False
    again = run(sandbox, frame, resume=note)
    assert held(sandbox) == wanted(frame)
    assert again.counts["inserted"] == 30


def test_missing_start_times_are_those_of_the_first_try(sandbox, tmp_path):
    """A retry later in the day must recognise what the first try has sent."""
    frame = sessions(12).drop(columns="start_time")
    note = tmp_path / "note.json"
    lost = {"endpoint": "eventsimport", "nth": 2, "times": 0, "fault": "500_after"}
    sandbox.faults(script=[lost, {"endpoint": "synchronise", "nth": 2, "times": 0, "fault": "503"}])
    for hour in (9, 11):
        clock = Clock(now=lambda h=hour: 1_780_000_000 + h * 3600.0, sleep=lambda s: None)
        client = make_client(sandbox, clock=clock)
        if hour == 9:
            with pytest.raises(AMSUnknownOutcomeError):
                run(sandbox, frame, client=client, resume=note, batch_size=4)
            sandbox.faults(None)
        else:
            run(sandbox, frame, client=client, resume=note, batch_size=4)
    assert held(sandbox) == wanted(frame)
    assert len({e["start_time"] for e in sandbox.events(FORM)}) == 1


def test_an_event_like_ours_but_not_ours_is_left_undecided(sandbox):
    """The answer is lost, and AMS holds another content at that place: nobody can tell."""
    frame = sessions(2).iloc[:1]
    sandbox.faults(script=[{"endpoint": "eventsimport", "nth": 1, "fault": "reset_after_commit"}])

    def edit(endpoint, body):
        if endpoint == "eventsimport":
            event = sandbox.events(FORM)[0]
            sandbox.edit_event(event["id"], {"minutes": "999", "note": "edited by hand"})

    with Proxy(sandbox, after=edit) as proxy, pytest.raises(AMSUnknownOutcomeError) as caught:
        run(sandbox, frame, client=make_client(proxy))
    assert "not with the same values" in caught.value.result.rows["reason"][0]
    assert len(sandbox.events(FORM)) == 1


def test_equal_rows_of_two_people_and_two_equal_rows_of_one(sandbox, tmp_path):
    frame = pd.concat([sessions(2)] * 3, ignore_index=True)
    frame.loc[5, "user_id"] = 1005
    sandbox.faults(script=[{"endpoint": "eventsimport", "nth": [2, 4], "fault": "cut"}])
    result = run(sandbox, frame, batch_size=2, resume=tmp_path / "n.json")
    assert held(sandbox) == wanted(frame)
    assert result.rows["event_id"].is_unique
