"""Status lines, progress bars and questions: only when asked for."""

from __future__ import annotations

import os
import pty
import sys

import pytest

from airflow_provider_ams.ams import (
    AMSConfigurationError,
    AMSError,
    AMSImportError,
    EventOption,
    GroupOption,
    InsertEventOption,
    ProfileOption,
    SyncEventOption,
    UpdateEventOption,
    UpsertEventOption,
    UpsertProfileOption,
    UserOption,
    get_event_data,
    get_group,
    get_profile_data,
    get_user,
    insert_event_data,
    sync_event_data,
    update_event_data,
    upsert_event_data,
    upsert_profile_data,
)
from tests.ams.ams_site import CARD, LIFTS, LOG, log


def old(sandbox):
    frame = log([1])
    return frame.assign(event_id=sandbox.add_event(LOG, 1001, start_date="01/01/2025"))


CALLS = {
    "insert": lambda s, c, **o: insert_event_data(
        log([1]), LOG, client=c, option=InsertEventOption(**o)
    ),
    "update": lambda s, c, **o: update_event_data(
        old(s), LOG, client=c, option=UpdateEventOption(require_confirmation=False, **o)
    ),
    "upsert": lambda s, c, **o: upsert_event_data(
        log([1]), LOG, client=c, option=UpsertEventOption(**o)
    ),
    "profile": lambda s, c, **o: upsert_profile_data(
        log([1], field="height")[["user_id", "height"]],
        CARD,
        client=c,
        option=UpsertProfileOption(**o),
    ),
    "read": lambda s, c, **o: get_event_data(
        LOG, "01/01/2025", "02/01/2025", client=c, option=EventOption(**o)
    ),
    "sync": lambda s, c, **o: sync_event_data(LOG, 0, client=c, option=SyncEventOption(**o)),
    "cards": lambda s, c, **o: get_profile_data(CARD, client=c, option=ProfileOption(**o)),
    "users": lambda s, c, **o: get_user(client=c, option=UserOption(**o)),
    "groups": lambda s, c, **o: get_group(client=c, option=GroupOption(**o)),
}
SIGNS = ("ℹ", "✔", "✖", "⚠")


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_lines_appear_only_when_asked_for(client, sandbox, capfd, call):
    call(sandbox, client, interactive_mode=False)
    assert capfd.readouterr() == ("", "")
    call(sandbox, client, interactive_mode=True)
    shown = capfd.readouterr().out.splitlines()
    assert shown
    assert all(line.startswith(SIGNS) for line in shown)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_failure_is_a_line_only_when_asked_for(sandbox, make_client, capfd, call):
    faults = [{"endpoint": "*", "nth": 1, "times": 0, "fault": "503"}]
    for talk in (False, True):
        sandbox.faults(script=faults)
        with pytest.raises(AMSError):
            call(sandbox, make_client(), interactive_mode=talk)
        out = capfd.readouterr().out
        assert out.strip().splitlines()[-1].startswith("✖") if talk else out == ""


def test_the_bar_is_on_stderr_and_only_when_asked_for(client, capfd):
    insert_event_data(log(range(60)), LOG, client=client)
    assert "event" in capfd.readouterr().err


def test_reads_are_silent_unless_asked(client, capfd):
    get_event_data(LOG, "01/01/2025", "02/01/2025", client=client)
    get_user(client=client)
    assert capfd.readouterr() == ("", "")


def test_a_partial_result_is_not_called_success(client, sandbox, capfd):
    sandbox.add_form("Strict", ["amount", {"name": "must", "required": True}])
    with pytest.raises(AMSImportError):
        insert_event_data(log([1, 2], must=["x", None]), "Strict", client=client)
    out = capfd.readouterr().out
    assert "ℹ Result: Partial" in out
    assert "ℹ Records inserted: 1" in out
    assert "ℹ Records attempted: 2" in out
    assert out.splitlines()[-1].startswith("✖")


def test_events_are_counted_not_rows(client, capfd):
    frame = log([1, 1], field="rpe", start_date="01/01/2025", exercise=["a", "b"])
    option = InsertEventOption(table_fields=["exercise"])
    insert_event_data(frame, LIFTS, client=client, option=option)
    assert f"ℹ Inserting 1 events for '{LIFTS}'" in capfd.readouterr().out


class Terminal:
    """A terminal in place of standard input, with somebody who types."""

    def __init__(self, monkeypatch, typed):
        self._ours, theirs = pty.openpty()
        os.write(self._ours, typed)
        monkeypatch.setattr(sys, "stdin", os.fdopen(theirs, "r"))

    def close(self):
        os.close(self._ours)


ANSWERS = [
    (b"y\n", True),
    (b"Y\n", True),
    (b" yes \n", True),
    (b"n\n", False),
    (b"\n", False),
    (b"yep\n", False),
    (b"\x04", False),
]


@pytest.mark.parametrize(("typed", "agreed"), ANSWERS)
def test_an_update_asks_first(client, sandbox, monkeypatch, capfd, typed, agreed):
    frame = old(sandbox)
    terminal = Terminal(monkeypatch, typed)
    if agreed:
        update_event_data(frame, LOG, client=client)
        assert sandbox.events()[0]["values"] == {"amount": "1"}
    else:
        with pytest.raises(AMSConfigurationError):
            update_event_data(frame, LOG, client=client)
        assert sandbox.events()[0]["values"] == {}
        assert "eventsimport" not in sandbox.requests()
    terminal.close()


@pytest.mark.parametrize("stdin", ["nothing", "file"])
def test_a_question_nobody_can_answer_is_an_error(client, sandbox, monkeypatch, tmp_path, stdin):
    frame = old(sandbox)
    answers = tmp_path / "answers"
    answers.write_text("y\n")
    with answers.open() as file:
        monkeypatch.setattr(sys, "stdin", None if stdin == "nothing" else file)
        with pytest.raises(AMSConfigurationError, match="require_confirmation=False"):
            update_event_data(frame, LOG, client=client)
    assert "eventsimport" not in sandbox.requests()
