"""What both client libraries stand on: HTTP, retries, calls in flight, files, notes, progress.

Nothing is imported until it is asked for, so that pure rules stay cheap to import.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_ams.transport.clock import Clock
    from airflow_provider_ams.transport.errors import ClientError, describe_rows
    from airflow_provider_ams.transport.files import (
        FileProblem,
        Location,
        atomic_writer,
        locate,
        write_atomic,
    )
    from airflow_provider_ams.transport.held import HeldBody, WithheldError
    from airflow_provider_ams.transport.http import (
        HTTPSession,
        Reply,
        TransportError,
        check_base_url,
        check_header,
        cookie,
    )
    from airflow_provider_ams.transport.in_flight import InFlight
    from airflow_provider_ams.transport.notes import (
        FileNotes,
        Notes,
        StoreNotes,
        UnreadableNote,
    )
    from airflow_provider_ams.transport.progress import Bar, Console, PromptError
    from airflow_provider_ams.transport.retry import (
        GiveUp,
        Retrier,
        RetryBudget,
        RetryPolicy,
        parse_retry_after,
    )
    from airflow_provider_ams.transport.tolerance import Tolerance, rejected_limit

_HOMES = {
    "Bar": "progress",
    "ClientError": "errors",
    "Clock": "clock",
    "Console": "progress",
    "FileNotes": "notes",
    "FileProblem": "files",
    "GiveUp": "retry",
    "HTTPSession": "http",
    "HeldBody": "held",
    "InFlight": "in_flight",
    "Location": "files",
    "Notes": "notes",
    "PromptError": "progress",
    "Reply": "http",
    "Retrier": "retry",
    "RetryBudget": "retry",
    "RetryPolicy": "retry",
    "StoreNotes": "notes",
    "Tolerance": "tolerance",
    "TransportError": "http",
    "UnreadableNote": "notes",
    "WithheldError": "held",
    "atomic_writer": "files",
    "check_base_url": "http",
    "check_header": "http",
    "cookie": "http",
    "describe_rows": "errors",
    "locate": "files",
    "parse_retry_after": "retry",
    "rejected_limit": "tolerance",
    "write_atomic": "files",
}

__all__ = [
    "Bar",
    "ClientError",
    "Clock",
    "Console",
    "FileNotes",
    "FileProblem",
    "GiveUp",
    "HTTPSession",
    "HeldBody",
    "InFlight",
    "Location",
    "Notes",
    "PromptError",
    "Reply",
    "Retrier",
    "RetryBudget",
    "RetryPolicy",
    "StoreNotes",
    "Tolerance",
    "TransportError",
    "UnreadableNote",
    "WithheldError",
    "atomic_writer",
    "check_base_url",
    "check_header",
    "cookie",
    "describe_rows",
    "locate",
    "parse_retry_after",
    "rejected_limit",
    "write_atomic",
]


def __getattr__(name: str) -> object:
    """Import a public name on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
