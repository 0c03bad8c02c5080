"""`delete_event_data` and `delete_multiple_events`: only events of the form named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from airflow_provider_ams.ams.api.call import Call, Connection, calling
from airflow_provider_ams.ams.api.plans import confirm_deletes
from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.errors import AMSConfigurationError, AMSInputError
from airflow_provider_ams.ams.forms.catalogue import check_form
from airflow_provider_ams.ams.options.plans import DeleteEventOption
from airflow_provider_ams.ams.people.roster import select_users
from airflow_provider_ams.ams.plan.window import window_span
from airflow_provider_ams.ams.positions import describe_rows
from airflow_provider_ams.ams.read.snapshot import Span, stored_ids
from airflow_provider_ams.ams.read.synchronise import server_time
from airflow_provider_ams.ams.results import DeleteResult
from airflow_provider_ams.ams.wire.ids import as_id
from airflow_provider_ams.ams.write.delete import DELETED, Deleter
from airflow_provider_ams.transport import hidden

_RIGHT_IDS = "Use get_event_data() to have the right ones."


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
    password = hidden(password)
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
    where = Connection(url, username, password, client)
    del password  # no traceback that shows locals may show it
    with calling(where, option, "Failed to delete events") as call:
        return _delete(call, _ids(event_ids, option), form, option)


def _delete(call: Call, ids: list[int], form: str, option: DeleteEventOption) -> DeleteResult:
    client = call.client
    check_form(client, form, "event")
    users = select_users(client, option.users, option.cache)
    # Whatever changes from here on is seen when AMS is asked what has become of an event.
    since = server_time(client, form, users)
    span = Span() if option.window is None else window_span(option.window)
    known = stored_ids(client, form, users, span)
    absent = [i for i in ids if i not in known]
    if absent:
        raise AMSInputError(
            f"{len(absent)} of {len(ids)} ids name no event of '{form}' among those looked at "
            f"(ids {describe_rows(absent)}). Nothing was deleted.",
            rows=absent,
            rows_told=True,
            hint=_RIGHT_IDS,
        )
    if option.interactive_mode and option.require_confirmation and ids:
        confirm_deletes(call, len(ids), form)
    deleter = Deleter(client, form, ids, users, since, option.batch_size)
    with call.console.bar(len(ids), "event") as bar:
        deleter.run(bar.update)
    result = DeleteResult(form, deleter.frame(), *call.meter.spent())
    call.console.done(f"Deleted {result.counts[DELETED]} of {len(ids)} events of '{form}'")
    deleter.judge(result)
    return result


def _ids(event_ids: Sequence[int], option: DeleteEventOption) -> list[int]:
    ids = [as_id(i) for i in event_ids]
    if None in ids:
        bad = [at for at, i in enumerate(ids) if i is None]
        raise AMSInputError(
            f"{len(bad)} of {len(ids)} event ids are no whole numbers of up to 18 digits (at "
            f"{describe_rows(bad)} of the list, from 0 on). Nothing was deleted.",
            hint=_RIGHT_IDS,
        )
    if twice := [i for i, times in Counter(ids).items() if times > 1]:
        raise AMSInputError(
            f"Event ids occur more than once (ids {describe_rows(twice)}). Nothing was deleted.",
            hint="Give each of them once.",
        )
    if len(ids) > option.max_deletes:
        raise AMSConfigurationError(
            f"{len(ids)} events are to be deleted, and max_deletes is {option.max_deletes}. "
            "Nothing was deleted.",
            hint="Check the list; set max_deletes if it is right.",
        )
    return [i for i in ids if i is not None]
