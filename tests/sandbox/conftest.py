from __future__ import annotations

from collections.abc import Iterator

import pytest
from sandbox_wire import Wire

from airflow_provider_ams.sandbox import Sandbox


@pytest.fixture
def wire(ams_sandbox: Sandbox) -> Iterator[Wire]:
    wire = Wire(ams_sandbox)
    yield wire
    wire.http.close()
