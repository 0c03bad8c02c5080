"""What both client libraries need to talk HTTP: session, retry rules, clock, progress."""

from __future__ import annotations

from airflow_provider_ams.transport.clock import Clock
from airflow_provider_ams.transport.http import HTTPSession, Reply, TransportError, check_base_url
from airflow_provider_ams.transport.progress import Console, PromptError
from airflow_provider_ams.transport.retry import RetryBudget, RetryPolicy, parse_retry_after

__all__ = [
    "Clock",
    "Console",
    "HTTPSession",
    "PromptError",
    "Reply",
    "RetryBudget",
    "RetryPolicy",
    "TransportError",
    "check_base_url",
    "parse_retry_after",
]
