"""`login_check`: does the connection work, in words."""

from __future__ import annotations

from typing import NamedTuple

from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.errors import AMSError
from airflow_provider_ams.ams.forms.catalogue import form_summaries
from airflow_provider_ams.transport import RetryPolicy


class LoginCheck(NamedTuple):
    """What came of a check.

    Parameters
    ----------
    ok : bool
        Whether the account can work.
    message : str
        Who is logged in where and sees what, or what to mend; no secret is in it.
    """

    ok: bool
    message: str


def login_check(
    url: str | None = None,
    username: str | None = None,
    password: str | None = None,
    *,
    client: AMSClient | None = None,
) -> LoginCheck:
    """Log in, look at the forms, and say in words what works or what to mend; raises nothing.

    Somebody is waiting for the answer, so nothing is tried twice. On the command line, with the
    settings of the environment or keyring: ``python -m airflow_provider_ams.ams check``.

    Parameters
    ----------
    url, username, password : str, optional
        Else the environment (``AMS_URL``, ``AMS_USERNAME``, ``AMS_PASSWORD``), else keyring.
    client : AMSClient, optional
        Use this client, and none of the above.

    Returns
    -------
    LoginCheck
        ``ok`` and ``message``.
    """
    own = None
    try:
        if client is None:
            client = own = AMSClient(url, username, password, retry=RetryPolicy(tries=1))
        account = client.login()
        forms = form_summaries(client)
    except AMSError as error:
        return LoginCheck(False, str(error))
    finally:
        del password  # no traceback that shows locals may show it
        if own is not None:
            own.close()
    who = f"Logged in to {client.url} as {account['username']}"
    if forms is None:
        words = f"{who}. The account may not list forms, so access to them is not checked."
        return LoginCheck(True, words)
    if not any(forms.values()):
        return LoginCheck(False, f"{who}, but the account opens no form: give it a role that does.")
    counts = f"{len(forms['event'])} event and {len(forms['profile'])} profile forms"
    return LoginCheck(True, f"{who}; {counts}.")
