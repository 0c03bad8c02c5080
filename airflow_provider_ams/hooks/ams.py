"""Turn an Airflow connection of type ``ams`` into a client of the AMS library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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

    from airflow_provider_ams.ams import AMSClient


class AmsHook(BaseHook):
    """Connect to Teamworks AMS.

    The connection holds the URL with the site in host (``https://example.smartabase.com/site``),
    the user name in login and the password. Extras, all optional: ``timezone`` (IANA name of the
    site's time zone), ``batch_size``, ``connect_timeout`` and ``read_timeout`` (seconds),
    ``app_id``, ``ca_bundle`` (path of a PEM file on the worker), ``deadline`` (seconds for a
    request and its whole reply) and ``max_reply_bytes``.

    Parameters
    ----------
    ams_conn_id : str
        The connection's id.
    """

    conn_name_attr = "ams_conn_id"
    default_conn_name = "ams_default"
    conn_type = "ams"
    hook_name = "Teamworks AMS"

    def __init__(self, ams_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.ams_conn_id = ams_conn_id
        self._settings: dict[str, Any] | None = None
        self._client: AMSClient | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """What the connection says; see `read_connection`."""
        if self._settings is None:
            self._settings = read_connection(self.get_connection(self.ams_conn_id))
        return self._settings

    @property
    def site(self) -> str | None:
        """The site's address; None as long as the connection has not been read."""
        return None if self._settings is None else str(self._settings["url"])

    def get_conn(self) -> AMSClient:
        """Return the client, the same one on every call; it logs in when it is first used.

        Raises
        ------
        AMSConfigurationError
            The connection lacks something or holds something that can't be used.
        """
        if self._client is None:
            self._client = self._make_client()
        return self._client

    def _make_client(self, **settings: Any) -> AMSClient:  # noqa: ANN401
        from airflow_provider_ams.ams.client import AMSClient

        for_imports = ("batch_size",)
        known = {k: v for k, v in self.settings.items() if k not in for_imports}
        where = f"extra 'timezone' of connection {self.ams_conn_id!r}"
        return AMSClient(**known, **settings, on_token=mask, zone_setting=where)

    def close(self) -> None:
        """Close the client's connections."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def test_connection(self) -> tuple[bool, str]:
        """Log in, look at the forms, and say in words what works or what to mend."""
        from airflow_provider_ams.ams import login_check
        from airflow_provider_ams.ams.errors import AMSError
        from airflow_provider_ams.transport import RetryPolicy

        try:
            # Somebody is waiting for the answer: no retries.
            self._client = self._make_client(retry=RetryPolicy(tries=1))
            check = login_check(client=self._client)
            return check.ok, check.message
        except AMSError as error:
            return False, str(error)
        finally:
            self.close()

    get_connection_form_widgets = classmethod(form_widgets)
    get_ui_field_behaviour = classmethod(field_behaviour)


def read_connection(conn: Connection) -> dict[str, Any]:
    """Read a connection into the keyword arguments of a client, and ``batch_size``.

    Parameters
    ----------
    conn : Connection
        An Airflow connection of type ``ams``.

    Raises
    ------
    AMSConfigurationError
        URL, login or password are missing, or an extra can't be read.
    """
    from airflow_provider_ams.ams.errors import AMSConfigurationError
    from airflow_provider_ams.transport import hidden

    needed = {"URL (host)": conn.host, "user name (login)": conn.login}
    missing = [label for label, value in needed.items() if not value]
    if not conn.password:
        missing.append("password")
    if missing:
        raise AMSConfigurationError(
            f"Connection {conn.conn_id!r} has no {', no '.join(missing)}.",
            hint="Fill it in under Admin > Connections.",
        )
    password = hidden(conn.password) or ""
    mask(password)
    settings = {"url": connection_url(conn), "username": conn.login, "password": password}
    return settings | read_extras(conn, AmsHook.conn_type, AMSConfigurationError)
