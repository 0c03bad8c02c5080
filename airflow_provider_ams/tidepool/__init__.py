"""The Tidepool client library: historical events from any file, checked, tracked, resumable.

Nothing is imported until it is asked for, so that errors and options stay cheap to import.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_ams.tidepool.api import ingest, track_events, validate_events
    from airflow_provider_ams.tidepool.client import TidepoolClient
    from airflow_provider_ams.tidepool.errors import (
        TidepoolConfigurationError,
        TidepoolError,
        TidepoolInputError,
        TidepoolJournalError,
        TidepoolPermissionError,
        TidepoolRejectedError,
        TidepoolTransientError,
        TidepoolUnknownOutcomeError,
    )
    from airflow_provider_ams.tidepool.journal import FileJournal, Journal, SnapshotJournal
    from airflow_provider_ams.tidepool.options import IngestOption
    from airflow_provider_ams.tidepool.result import IngestResult, RejectedRow, ResentRows

_HOMES = {
    "TidepoolClient": "client",
    "TidepoolConfigurationError": "errors",
    "TidepoolError": "errors",
    "TidepoolInputError": "errors",
    "TidepoolJournalError": "errors",
    "TidepoolPermissionError": "errors",
    "TidepoolRejectedError": "errors",
    "TidepoolTransientError": "errors",
    "TidepoolUnknownOutcomeError": "errors",
    "FileJournal": "journal",
    "Journal": "journal",
    "SnapshotJournal": "journal",
    "IngestOption": "options",
    "IngestResult": "result",
    "RejectedRow": "result",
    "ResentRows": "result",
    "ingest": "api",
    "track_events": "api",
    "validate_events": "api",
}

__all__ = [
    "FileJournal",
    "IngestOption",
    "IngestResult",
    "Journal",
    "RejectedRow",
    "ResentRows",
    "SnapshotJournal",
    "TidepoolClient",
    "TidepoolConfigurationError",
    "TidepoolError",
    "TidepoolInputError",
    "TidepoolJournalError",
    "TidepoolPermissionError",
    "TidepoolRejectedError",
    "TidepoolTransientError",
    "TidepoolUnknownOutcomeError",
    "ingest",
    "track_events",
    "validate_events",
]


def __getattr__(name: str) -> object:
    """Import a public name on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
