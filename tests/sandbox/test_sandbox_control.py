from __future__ import annotations

import csv
from datetime import date, datetime, timedelta

import pytest
from sandbox_wire import event

from airflow_provider_ams.sandbox import Control, Sandbox
from airflow_provider_ams.sandbox.clock import Clock
from airflow_provider_ams.sandbox.remote import SandboxError
from airflow_provider_ams.sandbox.seeds import SLEEP_STUDY


def test_demo_seed(ams_sandbox):
    state = ams_sandbox.state()

    assert state["counts"]["users"] == 21
    assert state["events"] == {
        "Training Log": 252,
        "Strength Testing": 0,
        "Reaction Time": 0,
        "Endurance Session": 0,
    }
    with SLEEP_STUDY.open() as file:
        rows = list(csv.DictReader(file))
    names = {user["username"] for user in ams_sandbox.users()}
    assert len(rows) == 180
    assert {f"volunteer.{row['subject']}" for row in rows} <= names
    dates = {e["start_date"] for e in ams_sandbox.events("Training Log")}
    newest = max(datetime.strptime(text, "%d/%m/%Y").date() for text in dates)
    assert len(dates) == 14
    assert abs(newest - date.today()) <= timedelta(days=1)


def test_seed_ends_on_a_given_day_and_repeats_itself(ams_sandbox):
    def history():
        ams_sandbox.reset(seed="demo")
        ams_sandbox.reset()
        ams_sandbox.seed("demo", today="2026-03-31")
        keys = ("id", "user_id", "start_date", "start_time", "values", "table")
        return [[event[key] for key in keys] for event in ams_sandbox.events("Training Log")]

    first = history()
    assert first == history()
    assert (first[0][2], first[-1][2]) == ("18/03/2026", "31/03/2026")
    ams_sandbox.seed("demo")
    assert len(ams_sandbox.events("Training Log")) == 252


def test_reset_forgets_everything_but_the_start(wire):
    sandbox = wire.sandbox
    wire.ids(event())
    sandbox.configure(page_size=3)
    sandbox.faults(random={"503": 1.0}, endpoint="listgroups")
    sandbox.time(now_ms=1, freeze=True)
    sandbox.reset()

    state = sandbox.state()
    assert state["counts"] == {**dict.fromkeys(state["counts"], 0), "users": 1, "members": 1}
    assert state["requests"] == {}
    assert state["settings"]["page_size"] == 100
    assert wire.v1("listgroups", {}).status_code == 200
    assert state["time"] > 1_600_000_000_000


def test_requests_are_counted_by_endpoint_and_control_calls_are_not(wire):
    wire.v1("listgroups", {}, headers={"X-APP-ID": "acme.test"})
    wire.v1("listgroups", {}, auth=("x", "y"))
    wire.insert(event())

    assert wire.sandbox.requests() == {"listgroups": 2, "eventsimport": 1}
    detail = wire.sandbox.requests(detail=True)
    assert detail["statuses"] == {"200": 2, "401": 1}
    assert detail["app_ids"] == {"acme.test": 1}
    wire.sandbox.clear_requests()
    assert wire.sandbox.requests() == {}


def test_state_shows_no_secret(ams_sandbox):
    text = str(ams_sandbox.state()) + str(ams_sandbox.users())

    assert ams_sandbox.password not in text
    assert ams_sandbox.tidepool_key not in text


def test_settings_are_checked(ams_sandbox):
    assert ams_sandbox.configure(page_size=5)["page_size"] == 5
    with pytest.raises(SandboxError, match="no setting pagesize"):
        ams_sandbox.configure(pagesize=5)
    with pytest.raises(SandboxError, match="unknown_event_id must be one of"):
        ams_sandbox.configure(unknown_event_id="x")
    for wrong in ({"page_size": "5"}, {"same_day_rule": 1}, {"latency_ms": True}, {"site": None}):
        with pytest.raises(SandboxError, match="must be of type"):
            ams_sandbox.configure(**wrong)
    assert ams_sandbox.configure(latency_ms=0, partial_error_text="")["latency_ms"] == 0


def test_users_by_number_and_by_hand(ams_sandbox):
    ids = ams_sandbox.add_users(120)
    (one,) = ams_sandbox.add_users([{"username": "jane.smith", "groups": ["New"], "id": 4711}])

    assert len(set(ids)) == 120
    assert one == 4711
    jane = next(user for user in ams_sandbox.users() if user["id"] == 4711)
    assert (jane["first_name"], jane["last_name"]) == ("Jane", "Smith")
    assert jane["email"] == "jane.smith@example.test"
    for bad in ({"name": "x"}, {"username": "a", "sex": "?"}, {"username": "a", "dob": "x"}):
        with pytest.raises(SandboxError):
            ams_sandbox.add_users([bad])


def test_events_put_in_by_hand(ams_sandbox):
    form = {"form": "Training Log", "user": "volunteer.308", "id": 67890}
    event_id = ams_sandbox.add_event(
        **form,
        start_date="31/01/2026",
        start_time="11:30 PM",
        values={"duration": 30, "session_rpe": 4},
        table=[{"activity": "Run", "distance_km": 5}],
    )
    stored = next(item for item in ams_sandbox.events() if item["id"] == event_id)

    assert event_id == 67890
    assert (stored["finish_date"], stored["finish_time"]) == ("01/02/2026", "12:30 AM")
    assert stored["computed"]["training_load"] == "120"
    assert stored["rows"][1]["pairs"][1] == {"key": "distance_km", "value": "5"}
    with pytest.raises(SandboxError, match="no user"):
        ams_sandbox.add_event("Training Log", "nobody", start_date="31/01/2026")
    with pytest.raises(SandboxError, match="no event form"):
        ams_sandbox.add_event("Nothing", 1001, start_date="31/01/2026")
    with pytest.raises(SandboxError, match="dd/MM/yyyy"):
        ams_sandbox.add_event("Training Log", 1001, start_date="2026-01-31")


def test_a_person_edits_and_deletes(ams_sandbox):
    before = ams_sandbox.events("Training Log")[0]
    ams_sandbox.edit_event(
        before["id"], {"duration": 99, "comments": None}, start_date="01/01/2026", user=1002
    )
    after = next(e for e in ams_sandbox.events("Training Log") if e["id"] == before["id"])

    assert after["values"]["duration"] == "99"
    assert "comments" not in after["values"]
    assert after["table"] == before["table"]
    assert (after["start_date"], after["user_id"]) == ("01/01/2026", 1002)
    assert after["modified"] > before["modified"]
    assert ams_sandbox.delete_event(before["id"]) == 1
    with pytest.raises(SandboxError, match="no event"):
        ams_sandbox.edit_event(before["id"], {"duration": 1})


def test_the_clock_moves_stops_and_never_stamps_twice():
    times = iter(range(1000, 2000))
    clock = Clock(lambda: next(times))

    assert clock.move(5_000, 0, True) == 5_000
    assert [clock.stamp() for _ in range(3)] == [5_000, 5_001, 5_002]
    assert clock.now() == 5_000
    assert clock.move(None, 100, None) == 5_100
    assert clock.stamp() == 5_100
    clock.move(None, 0, False)
    assert clock.now() > 5_100


def test_sync_times_grow_even_when_the_clock_stands(wire):
    wire.sandbox.time(now_ms=1_900_000_000_000, freeze=True)
    before = wire.sync("Reaction Time", [1001])["lastSynchronisationTimeOnServer"]
    (event_id,) = wire.ids(event())
    after = wire.sync("Reaction Time", [1001], lastSynchronisationTimeOnServer=before)

    assert [item["id"] for item in after["export"]["events"]] == [event_id]
    assert 1_900_000_000_000 <= before < after["lastSynchronisationTimeOnServer"]


def test_control_works_from_anywhere(ams_sandbox):
    assert Control(ams_sandbox.root).state()["counts"]["users"] == 21
    with pytest.raises(SandboxError):
        Control(ams_sandbox.root).seed("nothing")


def test_state_in_a_file_survives(tmp_path):
    path = tmp_path / "ams.db"
    with Sandbox(db=path) as first:
        gone = first.add_event("Reaction Time", 1001, start_date="01/01/2026")
        first.delete_event(gone)
        kept = first.events()
        form = first.add_form("Mine", ["x: Number"])
    with Sandbox(db=path) as second:
        assert second.events() == kept
        assert second.forms()[-1]["id"] == form
        assert second.add_event("Reaction Time", 1001, start_date="01/01/2026") > gone
        assert second.deleted() == [gone]
