"""What both hooks read out of a connection, and the form in which people fill it in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseHook, Connection

    class FormHook(BaseHook):
        """A hook as Airflow's list of connection types has it."""

        conn_type: str


def mask(secret: str) -> None:
    """Have Airflow put ``***`` in the place of a secret, in every log of this process."""
    from airflow.providers.common.compat.sdk import mask_secret

    # Plain text: what goes to Airflow's supervisor is encoded by its exact type.
    mask_secret(str(secret))


_READERS = {"string": str, "integer": int, "number": float}
# Extras that a client knows by another name.
_ARGUMENTS = {"ca_bundle": "verify"}


def connection_url(conn: Connection) -> str:
    """Return a connection's URL, from host alone or from the parts that a URI is cut into.

    ``ams://user:password@host:port/site`` reaches a hook as host, port and schema (the path).
    Without a scheme the URL is https, on this machine itself http.
    """
    host, schema = (conn.host or "").strip().rstrip("/"), (conn.schema or "").strip("/ ")
    if schema.lower() in ("http", "https"):
        host, schema = f"{schema.lower()}://{host.split('://')[-1]}", ""
    if "://" not in host:
        local = urlsplit(f"//{host}").hostname in ("localhost", "127.0.0.1", "::1")
        host = f"{'http' if local else 'https'}://{host}"
    parts = urlsplit(host)
    if conn.port and ":" not in parts.netloc.rsplit("]")[-1]:
        host = parts._replace(netloc=f"{parts.netloc}:{conn.port}").geturl()
    return f"{host}/{schema}" if schema else host


def read_extras(conn: Connection, conn_type: str, error: type[Exception]) -> dict[str, Any]:
    """Return a connection's extras as keyword arguments of a client.

    Parameters
    ----------
    conn : Connection
        Empty extras are as good as none.
    conn_type : str
        Whose fields, with their types, the provider declares in `get_provider_info`.
    error : type
        Raised, with words, when a value is not of the field's type.
    """
    given = {k: v for k, v in conn.extra_dejson.items() if v not in (None, "")}
    settings = {}
    for name, field in declared(conn_type)["conn-fields"].items():
        if name in given:
            try:
                value = _READERS[field["schema"]["type"][0]](given[name])
            except (TypeError, ValueError):
                raise error(
                    f"{name} in the extras of connection {conn.conn_id!r} is not a number."
                ) from None
            settings[_ARGUMENTS.get(name, name)] = value
    return settings


def declared(conn_type: str) -> dict[str, Any]:
    """Return what the provider declares about a type of connection."""
    from airflow_provider_ams.get_provider_info import get_provider_info

    types = get_provider_info()["connection-types"]
    return next(dict(t) for t in types if t["connection-type"] == conn_type)


# Airflow below 3.2 takes the form from two class methods, which must be in the hook's own
# namespace (inherited ones it skips): a hook's class body makes class methods of these.


def form_widgets(hook: type[FormHook]) -> dict[str, Any]:
    """Return the form's extra fields, for Airflow below 3.2."""
    try:
        from flask_appbuilder.fieldwidgets import BS3TextFieldWidget
        from flask_babel import lazy_gettext
        from wtforms import IntegerField, StringField
    except ImportError:
        return {}
    return {
        name: (StringField if field["schema"]["type"][0] == "string" else IntegerField)(
            lazy_gettext(field["label"]),
            description=field["description"],
            widget=BS3TextFieldWidget(),
        )
        for name, field in declared(hook.conn_type)["conn-fields"].items()
    }


def field_behaviour(hook: type[FormHook]) -> dict[str, Any]:
    """Return labels and hidden fields of the form, for Airflow below 3.2."""
    behaviour = declared(hook.conn_type)["ui-field-behaviour"]
    return {key.replace("-", "_"): value for key, value in behaviour.items()}
