"""Airflow's branching, wherever this Airflow has it."""

from __future__ import annotations

try:
    from airflow.providers.common.compat.sdk import BranchMixIn
except ImportError:  # Airflow 2.11 with common-compat below 1.20
    from airflow.operators.branch import BranchMixIn  # type: ignore[import-not-found, no-redef]

__all__ = ["BranchMixIn"]
