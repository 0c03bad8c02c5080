"""Where a task notes how far its import has come, so that its next try goes on from there."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

STATE_KEY = "ams_import"
_MAX_TRIES = "max_tries"


class TaskCheckpoint:
    """A note that outlives the try; it knows a retry from a manual clear.

    Parameters
    ----------
    load, save : callable
        Read and write one small JSON object.
    max_tries : int
        The task instance's; it stays over retries and grows when a person clears the task.

    Attributes
    ----------
    trust : bool
        False after a manual clear: then what was confirmed is looked up in AMS again.
    """

    def __init__(
        self,
        load: Callable[[], dict[str, Any] | None],
        save: Callable[[dict[str, Any]], None],
        max_tries: int,
    ) -> None:
        self.trust = True
        self._load, self._save, self._max_tries = load, save, max_tries

    def load(self) -> dict[str, Any] | None:
        """Return what an earlier try has noted."""
        state = self._load()
        if not state:
            return None
        self.trust = state.pop(_MAX_TRIES, None) == self._max_tries
        return state

    def save(self, state: dict[str, Any]) -> None:
        """Keep this instead."""
        self._save({**state, _MAX_TRIES: self._max_tries})


def task_checkpoint(context: Context, state_path: str | None) -> TaskCheckpoint | None:
    """Return the task's checkpoint.

    Parameters
    ----------
    context : Context
        Of the running task.
    state_path : str, optional
        Folder for state files, local or any ObjectStoragePath; used where Airflow has no task
        state store (below 3.3).

    Returns
    -------
    TaskCheckpoint or None
        None: there is no place for it.
    """
    store: Any = context.get("task_state_store")
    if store is not None:
        return TaskCheckpoint(
            lambda: store.get(STATE_KEY),
            lambda state: store.set(STATE_KEY, state),
            context["ti"].max_tries,
        )
    if not state_path:
        return None
    ti = context["ti"]
    file = _state_file(ti, state_path)
    return TaskCheckpoint(lambda: _read(file), lambda state: _write(file, state), ti.max_tries)


def _state_file(ti: Any, folder: str) -> Any:  # noqa: ANN401
    from airflow.providers.common.compat.sdk import ObjectStoragePath

    # Run ids hold characters that file names can't; a digest can't leave the folder either.
    name = f"{ti.dag_id}\n{ti.run_id}\n{ti.task_id}\n{ti.map_index}"
    return ObjectStoragePath(folder) / f"{hashlib.sha256(name.encode()).hexdigest()[:40]}.json"


def _read(file: Any) -> dict[str, Any] | None:  # noqa: ANN401
    import json

    try:
        with file.open("rb") as stream:
            return dict(json.loads(stream.read()))
    except FileNotFoundError:
        return None


def _write(file: Any, state: dict[str, Any]) -> None:  # noqa: ANN401
    import json

    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(state).encode()
    if file.protocol not in ("file", "local"):
        file.write_bytes(text)  # there when the upload is done, whole
        return
    # A worker killed while it writes must not leave half a note: no later try could read it.
    partial = f"{file.path}.partial"
    with open(partial, "wb") as stream:
        stream.write(text)
    os.replace(partial, file.path)
