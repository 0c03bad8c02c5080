"""Who may use the control plane: this machine, and no web page from elsewhere."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

Refused = tuple[int, str]


def refused(headers: Mapping[str, str], has_body: bool) -> Refused | None:
    """Return status and reason when a control call must not be served.

    A page that a browser has open could otherwise reset the sandbox: by a plain form post, or by
    a host name of its own that it lets point at this machine.
    """
    host, origin = headers.get("host", ""), headers.get("origin")
    if not is_loopback(host):
        return 403, "the control plane answers to loopback host names only"
    if origin is not None and urlsplit(origin).netloc != host:
        return 403, "the control plane answers no page of another origin"
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if has_body and kind != "application/json":
        return 415, "the body must be application/json"
    return None


def is_loopback(host: str) -> bool:
    """Tell whether a ``Host`` header names this machine."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
