"""Where a task notes how far its import has come, so that its next try goes on from there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING, Any

from airflow_provider_ams.ams.write.places import Checkpoint, LocalFile, as_checkpoint
from airflow_provider_ams.transport import FileNotes, Notes, StoreNotes, UnreadableNote, locate

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

STATE_KEY = "ams_import"
_MAX_TRIES = "max_tries"
# The clocks of the scheduler and of AMS may differ by so much.
_MARGIN_MS = 15 * 60_000
# Characters of a note in a Variable; MySQL's column for it holds 64 KB, encrypted.
_MAX_CHARACTERS = 16_000


class TaskCheckpoint(Checkpoint):
    """A note that outlives the try; it knows a retry from a manual clear.

    Parameters
    ----------
    place : Notes
        Keeps the note.
    max_tries : int
        The task instance's; it stays over retries and grows when a person clears the task.
    look_back : int, optional
        Epoch milliseconds from before the task's first try: without a note, every row is looked
        up among what has changed in AMS since.
    blank : bool
        Whether no note means that there was no try before.
    fenced : bool
        Whether a try that has been overtaken can't write.
    discard : callable
        Removes the note of a task that has succeeded.

    Attributes
    ----------
    trust : bool
        False after a manual clear: then what was confirmed is looked up in AMS again.
    """

    def __init__(
        self,
        place: Notes,
        max_tries: int,
        *,
        look_back: int | None = None,
        blank: bool = True,
        fenced: bool = False,
        discard: Callable[[], None] = lambda: None,
    ) -> None:
        self.trust = True
        self.look_back, self.blank, self.discard = look_back, blank, discard
        self._place, self._max_tries = as_checkpoint(place), max_tries
        self.cheap, self.fenced = self._place.cheap, fenced or self._place.fenced

    def load(self) -> dict[str, Any] | None:
        """Return what an earlier try has noted."""
        state = self._place.load()
        if not state:
            return state
        self.trust = state.pop(_MAX_TRIES, None) == self._max_tries
        return state

    def save(self, state: dict[str, Any]) -> None:
        """Keep this instead."""
        self._place.save({**state, _MAX_TRIES: self._max_tries})

    def replace(self, state: dict[str, Any], check: Callable[[], None]) -> None:
        """Keep this instead as the place does."""
        self._place.replace({**state, _MAX_TRIES: self._max_tries}, check)

    def hold(self) -> AbstractContextManager[bool]:
        """Keep other tries from writing as the place does."""
        return self._place.hold()


def task_checkpoint(context: Context, state_path: str | None) -> TaskCheckpoint | None:
    """Return the task's checkpoint.

    Parameters
    ----------
    context : Context
        Of the running task.
    state_path : str, optional
        Folder for state files, local or any ObjectStoragePath, where Airflow has no task state
        store (below 3.3); without it the note is an Airflow Variable.

    Returns
    -------
    TaskCheckpoint or None
        None: this is no task of a DAG run, and has no tries.
    """
    ti: Any = context.get("ti")
    if ti is None:
        return None
    first = getattr(ti, "try_number", 1) <= 1
    known: dict[str, Any] = {"look_back": _look_back(context), "blank": first}
    store = context.get("task_state_store")
    if store is not None:
        # Airflow answers no try but the latest: the others' ids are gone.
        return TaskCheckpoint(_in_store(store), ti.max_tries, fenced=True, **known)
    name = _name(ti)
    if state_path:
        return TaskCheckpoint(_in_folder(state_path, name), ti.max_tries, **known)
    variable = VariablePlace(f"{STATE_KEY}_{name}")
    return TaskCheckpoint(variable, ti.max_tries, discard=variable.delete, **known)


def _name(ti: Any) -> str:  # noqa: ANN401
    # Run ids hold characters that names can't; a digest can't leave the folder either.
    name = f"{ti.dag_id}\n{ti.run_id}\n{ti.task_id}\n{ti.map_index}"
    return hashlib.sha256(name.encode()).hexdigest()[:40]


def _look_back(context: Context) -> int | None:
    """Return a moment from before the first try; a cleared run counts as started anew."""
    run: Any = context.get("dag_run")
    planned = getattr(run, "run_after", None) or getattr(run, "logical_date", None)
    known = [t for t in (getattr(run, "start_date", None), planned) if t is not None]
    return int(min(known).timestamp() * 1000) - _MARGIN_MS if known else None


def _in_store(store: Any) -> Notes:  # noqa: ANN401
    return StoreNotes(store, STATE_KEY)


def _in_folder(folder: str, name: str) -> Notes:
    from airflow.providers.common.compat.sdk import ObjectStoragePath

    location = locate(ObjectStoragePath(folder) / f"{name}.json")
    if location.path is None:
        return FileNotes(location)
    return LocalFile(location.path, make_folder=True)


class VariablePlace:
    """Keep the note in an Airflow Variable, which outlives the try on every Airflow.

    Parameters
    ----------
    key : str
        The Variable's.
    """

    def __init__(self, key: str) -> None:
        self._key = key

    def load(self) -> dict[str, Any] | None:
        """Return what was saved last, or None.

        Raises
        ------
        UnreadableNote
            The Variable holds something else.
        """
        from airflow.providers.common.compat.sdk import Variable

        text = Variable.get(self._key, None)
        if text is None:
            return None
        with suppress(ValueError):
            note = json.loads(text)
            if isinstance(note, dict):
                return note
        raise UnreadableNote(f"the Variable {self._key} holds no note that can be read")

    def save(self, note: dict[str, Any]) -> None:
        """Keep this instead."""
        from airflow.providers.common.compat.sdk import Variable

        text = json.dumps(note)
        if len(text) > _MAX_CHARACTERS:  # what is not noted is looked up
            text = json.dumps({**note, "confirmed": None})
        Variable.set(self._key, text, "How far an import into AMS has come")

    def delete(self) -> None:
        """Remove the Variable."""
        from airflow.providers.common.compat.sdk import Variable

        Variable.delete(self._key)
