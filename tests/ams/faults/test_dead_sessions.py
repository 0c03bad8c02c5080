"""A session that has died is not a wrong password, whatever else goes wrong around it."""

from __future__ import annotations

import pytest

from airflow_provider_ams.ams import (
    AMSLoginError,
    AMSTransientError,
    AMSUnknownOutcomeError,
    InsertEventOption,
    get_event_data,
    insert_event_data,
)
from tests.ams.faults.harness import FORM, held, make_client, prepare, sessions, wanted

DEAD = "session_expired"
STORIES = [
    ("503", DEAD),
    (DEAD, "503", DEAD),
    ("reset_before", DEAD),
    ("reset_after_commit", DEAD),
    (DEAD, "reset_before", DEAD),
    ("500_after", DEAD, "503", DEAD),
]


@pytest.fixture
def sandbox(faulty_sandbox):
    prepare(faulty_sandbox)
    return faulty_sandbox


def script(endpoint, story, first=1):
    return [{"endpoint": endpoint, "nth": first + n, "fault": f} for n, f in enumerate(story)]


def insert(sandbox, frame, note):
    client = make_client(sandbox)
    option = InsertEventOption(interactive_mode=False, batch_size=5)
    try:
        return insert_event_data(frame, FORM, client=client, option=option, resume=note)
    finally:
        client.close()


def insert_at_last(sandbox, frame, note):
    """Insert; once more if it is red, which must be for something that time heals."""
    try:
        return insert(sandbox, frame, note)
    except (AMSTransientError, AMSUnknownOutcomeError) as error:
        if isinstance(error.__cause__, AMSLoginError):
            raise error.__cause__ from None
        sandbox.faults(None)
        return insert(sandbox, frame, note)


@pytest.mark.parametrize("story", STORIES, ids="-".join)
@pytest.mark.parametrize(("endpoint", "first"), [("eventsimport", 2), ("synchronise", 1)])
def test_an_import_goes_on(sandbox, tmp_path, story, endpoint, first):
    frame = sessions(20)
    sandbox.faults(script=script(endpoint, story, first))
    assert insert_at_last(sandbox, frame, tmp_path / "n.json").counts["inserted"] == 20
    assert held(sandbox) == wanted(frame)


@pytest.mark.parametrize("story", STORIES, ids="-".join)
def test_a_session_dies_while_a_lost_answer_is_looked_up(sandbox, tmp_path, story):
    frame = sessions(20)
    lost = [{"endpoint": "eventsimport", "nth": 2, "fault": "reset_after_commit"}]
    sandbox.faults(script=[*lost, *script("synchronise", story, first=2)])
    assert insert_at_last(sandbox, frame, tmp_path / "n.json").counts["inserted"] == 20
    assert held(sandbox) == wanted(frame)


@pytest.mark.parametrize("story", STORIES, ids="-".join)
def test_a_read_goes_on(sandbox, story):
    insert(sandbox, sessions(20), None)
    sandbox.faults(script=script("eventsearch", story))
    client = make_client(sandbox)
    try:
        rows = len(get_event_data(FORM, "01/03/2026", "31/03/2026", client=client))
    except AMSTransientError:
        rows = len(get_event_data(FORM, "01/03/2026", "31/03/2026", client=client))
    assert rows == 20


def test_the_new_login_may_fail_for_a_while(sandbox, tmp_path):
    """The session ends, and the server that would give a new one is down: no wrong password."""
    sandbox.faults(
        script=[
            {"endpoint": "eventsimport", "nth": 2, "fault": DEAD},
            {"endpoint": "loginUser", "nth": list(range(2, 9)), "fault": "503"},
        ]
    )
    with pytest.raises(AMSTransientError):
        insert(sandbox, sessions(20), tmp_path / "n.json")
    sandbox.faults(None)
    insert(sandbox, sessions(20), tmp_path / "n.json")
    assert held(sandbox) == wanted(sessions(20))
