from __future__ import annotations

import pytest

from airflow_provider_ams.ams import client as client_module


@pytest.fixture(autouse=True)
def _no_traces(monkeypatch):
    for name in ("AMS_URL", "AMS_USERNAME", "AMS_PASSWORD", "AMS_TIMEZONE"):
        monkeypatch.delenv(name, raising=False)
    client_module._clients.clear()
