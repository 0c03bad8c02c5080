"""Fixtures that come with the package: ``ams_sandbox``, a freshly seeded sandbox per test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from airflow_provider_ams.sandbox import Sandbox


@pytest.fixture(scope="session")
def ams_sandbox_server() -> Iterator[Sandbox]:
    """Run one sandbox for the whole session."""
    pytest.importorskip("fastapi", reason="needs airflow-provider-ams[sandbox]")
    from airflow_provider_ams.sandbox import Sandbox

    with Sandbox(port=0, seed=None) as server:
        yield server


@pytest.fixture
def ams_sandbox(ams_sandbox_server: Sandbox) -> Sandbox:
    """Return a sandbox with the demo data and nothing else."""
    ams_sandbox_server.reset(seed="demo")
    return ams_sandbox_server
