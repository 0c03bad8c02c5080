"""Places for the note of an import: what is kept, who may write, and what is left behind."""

from __future__ import annotations

import fcntl
import os
import stat
import threading

import pytest

from airflow_provider_ams.ams import AMSConfigurationError, LookBack
from airflow_provider_ams.ams.write import places
from airflow_provider_ams.ams.write.places import Checkpoint, LocalFile, PlainPlace, as_checkpoint
from airflow_provider_ams.transport import FileNotes, UnreadableNote

STATE, NEXT = {"owner": "me"}, {"owner": "you"}


class Notes:
    """A place in memory that only loads and saves."""

    def __init__(self):
        self.state = None

    def load(self):
        return self.state

    def save(self, state):
        self.state = state


@pytest.fixture
def path(tmp_path):
    return tmp_path / "n.json"


def refuse():
    raise LookupError("not yours")


# ---------------------------------------------------------------- any place


def test_a_place_that_loads_and_saves_promises_nothing():
    notes = Notes()
    place = as_checkpoint(notes)
    assert isinstance(place, PlainPlace)
    assert (place.trust, place.look_back, place.blank) == (True, None, True)
    assert (place.cheap, place.fenced) == (False, False)
    assert place.load() is None
    place.save(STATE)
    assert place.load() == notes.state == STATE
    with place.hold() as held:
        assert held is False


def test_a_checkpoint_is_taken_as_it_is(path):
    place = LocalFile(path)
    assert as_checkpoint(place) is place


@pytest.mark.parametrize("kind", [str, os.fsdecode, lambda path: path])
def test_a_path_is_a_local_file(path, kind):
    place = as_checkpoint(kind(path))
    assert isinstance(place, LocalFile)
    place.save(STATE)
    assert FileNotes(path).load() == STATE


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(AMSConfigurationError) as caught:
        as_checkpoint(tmp_path / "away" / "n.json")
    assert caught.value.message == f"resume: there is no folder {str(tmp_path / 'away')!r}."


class Refusing(Checkpoint):
    """A place that refuses to write."""

    def save(self, state):
        raise ConnectionError("no")


def test_a_note_is_replaced_if_the_check_passes():
    notes, checks = Notes(), []
    PlainPlace(notes).replace(STATE, lambda: checks.append(notes.state))
    assert notes.state == STATE
    assert checks == [None]
    with pytest.raises(LookupError):
        PlainPlace(notes).replace(NEXT, refuse)
    assert notes.state == STATE


def test_a_place_that_refuses_may_have_been_taken_over():
    checks = []
    with pytest.raises(ConnectionError):
        Refusing().replace(STATE, lambda: checks.append(None))
    assert len(checks) == 2

    def check():
        checks.append(None)
        if len(checks) == 4:
            refuse()

    with pytest.raises(LookupError):
        Refusing().replace(STATE, check)


# ---------------------------------------------------------------- a local file


def test_a_local_file_is_cheap_to_read_and_has_a_lock(path):
    place = LocalFile(path)
    assert (place.cheap, place.fenced) == (True, True)
    assert place.load() is None
    with place.hold() as held:
        assert held is True


def test_what_is_replaced_is_its_owner_s_alone_and_leaves_nothing_beside(path):
    place = LocalFile(path)
    place.save(STATE)
    place.replace(NEXT, lambda: None)
    assert place.load() == NEXT
    assert sorted(p.name for p in path.parent.iterdir()) == [".n.json.lock", "n.json"]
    for entry in path.parent.iterdir():
        assert stat.S_IMODE(entry.stat().st_mode) == 0o600


def test_a_check_that_fails_leaves_all_as_it_was(path):
    place = LocalFile(path)
    place.save(STATE)
    with pytest.raises(LookupError):
        place.replace(NEXT, refuse)
    assert place.load() == STATE
    assert sorted(p.name for p in path.parent.iterdir()) == [".n.json.lock", "n.json"]


def test_the_check_sees_the_old_note_and_the_new_one_is_complete(path):
    """Whoever is killed in here leaves the old note whole."""
    place, seen = LocalFile(path), []
    place.save(STATE)

    def check():
        seen.append(place.load())
        (ready,) = path.parent.glob(".*.tmp")
        seen.append(FileNotes(ready).load())

    place.replace(NEXT, check)
    assert seen == [STATE, NEXT]


def test_a_note_that_was_swept_away_is_named(path):
    def sweep():
        (ready,) = path.parent.glob(".*.tmp")
        ready.unlink()

    with pytest.raises(FileNotFoundError) as caught:
        LocalFile(path).replace(STATE, sweep)
    assert caught.value.filename2 == str(path)


def test_a_folder_is_made_if_that_is_asked_for(tmp_path):
    with pytest.raises(Exception, match="folder"):
        LocalFile(tmp_path / "new" / "n.json")
    place = LocalFile(tmp_path / "new" / "n.json", make_folder=True)
    place.replace(STATE, lambda: None)
    assert place.load() == STATE


def test_what_is_no_note_is_told(path):
    path.write_text("torn")
    with pytest.raises(UnreadableNote):
        LocalFile(path).load()


def test_a_lock_that_is_a_link_is_not_followed(path, tmp_path):
    target = tmp_path / "elsewhere"
    path.with_name(".n.json.lock").symlink_to(target)
    with pytest.raises(OSError):
        LocalFile(path).replace(STATE, lambda: None)
    with pytest.raises(OSError), LocalFile(path).hold():
        pass
    assert not target.exists()
    assert not path.exists()


class Stopped:
    """Another process that was stopped with the lock in its hands."""

    def __init__(self, path, kind=fcntl.LOCK_EX):
        self._descriptor = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT)
        fcntl.flock(self._descriptor, kind)

    def go_on(self):
        os.close(self._descriptor)


def test_another_process_is_not_waited_for_forever(path):
    place = LocalFile(path, lock_seconds=0.02)
    place.save(STATE)
    other = Stopped(path)
    with pytest.raises(TimeoutError, match="another process"):
        place.replace(NEXT, lambda: None)
    with pytest.raises(TimeoutError, match="another process"), place.hold():
        pass
    assert place.load() == STATE
    assert not list(path.parent.glob(".*.tmp"))
    other.go_on()
    place.replace(NEXT, lambda: None)
    assert place.load() == NEXT


def test_a_process_that_goes_on_is_waited_for(path):
    place, other = LocalFile(path), Stopped(path)
    soon = threading.Timer(0.05, other.go_on)
    soon.start()
    place.replace(STATE, lambda: None)
    soon.join()
    assert place.load() == STATE


def test_calls_share_the_lock_and_keep_out_who_takes_over(path):
    place, other = LocalFile(path, lock_seconds=0.02), LocalFile(path, lock_seconds=0.02)
    with place.hold(), place.hold(), other.hold(), pytest.raises(TimeoutError):
        other.replace(NEXT, lambda: None)
    other.replace(NEXT, lambda: None)
    assert place.load() == NEXT


def test_nobody_sends_while_the_note_is_replaced(path):
    place, other = LocalFile(path), LocalFile(path, lock_seconds=0.02)

    def check():
        with pytest.raises(TimeoutError), other.hold():
            pass

    place.replace(STATE, check)
    with other.hold():
        pass


def test_without_locks_the_note_is_kept_all_the_same(path, monkeypatch):
    """Windows has none of these locks."""
    monkeypatch.setattr(places, "fcntl", None)
    place = LocalFile(path)
    place.replace(STATE, lambda: None)
    with place.hold():
        place.replace(NEXT, lambda: None)
    assert place.load() == NEXT
    assert [p.name for p in path.parent.iterdir()] == ["n.json"]


# ---------------------------------------------------------------- looking back


def test_looking_back_knows_since_when():
    place = LookBack(1)
    assert (place.look_back, place.blank) == (1, False)
    assert place.load() is None
    place.replace(STATE, lambda: None)
    assert place.load() == STATE
    place.save(NEXT)
    assert place.load() == NEXT
    assert LookBack(1).load() is None


def test_looking_back_promises_what_its_place_does(path):
    local, plain = LookBack(5, path), LookBack(5, Notes())
    assert (local.cheap, local.fenced, local.trust) == (True, True, True)
    assert (plain.cheap, plain.fenced, plain.trust) == (False, False, True)
    distrusted = as_checkpoint(Notes())
    distrusted.trust = False
    assert LookBack(5, distrusted).trust is False
    with local.hold() as held:
        assert held is True
    with plain.hold() as held:
        assert held is False


def test_looking_back_notes_in_its_place(path):
    place = LookBack(5, path)
    place.save(STATE)
    assert FileNotes(path).load() == STATE
    with pytest.raises(LookupError):
        place.replace(NEXT, refuse)
    place.replace(NEXT, lambda: None)
    assert place.load() == FileNotes(path).load() == NEXT


def test_a_number_of_milliseconds_is_asked_for():
    with pytest.raises(AMSConfigurationError) as caught:
        LookBack(0)
    assert caught.value.message == "LookBack: since_ms is not a number of milliseconds."
