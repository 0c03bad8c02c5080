"""Forms by name and type, and what they are made of: `get_forms` and `get_form_schema`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.errors import (
    AMSConfigurationError,
    AMSPermissionError,
    AMSReplyError,
)
from airflow_provider_ams.ams.forms.schema import FormSchema, parse_schema

# Kind of form -> the types under which AMS lists it, the best one first.
_KINDS = {
    "event": ("event", "linkedOnlyEvent"),
    "profile": ("profile", "linkedOnlyProfile"),
    "database": ("database",),
}


@dataclass(frozen=True)
class FormEntry:
    """A form in AMS's list of forms."""

    id: int
    name: str
    type: str
    category: str
    read_only: bool
    group_entry: bool


def list_forms(client: AMSClient, *, cache: bool = True) -> list[FormEntry] | None:
    """Return all forms that the account can open; None if it may not list forms."""
    if not cache or "forms" not in client.cached:
        try:
            data = client.read("v3/forms/summaries", method="GET")
        except (AMSPermissionError, AMSConfigurationError):
            data = None
        client.cached["forms"] = _entries(data) if isinstance(data, dict) else None
    return client.cached["forms"]  # type: ignore[no-any-return]


def _entries(data: dict[str, Any]) -> list[FormEntry]:
    return [
        FormEntry(
            int(form["id"]),
            str(form["name"]),
            kind,
            str(form.get("mainCategory") or ""),
            bool(form.get("isReadOnly")),
            bool(form.get("groupEntryEnabled")),
        )
        for kind, forms in data.items()
        if isinstance(forms, list)
        for form in forms
    ]


def form_summaries(client: AMSClient, *, cache: bool = True) -> dict[str, dict[str, int]] | None:
    """Return form ids by kind and name; None if the account may not list forms."""
    entries = list_forms(client, cache=cache)
    if entries is None:
        return None
    return {
        kind: {e.name: e.id for t in reversed(types) for e in entries if e.type == t}
        for kind, types in _KINDS.items()
    }


def check_form(client: AMSClient, form: str, kind: str) -> None:
    """Make sure that a form of this type exists, before anything is read or sent.

    Costs one request for each client; accounts that may not list forms are not held up.

    Raises
    ------
    AMSConfigurationError
        There is no such form.
    """
    if not isinstance(form, str) or not form.strip():
        raise AMSConfigurationError("form must be the name of a form.")
    for cache in (True, False):  # a form may be newer than the list
        known = form_summaries(client, cache=cache)
        if known is None or not any(known.values()) or form in known[kind]:
            return
    assert known is not None
    near = next((n for n in known[kind] if n.casefold() == form.strip().casefold()), None)
    article = "an" if kind == "event" else "a"
    hint = f"Did you mean {near!r}?" if near else "Check the name: AMS wants it exactly."
    raise AMSConfigurationError(f"Form '{form}' is not {article} {kind} form.", hint=hint)


def read_schema(
    client: AMSClient, form: str, kind: str = "event", *, cache: bool = True
) -> FormSchema | None:
    """Return what a form is made of; None if the account may not see it.

    Costs one request for each client and form, beside the list of forms.

    Raises
    ------
    AMSReplyError
        AMS answered something else than a form.
    """
    known: dict[tuple[str, str], FormSchema | None] = client.cached.setdefault("schemas", {})
    if not cache or (kind, form) not in known:
        known[kind, form] = _read_schema(client, form, kind, cache)
    return known[kind, form]


def _read_schema(client: AMSClient, form: str, kind: str, cache: bool) -> FormSchema | None:
    entries = list_forms(client, cache=cache) or []
    named = [e for t in _KINDS[kind] for e in entries if e.type == t and e.name == form]
    if not named:
        return None
    path = f"v3/forms/{named[0].type}/{named[0].id}"
    try:
        tree = client.read(path, method="GET")
    except (AMSPermissionError, AMSConfigurationError):
        return None
    if not isinstance(tree, dict) or not isinstance(tree.get("children"), list):
        raise AMSReplyError("The form's schema can't be read.", endpoint="forms")
    return parse_schema(form, tree)
