"""A plan: what an import would do, to be looked at, kept and applied."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from airflow_provider_ams.ams.errors import AMSConfigurationError, AMSInputError
from airflow_provider_ams.ams.options.rules import rejected_limit
from airflow_provider_ams.ams.plan.contents import Contents
from airflow_provider_ams.ams.plan.render import (
    People,
    as_html,
    as_markdown,
    as_note,
    as_text,
    heading,
)
from airflow_provider_ams.ams.plan.stored_plan import dump_plan, load_contents, plan_digest
from airflow_provider_ams.ams.reasons import explain, hints, tell
from airflow_provider_ams.transport.files import FileProblem, write_atomic


@dataclass(kw_only=True)
class Plan(Contents):
    """What is to be done, and with what AMS held when the plan was made.

    Made by `plan_event_data`; what it holds is described in `Contents`.
    """

    @property
    def digest(self) -> str:
        """A fingerprint of everything that the plan holds; an approval is one of this digest."""
        return plan_digest(self)

    def summary(self) -> dict[str, Any]:
        """Return form, counts and digest as a small dict that JSON can hold (no values)."""
        return {
            "form": self.form,
            "mode": self.mode,
            "rows": self.row_count,
            **self.counts,
            "stored": self.stored,
            "digest": self.digest,
            "warnings": list(self.warnings),
        }

    def explain(self, shown: int = 5) -> str:
        """Return why rows are not to be sent, as `ImportResult.explain`; empty if all are."""
        return explain(self.form, self.failed, shown)

    def check(self, tolerance: int | str | None = None) -> None:
        """Raise if the import would end red for the rows that are rejected.

        Parameters
        ----------
        tolerance : int, str or None
            As for imports.

        Raises
        ------
        AMSInputError
            Names the reasons, the most frequent ones first, and their rows.
        """
        if len(self.rejects) <= rejected_limit(tolerance, self.row_count):
            return
        failed, labels = self.failed, self.row_labels
        raise AMSInputError(
            f"{tell(failed, labels)}{len(self.rejects)} of {self.row_count} rows are not to be "
            "sent. Nothing was sent.",
            rows=[labels[position] for position in sorted(self.rejects)],
            rows_told=True,
            hint=hints(failed),
        )

    def subject(self) -> str:
        """Return form and all counts in a line."""
        return heading(self)

    def __str__(self) -> str:
        return as_text(self)

    def show(self, max_lines: int = 50) -> None:
        """Print the plan line by line with old and new values, for whoever asks to see them.

        They are athletes' data: `print(plan)` shows none of them, nor does a notebook by itself.

        Parameters
        ----------
        max_lines : int
            Lines at most; the counts are always of all.
        """
        print(as_text(self, max_lines, show_values=True))

    def markdown(self, max_lines: int = 50, show_values: bool = True, people: People = None) -> str:
        """Return the plan for a person to read and approve.

        Parameters
        ----------
        max_lines : int
            Lines at most; the counts are always of all.
        show_values : bool
            Show old and new values, which are athletes' data; else only names of fields.
        people : mapping, optional
            What to call people, by their ids, as ``get_user()`` has it; their ids if left out.
        """
        return as_markdown(self, max_lines, show_values, people)

    def html(self, max_lines: int = 1000, show_values: bool = True, people: People = None) -> str:
        """Return the plan as a page; parameters as for `markdown`."""
        return as_html(self, max_lines, show_values, people)

    def _repr_html_(self) -> str:
        return as_note(self)  # a notebook is kept and shared

    # ------------------------------------------------------------ keeping it

    def dump(self, key: bytes | None = None) -> bytes:
        """Return the plan as JSON, to be read back by `load`; it holds athletes' data.

        Parameters
        ----------
        key : bytes, optional
            Seal it (HMAC), so that `load` with the same key knows who made it; 16 bytes or more.
        """
        return dump_plan(self, key)

    @classmethod
    def load(
        cls,
        source: bytes | str | os.PathLike[str],
        key: bytes | Sequence[bytes] | None = None,
    ) -> Plan:
        """Read a plan back.

        Parameters
        ----------
        source : bytes, str or path
            What `dump` has returned, or the path or URL of the file that `save` has written.
        key : bytes or sequence of bytes, optional
            Refuse a plan that is sealed with none of these keys.

        Raises
        ------
        AMSConfigurationError
            This is no plan, it has been altered since it was made, or its seal is missing or wrong.
        """
        return cls(**load_contents(source, key))

    def save(self, path: str | os.PathLike[str], key: bytes | None = None) -> None:
        """Write the plan to a file, local (only its owner can read it) or a URL.

        Parameters
        ----------
        path : str or path
            The file.
        key : bytes, optional
            As for `dump`.

        Raises
        ------
        AMSConfigurationError
            It can't be written.
        """
        try:
            write_atomic(path, self.dump(key))
        except FileProblem as problem:
            raise AMSConfigurationError(problem.message, hint=problem.hint or None) from None
