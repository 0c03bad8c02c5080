"""Files, local or remote: opened, read, and written as a whole or not at all."""

from __future__ import annotations

import bz2
import gzip
import os
import resource
import stat
from pathlib import Path

import fsspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from upath import UPath

from airflow_provider_ams.transport import FileProblem, atomic_writer, locate, write_atomic


@pytest.fixture
def memory():
    system = fsspec.filesystem("memory")
    system.store.clear()
    return system


class ObjectPath:
    """An object with ``open`` and ``parent``, that has never heard of local files."""

    protocol = "s3"

    def __init__(self, url, files):
        self._url, self._files = url, files

    def __str__(self):
        return self._url

    @property
    def name(self):
        return self._url.rpartition("/")[2]

    @property
    def parent(self):
        return ObjectPath(self._url.rpartition("/")[0], self._files)

    def __truediv__(self, name):
        return ObjectPath(f"{self._url}/{name}", self._files)

    def open(self, mode):
        path = self._files / self._url.replace("/", "_")
        return open(path, mode)


# -- where a file is ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [str, Path, UPath, lambda p: f"file://{p}", lambda p: locate(p)])
def test_a_local_file_however_it_is_named(tmp_path, kind):
    path = tmp_path / "a b.txt"
    path.write_bytes(b"x")
    location = locate(kind(path))
    assert (location.path, location.name) == (path, str(path))
    assert location.read() == b"x"
    assert location.neighbour(".log").path == tmp_path / "a b.txt.log"
    before = location.state()
    path.write_bytes(b"longer")
    assert location.state() != before


@pytest.mark.parametrize("kind", [str, UPath])
def test_a_remote_file_however_it_is_named(memory, kind):
    memory.pipe("/box/x.txt", b"far")
    location = locate(kind("memory://box/x.txt"))
    assert (location.path, location.name, location.state()) == (None, "memory://box/x.txt", None)
    assert location.read() == b"far"
    assert location.neighbour(".log").read_if_there() is None
    write_atomic(location.neighbour(".log"), b"beside")
    assert memory.cat("/box/x.txt.log") == b"beside"


def test_an_object_with_open_and_parent(tmp_path):
    location = locate(ObjectPath("s3://conn@bucket/x.txt", tmp_path))
    assert location.name == "s3://bucket/x.txt"
    assert location.path is None
    assert location.read_if_there() is None
    write_atomic(location, b"1")
    write_atomic(location.neighbour(".log"), b"2")
    assert (location.read(), location.neighbour(".log").read()) == (b"1", b"2")


def test_airflows_object_storage_paths(tmp_path):
    from airflow.providers.common.compat.sdk import ObjectStoragePath

    location = locate(ObjectStoragePath(f"file://{tmp_path}/x"))
    assert location.path == tmp_path / "x"
    assert location.neighbour(".log").path == tmp_path / "x.log"


def test_an_object_path_that_is_a_path_is_still_not_local(tmp_path):
    """Before version 0.3, UPath("s3://...") was a subclass of pathlib's Path."""

    class CloudPath(type(Path())):
        protocol = "s3"

    assert locate(CloudPath("/bucket/x")).path is None


def test_a_url_that_becomes_a_local_path_is_refused(monkeypatch):
    import upath

    class LocalOnly(type(Path())):
        protocol = ""

        def __new__(cls, url, **options):
            return super().__new__(cls, url)

    monkeypatch.setattr(upath, "UPath", LocalOnly)
    with pytest.raises(FileProblem, match="nothing knows s3://"):
        locate("s3://bucket/x")


@pytest.mark.parametrize("where", [5, None, {"a": 1}, b"x", object()])
def test_what_is_no_place(where):
    with pytest.raises(FileProblem, match="Give a path or a URL"):
        locate(where)


def test_a_scheme_nobody_knows_is_said():
    with pytest.raises(FileProblem, match=r"nosuch://bucket/x can't be opened: .*nosuch"):
        locate("nosuch://bucket/x").open()


@pytest.mark.parametrize("url", ["memory://user:pw@box/x", "s3://user:p@w@box/x"])
def test_a_name_holds_no_credentials(url):
    try:
        shown = locate(url, {"secret": "pw"} if url.startswith("s3") else {})
    except FileProblem as problem:
        shown = problem
    assert "pw" not in repr(shown) + str(shown)
    assert "p@w" not in repr(shown) + str(shown)


def test_a_signed_link_is_shown_without_its_signature():
    location = locate("https://user:pw@127.0.0.1:9/x.csv?signature=abc")
    assert location.name == "https://127.0.0.1:9/x.csv"
    assert "abc" not in repr(location)


@pytest.mark.parametrize("text", ["secret key AKIA", "s3://user:AKIA@bucket"])
def test_what_a_storage_library_says_is_not_repeated(memory, monkeypatch, text):
    class Broken(ObjectPath):
        def open(self, mode):
            raise RuntimeError(text)

    location = locate(Broken("s3://bucket/x", None))
    for act in (location.open, location.read, lambda: write_atomic(location, b"")):
        with pytest.raises(FileProblem, match="RuntimeError") as problem:
            act()
        assert "AKIA" not in str(problem.value)
        assert problem.value.__cause__ is None


# -- reading --------------------------------------------------------------------------------


@pytest.mark.parametrize(("ending", "pack"), [("gz", gzip.compress), ("bz2", bz2.compress)])
def test_what_is_packed_is_read_unpacked_wherever_it_is(memory, tmp_path, ending, pack):
    local = tmp_path / f"x.{ending}"
    local.write_bytes(pack(b"plain"))
    memory.pipe(f"/x.{ending}", local.read_bytes())
    for where in (local, f"file://{local}", f"memory://x.{ending}", UPath(f"memory://x.{ending}")):
        location = locate(where)
        assert location.read() == b"plain"
        with location.open() as file:
            assert file.read(3) == b"pla"
        (tmp_path / "plain").write_bytes(b"plain")
        assert location.fingerprint() == locate(tmp_path / "plain").fingerprint()


@pytest.mark.parametrize("where", ["{tmp}/no", "memory://no"])
def test_a_file_that_is_not_there(memory, tmp_path, where):
    location = locate(where.format(tmp=tmp_path))
    assert location.read_if_there() is None
    for act in (location.open, location.read, location.fingerprint):
        with pytest.raises(FileProblem, match=r"there is no file .*no"):
            act()


def test_a_folder_is_no_file(tmp_path):
    location = locate(tmp_path)
    for act in (location.open, location.read_if_there):
        with pytest.raises(FileProblem, match="Is a directory"):
            act()
    with pytest.raises(FileProblem, match="can't be written: Is a directory"):
        write_atomic(location, b"")


# -- writing --------------------------------------------------------------------------------


def test_a_file_is_its_owners_alone_and_nothing_is_left_beside_it(tmp_path):
    old = os.umask(0)
    try:
        write_atomic(tmp_path / "x", b"1")
        (tmp_path / "x").chmod(0o644)
        write_atomic(tmp_path / "x", b"2")
    finally:
        os.umask(old)
    assert (tmp_path / "x").read_bytes() == b"2"
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["x"]


def test_a_symbolic_link_is_replaced_and_not_followed(tmp_path):
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / "x").symlink_to(victim)
    write_atomic(tmp_path / "x", b"new")
    assert victim.read_bytes() == b"precious"
    assert not (tmp_path / "x").is_symlink()
    assert (tmp_path / "x").read_bytes() == b"new"


@pytest.mark.parametrize("where", ["local", "remote"])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, OSError])
def test_an_error_while_writing_leaves_what_was_there(memory, tmp_path, where, error):
    target = locate(tmp_path / "x" if where == "local" else "memory://x")
    write_atomic(target, b"old")
    with pytest.raises(error), atomic_writer(target) as file:
        file.write(b"half")
        raise error
    assert target.read() == b"old"
    assert os.listdir(tmp_path) == (["x"] if where == "local" else [])


def test_the_file_is_not_there_before_the_block_has_ended(memory, tmp_path):
    for target in (locate(tmp_path / "x"), locate("memory://x")):
        with atomic_writer(target) as file:
            file.write(b"a")
            assert target.read_if_there() is None
            file.write(b"b" * 100_000)
        assert len(target.read()) == 100_001


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(FileProblem, match=r"No such file or directory.*a folder that exists"):
        write_atomic(tmp_path / "no" / "x", b"")
    assert os.listdir(tmp_path) == []


def test_a_full_disk_is_said_and_the_old_file_kept(tmp_path):
    write_atomic(tmp_path / "x", b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(FileProblem, match="x can't be written: File too large"):
            write_atomic(tmp_path / "x", b"n" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (tmp_path / "x").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["x"]


@given(st.binary(max_size=3000))
def test_what_is_written_is_read_back(content):
    write_atomic("memory://round/trip", content)
    assert locate("memory://round/trip").read() == content
