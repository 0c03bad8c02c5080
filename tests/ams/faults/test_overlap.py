"""A try is stopped at a random moment, another one runs to its end, and the first one goes on."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from airflow_provider_ams.ams import AMSError, InsertEventOption, insert_event_data
from airflow_provider_ams.ams.write.places import LocalFile
from airflow_provider_ams.transport import Clock, FileNotes
from tests.ams.faults.harness import FORM, held, make_client, prepare, sessions, wanted

ROWS, SETTLE = 60, 0.4
# Fork: a process of its own within milliseconds.
_fork = multiprocessing.get_context("fork")


class Unlocked:
    """A place without a lock that is too slow to be read before each call, such as a Variable."""

    def __init__(self, path):
        self._notes = FileNotes(path)

    def load(self):
        time.sleep(0.01)
        return self._notes.load()

    def save(self, state):
        time.sleep(0.01)
        self._notes.save(state)


PLACES = {"file": lambda path: path, "unlocked": Unlocked}


def import_all(sandbox, place, width):
    """Run one try in this process; it ends with 0 if green, with 3 if red."""
    client = make_client(sandbox, clock=Clock(), read_timeout=5.0)
    option = InsertEventOption(
        interactive_mode=False, batch_size=3, max_in_flight=width, settle_seconds=SETTLE
    )
    try:
        result = insert_event_data(sessions(ROWS), FORM, client=client, option=option, resume=place)
    except AMSError as error:
        known = error.result is None or not error.result.rows["status"].isna().any()
        os._exit(3 if known else 4)
    os._exit(0 if result.counts["inserted"] == ROWS else 5)


def start(sandbox, place, width):
    process = _fork.Process(target=import_all, args=(sandbox, place, width))
    process.start()
    return process


def finish(process):
    process.join(60)
    assert process.exitcode in (0, 3)
    return process.exitcode == 0


@pytest.fixture
def sandbox(faulty_sandbox):
    yield faulty_sandbox
    faulty_sandbox.configure(latency_ms=0)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("runs", [5, pytest.param(50, marks=pytest.mark.chaos)])
def test_a_try_that_was_paused_doubles_nothing(sandbox, tmp_path, place, runs):
    dice, overtaken, doubled = random.Random(runs), 0, []
    for run in range(runs):
        prepare(sandbox)
        sandbox.configure(latency_ms=20)
        note, width = PLACES[place](tmp_path / f"{run}.json"), dice.choice([1, 1, 4])
        first = start(sandbox, note, width)
        while not sandbox.requests().get("synchronise"):
            time.sleep(0.002)
        time.sleep(dice.uniform(0.0, 0.4 / width))
        os.kill(first.pid, signal.SIGSTOP)
        green = finish(start(sandbox, note, width))
        with suppress(ProcessLookupError):  # it was done by then
            os.kill(first.pid, signal.SIGCONT)
        also = finish(first)
        overtaken += green and not also
        assert green or also
        if held(sandbox) != wanted(sessions(ROWS)):
            doubled.append((run, held(sandbox) - wanted(sessions(ROWS))))
    assert not doubled
    # The moments were well chosen: the first try was not done yet.
    assert overtaken > runs // 2


class StoppingFile(LocalFile):
    """Stops its process when it has read the note for the n-th time, with the lock or without."""

    def __init__(self, path, at):
        super().__init__(path, lock_seconds=0.3)
        self._left = at

    def load(self):
        state = super().load()
        self._left -= 1
        if not self._left:
            os.kill(os.getpid(), signal.SIGSTOP)
        return state


class StoppingUnlocked(Unlocked):
    """Does so as well, and has no lock."""

    def __init__(self, path, at):
        super().__init__(path)
        self._left = at

    def load(self):
        state = super().load()
        self._left -= 1
        if not self._left:
            os.kill(os.getpid(), signal.SIGSTOP)
        return state


def wait_until_stopped(process):
    """Wait until a child is stopped, or has ended; return whether it is stopped."""
    while process.exitcode is None:
        state = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        if state == "T":
            return True
        time.sleep(0.002)
    return False


@pytest.mark.parametrize(
    ("make", "width", "at"),
    [
        *((StoppingFile, width, at) for width in (1, 4) for at in (2, 3, 4, 6)),
        *((StoppingUnlocked, 1, at) for at in (2, 3, 4, 5)),
        *((StoppingUnlocked, 4, at) for at in (2, 3)),
    ],
)
def test_a_try_that_is_stopped_as_it_looks_at_its_note(sandbox, tmp_path, make, width, at):
    """The worst moment to be suspended: what has been read is no longer true afterwards."""
    prepare(sandbox)
    if make is StoppingUnlocked:
        sandbox.configure(latency_ms=40)  # longer than its lease, so that it looks again
    path = tmp_path / "note.json"
    first = start(sandbox, make(path, at), width)
    stopped = wait_until_stopped(first)
    green = finish(start(sandbox, make(path, 0), width))
    time.sleep(SETTLE)
    os.kill(first.pid, signal.SIGCONT)
    also = finish(first)
    assert stopped
    assert held(sandbox) == wanted(sessions(ROWS))
    assert green or also
