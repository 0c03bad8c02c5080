"""`get_forms` and `get_form_schema`."""

from __future__ import annotations

import pandas as pd

from airflow_provider_ams.ams.api.call import Connection, calling
from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.errors import AMSPermissionError
from airflow_provider_ams.ams.forms.catalogue import check_form, list_forms, read_schema
from airflow_provider_ams.ams.forms.schema import FormSchema
from airflow_provider_ams.ams.options.plans import FormOption


def get_forms(
    url: str | None = None,
    username: str | None = None,
    password: str | None = None,
    *,
    option: FormOption | None = None,
    client: AMSClient | None = None,
) -> pd.DataFrame:
    """Read the list of forms that the account can open.

    Parameters
    ----------
    url, username, password : str, optional
        Else the environment (``AMS_URL``, ``AMS_USERNAME``, ``AMS_PASSWORD``), else keyring.
    option : FormOption, optional
        How to.
    client : AMSClient, optional
        Use this client.

    Returns
    -------
    DataFrame
        ``form_id`` (int64), ``form``, ``type`` (``event``, ``profile``, ``database``,
        ``linkedOnlyEvent``, ``linkedOnlyProfile``), ``category``, ``read_only``, ``group_entry``.

    Raises
    ------
    AMSPermissionError
        The account may not list forms.
    """
    option = option or FormOption()
    where = Connection(url, username, password, client)
    del password  # no traceback that shows locals may show it
    with calling(where, option, "Failed to read forms") as call:
        entries = list_forms(call.client, cache=False)
        if entries is None:
            raise AMSPermissionError("The account may not list forms.", endpoint="forms/summaries")
        call.console.done(f"Read {len(entries)} forms")
    return pd.DataFrame(
        {
            "form_id": pd.Series([e.id for e in entries], dtype="int64"),
            "form": pd.Series([e.name for e in entries], dtype=object),
            "type": pd.Series([e.type for e in entries], dtype=object),
            "category": pd.Series([e.category for e in entries], dtype=object),
            "read_only": pd.Series([e.read_only for e in entries], dtype=bool),
            "group_entry": pd.Series([e.group_entry for e in entries], dtype=bool),
        }
    )


def get_form_schema(
    form: str,
    url: str | None = None,
    username: str | None = None,
    password: str | None = None,
    *,
    option: FormOption | None = None,
    client: AMSClient | None = None,
) -> pd.DataFrame:
    """Read what a form is made of: one row for each field, in the order of the form.

    Parameters
    ----------
    form : str
        Exact name of the form.
    url, username, password : str, optional
        Else the environment (``AMS_URL``, ``AMS_USERNAME``, ``AMS_PASSWORD``), else keyring.
    option : FormOption, optional
        Which type of form, and how to.
    client : AMSClient, optional
        Use this client.

    Returns
    -------
    DataFrame
        ``page``, ``section``, ``field``, ``item_type``, ``kind`` (what values look like, or
        ``unknown``), ``instructions`` (text), ``required``,
        ``table``, ``calculated``, ``linked``, ``personal``, ``writable`` (bool) and ``options``
        (a tuple of texts for each row, empty if any value will do).

    Raises
    ------
    AMSConfigurationError
        There is no such form.
    AMSPermissionError
        The account may not see the form's schema.
    """
    option = option or FormOption()
    where = Connection(url, username, password, client)
    del password  # no traceback that shows locals may show it
    with calling(where, option, "Failed to read the form") as call:
        check_form(call.client, form, option.form_type)
        schema = read_schema(
            call.client,
            form,
            option.form_type,
            cache=False,
            types=option.types,
            table=option.table,
        )
        if schema is None:
            raise AMSPermissionError(
                f"The account may not see the schema of '{form}'.", endpoint="forms"
            )
        call.console.done(f"Read {len(schema.fields)} fields of '{form}'")
    return _schema_frame(schema)


def _schema_frame(schema: FormSchema) -> pd.DataFrame:
    columns: dict[str, tuple[str, type]] = {
        "page": ("page", object),
        "section": ("section", object),
        "field": ("name", object),
        "item_type": ("item_type", object),
        "kind": ("kind", object),
        "required": ("required", bool),
        "options": ("options", object),
        "table": ("table", bool),
        "calculated": ("calculated", bool),
        "linked": ("linked", bool),
        "personal": ("personal", bool),
        "writable": ("writable", bool),
        "instructions": ("instructions", object),
    }
    return pd.DataFrame(
        {
            column: pd.Series([getattr(f, name) for f in schema.fields], dtype=kind)
            for column, (name, kind) in columns.items()
        }
    )
