"""Updates and upserts under faults: the right event changes, and no copy stays behind."""

from __future__ import annotations

import pytest

from airflow_provider_ams.ams import (
    AMSError,
    UpdateEventOption,
    UpsertEventOption,
    update_event_data,
    upsert_event_data,
)
from tests.ams_faults.harness import (
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
from tests.ams_faults.test_matrix import FAULTS, _name

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


@pytest.mark.parametrize("fault", UPDATE_FAULTS, ids=_name)
def test_upserts_do_both(fault, faulty_sandbox, tmp_path):
    frame = sessions(ROWS).assign(end_time="10:00 AM", end_date=lambda f: f["start_date"])
    for call in (1, 2):
        prepare(faulty_sandbox)
        ids = stored_ids(faulty_sandbox, frame.iloc[::2])
        mixed = frame.assign(event_id=None)
        mixed.loc[mixed.index[::2], "event_id"] = ids
        faulty_sandbox.faults(script=[{"endpoint": "eventsimport", "nth": call, **fault}])
        result = _until_green(
            faulty_sandbox,
            upsert_event_data,
            mixed,
            UpsertEventOption(**QUIET),
            tmp_path / f"{call}.json",
            None,
        )
        assert held(faulty_sandbox) == wanted(frame)
        assert result.counts["updated"] == len(ids)
        assert result.counts["inserted"] == len(frame) - len(ids)


def test_an_ams_that_only_copies_is_reported_and_cleaned_up(faulty_sandbox):
    prepare(faulty_sandbox)
    frame = sessions(2).iloc[:1].assign(end_time="10:00 AM", end_date="01/03/2026")
    ids = stored_ids(faulty_sandbox, frame)
    faulty_sandbox.configure(update_duplicates=True)
    client = make_client(faulty_sandbox)
    option = UpdateEventOption(require_confirmation=False, **QUIET)
    with pytest.raises(AMSError) as caught:
        update_event_data(frame.assign(event_id=ids), FORM, client=client, option=option)
    result = caught.value.result
    assert result.counts["rejected"] == 1
    assert "copy" in result.rows["reason"][0]
    assert len(result.warnings) == 2  # one copy for each try, both deleted
    assert [e["id"] for e in faulty_sandbox.events(FORM)] == ids
    assert faulty_sandbox.events(FORM)[0]["values"]["note"] == "old"


def test_a_copy_is_not_deleted_when_the_event_changed_meanwhile(faulty_sandbox):
    """Somebody edits the event in AMS: what looks like our copy is no proof any more."""
    prepare(faulty_sandbox)
    frame = sessions(2).iloc[:1].assign(end_time="10:00 AM", end_date="01/03/2026")
    ids = stored_ids(faulty_sandbox, frame)
    faulty_sandbox.configure(update_duplicates=True)
    client = make_client(faulty_sandbox)

    edits = []

    class EditingClient(type(client)):
        """After the call has been answered, a person edits the event before it is read back."""

        def write(self, endpoint, body):
            answer = super().write(endpoint, body)
            if endpoint == "eventsimport":
                edits.append(faulty_sandbox.edit_event(ids[0], {"note": "by hand"}))
            return answer

    client.__class__ = EditingClient
    option = UpdateEventOption(require_confirmation=False, **QUIET)
    with pytest.raises(AMSError) as caught:
        update_event_data(frame.assign(event_id=ids), FORM, client=client, option=option)
    assert edits
    assert caught.value.result.counts["unknown"] == 1
    assert len(faulty_sandbox.events(FORM)) == 2
