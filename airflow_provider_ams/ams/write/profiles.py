"""Write profile records: one call for each person, the same call may be sent again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson

from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.errors import (
    AMSConfigurationError,
    AMSError,
    AMSPermissionError,
    AMSTransientError,
)
from airflow_provider_ams.ams.prepare.draft import Draft, invalid
from airflow_provider_ams.ams.wire.dates import Problems
from airflow_provider_ams.ams.wire.replies import Verdict, WriteReply
from airflow_provider_ams.ams.wire.values import column_texts
from airflow_provider_ams.ams.write.checkpoint import SAVE_EVERY, Checkpoint, Progress, runs, unpack


def build_profiles(
    draft: Draft, form: str, user_ids: Sequence[int], booleans: tuple[str, str] | None
) -> list[dict[str, Any]]:
    """Return the records as they go over the wire.

    Raises
    ------
    AMSInputError
        A person has more than one row, or a value has no text form.
    """
    problems, seen = Problems(), set[int]()
    for row, user in enumerate(user_ids):
        if user in seen:
            problems.add("a person occurs more than once, and has one record", row)
        seen.add(user)
    if not draft.field_columns:
        problems.add("it has no form field")
    if problems:
        raise invalid(problems, draft)
    columns = {
        name: column_texts(draft.frame[c], booleans, draft.labels)
        for name, c in draft.field_columns.items()
    }
    return [
        {
            "formName": form,
            "userId": {"userId": user},
            "rows": [
                {
                    "row": 0,
                    "pairs": [
                        {"key": name, "value": text}
                        for name, texts in columns.items()
                        if (text := texts[row]) is not None
                    ],
                }
            ],
        }
        for row, user in enumerate(user_ids)
    ]


class ProfileImporter:
    """Send profile records.

    A record replaces the one that is there, so a call without a trustworthy answer may simply be
    sent again.

    Parameters
    ----------
    client : AMSClient
        The client.
    profiles : list of dict
        From `build_profiles`.
    max_in_flight : int
        Calls in flight.
    checkpoint : Checkpoint, optional
        Where to note which records are confirmed; those of an earlier run are not sent again.
    on_settled : callable
        Called with 1 for each record.
    """

    def __init__(
        self,
        client: AMSClient,
        profiles: Sequence[dict[str, Any]],
        max_in_flight: int,
        on_settled: Callable[[int], None],
        checkpoint: Checkpoint | None = None,
    ) -> None:
        count = len(profiles)
        self.client = client
        self.profiles = profiles
        self.status: list[str | None] = [None] * count
        self.ids: list[int | None] = [None] * count
        self.reasons: list[str | None] = [None] * count
        self.calls: list[int | None] = [None] * count
        self.stopped: AMSError | None = None
        self._window = max_in_flight
        self._on_settled = on_settled
        self._checkpoint = checkpoint
        self._saved_at = client.clock.now()

    @property
    def landed(self) -> int:
        """Records that AMS has confirmed."""
        return self.status.count("updated")

    def run(self) -> None:
        """Send all records; what stops the import early is kept in `stopped`."""
        self._take_over()
        with ThreadPoolExecutor(self._window, thread_name_prefix="ams-profiles") as pool:
            for _ in pool.map(self._one, range(len(self.profiles))):
                self._on_settled(1)
                self._save()
        self._save(last=True)

    def _take_over(self) -> None:
        """Take what an earlier run has noted as confirmed, unless it was finished or is stale."""
        if self._checkpoint is None:
            return
        self._digest = hashlib.sha256(orjson.dumps(self.profiles)).hexdigest()
        noted = Progress.parse(self._checkpoint.load())
        trust = getattr(self._checkpoint, "trust", True)
        if noted and noted.digest == self._digest and trust and not noted.finished:
            for position in unpack(noted.confirmed or []):
                self.status[position] = "updated"

    def _save(self, last: bool = False) -> None:
        now = self.client.clock.now()
        if self._checkpoint is None or (not last and now - self._saved_at < SAVE_EVERY):
            return
        self._saved_at = now
        done = [n if s == "updated" else None for n, s in enumerate(self.status)]
        note = Progress(self._digest, 0, "", runs(done), finished=None not in done)
        self._checkpoint.save(note.dump())

    def _one(self, number: int) -> None:
        """Send one record until the answer can be trusted, and note what came of it."""
        if self.status[number] is not None:
            return
        sent = False
        try:
            if self.stopped is not None:
                raise self.stopped
            body, failures = orjson.dumps(self.profiles[number]), 0
            while True:
                answer = self.client.write("profileimport", body)
                sent = sent or not answer.nothing_taken
                if answer.verdict is not Verdict.AMBIGUOUS:
                    self._note(number, answer)
                    return
                failures += 1
                self._prepare_retry(answer, failures)
        except AMSError as error:
            self.stopped = self.stopped or error
            self.status[number] = "unknown" if sent else "rejected"
            what = "sent, outcome not known" if sent else "not sent"
            self.reasons[number] = f"{what}: {error.message}"

    def _prepare_retry(self, answer: WriteReply, failures: int) -> None:
        """Wait, if there is to be another try.

        Raises
        ------
        AMSError
            There is to be no other try.
        """
        status = answer.status if answer.status != 200 else None
        if answer.code == "forbidden" and failures > 1:
            raise AMSPermissionError(
                "The account may not write to this form.",
                endpoint="profileimport",
                status=status,
                hint="Grant read and write access to the form.",
            )
        if answer.code in ("session", "forbidden") and failures == 1:
            return  # the next call logs in again
        error = AMSTransientError(
            answer.reason, endpoint="profileimport", status=status, retry_after=answer.retry_after
        )
        self.client.pause_before_retry(error, failures)

    def _note(self, number: int, answer: WriteReply) -> None:
        self.calls[number] = number + 1
        if answer.verdict is Verdict.REFUSED:
            self.status[number] = "rejected"
            self.reasons[number] = answer.message or answer.reason
            return
        self.status[number] = "updated"
        self.ids[number] = answer.ids[0] if answer.ids else None
        if answer.dropped_fields:
            listed = ", ".join(repr(f) for f in answer.dropped_fields)
            self.reasons[number] = f"without the fields {listed}, which the form does not have"
            self.stopped = self.stopped or AMSConfigurationError(
                f"AMS has stored a record without the fields {listed}; nothing more was sent.",
                endpoint="profileimport",
                hint="Correct the column names and run again.",
            )
