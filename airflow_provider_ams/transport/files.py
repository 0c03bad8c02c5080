"""One way to open, read and write a file, whether it is local or on remote storage."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any, Protocol, cast

_BLOCK = 1 << 20
_LOCAL = ("", "file", "local")
_PACKED = (".gz", ".bz2", ".xz", ".zst", ".zip")
# What storage libraries say may hold credentials; these beginnings never do.
_HARMLESS = ("Protocol not known", "No filesystem registered", "Unsupported filesystem")
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)  # Windows has none
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK
_LOG_FILE = os.O_RDWR | os.O_CREAT | os.O_APPEND | _NO_LINK


class FileProblem(ValueError):
    """A file can't be found, opened or written.

    Parameters
    ----------
    message : str
        Which file, and what is wrong; never a credential.
    hint : str
        What to do about it.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}. {self.hint}" if self.hint else self.message


class _Target(Protocol):
    """What is used of pathlib.Path, UPath and Airflow's ObjectStoragePath."""

    @property
    def name(self) -> str: ...

    @property
    def parent(self) -> Any: ...  # noqa: ANN401

    def open(self, mode: str) -> IO[Any]: ...


@dataclass(frozen=True)
class Location:
    """Open one file, wherever it is, and name its neighbours; made by `locate`.

    Parameters
    ----------
    name : str
        Path or URL, to show and to tell the format by; without user, password and query.
    path : Path, optional
        Set for a local file.
    """

    name: str
    path: Path | None
    _target: _Target = field(repr=False)

    def open(self, mode: str = "rb") -> IO[bytes]:
        """Open the file in a binary mode; what is packed (``.gz``, ...) is read unpacked.

        Raises
        ------
        FileProblem
            The file can't be opened; says why.
        """
        try:
            file = self._target.open(mode)
            return _unpacked(file, self.name) if mode == "rb" else file
        except FileNotFoundError:
            if mode != "rb":
                raise FileProblem(f"there is no folder for {self.name}", "Make it first.") from None
            bare = self.path is not None and not self.path.parent.is_dir()
            also = ", and no such folder" if bare else ""
            raise FileProblem(f"there is no file {self.name}{also}") from None
        except Exception as error:  # noqa: BLE001 - storage libraries raise what they like
            raise FileProblem(f"{self.name} can't be opened: {_reason(error)}") from None

    def read(self) -> bytes:
        """Return the whole content of a small file.

        Raises
        ------
        FileProblem
            There is no such file, or it can't be read.
        """
        content = self.read_if_there()
        if content is None:
            raise FileProblem(f"there is no file {self.name}")
        return content

    def read_if_there(self) -> bytes | None:
        """Return the whole content of a small file, None if there is no such file.

        Raises
        ------
        FileProblem
            It is there but can't be read.
        """
        try:
            with self._target.open("rb") as file, _unpacked(file, self.name) as plain:
                return cast(bytes, plain.read())
        except FileNotFoundError:
            return None
        except Exception as error:  # noqa: BLE001 - as in `open`
            raise FileProblem(f"{self.name} can't be read: {_reason(error)}") from None

    def neighbour(self, suffix: str) -> Location:
        """Return the location of the file with this added to its name."""
        return locate(self._target.parent / (self._target.name + suffix))

    def fingerprint(self) -> str:
        """Return the SHA-256 of the file's (unpacked) bytes."""
        digest = hashlib.sha256()
        with self.open() as file:
            while block := file.read(_BLOCK):
                digest.update(block)
        return digest.hexdigest()

    def state(self) -> tuple[int, ...] | None:
        """Return what shows that a local file was touched; None where that can't be known."""
        if self.path is None:
            return None
        status = self.path.stat()
        return status.st_ino, status.st_size, status.st_mtime_ns


def locate(where: object, storage_options: Mapping[str, object] | None = None) -> Location:
    """Return the location that a path, a URL or an object with ``open`` stands for.

    Parameters
    ----------
    where : path, URL, UPath, ObjectStoragePath or Location
        The file; it need not exist.
    storage_options : mapping, optional
        Passed to fsspec for a URL.

    Raises
    ------
    FileProblem
        It is none of these, or nothing is installed that knows the URL's scheme.
    """
    if isinstance(where, Location):
        return where
    if isinstance(where, str) and "://" in where:
        return _from_url(where, dict(storage_options or {}))
    # UPath was a subclass of Path before 0.3: the protocol tells what is local, not the class.
    # Below 0.3, the text of such a path is a URL, too: what it stands for is its `path`.
    local = getattr(where, "protocol", "") in _LOCAL
    if local and hasattr(where, "protocol") and hasattr(where, "path"):
        return _from_path(Path(where.path))
    if local and isinstance(where, (str, os.PathLike)):
        return _from_path(Path(where))
    if hasattr(where, "open") and hasattr(where, "parent"):
        return Location(_without_secrets(str(where)), None, cast(_Target, where))
    raise FileProblem(f"{type(where).__name__} is not a file", "Give a path or a URL.")


def _from_path(path: Path) -> Location:
    return Location(str(path), path, cast(_Target, path))


def _from_url(url: str, options: dict[str, Any]) -> Location:
    from upath import UPath

    name = _without_secrets(url)
    scheme = url.partition("://")[0]
    try:
        target = UPath(url, **options)
        found = target.protocol
    except Exception as error:  # noqa: BLE001 - file systems raise what they like
        raise FileProblem(f"{name} can't be opened: {_reason(error)}") from None
    if scheme in _LOCAL:
        return _from_path(Path(target.path))
    if found in _LOCAL:
        raise FileProblem(
            f"{name} can't be opened: nothing knows {scheme}://",
            f"Install the fsspec package for {scheme}.",
        )
    return Location(name, None, cast(_Target, target))


def _without_secrets(url: str) -> str:
    """Drop user, password, and the query of a signed link from what is shown of a URL."""
    text = re.sub(r"://[^/]*@", "://", url)
    return text.partition("?")[0] if "http://" in text or "https://" in text else text


def _reason(error: Exception) -> str:
    if isinstance(error, ImportError) or str(error).startswith(_HARMLESS):
        return f"{type(error).__name__}: {error}"
    if isinstance(error, OSError) and error.errno:
        # The operating system's own words for the number: strerror is free text as well.
        return os.strerror(error.errno)
    return type(error).__name__


def _unpacked(file: IO[Any], name: str) -> IO[Any]:
    if PurePosixPath(name.lower()).suffix not in _PACKED:
        return file
    from fsspec.compression import compr
    from fsspec.utils import infer_compression

    kind = infer_compression(name.lower())
    return file if kind is None else cast("IO[Any]", compr[kind](file, mode="rb"))


def write_atomic(where: object, data: bytes) -> None:
    """Write a small file as a whole, as `atomic_writer` does.

    Raises
    ------
    FileProblem
        It can't be written; what was there before is still there.
    """
    location = locate(where)
    try:
        with atomic_writer(location) as file:
            file.write(data)
    except OSError as error:
        raise _not_written(location.name, error) from None


@contextmanager
def atomic_writer(where: object) -> Iterator[IO[bytes]]:
    """Give a binary file that takes its place when the block ends well, and not before.

    A local file appears as a whole under its name, readable by its owner alone, and replaces a
    symbolic link rather than follow it. A remote object is written through its own ``open``, once
    the block has ended well.

    Parameters
    ----------
    where : path, URL, object with ``open`` or Location
        The file.

    Raises
    ------
    FileProblem
        It can't be written; what was there before is still there.
    """
    location = locate(where)
    writer = _uploading(location) if location.path is None else _replacing(location.path)
    with writer as file:
        yield file


def open_log(path: Path) -> int:
    """Open a local file to which lines are appended, and return its descriptor.

    It is made if need be, readable by its owner alone, also if it was there before; a symbolic
    link is not followed.

    Raises
    ------
    FileProblem
        It can't be opened, or is no ordinary file.
    """
    try:
        descriptor = os.open(path, _LOG_FILE, 0o600)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise FileProblem(f"{path} is a symbolic link", "Name the file itself.") from None
        raise _not_written(str(path), error) from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise FileProblem(f"{path} is no ordinary file", "Name another.")
        if hasattr(os, "fchmod"):
            os.fchmod(descriptor, 0o600)
    except BaseException as error:
        os.close(descriptor)
        if isinstance(error, OSError):
            raise _not_written(str(path), error) from None
        raise
    return descriptor


@contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    temporary = path.parent / f".{secrets.token_hex(8)}.tmp"
    try:
        descriptor = os.open(temporary, _NEW_FILE, 0o600)
    except OSError as error:
        raise _not_written(str(path), error) from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            _finish(file, temporary, path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def _finish(file: IO[bytes], temporary: Path, path: Path) -> None:
    """Put the file in its place, in an order that survives a power cut at any moment."""
    try:
        file.flush()
        os.fsync(file.fileno())
        os.replace(temporary, path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise _not_written(str(path), error) from None


@contextmanager
def _uploading(location: Location) -> Iterator[IO[bytes]]:
    with tempfile.SpooledTemporaryFile(max_size=8 * _BLOCK) as spool:
        yield cast("IO[bytes]", spool)
        spool.seek(0)
        try:
            with location.open("wb") as file:
                shutil.copyfileobj(spool, file, _BLOCK)
        except FileProblem:
            raise
        except Exception as error:  # noqa: BLE001 - storage libraries raise what they like
            raise _not_written(location.name, error) from None


def _not_written(name: str, error: Exception) -> FileProblem:
    return FileProblem(
        f"{name} can't be written: {_reason(error)}",
        "Name a file in a folder that exists and can be written.",
    )
