"""`delete_event_data` and `delete_multiple_events`: only events of the form named."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from airflow_provider_ams.ams.client import AMSClient, get_client
from airflow_provider_ams.ams.errors import (
    AMSConfigurationError,
    AMSError,
    AMSInputError,
)
from airflow_provider_ams.ams.forms.catalogue import check_form
from airflow_provider_ams.ams.options.plans import DeleteEventOption
from airflow_provider_ams.ams.people.roster import select_users
from airflow_provider_ams.ams.read.snapshot import Span, stored_ids
from airflow_provider_ams.ams.read.synchronise import synchronise
from airflow_provider_ams.ams.wire.dates import DateProblem, parse_day
from airflow_provider_ams.ams.wire.ids import as_id
from airflow_provider_ams.ams.write.delete import DELETED, REJECTED, UNKNOWN, Deleter
from airflow_provider_ams.transport import Console, PromptError


@dataclass(frozen=True)
class DeleteResult:
    """The outcome of a deletion.

    Parameters
    ----------
    form : str
        The form's name.
    rows : DataFrame
        One row for each event: ``event_id`` (int64), ``status`` (``deleted``, ``rejected``,
        ``unknown``) and ``reason`` (text, for those that are not deleted).
    requests, retries : int
        HTTP requests sent in all, and how many of them were repeated.
    seconds : float
        Time taken.
    """

    form: str
    rows: pd.DataFrame = field(repr=False)
    requests: int = 0
    retries: int = 0
    seconds: float = 0.0

    @property
    def counts(self) -> dict[str, int]:
        """Events by status."""
        found = self.rows["status"].value_counts()
        return {status: int(found.get(status, 0)) for status in (DELETED, REJECTED, UNKNOWN)}

    def summary(self) -> dict[str, Any]:
        """Return counts and costs as a small dict that JSON can hold."""
        return {
            "form": self.form,
            "events": len(self.rows),
            **self.counts,
            "requests": self.requests,
            "retries": self.retries,
            "seconds": round(self.seconds, 3),
        }


def delete_event_data(
    event_id: int,
    form: str,
    url: str | None = None,
    username: str | None = None,
    password: str | None = None,
    *,
    option: DeleteEventOption | None = None,
    client: AMSClient | None = None,
) -> DeleteResult:
    """Delete one event, for good.

    Parameters
    ----------
    event_id : int
        The event; it must be one of the form.
    form, url, username, password, option, client
        As for `delete_multiple_events`.

    Returns
    -------
    DeleteResult
        With one row.

    Raises
    ------
    AMSInputError, AMSConfigurationError, AMSImportError, AMSUnknownOutcomeError, AMSTransientError
        As for `delete_multiple_events`.
    """
    return delete_multiple_events(
        [event_id], form, url, username, password, option=option, client=client
    )


def delete_multiple_events(
    event_ids: Sequence[int],
    form: str,
    url: str | None = None,
    username: str | None = None,
    password: str | None = None,
    *,
    option: DeleteEventOption | None = None,
    client: AMSClient | None = None,
) -> DeleteResult:
    """Delete events, for good, after making sure that each is one of the form.

    Parameters
    ----------
    event_ids : sequence of int
        The events.
    form : str
        Exact name of the form that they belong to.
    url, username, password : str, optional
        Else the environment (``AMS_URL``, ``AMS_USERNAME``, ``AMS_PASSWORD``), else keyring.
    option : DeleteEventOption, optional
        How many at most, and where to look for them. In interactive mode a question is asked.
    client : AMSClient, optional
        Use this client.

    Returns
    -------
    DeleteResult
        One row for each event.

    Raises
    ------
    AMSInputError
        An id is none of the form's events, or occurs twice; nothing was deleted.
    AMSConfigurationError
        There are more than `max_deletes`, or the user said no; nothing was deleted.
    AMSImportError
        AMS refused to delete some of them.
    AMSUnknownOutcomeError
        For some of them nobody can tell whether AMS still holds them.
    AMSTransientError
        AMS can't be read.
    """
    option = option or DeleteEventOption()
    console = Console(option.interactive_mode)
    try:
        ids = _ids(event_ids, option)
        client = client or get_client(url, username, password, cache=option.cache)
        return _delete(client, ids, form, option, console)
    except AMSError as error:
        console.failed(f"Failed to delete events: {error.message}")
        raise


def _delete(
    client: AMSClient, ids: list[int], form: str, option: DeleteEventOption, console: Console
) -> DeleteResult:
    start = client.requests, client.retries, client.clock.now()
    check_form(client, form, "event")
    users = select_users(client, option.users, option.cache)
    # Whatever changes from here on is seen when AMS is asked what has become of an event.
    since = synchronise(client, form, users[:1], int(client.clock.now() * 1000)).server_time
    known = stored_ids(client, form, users, _span(option))
    absent = [i for i in ids if i not in known]
    if absent:
        raise AMSInputError(
            f"{len(absent)} of {len(ids)} ids name no event of '{form}' among those looked at. "
            "Nothing was deleted.",
            rows=absent,
            hint="Use get_event_data() to have the right ones.",
        )
    if option.interactive_mode and option.require_confirmation and ids:
        confirm_deletes(console, len(ids), form)
    deleter = Deleter(client, form, ids, users, since, option.batch_size)
    with console.bar(len(ids), "event") as bar:
        deleter.run(bar.add)
    requests, retries, began = start
    result = DeleteResult(
        form,
        deleter.frame(),
        client.requests - requests,
        client.retries - retries,
        client.clock.now() - began,
    )
    console.done(f"Deleted {result.counts[DELETED]} of {len(ids)} events of '{form}'")
    deleter.judge(result)
    return result


def _ids(event_ids: Sequence[int], option: DeleteEventOption) -> list[int]:
    ids = [as_id(i) for i in event_ids]
    if None in ids:
        raise AMSInputError("Event ids must be whole numbers. Nothing was deleted.")
    if len(set(ids)) < len(ids):
        raise AMSInputError("An event id occurs more than once. Nothing was deleted.")
    if len(ids) > option.max_deletes:
        raise AMSConfigurationError(
            f"{len(ids)} events are to be deleted, and max_deletes is {option.max_deletes}. "
            "Nothing was deleted.",
            hint="Check the list; set max_deletes if it is right.",
        )
    return [i for i in ids if i is not None]


def _span(option: DeleteEventOption) -> Span:
    return Span() if option.window is None else window_span(option.window)


def window_span(window: tuple[object, object]) -> Span:
    """Return a window of two dates as days.

    Raises
    ------
    AMSConfigurationError
        A date can't be read, or they are the wrong way round.
    """
    try:
        first, last = (parse_day(_day(d)) for d in window)
    except (DateProblem, TypeError, ValueError):
        raise AMSConfigurationError("window must be two dates as dd/MM/yyyy.") from None
    if first > last:
        raise AMSConfigurationError("The window's first day is after its last.")
    return Span(first, last)


def _day(value: object) -> object:
    return value.date() if isinstance(value, dt.datetime) else value


def confirm_deletes(console: Console, count: int, form: str) -> None:
    """Ask whether events are to be deleted.

    Raises
    ------
    AMSConfigurationError
        The answer is no, or there is nobody to ask.
    """
    question = f"Are you sure you want to delete {count} events of '{form}'?"
    try:
        agreed = console.confirm(question)
    except PromptError:
        raise AMSConfigurationError(
            "The deletion asks for confirmation, and there is no terminal to ask in.",
            hint="Set require_confirmation=False or interactive_mode=False.",
        ) from None
    if not agreed:
        raise AMSConfigurationError("The deletion was called off; nothing was deleted.")
