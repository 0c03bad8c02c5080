"""The client's methods as functions, for one call from a notebook or a script."""

from __future__ import annotations

from airflow_provider_ams.tidepool.client import BASE_URL, TidepoolClient
from airflow_provider_ams.tidepool.options import IngestOption
from airflow_provider_ams.tidepool.result import IngestResult
from airflow_provider_ams.transport import hidden


def validate_events(
    events: object,
    *,
    api_key: str | None = None,
    base_url: str = BASE_URL,
    option: IngestOption | None = None,
) -> IngestResult:
    """Check rows here and let the server check them, without storing anything.

    Parameters
    ----------
    events : iterable of mapping, DataFrame, path or URL
        As `ingest` takes it.
    api_key, base_url : str, optional
        As for `TidepoolClient`.
    option : IngestOption, optional
        Default: every batch goes to the server, without a pause between them.

    Raises
    ------
    TidepoolError
        As `TidepoolClient.validate_events`.
    """
    api_key = hidden(api_key)
    with TidepoolClient(api_key, base_url) as client:
        return client.validate_events(events, option)


def track_events(
    events: object,
    *,
    api_key: str | None = None,
    base_url: str = BASE_URL,
    option: IngestOption | None = None,
) -> IngestResult:
    """Check rows and store them as events, without a journal: a repeated call repeats events.

    Parameters
    ----------
    events : iterable of mapping, DataFrame, path or URL
        As `ingest` takes it.
    api_key, base_url : str, optional
        As for `TidepoolClient`.
    option : IngestOption, optional
        Default: no call to ``/validate``, no pause between batches.

    Raises
    ------
    TidepoolError
        As `TidepoolClient.track_events`.
    """
    api_key = hidden(api_key)
    with TidepoolClient(api_key, base_url) as client:
        return client.track_events(events, option)


def ingest(
    source: object,
    *,
    api_key: str | None = None,
    base_url: str = BASE_URL,
    journal: object = None,
    option: IngestOption | None = None,
) -> IngestResult:
    """Validate a source and track it, going on where an earlier run was cut off.

    Parameters
    ----------
    source : path, URL, DataFrame or iterable of mapping
        CSV, JSON lines or Parquet in a local file or anywhere fsspec reaches; or rows.
    api_key, base_url : str, optional
        As for `TidepoolClient`.
    journal : Journal, path or URL, optional
        As for `TidepoolClient.ingest`.
    option : IngestOption, optional
        How. Default: as Tidepool's sample script does, which validates the first batch, and
        pauses for 0.2 seconds between batches.

    Raises
    ------
    TidepoolError
        As `TidepoolClient.ingest`.
    """
    api_key = hidden(api_key)
    with TidepoolClient(api_key, base_url) as client:
        return client.ingest(source, option, journal=journal)
