"""Forms by name and type, and what they are made of: `get_forms` and `get_form_schema`."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.errors import (
    AMSConfigurationError,
    AMSPermissionError,
)
from airflow_provider_ams.ams.forms.schema import FormSchema, schema_of
from airflow_provider_ams.ams.wire.endpoints import FORMS, form_schema
from airflow_provider_ams.ams.wire.records import FormList
from airflow_provider_ams.transport import clean

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


@dataclass
class _Known:
    """What one client has been told of forms; None: the account may not see it."""

    forms: list[FormEntry] | None = None
    listed: bool = False
    schemas: dict[tuple[str, str], FormSchema | None] = field(default_factory=dict)


_known: WeakKeyDictionary[AMSClient, _Known] = WeakKeyDictionary()


def _known_to(client: AMSClient) -> _Known:
    return _known.setdefault(client, _Known())


def list_forms(client: AMSClient, *, cache: bool = True) -> list[FormEntry] | None:
    """Return all forms that the account can open; None if it may not list forms.

    Raises
    ------
    AMSReplyError
        AMS answered something else than a list of forms.
    """
    known = _known_to(client)
    if not cache or not known.listed:
        try:
            known.forms = _entries(client.read(FORMS))
        except (AMSPermissionError, AMSConfigurationError):
            known.forms = None
        known.listed = True
    return known.forms


def _entries(found: FormList) -> list[FormEntry]:
    return [
        FormEntry(
            form.id,
            form.name,
            kind,
            form.category,
            form.read_only,
            form.group_entry,
        )
        for kind, forms in found.forms.items()
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
        raise AMSConfigurationError(
            f"form is {form!r}; it must be the name of a form.", hint="get_forms() lists them."
        )
    for cache in (True, False):  # a form may be newer than the list
        known = form_summaries(client, cache=cache)
        if known is None or not any(known.values()) or form in known[kind]:
            return
    assert known is not None
    raise AMSConfigurationError(
        f"Form '{form}' is not {_article(kind)} form.", hint=_hint(form, kind, known)
    )


def _article(kind: str) -> str:
    return f"an {kind}" if kind == "event" else f"a {kind}"


def _hint(form: str, kind: str, known: dict[str, dict[str, int]]) -> str:
    other = next((other for other, forms in known.items() if form in forms), None)
    if other is not None:
        return f"It is {_article(other)} form. Use what is for {other} forms, or another form."
    folded = {name.strip().casefold(): name for name in known[kind]}
    near = difflib.get_close_matches(form.strip().casefold(), folded, 3, 0.6)
    if not near:
        return "Check the name, which AMS wants exactly: get_forms() lists them."
    return f"Did you mean {' or '.join(repr(clean(folded[name])) for name in near)}?"


def read_schema(
    client: AMSClient,
    form: str,
    kind: str = "event",
    *,
    cache: bool = True,
    types: Mapping[str, str] | None = None,
    table: Sequence[str] | None = None,
) -> FormSchema | None:
    """Return what a form is made of; None if the account may not see it.

    Costs one request for each client and form, beside the list of forms.

    Parameters
    ----------
    client : AMSClient
        The client.
    form : str
        Exact name.
    kind : str
        ``event``, ``profile`` or ``database``.
    cache : bool
        False: ask AMS again.
    types : mapping, optional
        Field -> kind (`options.rules.KINDS`), which wins over what AMS tells.
    table : sequence of str, optional
        The columns of the form's table, if AMS does not tell, or not rightly.

    Raises
    ------
    AMSReplyError
        AMS answered something else than a form.
    AMSConfigurationError
        One of `types` is no kind.
    """
    schemas = _known_to(client).schemas
    if not cache or (kind, form) not in schemas:
        schemas[kind, form] = _read_schema(client, form, kind, cache)
    found = schemas[kind, form]
    return found.declare(types, table) if found is not None else None


def _read_schema(client: AMSClient, form: str, kind: str, cache: bool) -> FormSchema | None:
    entries = list_forms(client, cache=cache) or []
    named = [e for t in _KINDS[kind] for e in entries if e.type == t and e.name == form]
    if not named:
        return None
    try:
        tree = client.read(form_schema(named[0].type, named[0].id))
    except (AMSPermissionError, AMSConfigurationError):
        return None
    return schema_of(form, tree)
