"""Small notes that outlive a process: one JSON object, replaced as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import orjson

from airflow_provider_ams.transport.files import FileProblem, locate, write_atomic


class UnreadableNote(FileProblem):
    """There is something where the note should be, but it is no note; it was left as it is."""


class Notes(Protocol):
    """A place that keeps one small JSON object."""

    def load(self) -> dict[str, Any] | None:
        """Return what was saved last, None if there is nothing."""

    def save(self, note: dict[str, Any]) -> None:
        """Keep this instead."""


class FileNotes:
    """Keep the note in a file, local or remote.

    Parameters
    ----------
    where : path, URL or object with ``open``
        The file; a local one is replaced as a whole and is its owner's alone.
    make_folder : bool
        Make the folder of a local file if need be.

    Raises
    ------
    FileProblem
        There is no such folder.
    """

    def __init__(self, where: object, *, make_folder: bool = False) -> None:
        self._location = locate(where)
        self.name = self._location.name
        path = self._location.path
        if path is not None and make_folder:
            path.parent.mkdir(parents=True, exist_ok=True)
        if path is not None and not path.parent.is_dir():
            raise FileProblem(f"there is no folder {path.parent}", "Make it, or name another.")

    def load(self) -> dict[str, Any] | None:
        """Return what was saved last, None if there is no file.

        Raises
        ------
        UnreadableNote
            The file is torn, or holds something else.
        FileProblem
            The file can't be opened.
        """
        content = self._location.read_if_there()
        if content is None:
            return None
        try:
            note = orjson.loads(content)
        except orjson.JSONDecodeError:
            note = None
        return _checked(note, self.name)

    def save(self, note: dict[str, Any]) -> None:
        """Keep this instead.

        Raises
        ------
        FileProblem
            The file can't be written.
        """
        write_atomic(self._location, orjson.dumps(note))


class Store(Protocol):
    """What is used of Airflow's task state store and its like."""

    def get(self, key: str) -> Any:  # noqa: ANN401
        """Return the value of a key, None if there is none."""

    def set(self, key: str, value: Any) -> Any:  # noqa: ANN401
        """Keep a value of plain JSON types."""


class StoreNotes:
    """Keep the note under a key of a store.

    Parameters
    ----------
    store : object with ``get(key)`` and ``set(key, value)``
        Such as Airflow's task state store.
    key : str
        The note's name there.
    """

    def __init__(self, store: Store, key: str) -> None:
        self._store = store
        self._key = key
        self.name = key

    def load(self) -> dict[str, Any] | None:
        """Return what was saved last, None if there is nothing.

        Raises
        ------
        UnreadableNote
            The store holds something else under this key.
        """
        value = self._store.get(self._key)
        return None if value is None else _checked(value, self._key)

    def save(self, note: dict[str, Any]) -> None:
        """Keep this instead."""
        self._store.set(self._key, note)


def _checked(value: object, name: str) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    raise UnreadableNote(
        f"{name} holds no note that can be read", "It was left as it is: name another place."
    )
