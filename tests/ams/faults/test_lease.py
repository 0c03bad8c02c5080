"""Who may send: the signature on the note, the clocks, and what happens without a note."""

from __future__ import annotations

import threading
import time

import pytest

from airflow_provider_ams.ams import (
    AMSConfigurationError,
    AMSError,
    AMSTransientError,
    InsertEventOption,
    LookBack,
    insert_event_data,
)
from airflow_provider_ams.ams.write.checkpoint import Journal, LostLease
from airflow_provider_ams.ams.write.places import Checkpoint, LocalFile, as_checkpoint
from airflow_provider_ams.transport import Clock, FileNotes
from tests.ams.faults.harness import FORM, held, make_client, prepare, sessions, wanted


class Hands:
    """Two clocks, set by hand."""

    def __init__(self):
        self.wall, self.steady = 1_800_000_000.0, 5_000.0
        self.clock = Clock(
            now=lambda: self.wall, monotonic=lambda: self.steady, sleep=self.pass_time
        )

    def pass_time(self, seconds):
        self.wall, self.steady = self.wall + seconds, self.steady + seconds


class Place(Checkpoint):
    """A place in memory that counts its reading."""

    def __init__(self):
        self.state, self.looks = None, 0
        self.before_save = lambda: None

    def load(self):
        self.looks += 1
        return self.state

    def save(self, state):
        self.before_save()
        self.state = state


@pytest.fixture
def sandbox(faulty_sandbox):
    prepare(faulty_sandbox)
    return faulty_sandbox


def run(sandbox, frame, resume, **options):
    client = make_client(sandbox)
    option = InsertEventOption(
        **{"interactive_mode": False, "batch_size": 5, "settle_seconds": 0.0, **options}
    )
    try:
        return insert_event_data(frame, FORM, client=client, option=option, resume=resume)
    finally:
        client.close()


# ---------------------------------------------------------------- the signature


@pytest.mark.parametrize("make", [LocalFile, FileNotes])
def test_a_note_is_never_taken_back(tmp_path, make):
    clock = Hands().clock
    first = Journal(as_checkpoint(make(tmp_path / "n.json")), clock)
    first.finish()
    second = Journal(as_checkpoint(make(tmp_path / "n.json")), clock)
    first.check_lease()
    second.claim()
    for act in (first.claim, first.finish):
        with pytest.raises(LostLease):
            act()
    second.claim()


def test_of_two_first_tries_one_goes_on(tmp_path):
    clock = Hands().clock
    first, second = (Journal(LocalFile(tmp_path / "n.json"), clock) for _ in range(2))
    second.claim()
    with pytest.raises(LostLease):
        first.claim()


@pytest.mark.parametrize(("wall", "steady"), [(1.1, 0.0), (-3600.0, 0.2), (0.0, 1.1)])
def test_either_clock_tells_that_time_has_passed(wall, steady):
    hands, place = Hands(), Place()
    journal = Journal(place, hands.clock, lease_seconds=1.0)
    journal.claim()
    looks = place.looks
    journal.check_lease()
    assert place.looks == looks
    hands.wall, hands.steady = hands.wall + wall, hands.steady + steady
    journal.check_lease()
    assert place.looks == looks + 1
    hands.steady += 2
    place.state = {**place.state, "owner": "somebody else"}
    with pytest.raises(LostLease):
        journal.check_lease()


def test_without_a_lock_the_first_of_all_tries_makes_sure_that_it_is_alone():
    """Another one that found no note either, and was paused as it signed, signs last."""
    hands, place = Hands(), Place()

    def sign(seconds):
        place.state = {**place.state, "owner": "somebody else"}

    hands.clock = Clock(now=hands.clock.now, monotonic=hands.clock.monotonic, sleep=sign)
    journal = Journal(place, hands.clock, lease_seconds=1.0)
    with pytest.raises(LostLease):
        journal.claim()


def test_a_pause_between_the_look_and_the_note_ends_the_try():
    """Without a lock the note of another try may have been overwritten in the meantime."""
    hands, place = Hands(), Place()
    journal = Journal(place, hands.clock, lease_seconds=1.0)
    journal.claim()

    def sleep():
        hands.wall += 60

    place.before_save = sleep
    with pytest.raises(LostLease, match="paused"):
        journal.claim()


def test_a_pause_while_the_note_is_read_asks_for_another_look():
    """What was read before the pause may no longer be true after it."""
    hands, place = Hands(), Place()
    journal = Journal(place, hands.clock, lease_seconds=1.0)
    journal.claim()
    hands.steady += 2
    looks, pauses = place.looks, iter([60.0])
    load = place.load

    def pause():
        hands.wall += next(pauses, 0.0)
        return load()

    place.load = pause
    journal.check_lease()
    assert place.looks == looks + 2


def test_a_place_that_is_too_slow_to_tell_ends_the_try():
    hands, place = Hands(), Place()
    journal = Journal(place, hands.clock, lease_seconds=1.0)
    journal.claim()
    load = place.load

    def slow():
        hands.steady += 3
        return load()

    place.load = slow
    hands.steady += 2
    with pytest.raises(AMSTransientError, match="takes more than 1 s"):
        journal.check_lease()


def test_a_pause_right_before_the_last_byte_is_seen():
    hands, place = Hands(), Place()
    journal = Journal(place, hands.clock, lease_seconds=1.0)
    journal.claim()
    with journal.sending() as check:
        check()
        hands.wall += 60
        place.state = {**place.state, "owner": "somebody else"}
        with pytest.raises(LostLease):
            check()


def test_nobody_takes_over_while_a_last_byte_goes_out(tmp_path):
    clock = Clock()
    first = Journal(LocalFile(tmp_path / "n.json"), clock)
    first.claim()
    second = Journal(LocalFile(tmp_path / "n.json"), clock)
    taking_over = threading.Thread(target=second.claim)
    with first.sending():
        taking_over.start()
        taking_over.join(0.1)
        assert taking_over.is_alive()
        other = threading.Thread(target=lambda: first.sending().__enter__())
        other.start()  # calls in flight do not wait for each other
        other.join(5)
        assert not other.is_alive()
    taking_over.join(5)
    with pytest.raises(LostLease), first.sending():
        pass


def test_settle_seconds_of_zero_look_before_each_call(sandbox):
    place = Place()
    run(sandbox, sessions(20), place)
    assert place.looks > 4


# ---------------------------------------------------------------- out of reach


class Until(Place):
    """A place that is out of reach after so many looks."""

    cheap = True

    def __init__(self, looks):
        super().__init__()
        self._left, self._lock = looks, threading.Lock()

    def load(self):
        with self._lock:
            self._left -= 1
        if self._left < 0:
            raise OSError("out of reach")
        return super().load()


@pytest.mark.parametrize("width", [1, 4])
@pytest.mark.parametrize("looks", range(2, 12))
def test_what_is_told_of_calls_in_flight_is_true(sandbox, looks, width):
    """The look right before a last byte fails: that call is not taken, those before it are."""
    with pytest.raises(AMSTransientError, match="can't be kept") as caught:
        run(sandbox, sessions(45), Until(looks), max_in_flight=width)
    status = caught.value.result.rows["status"] if caught.value.result is not None else []
    assert sum(s == "inserted" for s in status) == len(sandbox.events(FORM))
    assert "unknown" not in list(status)


# ---------------------------------------------------------------- without a note


@pytest.mark.parametrize("text", ["", '{"version": 2, "di', "[]", '{"version": 1}', '{"mine": 1}'])
def test_what_is_no_note_is_left_as_it_is(sandbox, tmp_path, text):
    path = tmp_path / "n.json"
    path.write_text(text)
    with pytest.raises(AMSConfigurationError, match="resume"):
        run(sandbox, sessions(5), path)
    assert path.read_text() == text
    assert not sandbox.events(FORM)


@pytest.mark.parametrize("torn", [False, True])
def test_looking_back_finds_what_is_there(sandbox, tmp_path, torn):
    frame, note = sessions(30), tmp_path / "n.json"
    since = now_ms() - 60_000
    sandbox.faults(script=[{"endpoint": "eventsimport", "nth": 3, "times": 0, "fault": "503"}])
    with pytest.raises(AMSError):
        run(sandbox, frame, note)
    sandbox.faults(None)
    note.write_text("torn") if torn else note.unlink()
    stored = len(sandbox.events(FORM))
    assert 0 < stored < 30
    result = run(sandbox, frame, LookBack(since, note))
    assert result.counts["inserted"] == 30
    assert held(sandbox) == wanted(frame)
    # What it has noted itself is as good as any note.
    assert run(sandbox, frame, LookBack(since, note)).counts["inserted"] == 30
    assert held(sandbox) == wanted(frame)


class Shelf:
    """A place of somebody's own, that only loads and saves."""

    state = None

    def load(self):
        return self.state

    def save(self, state):
        self.state = state


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_place_that_only_loads_and_saves(sandbox, wrapped):
    frame, shelf = sessions(30), Shelf()
    resume = LookBack(now_ms() - 60_000, shelf) if wrapped else shelf
    lost = {"endpoint": "eventsimport", "nth": 3, "times": 0, "fault": "503"}
    sandbox.faults(script=[lost])
    with pytest.raises(AMSError):
        run(sandbox, frame, resume)
    sandbox.faults(None)
    assert shelf.state["confirmed"]
    assert run(sandbox, frame, resume).counts["inserted"] == 30
    assert held(sandbox) == wanted(frame)


def test_a_place_promises_nothing_by_itself():
    for place in (as_checkpoint(Shelf()), Checkpoint()):
        assert (place.trust, place.look_back, place.blank) == (True, None, True)
        assert (place.cheap, place.fenced) == (False, False)
        with place.hold() as held_back:
            assert held_back is False


def now_ms():
    return int(time.time() * 1000)


def test_looking_back_needs_the_times_of_the_rows(sandbox):
    frame = sessions(5).drop(columns="start_time")
    with pytest.raises(AMSConfigurationError, match="can't be recognised"):
        run(sandbox, frame, LookBack(now_ms()))
    assert not sandbox.events(FORM)


@pytest.mark.parametrize("wrong", [0, -1, None, "yesterday", True])
def test_since_when(wrong):
    with pytest.raises(AMSConfigurationError, match="since_ms"):
        LookBack(wrong)


@pytest.mark.parametrize(("place", "what"), [(5, "is int"), ("folder", "is a folder")])
def test_what_is_no_place_for_a_note_is_refused(tmp_path, place, what):
    with pytest.raises(AMSConfigurationError, match=what):
        as_checkpoint(tmp_path if place == "folder" else place)
