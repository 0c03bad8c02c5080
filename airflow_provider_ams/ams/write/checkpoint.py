"""Where an import notes how far it has come, so that another process can finish it.

AMS itself is the ledger; the note only says since when to read it back, for which input, and
which calls were confirmed. It is written before the first call, then now and then: what it misses
is read back.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import orjson

from airflow_provider_ams.ams.errors import AMSConfigurationError
from airflow_provider_ams.ams.prepare.events import EventSet

VERSION = 1
# A run is [position, length, first id]; with more of them the note would outgrow a few KB.
MAX_RUNS = 150
# Seconds between two notes of the progress.
SAVE_EVERY = 5.0


class Checkpoint(Protocol):
    """A place that keeps one small JSON object."""

    def load(self) -> dict[str, Any] | None:
        """Return what was saved last, or None."""

    def save(self, state: dict[str, Any]) -> None:
        """Keep this instead."""


class FileCheckpoint:
    """Keep the note in a local file, replaced as a whole.

    Parameters
    ----------
    path : str or Path
        The file; its folder must exist.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        if not self.path.parent.is_dir():
            raise AMSConfigurationError(f"resume: there is no folder {str(self.path.parent)!r}.")

    def load(self) -> dict[str, Any] | None:
        """Return what was saved last, or None."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            return dict(orjson.loads(data))
        except (orjson.JSONDecodeError, TypeError, ValueError):
            raise AMSConfigurationError(
                f"resume: {self.path.name!r} is not a state file of an import.",
                hint="Name another file; this one is left as it is.",
            ) from None

    def save(self, state: dict[str, Any]) -> None:
        """Keep this instead."""
        temporary = self.path.with_name(f"{self.path.name}.{os.getpid()}.tmp")
        with temporary.open("wb") as file:
            file.write(orjson.dumps(state))
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, self.path)


def as_checkpoint(place: str | os.PathLike[str] | Checkpoint | None) -> Checkpoint | None:
    """Return a checkpoint for a path; anything else as it is."""
    return FileCheckpoint(place) if isinstance(place, (str, os.PathLike)) else place


@dataclass
class Progress:
    """How far an import has come.

    Parameters
    ----------
    digest : str
        Of the input, the form and the kind of import.
    since : int
        AMS's clock before the first call, epoch milliseconds.
    now : str
        Wall-clock time of the site that missing start times were given, ISO 8601.
    confirmed : list of list of int, optional
        Runs ``[position, length, first id]`` in sending order; None if there are too many.
    finished : bool
        Every event was confirmed.
    """

    digest: str
    since: int
    now: str
    confirmed: list[list[int]] | None = None
    finished: bool = False

    def dump(self) -> dict[str, Any]:
        """Return the note as JSON."""
        return {"version": VERSION, **asdict(self)}

    @classmethod
    def parse(cls, state: dict[str, Any] | None) -> Progress | None:
        """Read a note; None for no note, or one of another version."""
        if not state or state.get("version") != VERSION:
            return None
        values = {k: v for k, v in state.items() if k != "version"}
        try:
            return cls(**values)
        except TypeError:
            return None


def digest(events: EventSet) -> str:
    """Return a fingerprint of the events; how they are sent (batch size, window) is not in it."""
    total = hashlib.sha256()

    def add(*parts: object) -> None:
        total.update(orjson.dumps(parts))

    add(events.form, events.has_table)
    add(events.user_ids, events.event_ids, events.start_days, events.start_minutes)
    add(events.end_days, events.end_minutes, [list(r) for r in events.table_rows])
    for name, texts in (*events.fields.items(), *events.table.items()):
        add(name, texts)
    return total.hexdigest()


def runs(ids: Sequence[int | None]) -> list[list[int]] | None:
    """Pack ids by position into runs of consecutive ids; None if there are too many runs."""
    packed: list[list[int]] = []
    for position, number in enumerate(ids):
        if number is None:
            continue
        last = packed[-1] if packed else None
        if last and position == last[0] + last[1] and number == last[2] + last[1]:
            last[1] += 1
        else:
            packed.append([position, 1, number])
            if len(packed) > MAX_RUNS:
                return None
    return packed


def unpack(packed: Sequence[Sequence[int]]) -> dict[int, int]:
    """Return position -> id."""
    return {p + i: first + i for p, length, first in packed for i in range(length)}
