"""Find URL, user name and password: arguments, else environment, else keyring."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from airflow_provider_ams.ams.errors import AMSConfigurationError
from airflow_provider_ams.transport import check_base_url


@dataclass(frozen=True)
class Credentials:
    """Where and as whom to log in.

    Parameters
    ----------
    url : str
        Base URL with the site: ``https://host/site``.
    username, password : str
        The AMS user name (not the e-mail address) and its password.
    """

    url: str
    username: str = field(repr=False)
    password: str = field(repr=False)

    @property
    def site(self) -> str:
        """The site's (application's) name: the last part of the URL's path."""
        return self.url.rsplit("/", 1)[1]


def find_credentials(
    url: str | None = None, username: str | None = None, password: str | None = None
) -> Credentials:
    """Complete what was given from ``AMS_URL``, ``AMS_USERNAME``, ``AMS_PASSWORD`` and keyring.

    The keyring is asked for the service named like the URL, such as
    ``keyring set https://host/site my.user`` stores it.

    Raises
    ------
    AMSConfigurationError
        Something is missing, or the URL is not one of an AMS site.
    """
    address = _check_url(url or os.environ.get("AMS_URL", ""))
    name = username or os.environ.get("AMS_USERNAME", "")
    # A password out of the environment belongs to the user named there, and to no other.
    same_user = name == os.environ.get("AMS_USERNAME", name)
    secret = password or (os.environ.get("AMS_PASSWORD", "") if same_user else "")
    if not (name and secret):
        name, secret = _from_keyring(address, name, secret)
    missing = [what for what, value in (("user name", name), ("password", secret)) if not value]
    if missing:
        raise AMSConfigurationError(
            f"No {' and no '.join(missing)} for AMS.",
            hint="Pass username= and password=, or set AMS_USERNAME and AMS_PASSWORD, or store "
            "them in keyring under the URL.",
        )
    return Credentials(address, name, secret)


def _check_url(text: str) -> str:
    if not text:
        raise AMSConfigurationError(
            "No URL for AMS.", hint="Pass url='https://host/site' or set AMS_URL."
        )
    try:
        address = check_base_url(text)
    except ValueError as problem:
        raise AMSConfigurationError(f"The AMS URL can't be used: {problem}.") from None
    if not address.split("://", 1)[1].partition("/")[2]:
        raise AMSConfigurationError(
            "The AMS URL has no site.", hint="It ends with the site's name: https://host/site."
        )
    return address


def _from_keyring(url: str, username: str, password: str) -> tuple[str, str]:
    try:
        import keyring
    except ImportError:
        return username, password
    try:
        found = keyring.get_credential(url, username or None)
    except keyring.errors.KeyringError:
        return username, password
    if found is None:
        return username, password
    return username or found.username, password or found.password
