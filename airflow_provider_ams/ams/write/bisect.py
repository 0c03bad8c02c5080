"""What to send next of a call whose events were not all found in AMS."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from airflow_provider_ams.ams.errors import (
    AMSConfigurationError,
    AMSError,
    AMSLoginError,
    AMSPermissionError,
)
from airflow_provider_ams.ams.positions import EventNo
from airflow_provider_ams.ams.prepare.events import EventSet
from airflow_provider_ams.ams.wire.dates import day_text
from airflow_provider_ams.ams.wire.replies import Verdict
from airflow_provider_ams.ams.write.batches import Batch
from airflow_provider_ams.ams.write.ledger import Ledger
from airflow_provider_ams.ams.write.send import Attempt
from airflow_provider_ams.transport import clean

_SPLIT = (
    "AMS has stored more events than were sent: it splits those that mix fields of its table and "
    "others; name the columns of the table in table_fields"
)
# What AMS says of a refused event that is no value of it.
_PUBLIC = {"Error", "organisationId"}
# How many of the call's events AMS has taken: no reason of one of them.
_COUNTS = re.compile(r"\d+ out of \d+ records[^.]*\.?", re.ASCII)


class Bisector:
    """Divide refused calls until the events are named that AMS refuses.

    Parameters
    ----------
    events : EventSet
        What the import writes.
    ledger : Ledger
        Takes what is refused.
    tries : int
        How often the same events go out at most.
    endpoint : str
        Where they go.
    names : callable
        Returns what a person is called, as far as is known, to be left out of what AMS says.
    """

    def __init__(
        self,
        events: EventSet,
        ledger: Ledger,
        tries: int,
        endpoint: str,
        names: Callable[[int], list[str]] = lambda user_id: [],
    ) -> None:
        self.events = events
        self.ledger = ledger
        self.tries = tries
        self.endpoint = endpoint
        self.names = names
        #: What AMS has said of single events.
        self._said: dict[EventNo, str] = {}

    def following(self, attempt: Attempt) -> list[Batch]:
        """Return the calls to send next; events that are not to be sent again are settled.

        Raises
        ------
        AMSLoginError, AMSPermissionError
            The account may not write.
        """
        left = self.ledger.open(attempt.batch.events)
        reply, tries = attempt.reply, attempt.batch.tries + 1
        if not left:
            return []
        if reply.code == "too_many":
            # Sent again, they would be stored in pieces again.
            for event in left:
                self.ledger.doubt(event, _SPLIT, attempt.number)
            return []
        self._note_errors(left, reply.errors)
        if reply.verdict is Verdict.REFUSED or reply.errors:
            return self._divide(left, attempt)
        # After a 401 the client has logged in anew, and been refused again.
        if reply.status == 401 or (reply.status == 403 and tries > 1):
            raise _shut_out(reply.status, self.endpoint, self.events.form)
        if reply.code == "status" and 400 <= (reply.status or 0) < 500 and reply.status != 408:
            raise AMSConfigurationError(
                "AMS refused the request.", endpoint=self.endpoint, status=reply.status
            )
        if reply.status == 500 and tries > 1 and self.ledger.claimed:
            # AMS takes others: one of these events may be what it stumbles over.
            if len(left) > 1:
                return [Batch(half.events, 1) for half in self._divide(left, attempt)]
            if tries >= self.tries - 1:
                return self._refuse(left, attempt)
        if reply.short and tries > 1:
            return self._refuse(left, attempt)
        return [Batch(left, tries)]

    def _refuse(self, left: Sequence[EventNo], attempt: Attempt) -> list[Batch]:
        for event in left:
            reason = f"not stored: {attempt.reply.reason}"
            self.ledger.refuse(event, reason, attempt.number, "not_stored")
        return []

    def _divide(self, left: list[EventNo], attempt: Attempt) -> list[Batch]:
        """Halve a refused call, or name the event that makes AMS refuse."""
        if len(left) > 1:
            half = (len(left) + 1) // 2
            return [Batch(left[:half]), Batch(left[half:])]
        said = self._said.get(left[0]) or _words(attempt, self._values(left[0]))
        self.ledger.refuse(left[0], said, attempt.number)
        return []

    def _note_errors(self, left: Sequence[EventNo], errors: Sequence[dict[str, str]]) -> None:
        for error in errors:
            text = clean(error.get("Error") or "")
            if not text:
                continue
            for event in left:
                # AMS calls the user's id "organisationId" here (docs/wire.md, section 8).
                person, start = error.get("organisationId"), error.get("Start Date")
                mine = person == str(self.events.user_ids[event])
                if mine and start == day_text(self.events.start_days[event]):
                    told = [v for k, v in error.items() if k not in _PUBLIC]
                    values = [*self._values(event), *told]
                    self._said[event] = f"AMS refused the event: {without_values(text, values)}"

    def _values(self, event: EventNo) -> list[str]:
        """Return what the event holds, and what its person is called."""
        events = self.events
        texts = [column[event] for column in events.fields.values()]
        rows = events.table_rows[event] if events.has_table else ()
        texts += [column[row] for column in events.table.values() for row in rows]
        days = [day_text(events.start_days[event]), day_text(events.end_days[event])]
        return [*filter(None, texts), *days, *self.names(events.user_ids[event])]


def without_values(text: str, values: Iterable[str]) -> str:
    """Return words of AMS in which the values of an event can't be read: they go to logs."""
    # The longest first: a value may be part of another.
    for value in sorted({v.strip() for v in values if v.strip()}, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", "…", text, flags=re.IGNORECASE)
    return text


def _words(attempt: Attempt, values: Iterable[str]) -> str:
    reply = attempt.reply
    if reply.status not in (None, 200):
        return f"AMS refused the event: HTTP {reply.status}"
    said = clean(_COUNTS.sub("", reply.message)) or reply.reason
    if said in ("", "UNEXPECTED_ERROR"):
        return "AMS refused the event without a reason; often a required field has no value"
    return f"AMS refused the event: {without_values(said, values)}"


def _shut_out(status: int | None, endpoint: str, form: str) -> AMSError:
    """Return the error for a write that is refused even with a new session."""
    if status == 401:
        return AMSLoginError(
            "AMS does not accept the session for writing, even after a new login.",
            endpoint=endpoint,
            status=401,
            hint="Look at the account on the AMS web pages, then run again.",
        )
    return AMSPermissionError(
        f"The account may not write to form '{form}'.",
        endpoint=endpoint,
        status=403,
        hint="Grant read and write access to the form.",
    )
