"""*Test* on Airflow's page of a connection, by the function behind it, and a way past its bug."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("airflow.api_fastapi.core_api.routes.public.connections")
pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("airflow_db")]


@pytest.fixture
def stored(ams_sandbox, monkeypatch):
    """Store a connection as the page does; returns what its *Test* sends, the password masked."""
    from airflow.models.connection import Connection
    from airflow.utils.session import create_session

    monkeypatch.setenv("AIRFLOW__CORE__TEST_CONNECTION", "Enabled")
    fields = {"host": ams_sandbox.url, "login": ams_sandbox.username}
    with create_session() as session:
        session.query(Connection).filter_by(conn_id="ams_page").delete()
        made = Connection(
            conn_id="ams_page", conn_type="ams", password=ams_sandbox.password, **fields
        )
        session.add(made)
    # The page sends 0 for a port that is empty.
    body = {"connection_id": "ams_page", "conn_type": "ams", "password": "***", "port": 0, **fields}
    yield body
    with create_session() as session:
        session.query(Connection).filter_by(conn_id="ams_page").delete()


def press(body):
    from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from airflow.api_fastapi.core_api.datamodels.connections import ConnectionBody
    from airflow.api_fastapi.core_api.routes.public.connections import test_connection

    user = SimpleAuthManagerUser(username="admin", role="ADMIN")
    return test_connection(
        ConnectionBody.model_validate(json.loads(json.dumps(body))), user, SimpleAuthManager()
    )


def test_a_typed_password_is_tested(stored, ams_sandbox):
    answer = press(stored | {"password": ams_sandbox.password})
    assert answer.status, answer.message
    assert answer.message.startswith(f"Logged in to {ams_sandbox.url} as api.account")


def test_a_stored_password_is_not(stored):
    """If this fails, Airflow has mended its page: the README need not say so any longer."""
    from fastapi import HTTPException

    with pytest.raises(HTTPException, match="host or port to test differs"):
        press(stored)
