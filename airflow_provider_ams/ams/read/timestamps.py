"""Start and end of events as moments on the site's clock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.errors import AMSConfigurationError
from airflow_provider_ams.ams.positions import describe_rows
from airflow_provider_ams.ams.prepare.columns import TIMESTAMPS
from airflow_provider_ams.ams.prepare.timestamps import zoned
from airflow_provider_ams.ams.read.typed import AMSTypeWarning
from airflow_provider_ams.ams.warned import warn
from airflow_provider_ams.ams.wire.dates import stored_day, stored_minute


def site_zone(client: AMSClient, wanted: bool) -> str | None:
    """Return the zone of the timestamps; None if they are not wanted.

    Raises
    ------
    AMSConfigurationError
        No zone is set: AMS tells wall-clock times alone.
    """
    if wanted and client.timezone is None:
        raise AMSConfigurationError(
            "timestamps=True needs the site's time zone.", hint="Set timezone= or AMS_TIMEZONE."
        )
    return client.timezone if wanted else None


def moments(dates: Sequence[str | None], times: Sequence[str | None], zone: str) -> pd.Series[Any]:
    """Return dates and times as AMS shows them as ``datetime64[ms, zone]``; see `zoned`.

    NaT stands for what can't be read.
    """
    return zoned(list(map(stored_day, dates)), list(map(stored_minute, times)), zone)


def warn_of_gaps(frame: pd.DataFrame, form: str) -> None:
    """Tell which events have a start or end that can't be read."""
    for name in TIMESTAMPS:
        ids = frame.loc[frame[name].isna(), "event_id"].unique().tolist()
        if ids:
            warn(
                f"{form}: the date or time of the {name} can't be read in {len(ids)} events "
                f"(events {describe_rows(ids)}); {name!r} has no value there.",
                AMSTypeWarning,
            )
