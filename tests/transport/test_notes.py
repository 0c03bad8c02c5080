"""Notes: one JSON object that outlives a process."""

from __future__ import annotations

import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_ams.transport import FileNotes, FileProblem, StoreNotes, UnreadableNote

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


class Store(dict):
    def set(self, key, value):
        self[key] = value


@pytest.fixture(params=["file", "remote", "store"])
def make(request, tmp_path):
    store = Store()
    return {
        "file": lambda: FileNotes(tmp_path / "note"),
        "remote": lambda: FileNotes(f"memory://{tmp_path.name}/note"),
        "store": lambda: StoreNotes(store, "note"),
    }[request.param]


def test_a_note_outlives_its_writer(make):
    assert make().load() is None
    make().save({"a": 1})
    make().save({"b": [1, "x", None]})
    assert make().load() == {"b": [1, "x", None]}


@given(st.dictionaries(st.text(max_size=5), JSON))
def test_any_json_object_comes_back(note):
    notes = FileNotes("memory://any/note")
    notes.save(note)
    assert notes.load() == note


@pytest.mark.parametrize("content", [b"", b"{", b'{"a": 1', b"[1]", b"null", b"text", b"\xff"])
def test_what_is_no_note_is_said_and_left_alone(tmp_path, content):
    path = tmp_path / "note"
    path.write_bytes(content)
    with pytest.raises(UnreadableNote, match="note holds no note"):
        FileNotes(path).load()
    assert path.read_bytes() == content


def test_a_note_torn_anywhere_is_unreadable(tmp_path):
    path = tmp_path / "note"
    FileNotes(path).save({"position": [1, 2, 3]})
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(UnreadableNote):
            FileNotes(path).load()


def test_a_store_with_something_else_under_the_key():
    with pytest.raises(UnreadableNote, match="mine"):
        StoreNotes(Store(mine="text"), "mine").load()


def test_a_note_is_its_owners_alone(tmp_path):
    FileNotes(tmp_path / "note").save({})
    assert stat.S_IMODE((tmp_path / "note").stat().st_mode) == 0o600


def test_the_folder_must_be_there_or_be_asked_for(tmp_path):
    with pytest.raises(FileProblem, match="there is no folder"):
        FileNotes(tmp_path / "new" / "deep" / "note")
    FileNotes(tmp_path / "new" / "deep" / "note", make_folder=True).save({"a": 1})
    assert FileNotes(tmp_path / "new" / "deep" / "note").load() == {"a": 1}
