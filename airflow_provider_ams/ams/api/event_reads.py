"""`get_event_data` and `sync_event_data`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd

from airflow_provider_ams.ams.api.call import Connection, calling
from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.errors import AMSConfigurationError
from airflow_provider_ams.ams.forms.catalogue import check_form
from airflow_provider_ams.ams.options.reads import (
    EventExportOption,
    EventFilter,
    EventOption,
    SyncEventFilter,
    SyncEventOption,
)
from airflow_provider_ams.ams.options.rules import DATA_CONDITIONS, as_list
from airflow_provider_ams.ams.people.roster import Roster, get_roster, select_users
from airflow_provider_ams.ams.prepare.columns import EVENT_COLUMNS
from airflow_provider_ams.ams.read.frames import Layout, records_frame
from airflow_provider_ams.ams.read.search import Search, search
from airflow_provider_ams.ams.read.synchronise import synchronise
from airflow_provider_ams.ams.read.timestamps import site_zone, warn_of_gaps
from airflow_provider_ams.ams.read.typed import form_types
from airflow_provider_ams.ams.wire.dates import DateProblem, parse_day
from airflow_provider_ams.ams.wire.records import Event
from airflow_provider_ams.ams.wire.values import ValueProblem, cell_text


class SyncResult(NamedTuple):
    """What changed in a form.

    Parameters
    ----------
    data : DataFrame
        New and changed events, columns as `get_event_data` returns them.
    last_synchronisation_time : int
        Epoch milliseconds: pass it to the next call, once this data is safely stored. The next
        call may return events again; tell them by ``event_id``.
    deleted_event_ids : list of int
        Events deleted since; they may include ids of other forms, so delete only ids you hold.
    """

    data: pd.DataFrame
    last_synchronisation_time: int
    deleted_event_ids: list[int]


def get_event_data(
    form: str,
    start_date: str | dt.date,
    end_date: str | dt.date,
    url: str | None = None,
    username: str | None = None,
    password: str | None = None,
    *,
    filter: EventFilter | None = None,
    option: EventOption | None = None,
    client: AMSClient | None = None,
) -> pd.DataFrame:
    """Read the events of a form that start within a range of dates.

    Parameters
    ----------
    form : str
        Exact name of the event form.
    start_date, end_date : str or date
        ``dd/MM/yyyy``; both days are included.
    url, username, password : str, optional
        Else the environment (``AMS_URL``, ``AMS_USERNAME``, ``AMS_PASSWORD``), else keyring.
    filter : EventFilter, optional
        Whose events, which values, how many of each user.
    option : EventOption, optional
        How to.
    client : AMSClient, optional
        Use this client.

    Returns
    -------
    DataFrame
        ``user_id``, ``event_id`` (int64), ``about``, ``username``, ``form``, ``start_date``,
        ``end_date`` (``dd/MM/yyyy``), ``start_time``, ``end_time`` (``h:mm AM``) as text,
        ``entered_by_user_id`` (Int64), then a column for each form field that has any value: AMS
        does not return empty fields. A form field named like one of these columns is called
        ``field:name``. Events with a table have one row for each table row, the event-level
        fields in the first. Without events the frame is empty, with the columns up to the fields.
        With ``dtype="schema"`` all fields of the form have a column, of one type every time: see
        `ExportOption`. With ``timestamps=True`` two more columns, ``start`` and ``end``, stand
        before the fields: see `EventExportOption`.

    Raises
    ------
    AMSConfigurationError
        Dates, filter or form can't be used.
    AMSTransientError
        AMS can't be read now.
    """
    option = option or EventOption()
    where = Connection(url, username, password, client)
    del password  # no traceback that shows locals may show it
    with calling(where, option, "Failed to read events") as call:
        days = _day(start_date, "start_date"), _day(end_date, "end_date")
        if days[0] > days[1]:
            raise AMSConfigurationError(
                "start_date is after end_date: nothing can be read.", hint="Exchange them."
            )
        client = call.client
        call.console.info(f"Requesting event data from '{form}'")
        check_form(client, form, "event")
        layout = _layout(client, form, option)
        roster = get_roster(client, cache=option.cache)
        users = select_users(client, filter, cache=True)
        events = search(client, _search(form, filter), users, *days)
        frame = _frame(events, layout, roster, form)
        if option.include_missing_users:
            frame = _with_missing_users(frame, users, roster)
        call.console.done(f"Read {len(events)} events from '{form}'")
        return frame


def _layout(client: AMSClient, form: str, option: EventExportOption) -> Layout:
    """Return what the frame looks like: known before anything is read."""
    zone = site_zone(client, option.timestamps)
    types = form_types(client, form, "event", option)
    return Layout(EVENT_COLUMNS, option.guess_col_type, types, zone)


def _frame(events: Sequence[Event], layout: Layout, roster: Roster, form: str) -> pd.DataFrame:
    frame = records_frame(events, layout, roster)
    if layout.types is not None:
        layout.types.warn(form, frame)
    if layout.timestamps is not None:
        warn_of_gaps(frame, form)
    return frame


def _day(value: str | dt.date, name: str) -> int:
    try:
        return parse_day(value)
    except DateProblem as problem:
        raise AMSConfigurationError(
            f"{name} {problem}.", hint="Write it so, such as '31/01/2025'."
        ) from None


def _search(form: str, chosen: EventFilter | None) -> Search:
    if chosen is None:
        return Search(form)
    keys, values = as_list(chosen.data_key), as_list(chosen.data_value)
    filters = [
        {"key": str(k), "value": _condition_text(v), "filterCondition": DATA_CONDITIONS[c]}
        for k, v, c in zip(keys, values, chosen.conditions if keys else [], strict=True)
    ]
    return Search(form, filters, chosen.events_per_user)


def _condition_text(value: Any) -> str:  # noqa: ANN401
    try:
        return cell_text(value, None) or ""
    except ValueProblem:
        raise AMSConfigurationError(
            f"data_value is a {type(value).__name__}, which has no text form in AMS.",
            hint="Give the text that the form shows.",
        ) from None


def _with_missing_users(frame: pd.DataFrame, users: list[int], roster: Roster) -> pd.DataFrame:
    present = set(frame["user_id"].tolist())
    absent = [u for u in users if u not in present]
    # Whole numbers get gaps; user_id has none.
    whole = [c for c in frame.columns if frame[c].dtype == "int64" and c != "user_id"]
    frame = frame.astype({"event_id": "Int64", **dict.fromkeys(whole, "Int64")})
    known: dict[str, list[Any]] = {
        "user_id": absent,
        "about": [roster.text(u, "about") for u in absent],
        "username": [roster.text(u, "username") for u in absent],
    }
    gap = [None] * len(absent)
    extra = {c: pd.Series(known.get(c, gap), dtype=frame[c].dtype) for c in frame.columns}
    return pd.concat([frame, pd.DataFrame(extra)], ignore_index=True)


def sync_event_data(
    form: str,
    last_synchronisation_time: int,
    url: str | None = None,
    username: str | None = None,
    password: str | None = None,
    *,
    filter: SyncEventFilter | None = None,
    option: SyncEventOption | None = None,
    client: AMSClient | None = None,
) -> SyncResult:
    """Read the events of a form that were created, changed or deleted since a time.

    Parameters
    ----------
    form : str
        Exact name of the event form.
    last_synchronisation_time : int
        Epoch milliseconds, as the previous call returned it; 0 reads the whole history, which
        is costly for the server: do it once.
    url, username, password : str, optional
        Else the environment (``AMS_URL``, ``AMS_USERNAME``, ``AMS_PASSWORD``), else keyring.
    filter : SyncEventFilter, optional
        Whose events.
    option : SyncEventOption, optional
        How to.
    client : AMSClient, optional
        Use this client.

    Returns
    -------
    SyncResult
        Data, new watermark, deleted ids.

    Raises
    ------
    AMSConfigurationError
        Time, filter or form can't be used.
    AMSTransientError
        AMS can't be read now; the old watermark stays good.
    """
    option = option or SyncEventOption()
    since = last_synchronisation_time
    where = Connection(url, username, password, client)
    del password  # no traceback that shows locals may show it
    with calling(where, option, "Failed to synchronise events") as call:
        if isinstance(since, bool) or not isinstance(since, int) or since < 0:
            raise AMSConfigurationError(
                "last_synchronisation_time must be epoch milliseconds, a whole number."
            )
        client = call.client
        call.console.info(f"Synchronising event data from '{form}'")
        check_form(client, form, "event")
        layout = _layout(client, form, option)
        roster = get_roster(client, cache=option.cache)
        users = select_users(client, filter, cache=True)
        read = synchronise(client, form, users, since)
        frame = _frame(read.events, layout, roster, form)
        call.console.done(f"Read {len(read.events)} events from '{form}'")
        return SyncResult(frame, read.server_time, read.deleted_ids)
