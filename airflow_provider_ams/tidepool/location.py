"""Where a source is: a local path, an fsspec URL, or an object with ``open`` (as Airflow's)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol, cast

from airflow_provider_ams.tidepool.errors import TidepoolConfigurationError, TidepoolInputError

_BLOCK = 1 << 20
_HARMLESS = ("Protocol not known", "No filesystem registered")


class _ObjectPath(Protocol):
    """What is used of Airflow's ObjectStoragePath and its like."""

    name: str
    path: str
    parent: Any

    def open(self, mode: str) -> IO[bytes]: ...


@dataclass(frozen=True)
class Location:
    """Open one file, wherever it is, and name its neighbours.

    Parameters
    ----------
    name : str
        Path or URL, to show and to tell the format by.
    path : Path, optional
        Set for a local file.
    opener : callable
        Takes a mode and returns a binary file.
    neighbour : callable
        Takes a suffix and returns the location of the file with this added to its name.
    """

    name: str
    path: Path | None
    opener: Callable[[str], IO[bytes]] = field(repr=False)
    neighbour: Callable[[str], Location] = field(repr=False)

    def open(self, mode: str = "rb") -> IO[bytes]:
        """Open the file in a binary mode.

        Raises
        ------
        TidepoolInputError
            The file can't be opened; says why.
        """
        try:
            return self.opener(mode)
        except FileNotFoundError:
            raise TidepoolInputError(f"there is no file {self.name}") from None
        except (OSError, ImportError, ValueError) as error:
            # Messages of storage libraries may hold credentials; these two kinds do not.
            told = isinstance(error, ImportError) or str(error).startswith(_HARMLESS)
            words = f"{type(error).__name__}: {error}" if told else type(error).__name__
            raise TidepoolInputError(f"{self.name} can't be opened: {words}") from None

    def fingerprint(self) -> str:
        """Return the SHA-256 of the file's bytes."""
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

    def read_if_there(self) -> bytes | None:
        """Return the whole content of a small file, None if there is no such file."""
        try:
            with self.opener("rb") as file:
                return file.read()
        except FileNotFoundError:
            return None


def locate(where: object, storage_options: Mapping[str, object] | None = None) -> Location:
    """Return the location that a path, a URL or an object with ``open`` stands for.

    Raises
    ------
    TidepoolConfigurationError
        It is none of these.
    """
    if isinstance(where, Location):
        return where
    if isinstance(where, str) and "://" in where:
        return _remote(where, dict(storage_options or {}))
    if isinstance(where, (str, os.PathLike)) and not _opens_elsewhere(where):
        return _local(Path(where))
    if hasattr(where, "open") and hasattr(where, "parent"):
        return _object(cast(_ObjectPath, where))
    raise TidepoolConfigurationError(
        f"a source is a path, a URL, a DataFrame or rows as dicts, not {type(where).__name__}"
    )


def _opens_elsewhere(where: object) -> bool:
    """Tell an object path (Airflow's, UPath), which may know only its own way to open."""
    return not isinstance(where, (str, Path)) and hasattr(where, "open")


def _local(path: Path) -> Location:
    def opener(mode: str) -> IO[bytes]:
        if mode == "rb" and path.suffix == ".gz":
            import gzip

            return cast(IO[bytes], gzip.open(path, mode))
        return cast(IO[bytes], open(path, mode))

    return Location(
        str(path), path, opener, lambda suffix: _local(path.with_name(path.name + suffix))
    )


def _remote(url: str, options: dict[str, object]) -> Location:
    if url.startswith("file://"):
        return _local(Path(url[len("file://") :]))

    def opener(mode: str) -> IO[bytes]:
        import fsspec

        compression = "infer" if mode == "rb" else None
        return cast(IO[bytes], fsspec.open(url, mode, compression=compression, **options).open())

    return Location(_without_user(url), None, opener, lambda suffix: _remote(url + suffix, options))


def _object(where: _ObjectPath) -> Location:
    local = getattr(where, "protocol", None) in ("file", "local", "")
    if local:
        return _local(Path(where.path))
    return Location(
        _without_user(str(where)),
        None,
        where.open,
        lambda suffix: _object(where.parent / (where.name + suffix)),
    )


def _without_user(url: str) -> str:
    """Drop what may be a user and a password from a URL that is shown."""
    scheme, _, rest = url.partition("://")
    host, slash, tail = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{tail}"
