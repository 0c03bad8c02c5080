"""A plan as JSON: kept, fingerprinted, sealed with a key, and read back as it was."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Sequence
from typing import Any

import orjson
import pandas as pd

from airflow_provider_ams.ams.errors import AMSConfigurationError
from airflow_provider_ams.ams.plan.contents import ACTIONS, UPDATE, Contents, Deletion, Rejection
from airflow_provider_ams.ams.plan.diff import Change
from airflow_provider_ams.ams.positions import EventNo, InputRow
from airflow_provider_ams.ams.prepare.events import EventSet
from airflow_provider_ams.ams.reasons import Reason
from airflow_provider_ams.transport.files import FileProblem, locate

VERSION = 3
_PARTS = {"version", "digest", "seal", "plan"}
_OPTIONS = orjson.OPT_SERIALIZE_NUMPY
_SHORTEST_KEY = 16
_BROKEN = (KeyError, TypeError, ValueError, IndexError, AttributeError)

Keys = bytes | Sequence[bytes] | None


def plan_digest(plan: Contents) -> str:
    """Return a fingerprint of everything that a plan holds."""
    return _digest(VERSION, _content(plan))


def dump_plan(plan: Contents, key: bytes | None) -> bytes:
    """Return a plan as JSON, sealed if there is a key."""
    content = _content(plan)
    digest = _digest(VERSION, content)
    packed: dict[str, Any] = {"version": VERSION, "digest": digest, "plan": content}
    if key is not None:
        packed["seal"] = _seal(key, digest)
    return orjson.dumps(packed, default=str, option=_OPTIONS)


def load_contents(source: bytes | str | os.PathLike[str], key: Keys) -> dict[str, Any]:
    """Read what a plan holds back from JSON or a file; see `Plan.load`."""
    packed = _packed(source if isinstance(source, bytes) else _read(source))
    digest = packed["digest"]
    if key is not None:
        _check_seal([key] if isinstance(key, bytes) else key, digest, packed.get("seal"))
    # First as it is in the file: what is not read must not have been altered either.
    if _digest(packed["version"], packed["plan"]) != digest:
        raise _altered()
    try:
        parts = _parts(packed["plan"])
        plan = Contents(**parts)
        intact = plan_digest(plan) == digest and _is_whole(plan)
    except _BROKEN:
        raise _no_plan() from None
    if not intact:
        raise _altered()
    return parts


def _read(source: str | os.PathLike[str]) -> bytes:
    try:
        return locate(source).read()
    except FileProblem as problem:
        raise AMSConfigurationError(problem.message, hint=problem.hint or None) from None


def _packed(data: bytes) -> dict[str, Any]:
    try:
        packed = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise _no_plan() from None
    known = isinstance(packed, dict) and set(packed) | {"seal"} == _PARTS
    if not known or not isinstance(packed["digest"], str):
        raise _no_plan()
    if packed["version"] != VERSION:
        raise AMSConfigurationError(
            "The plan was made by another version of this library.", hint="Make a new one."
        )
    return dict(packed)


def _no_plan() -> AMSConfigurationError:
    return AMSConfigurationError("This is no plan of an import.")


def _altered() -> AMSConfigurationError:
    return AMSConfigurationError(
        "The plan has been altered since it was made.", hint="Make a new one."
    )


# ---------------------------------------------------------------- its content


def _content(plan: Contents) -> dict[str, Any]:
    content = {name: getattr(plan, name) for name in plan.__dataclass_fields__}
    events = plan.events
    content["events"] = {name: getattr(events, name) for name in events.__dataclass_fields__}
    content["row_labels"] = plan.row_labels.tolist()
    content["changes"] = {str(e): [list(c) for c in cs] for e, cs in plan.changes.items()}
    content["differing"] = {str(e): names for e, names in plan.differing.items()}
    content["deletes"] = [list(d) for d in plan.deletes]
    content["rejects"] = {
        str(p): [[list(reason) for reason in r.reasons], r.user_id, r.event_id]
        for p, r in plan.rejects.items()
    }
    return content


def _parts(content: dict[str, Any]) -> dict[str, Any]:
    found = dict(content)
    found["events"] = EventSet(**found["events"])
    found["row_labels"] = _labels(found["row_labels"])
    found["changes"] = {
        EventNo(int(e)): [Change(*c) for c in cs] for e, cs in found["changes"].items()
    }
    found["differing"] = {EventNo(int(e)): list(ns) for e, ns in found["differing"].items()}
    found["rejects"] = {
        InputRow(int(p)): Rejection(tuple(Reason(*reason) for reason in reasons), *who)
        for p, (reasons, *who) in found["rejects"].items()
    }
    found["deletes"] = [Deletion(*d) for d in found["deletes"]]
    return found


def _labels(found: list[Any]) -> pd.Index:
    labels = [tuple(label) if isinstance(label, list) else label for label in found]
    index = pd.Index(labels)
    # Numbers with a gap must not turn into floats.
    same = repr(index.tolist()) == repr(labels)
    return index if same else pd.Index(labels, dtype=object, tupleize_cols=False)


def _is_whole(plan: Contents) -> bool:
    """Tell whether the parts fit each other."""
    events = plan.events
    count = len(events)
    heads = ("rows", "start_days", "start_minutes", "end_days", "end_minutes", "event_ids")
    columns = [getattr(events, name) for name in heads] + list(events.fields.values())
    updates = [i for i, a in zip(events.event_ids, plan.actions, strict=True) if a == UPDATE]
    rows = [*plan.rejects, *(row for rows in events.rows for row in rows)]
    return (
        all(len(column) == count for column in columns)
        and set(plan.actions) <= set(ACTIONS[:3])
        and (None not in updates or plan.form_type != "event")
        and all(0 <= event < count for event in (*plan.changes, *plan.differing))
        and all(0 <= row < plan.row_count for row in rows)
        and len(plan.row_labels) == plan.row_count
        and events.form == plan.form
    )


# ---------------------------------------------------------------- digest and seal


def _digest(version: object, content: object) -> str:
    whole = {"version": version, "plan": content}
    return hashlib.sha256(orjson.dumps(whole, default=str, option=_OPTIONS)).hexdigest()


def _seal(key: bytes, digest: str) -> str:
    if len(key) < _SHORTEST_KEY:
        raise AMSConfigurationError(f"A plan's key needs {_SHORTEST_KEY} bytes at least.")
    return hmac.new(key, f"plan {digest}".encode(), "sha256").hexdigest()


def _check_seal(keys: Sequence[bytes], digest: str, seal: object) -> None:
    if not isinstance(seal, str):
        raise AMSConfigurationError(
            "The plan is not sealed with a key.", hint="Make a new one with the key."
        )
    if not any(hmac.compare_digest(_seal(k, digest).encode(), seal.encode()) for k in keys):
        raise AMSConfigurationError(
            "The plan is not sealed with this key, or has been altered since it was made.",
            hint="Make a new one; who makes a plan and who applies it need the same key.",
        )
