from __future__ import annotations

import os

import pytest

from airflow_provider_ams.tidepool import FileJournal, SnapshotJournal, TidepoolJournalError
from airflow_provider_ams.tidepool.ranges import Ranges
from airflow_provider_ams.transport import StoreNotes


class Store(dict):
    def set(self, key, value):
        self[key] = value


ME = {"source": "s", "host": "h", "key": "k", "options": {}}


def begun(journal, identity=ME, **more):
    journal.begin(identity, "salt", **more)
    return journal


@pytest.fixture
def places(tmp_path):
    store = Store()
    return {
        "file": lambda: FileJournal(tmp_path / "j"),
        "snapshot": lambda: SnapshotJournal(StoreNotes(store, "j")),
    }


@pytest.fixture(params=["file", "snapshot"])
def make(request, places):
    return places[request.param]


def test_notes_come_back(make):
    journal = begun(make())
    journal.sending(0, 100)
    journal.answered(0, 100, Ranges([(0, 100)]))
    journal.sending(100, 200)
    journal.answered(100, 200, Ranges([(100, 150), (151, 200)]))
    journal.sending(200, 300)
    journal.close()
    again = begun(make())
    assert again.confirmed.pairs() == [[0, 150], [151, 200]]
    assert again.in_flight.pairs() == [[200, 300]]
    assert again.salt == "salt"
    again.close()


@pytest.mark.parametrize("name", ["source", "host", "key", "options"])
def test_another_ingest_is_refused_and_nothing_lost(make, name):
    journal = begun(make())
    journal.sending(0, 5)
    journal.close()
    with pytest.raises(TidepoolJournalError, match="another ingest"):
        begun(make(), ME | {name: "other"})
    again = begun(make())
    assert again.in_flight.pairs() == [[0, 5]]
    again.close()
    fresh = begun(make(), ME | {name: "other"}, restart=True)
    assert not fresh.in_flight
    fresh.close()


def test_with_nothing_sent_there_is_nothing_to_mix(make):
    begun(make()).close()
    begun(make(), ME | {"source": "other"}).close()


def test_a_torn_last_line_is_dropped_at_every_place(tmp_path):
    path = tmp_path / "j"
    journal = begun(FileJournal(path))
    for start in range(0, 30, 10):
        journal.sending(start, start + 10)
        journal.answered(start, start + 10, Ranges([(start, start + 10)]))
    journal.close()
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        journal = begun(FileJournal(path))
        done, sent = journal.confirmed.count(), journal.in_flight.count()
        assert done + sent <= 30
        journal.sending(90, 100)
        journal.close()
        again = begun(FileJournal(path))
        assert (again.confirmed.count(), again.in_flight.count()) == (done, sent + 10)
        again.close()


def test_a_file_that_is_no_journal_is_left_alone(tmp_path):
    path = tmp_path / "j"
    path.write_text('{"my": "data"}\n')
    with pytest.raises(TidepoolJournalError, match="not a journal"):
        begun(FileJournal(path))
    assert path.read_text() == '{"my": "data"}\n'


def test_two_processes_can_not_share_a_journal(tmp_path):
    journal = begun(FileJournal(tmp_path / "j"))
    with pytest.raises(TidepoolJournalError, match="in use"):
        begun(FileJournal(tmp_path / "j"))
    journal.close()


def test_a_place_that_can_not_be_written_is_named(tmp_path):
    with pytest.raises(TidepoolJournalError, match="can't be written"):
        begun(FileJournal(tmp_path / "no" / "folder"))


def test_a_journal_is_for_its_owner_alone_and_gone_when_empty(tmp_path):
    path = tmp_path / "j"
    journal = begun(FileJournal(path))
    assert os.stat(path).st_mode & 0o077 == 0
    journal.close()
    assert not path.exists()


def test_a_journal_that_was_open_to_others_is_no_more(tmp_path):
    path = tmp_path / "j"
    path.touch(0o644)
    path.chmod(0o644)
    journal = begun(FileJournal(path))
    assert os.stat(path).st_mode & 0o077 == 0
    journal.close()


def test_a_journal_follows_no_link(tmp_path):
    target, link = tmp_path / "theirs", tmp_path / "j"
    target.write_bytes(b"kept")
    link.symlink_to(target)
    with pytest.raises(TidepoolJournalError, match="symbolic link"):
        begun(FileJournal(link))
    link.unlink()
    link.symlink_to(tmp_path / "not there")
    with pytest.raises(TidepoolJournalError, match="symbolic link"):
        begun(FileJournal(link))
    assert target.read_bytes() == b"kept"
    assert not (tmp_path / "not there").exists()


def test_what_is_no_file_is_no_journal(tmp_path):
    os.mkfifo(tmp_path / "j")
    with pytest.raises(TidepoolJournalError, match="no ordinary file"):
        begun(FileJournal(tmp_path / "j"))
