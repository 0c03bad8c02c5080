from __future__ import annotations

import warnings

import pytest

from airflow_provider_ams.ams import AMSClient
from airflow_provider_ams.ams import client as client_module
from tests.ams.ams_site import ZONE, Ticker, plant


@pytest.fixture(autouse=True)
def _no_traces(monkeypatch):
    """Start without credentials in the environment and without clients of earlier tests."""
    for name in ("AMS_URL", "AMS_USERNAME", "AMS_PASSWORD", "AMS_TIMEZONE"):
        monkeypatch.delenv(name, raising=False)
    client_module._clients.clear()


@pytest.fixture(autouse=True)
def _losses_are_meant():
    """Let tests overwrite events, as the library's own default does, without a remark."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


@pytest.fixture
def sandbox(ams_sandbox_server):
    """Return a sandbox with three people, a form, a form with a table and a profile form."""
    ams_sandbox_server.reset()
    plant(ams_sandbox_server)
    return ams_sandbox_server


@pytest.fixture
def ticker():
    return Ticker()


@pytest.fixture
def make_client(sandbox, ticker):
    """Build clients of the sandbox; they are closed at the end."""
    clients = []

    def make(**settings):
        defaults = {"timezone": ZONE, "clock": ticker.clock()}
        client = AMSClient(
            sandbox.url, sandbox.username, sandbox.password, **{**defaults, **settings}
        )
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(make_client):
    return make_client()
