"""Updates and upserts under faults: the right event changes, and no copy stays behind."""

from __future__ import annotations

import pytest

from airflow_provider_ams.ams import (
    AMSError,
    AMSUnknownOutcomeError,
    UpdateEventOption,
    UpsertEventOption,
    update_event_data,
    upsert_event_data,
)
from airflow_provider_ams.transport import Clock
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
from tests.ams.faults.test_matrix import FAULTS, _name

ROWS = 18
UPDATE_FAULTS = [*FAULTS, {"fault": "duplicate_update"}]
QUIET = {"interactive_mode": False, "batch_size": 4}


def _until_green(sandbox, function, frame, option, state, crash):
    for run in range(5):
        client = make_client(sandbox)
        try:
            if run == 0 and crash:
                with crash_after(crash):
                    return function(frame, FORM, client=client, option=option, resume=state)
            return function(frame, FORM, client=client, option=option, resume=state)
        except (AMSError, Crash):
            continue
        finally:
            client.close()
    raise AssertionError("still red after 5 runs")


@pytest.mark.parametrize("crash", [False, True], ids=["same process", "crash and run again"])
@pytest.mark.parametrize("fault", UPDATE_FAULTS, ids=_name)
def test_updates_reach_their_events(fault, crash, faulty_sandbox, tmp_path):
    frame = sessions(ROWS).assign(end_time="10:00 AM", end_date=lambda f: f["start_date"])
    for call in (1, 3):
        prepare(faulty_sandbox)
        ids = stored_ids(faulty_sandbox, frame)
        script = [{"endpoint": "eventsimport", "nth": call, **fault}]
        faulty_sandbox.faults(script=script)
        result = _until_green(
            faulty_sandbox,
            update_event_data,
            frame.assign(event_id=ids),
            UpdateEventOption(require_confirmation=False, **QUIET),
            tmp_path / f"{call}.json",
            3 + call if crash else None,
        )
        assert held(faulty_sandbox) == wanted(frame)
        assert sorted(e["id"] for e in faulty_sandbox.events(FORM)) == sorted(ids)
        assert result.rows["event_id"].tolist() == ids
        assert set(result.rows["status"]) == {"updated"}


def _mixed(sandbox):
    """Return sessions, half of which are stored and to be updated."""
    frame = sessions(ROWS).assign(end_time="10:00 AM", end_date=lambda f: f["start_date"])
    prepare(sandbox)
    mixed = frame.assign(event_id=None)
    mixed.loc[mixed.index[::2], "event_id"] = stored_ids(sandbox, frame.iloc[::2])
    return frame, mixed


@pytest.mark.parametrize("keep", ["clear", "keep"])
@pytest.mark.parametrize(
    ("fault", "crash"),
    [(fault, False) for fault in UPDATE_FAULTS] + [(fault, True) for fault in FAULTS],
    ids=lambda value: _name(value) if isinstance(value, dict) else "crash" if value else "same",
)
def test_upserts_do_both(fault, crash, keep, faulty_sandbox, tmp_path):
    frame, mixed = _mixed(faulty_sandbox)
    call = 2
    faulty_sandbox.faults(script=[{"endpoint": "eventsimport", "nth": call, **fault}])
    option = UpsertEventOption(on_missing_fields=keep, **QUIET)
    # Died when the second call was answered; what was asked before it depends on the option.
    before = 6 if keep == "keep" else 3
    result = _until_green(
        faulty_sandbox,
        upsert_event_data,
        mixed,
        option,
        tmp_path / "note.json",
        before + call if crash else None,
    )
    assert held(faulty_sandbox) == wanted(frame)
    assert len(faulty_sandbox.events(FORM)) == ROWS
    assert result.counts["rejected"] == result.counts["unknown"] == 0


def test_a_duplicate_whose_answer_was_lost_is_named_and_left_alone(faulty_sandbox, tmp_path):
    """Nothing proves that it is no event of somebody else's: a person has to look."""
    frame, mixed = _mixed(faulty_sandbox)
    duplicate = {"endpoint": "eventsimport", "nth": 2, "fault": "duplicate_update"}
    faulty_sandbox.faults(script=[duplicate])
    option = UpsertEventOption(on_missing_fields="keep", **QUIET)
    arguments = {"option": option, "resume": tmp_path / "note.json"}
    with pytest.raises(Crash), crash_after(10):
        upsert_event_data(mixed, FORM, client=make_client(faulty_sandbox), **arguments)
    count = len(faulty_sandbox.events(FORM))
    with pytest.raises(AMSUnknownOutcomeError) as caught:
        upsert_event_data(mixed, FORM, client=make_client(faulty_sandbox), **arguments)
    rows = caught.value.result.rows
    named = rows.loc[rows["status"] == "unknown", "reason"]
    assert named.str.contains("AMS may have made a copy instead: event").all()
    copies = {int(reason.rsplit(" ", 1)[1]) for reason in named}
    assert copies <= {e["id"] for e in faulty_sandbox.events(FORM)}
    assert count <= len(faulty_sandbox.events(FORM))
    for event_id in copies:
        faulty_sandbox.delete_event(event_id)
    upsert_event_data(mixed, FORM, client=make_client(faulty_sandbox), **arguments)
    assert held(faulty_sandbox) == wanted(frame)


@pytest.mark.parametrize("keep", ["clear", "keep"])
def test_new_rows_without_a_time_are_not_doubled_by_a_later_run(keep, faulty_sandbox, tmp_path):
    """The start time of a new row is now; a run an hour later must know what now was."""
    prepare(faulty_sandbox)
    frame = sessions(6).drop(columns="start_time")
    frame = frame.assign(event_id=None)
    option = UpsertEventOption(on_missing_fields=keep, **QUIET)
    for hour in (9, 10):
        clock = Clock(now=lambda h=hour: 1_780_000_000 + h * 3600.0, sleep=lambda s: None)
        client = make_client(faulty_sandbox, clock=clock)
        upsert_event_data(frame, FORM, client=client, option=option, resume=tmp_path / "n.json")
        client.close()
    assert len(faulty_sandbox.events(FORM)) == 6


@pytest.mark.parametrize("keep", ["clear", "keep"])
@pytest.mark.parametrize("call", [2, 3, 4])
def test_a_later_run_knows_which_rows_were_confirmed(call, keep, faulty_sandbox, tmp_path):
    """Rows that need no update any more must not shift what the note says of the others."""
    prepare(faulty_sandbox)
    frame = sessions(ROWS).assign(end_time="10:00 AM", end_date=lambda f: f["start_date"])
    ids = stored_ids(faulty_sandbox, frame.iloc[::2])
    mixed = frame.assign(event_id=None)
    mixed.loc[mixed.index[::2], "event_id"] = ids
    busy = {"endpoint": "eventsimport", "nth": call, "fault": "429", "retry_after": 600}
    faulty_sandbox.faults(script=[busy])
    option = UpsertEventOption(on_missing_fields=keep, **QUIET)
    note = tmp_path / "note.json"
    client = make_client(faulty_sandbox)
    with pytest.raises(AMSError):
        upsert_event_data(mixed, FORM, client=client, option=option, resume=note)
    result = upsert_event_data(mixed, FORM, client=client, option=option, resume=note)
    assert held(faulty_sandbox) == wanted(frame)
    events = {e["id"]: e for e in faulty_sandbox.events(FORM)}
    for row, event_id in zip(mixed.to_dict("records"), result.rows["event_id"], strict=True):
        assert float(events[event_id]["values"]["minutes"]) == row["minutes"]
