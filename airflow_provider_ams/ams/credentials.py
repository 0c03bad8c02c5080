"""Find URL, user name and password: arguments, else environment, else keyring."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from airflow_provider_ams.ams.errors import AMSConfigurationError
from airflow_provider_ams.transport import check_base_url, hidden


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

    ``AMS_USERNAME`` and ``AMS_PASSWORD`` belong to the site of ``AMS_URL`` and are sent to no
    other; without ``AMS_URL`` they are for whatever site the program names. The password belongs
    to the user named there, and to no other.

    The keyring is asked for the service named like the URL, such as
    ``keyring set https://host/site my.user`` stores it.

    Raises
    ------
    AMSConfigurationError
        Something is missing, or the URL is not one of an AMS site.
    """
    password = hidden(password) or ""
    found = Credentials(_check_url(url or os.environ.get("AMS_URL", "")), username or "", password)
    for source in (_from_environment, _from_keyring):
        if not (found.username and found.password):
            found = source(found)
    missing = [what for what in ("username", "password") if not getattr(found, what)]
    if missing:
        words = {"username": "user name", "password": "password"}
        raise AMSConfigurationError(
            f"No {' and no '.join(words[what] for what in missing)} for AMS.",
            hint="Pass username= and password=, or set AMS_USERNAME and AMS_PASSWORD (with the "
            "AMS_URL that they are for), or store them in keyring under the URL.",
        )
    return found


def _from_environment(given: Credentials) -> Credentials:
    site = os.environ.get("AMS_URL", "")
    if site and not _same_site(given.url, site):
        return given
    name = given.username or os.environ.get("AMS_USERNAME", "")
    if name != os.environ.get("AMS_USERNAME", name):
        return given
    return replace(
        given, username=name, password=given.password or os.environ.get("AMS_PASSWORD", "")
    )


def _same_site(url: str, other: str) -> bool:
    try:
        a, b = urlsplit(url), urlsplit(check_base_url(other))
    except ValueError:
        return False
    return (a.scheme, a.netloc.lower(), a.path) == (b.scheme, b.netloc.lower(), b.path)


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
            "The AMS URL has no site.", hint="Put the site's name at its end: https://host/site."
        )
    return address


def _from_keyring(given: Credentials) -> Credentials:
    try:
        import keyring
    except ImportError:
        return given
    try:
        found = keyring.get_credential(given.url, given.username or None)
    except keyring.errors.KeyringError:
        return given
    if found is None:
        return given
    return replace(
        given,
        username=given.username or found.username or "",
        password=given.password or found.password or "",
    )
