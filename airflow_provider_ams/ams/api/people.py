"""`login`, `get_user` and `get_group`."""

from __future__ import annotations

from typing import Any

import pandas as pd

from airflow_provider_ams.ams.api.call import Connection, calling
from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.errors import AMSConfigurationError
from airflow_provider_ams.ams.options.reads import (
    GroupOption,
    LoginOption,
    UserFilter,
    UserOption,
)
from airflow_provider_ams.ams.people.roster import (
    COLUMNS,
    get_roster,
    read_groups,
    select_users,
    users_frame,
)


def login(
    url: str | None = None,
    username: str | None = None,
    password: str | None = None,
    *,
    option: LoginOption | None = None,
    client: AMSClient | None = None,
) -> dict[str, Any]:
    """Log in and return what AMS says of the account.

    Parameters
    ----------
    url, username, password : str, optional
        Else the environment (``AMS_URL``, ``AMS_USERNAME``, ``AMS_PASSWORD``), else keyring.
    option : LoginOption, optional
        How to.
    client : AMSClient, optional
        Use this client.

    Returns
    -------
    dict
        ``id``, ``username``, ``application_id``, ``permissions``; the session stays in the client.

    Raises
    ------
    AMSLoginError
        AMS does not accept user name, password or site.
    """
    option = option or LoginOption()
    where = Connection(url, username, password, client)
    del password  # no traceback that shows locals may show it
    with calling(where, option, "Failed to log in") as call:
        account = call.client.login()
        call.console.done("Logged in to AMS")
        return account


def get_user(
    url: str | None = None,
    username: str | None = None,
    password: str | None = None,
    *,
    filter: UserFilter | None = None,
    option: UserOption | None = None,
    client: AMSClient | None = None,
) -> pd.DataFrame:
    """Read the users that the account can see, or those that a filter chooses.

    Parameters
    ----------
    url, username, password : str, optional
        Else the environment (``AMS_URL``, ``AMS_USERNAME``, ``AMS_PASSWORD``), else keyring.
    filter : UserFilter, optional
        Whom to return.
    option : UserOption, optional
        Which columns.
    client : AMSClient, optional
        Use this client.

    Returns
    -------
    DataFrame
        One row for each user: ``user_id`` (int64), ``about`` (first and last name), ``username``,
        ``email``, ``first_name``, ``last_name``, ``middle_name``, ``known_as``, ``dob``
        (``dd/MM/yyyy``), ``sex``, ``uuid``, ``organisational_id``; text, None where AMS has none.
        Staff and inactive accounts are among them; AMS does not tell them apart here.

    Raises
    ------
    AMSConfigurationError
        The filter names nobody, or a column does not exist.
    """
    option = option or UserOption()
    wanted = list(option.columns) if option.columns is not None else list(COLUMNS)
    unknown = [c for c in wanted if c not in COLUMNS]
    if unknown:
        raise AMSConfigurationError(f"get_user has no columns {unknown}; it has {list(COLUMNS)}.")
    where = Connection(url, username, password, client)
    del password  # no traceback that shows locals may show it
    with calling(where, option, "Failed to read users") as call:
        roster = get_roster(call.client, cache=False)
        frame = users_frame(roster.users)
        if filter is not None and filter.user_key is not None:
            chosen = select_users(call.client, filter, cache=True)
            frame = frame[frame["user_id"].isin(chosen)].reset_index(drop=True)
        call.console.done(f"Read {len(frame)} users")
        return frame[wanted]


def get_group(
    url: str | None = None,
    username: str | None = None,
    password: str | None = None,
    *,
    option: GroupOption | None = None,
    client: AMSClient | None = None,
) -> pd.DataFrame:
    """Read the names of the groups that the account can see.

    Parameters
    ----------
    url, username, password : str, optional
        Else the environment (``AMS_URL``, ``AMS_USERNAME``, ``AMS_PASSWORD``), else keyring.
    option : GroupOption, optional
        How to.
    client : AMSClient, optional
        Use this client.

    Returns
    -------
    DataFrame
        One column, ``name``.

    Raises
    ------
    AMSReplyError
        AMS answered something else than a list of names.
    """
    option = option or GroupOption()
    where = Connection(url, username, password, client)
    del password  # no traceback that shows locals may show it
    with calling(where, option, "Failed to read groups") as call:
        names = read_groups(call.client)
        call.console.done(f"Read {len(names)} groups")
        return pd.DataFrame({"name": pd.Series(names, dtype=object)})
