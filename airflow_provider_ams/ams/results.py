"""What came of an import or a deletion: one line for each row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from airflow_provider_ams.ams.positions import describe_rows
from airflow_provider_ams.ams.reasons import explain, failed_frame, group_reasons
from airflow_provider_ams.ams.tables import html_note

STATUSES = ("inserted", "updated", "unchanged", "rejected", "unknown")


@dataclass(frozen=True)
class ImportResult:
    """The outcome of an import.

    Parameters
    ----------
    form : str
        The form's name.
    rows : DataFrame
        Exactly one row for each input row, in input order and with its index: ``status``
        (``inserted``, ``updated``, ``unchanged``, ``rejected``, ``unknown``), ``event_id``
        (Int64; the profile's id for profile forms), ``reason`` (text, for rows that did not
        land, or landed with a remark) and ``batch`` (Int64, the number of the call that settled
        the row).
    warnings : list of str
        What the caller should know although nothing failed.
    requests, retries : int
        HTTP requests sent in all, and how many of them were repeated.
    seconds : float
        Time taken.
    deletes : DeleteResult or None
        What became of the deletions of a mirror or a plan; None if nothing was to be deleted.
    failed : DataFrame
        One line for each reason of each row that did not land: ``row`` (Int64, position in the
        input from 0), ``user_id`` and ``event_id`` (Int64, where known), ``status``, ``code`` (a
        word to go by, such as ``format`` or ``refused``), ``field``, ``reason`` and ``hint``. It
        holds no value of the rows.
    """

    form: str
    rows: pd.DataFrame = field(repr=False)
    warnings: list[str] = field(default_factory=list)
    requests: int = 0
    retries: int = 0
    seconds: float = 0.0
    deletes: DeleteResult | None = field(default=None, repr=False)
    failed: pd.DataFrame = field(default_factory=lambda: failed_frame(()), repr=False)

    @property
    def counts(self) -> dict[str, int]:
        """Input rows by status; every status is there, with 0 if need be."""
        found = self.rows["status"].value_counts()
        return {status: int(found.get(status, 0)) for status in STATUSES}

    def summary(self) -> dict[str, Any]:
        """Return counts and costs as a small dict that JSON can hold (no row values)."""
        deleted = 0 if self.deletes is None else self.deletes.counts["deleted"]
        return {
            "form": self.form,
            "rows": len(self.rows),
            **self.counts,
            "deleted": deleted,
            "requests": self.requests,
            "retries": self.retries,
            "seconds": round(self.seconds, 3),
            "warnings": list(self.warnings),
        }

    def explain(self, shown: int = 5) -> str:
        """Return why rows did not land, as a table grouped by reason; empty if all did.

        Parameters
        ----------
        shown : int
            Rows named for each reason, by position, person and event.
        """
        return explain(self.form, self.failed, shown)

    def __repr__(self) -> str:
        counts = ", ".join(f"{n} {status}" for status, n in self.counts.items() if n)
        return f"ImportResult({self.form!r}: {counts or 'no rows'})"

    def _repr_html_(self) -> str:
        reasons = group_reasons(self.failed)
        return html_note(
            self.form, pd.DataFrame([self.counts]), reasons, remarks=self.warnings[:20]
        )


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
        return {status: int(found.get(status, 0)) for status in ("deleted", "rejected", "unknown")}

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

    def _repr_html_(self) -> str:
        failed = self.rows.dropna(subset="reason").groupby(["status", "reason"], sort=False)
        reasons = failed["event_id"].agg(lambda ids: describe_rows(ids.tolist())).reset_index()
        return html_note(self.form, pd.DataFrame([self.counts]), reasons)
