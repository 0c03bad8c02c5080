"""Delete events and find out, for each, whether it is gone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import orjson
import pandas as pd

from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.errors import (
    AMSError,
    AMSImportError,
    AMSTransientError,
    AMSUnknownOutcomeError,
)
from airflow_provider_ams.ams.positions import describe_rows
from airflow_provider_ams.ams.read.paging import chunks
from airflow_provider_ams.ams.read.synchronise import synchronise
from airflow_provider_ams.ams.results import DeleteResult
from airflow_provider_ams.ams.wire.replies import Verdict, WriteReply
from airflow_provider_ams.ams.write.ledger import REJECTED, UNKNOWN

DELETED = "deleted"
_SINGLE, _MANY = "deleteevent", "v2/event/deleteAll"
_SHOWN = 5


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
    """

    def __init__(
        self,
        client: AMSClient,
        form: str,
        ids: Sequence[int],
        users: Sequence[int],
        since: int,
        batch_size: int = 100,
    ) -> None:
        self.client = client
        self.form = form
        self.status: dict[int, str | None] = dict.fromkeys(ids)
        self.reasons: dict[int, str] = {}
        self.stopped: AMSError | None = None
        self._users = list(users)
        self._since = since
        self._batch_size = batch_size

    def run(self, on_settled: Callable[[int], object] | None = None) -> None:
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

    def judge(self, result: DeleteResult) -> None:
        """Raise what is wrong with the outcome, if anything is."""
        for status, kind in ((UNKNOWN, AMSUnknownOutcomeError), (REJECTED, AMSImportError)):
            ids = [i for i, s in self.status.items() if s == status]
            if ids:
                what = "are of unknown state" if status == UNKNOWN else "are not deleted"
                raise kind(
                    f"{len(ids)} of {len(self.status)} events {what}: {self._told(ids)}.",
                    result=result,
                    rows=ids,
                    rows_told=True,
                    hint="Look at them in AMS, and run again.",
                ) from self.stopped

    def _told(self, ids: Sequence[int]) -> str:
        """Return why, each reason once and with its events."""
        found: dict[str, list[int]] = {}
        for event_id in ids:
            reason = self.reasons.get(event_id) or "AMS gives no reason"
            found.setdefault(reason.rstrip("."), []).append(event_id)
        parts = [f"{why} (events {describe_rows(those)})" for why, those in found.items()]
        more = f"; and {len(parts) - _SHOWN} more reasons" if len(parts) > _SHOWN else ""
        return "; ".join(parts[:_SHOWN]) + more

    def _settle(self, ids: Sequence[int], status: str, reason: str = "") -> None:
        for event_id in ids:
            self.status[event_id] = status
            if reason:
                self.reasons[event_id] = reason

    def _batch(self, ids: list[int]) -> None:
        left, failures = ids, 0
        while left:
            endpoint, reply = self._call(left)
            if reply.verdict is Verdict.CONFIRMED:
                return self._settle(left, DELETED)
            left = self._still_there(left)
            if not left:
                return None
            failures += 1
            if reply.verdict is Verdict.REFUSED:
                return self._refused(left, reply.reason)
            error = AMSTransientError(
                f"AMS does not delete the events: {reply.reason}.",
                endpoint=endpoint,
                status=reply.status if reply.status != 200 else None,
                retry_after=reply.retry_after,
            )
            self.client.pause_before_retry(error, failures)
        return None

    def _refused(self, left: list[int], reason: str) -> None:
        """Name the events that AMS does not delete: the call says nothing of each."""
        if len(left) == 1:
            return self._settle(left, REJECTED, reason)
        for event_id in left:
            self._batch([event_id])
        return None

    def _call(self, ids: list[int]) -> tuple[str, WriteReply]:
        if len(ids) == 1:
            body = orjson.dumps({"eventId": ids[0]})
            return _SINGLE, self.client.write(_SINGLE, body)
        body = orjson.dumps({"eventIds": [str(i) for i in ids]})
        return _MANY, self.client.write(_MANY, body, len(ids))

    def _still_there(self, ids: list[int]) -> list[int]:
        """Ask AMS which of these events are not deleted yet."""
        read = synchronise(self.client, self.form, self._users, self._since)
        gone = set(read.deleted_ids)
        self._settle([i for i in ids if i in gone], DELETED)
        return [i for i in ids if i not in gone]
