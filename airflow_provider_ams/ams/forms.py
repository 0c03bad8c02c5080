"""Forms by name and type."""

from __future__ import annotations

from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.errors import AMSConfigurationError, AMSPermissionError

_KINDS = {
    "event": ("event", "linkedOnlyEvent"),
    "profile": ("profile", "linkedOnlyProfile"),
    "database": ("database",),
}


def form_summaries(client: AMSClient) -> dict[str, dict[str, int]] | None:
    """Return form ids by type and name; None if the account may not list forms."""
    if "forms" not in client.cached:
        try:
            data = client.read("v3/forms/summaries", method="GET")
        except (AMSPermissionError, AMSConfigurationError):
            data = None
        client.cached["forms"] = _by_kind(data) if isinstance(data, dict) else None
    return client.cached["forms"]  # type: ignore[no-any-return]


def _by_kind(data: dict[str, list[dict[str, object]] | None]) -> dict[str, dict[str, int]]:
    return {
        kind: {
            str(form["name"]): int(str(form["id"])) for key in keys for form in data.get(key) or []
        }
        for kind, keys in _KINDS.items()
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
    known = form_summaries(client)
    if known is None or not any(known.values()) or form in known[kind]:
        return
    near = next((n for n in known[kind] if n.casefold() == form.strip().casefold()), None)
    article = "an" if kind == "event" else "a"
    hint = f"Did you mean {near!r}?" if near else "Check the name: AMS wants it exactly."
    raise AMSConfigurationError(f"Form '{form}' is not {article} {kind} form.", hint=hint)
