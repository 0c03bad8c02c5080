"""Turn an Airflow connection of type ``tidepool`` into a client of the Tidepool library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow.providers.common.compat.sdk import BaseHook

from airflow_provider_ams.hooks._connection import (
    connection_url,
    field_behaviour,
    form_widgets,
    mask,
    read_extras,
)

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Connection

    from airflow_provider_ams.tidepool import TidepoolClient

_API_PATH = "/api/v1/events"
# Sent to be checked, never stored.
_SAMPLE = {"text": "Connection test", "timestamp": "2023-08-10T21:26:27.302Z", "id": "test"}


class TidepoolHook(BaseHook):
    """Connect to one Tidepool project.

    The connection holds the API key in password and the API's base URL in host; a host without a
    path means ``https://<host>/api/v1/events``, no host Tidepool's own. Extras, all optional:
    ``connect_timeout`` and ``read_timeout`` (seconds), ``ca_bundle`` (path of a PEM file on the
    worker), ``deadline`` (seconds for a request and its whole reply) and ``max_reply_bytes``.

    Parameters
    ----------
    tidepool_conn_id : str
        The connection's id.
    """

    conn_name_attr = "tidepool_conn_id"
    default_conn_name = "tidepool_default"
    conn_type = "tidepool"
    hook_name = "Tidepool"

    def __init__(self, tidepool_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.tidepool_conn_id = tidepool_conn_id
        self._client: TidepoolClient | None = None

    def get_conn(self) -> TidepoolClient:
        """Return the client, the same one on every call.

        Raises
        ------
        TidepoolConfigurationError
            The connection lacks something or holds something that can't be used.
        """
        if self._client is None:
            self._client = self._make_client()
        return self._client

    def _make_client(self, **settings: Any) -> TidepoolClient:  # noqa: ANN401
        from airflow_provider_ams.tidepool import TidepoolClient

        connection = self.get_connection(self.tidepool_conn_id)
        return TidepoolClient(**read_connection(connection), **settings)

    def close(self) -> None:
        """Close the client's connections."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def test_connection(self) -> tuple[bool, str]:
        """Let the server check one event, which stores nothing, and say in words what is wrong."""
        from airflow_provider_ams.tidepool import TidepoolError
        from airflow_provider_ams.transport import RetryPolicy

        try:
            # Somebody is waiting for the answer: no retries.
            with self._make_client(retry=RetryPolicy(tries=1)) as client:
                client.validate_events([_SAMPLE])
        except TidepoolError as error:
            return False, str(error)
        return True, f"Tidepool accepts the API key ({client!r}); nothing was stored."

    get_connection_form_widgets = classmethod(form_widgets)
    get_ui_field_behaviour = classmethod(field_behaviour)


def read_connection(conn: Connection) -> dict[str, Any]:
    """Read a connection into the keyword arguments of a client.

    Parameters
    ----------
    conn : Connection
        An Airflow connection of type ``tidepool``.

    Raises
    ------
    TidepoolConfigurationError
        The API key is missing, or an extra can't be read.
    """
    from airflow_provider_ams.tidepool import TidepoolConfigurationError, TidepoolPermissionError
    from airflow_provider_ams.transport import hidden

    if not conn.password:
        raise TidepoolPermissionError(
            f"connection {conn.conn_id!r} has no API key: put it into password, under "
            "Admin > Connections"
        )
    mask(conn.password)
    settings: dict[str, Any] = {"api_key": hidden(conn.password)}
    if (conn.host or "").strip():
        url = connection_url(conn)
        settings["base_url"] = url if urlsplit(url).path.strip("/") else url + _API_PATH
    return settings | read_extras(conn, TidepoolHook.conn_type, TidepoolConfigurationError)
