"""The site's time zone, by its IANA name."""

from __future__ import annotations

import difflib
import os

import pendulum

from airflow_provider_ams.ams.errors import AMSConfigurationError


def check_zone(name: str | None, setting: str) -> str | None:
    """Return the name of the site's time zone, from the environment if it is not given.

    Parameters
    ----------
    name : str or None
        IANA name.
    setting : str
        Where the caller sets it, for the message.

    Raises
    ------
    AMSConfigurationError
        There is no such zone.
    """
    name = name or os.environ.get("AMS_TIMEZONE") or None
    if name is not None:
        try:
            pendulum.timezone(name)
        except ValueError:
            raise AMSConfigurationError(
                f"The site's time zone {name!r} ({setting}) is not known.",
                hint=_zone_hint(name),
            ) from None
    return name


def _zone_hint(name: str) -> str:
    near = difflib.get_close_matches(name, pendulum.timezones(), 1, 0.6)
    return f"Did you mean {near[0]!r}?" if near else "Give an IANA name, such as 'Australia/Perth'."
