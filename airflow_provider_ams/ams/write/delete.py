"""Delete events and find out, for each, whether it is gone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import orjson
import pandas as pd

from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.errors import (
    AMSError,
    AMSImportError,
    AMSPermissionError,
    AMSTransientError,
    AMSUnknownOutcomeError,
)
from airflow_provider_ams.ams.read.paging import chunks
from airflow_provider_ams.ams.read.synchronise import synchronise
from airflow_provider_ams.ams.wire.replies import Verdict, WriteReply

DELETED, REJECTED, UNKNOWN = "deleted", "rejected", "unknown"


class Deleter:
    """Delete events and find out, for each, whether it is gone.

    Deleting twice does no harm, so a call without a trustworthy answer is followed by a look at
    what AMS holds, and what is still there is asked for again.

    Parameters
    ----------
    client : AMSClient
        The client.
    form : str
        The form's name.
    ids : sequence of int
        Events, known to belong to the form.
    users : sequence of int
        Whose events they are.
    since : int
        A server time before the first call, epoch milliseconds.
    batch_size : int
        Events in a call.
    tries : int
        Calls for the same events at most.
    """

    def __init__(
        self,
        client: AMSClient,
        form: str,
        ids: Sequence[int],
        users: Sequence[int],
        since: int,
        batch_size: int = 100,
        tries: int = 5,
    ) -> None:
        self.client = client
        self.form = form
        self.status: dict[int, str | None] = dict.fromkeys(ids)
        self.reasons: dict[int, str] = {}
        self.stopped: AMSError | None = None
        self._users = list(users)
        self._since = since
        self._batch_size = batch_size
        self._tries = tries

    def run(self, on_settled: Callable[[int], None] | None = None) -> None:
        """Delete everything; what stops it early is kept in `stopped`."""
        left: list[int] = []
        try:
            for chunk in chunks(list(self.status), self._batch_size):
                left = chunk
                self._batch(chunk)
                if on_settled is not None:
                    on_settled(len(chunk))
        except AMSError as error:
            self.stopped = error
            sent = [i for i in left if self.status[i] is None]
            if isinstance(error, AMSTransientError):
                self._settle(sent, UNKNOWN, f"outcome not known: {error.message}")
            rest = [i for i, status in self.status.items() if status is None]
            self._settle(rest, REJECTED, f"not sent: {error.message}")

    def frame(self) -> pd.DataFrame:
        """Return one row for each event."""
        ids = list(self.status)
        return pd.DataFrame(
            {
                "event_id": pd.Series(ids, dtype="int64"),
                "status": pd.Series([self.status[i] for i in ids], dtype=object),
                "reason": pd.Series([self.reasons.get(i) for i in ids], dtype=object),
            }
        )

    def judge(self, result: Any) -> None:  # noqa: ANN401
        """Raise what is wrong with the outcome, if anything is."""
        for status, kind in ((UNKNOWN, AMSUnknownOutcomeError), (REJECTED, AMSImportError)):
            ids = [i for i, s in self.status.items() if s == status]
            if ids:
                what = "are of unknown state" if status == UNKNOWN else "are not deleted"
                raise kind(
                    f"{len(ids)} of {len(self.status)} events {what}"
                    + (f" ({self.stopped.message})" if self.stopped else "")
                    + ".",
                    result=result,
                    rows=ids,
                    hint="The reasons are in .result.rows.",
                ) from self.stopped

    def _settle(self, ids: Sequence[int], status: str, reason: str = "") -> None:
        for event_id in ids:
            self.status[event_id] = status
            if reason:
                self.reasons[event_id] = reason

    def _batch(self, ids: list[int]) -> None:
        left, failures, renewed = ids, 0, False
        while left:
            answer = self._call(left)
            if answer.verdict is Verdict.CONFIRMED:
                return self._settle(left, DELETED)
            if answer.code in ("session", "forbidden") and not renewed:
                renewed = True  # the next call logs in again
                continue
            left = self._still_there(left)
            if not left:
                return None
            failures += 1
            if answer.verdict is Verdict.REFUSED:
                return self._refused(left, answer.reason)
            error = _error(answer, "deleteevent" if len(left) == 1 else "v2/event/deleteAll")
            if failures >= self._tries:
                raise error
            if not isinstance(error, AMSTransientError):
                raise error
            self.client.pause_before_retry(error, failures)
        return None

    def _refused(self, left: list[int], reason: str) -> None:
        """Name the events that AMS does not delete: the call says nothing of each."""
        if len(left) == 1:
            return self._settle(left, REJECTED, reason)
        for event_id in left:
            self._batch([event_id])
        return None

    def _call(self, ids: list[int]) -> WriteReply:
        """Send one call."""
        if len(ids) == 1:
            return self.client.write("deleteevent", orjson.dumps({"eventId": ids[0]}))
        body = orjson.dumps({"eventIds": [str(i) for i in ids]})
        return self.client.write("v2/event/deleteAll", body, len(ids))

    def _still_there(self, ids: list[int]) -> list[int]:
        """Ask AMS which of these events are not deleted yet."""
        read = synchronise(self.client, self.form, self._users, self._since)
        gone = set(read.deleted_ids)
        self._settle([i for i in ids if i in gone], DELETED)
        return [i for i in ids if i not in gone]


def _error(answer: WriteReply, endpoint: str) -> AMSError:
    status = answer.status if answer.status != 200 else None
    if answer.code == "forbidden":
        return AMSPermissionError(
            "The account may not delete these events.", endpoint=endpoint, status=status
        )
    return AMSTransientError(
        answer.reason, endpoint=endpoint, status=status, retry_after=answer.retry_after
    )
