from __future__ import annotations

import pytest

from airflow_provider_ams.sandbox import SandboxProcess


@pytest.fixture(scope="session")
def site():
    """Run one sandbox for all examples."""
    with SandboxProcess(port=0) as sandbox:
        yield sandbox
