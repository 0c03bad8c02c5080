"""What validation found: grouped by field and rule, without any value of an athlete."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import pandas as pd

from airflow_provider_ams.ams.csv_safe import safe_frame
from airflow_provider_ams.ams.errors import AMSConfigurationError, AMSValidationError
from airflow_provider_ams.ams.options.rules import rejected_limit
from airflow_provider_ams.ams.positions import describe_rows
from airflow_provider_ams.ams.problems import ERROR, WARNING, Finding
from airflow_provider_ams.ams.reasons import lead
from airflow_provider_ams.ams.tables import html_note, html_page, html_table, text_table
from airflow_provider_ams.transport.files import write_atomic

_COLUMNS = ("severity", "field", "rule", "rows", "first_rows", "what", "hint")


@dataclass(frozen=True)
class ValidationReport:
    """All that validation found, errors first.

    Parameters
    ----------
    form : str
        The form's name.
    rows : int
        Rows that were looked at.
    contract : str
        ``strict``, ``drop_unknown`` or ``off``.
    findings : tuple of Finding
        Grouped by field and rule.
    rejected : int
        Rows that an import would reject: those with an error, and the others of their events.
    tolerance : int, str or None
        Rejected rows to put up with, as for imports.
    """

    form: str
    rows: int
    contract: str
    findings: tuple[Finding, ...]
    rejected: int = 0
    tolerance: int | str | None = None

    @property
    def errors(self) -> list[Finding]:
        """What must be mended."""
        return [f for f in self.findings if f.severity == ERROR]

    @property
    def warnings(self) -> list[Finding]:
        """What should be looked at."""
        return [f for f in self.findings if f.severity == WARNING]

    @property
    def ok(self) -> bool:
        """Whether an import would be green: no error about the frame, and few enough of rows."""
        whole = any(not finding.rows for finding in self.errors)
        return not whole and self.rejected <= rejected_limit(self.tolerance, self.rows)

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON: names, rules, counts and row labels, no values."""
        return {
            "form": self.form,
            "rows": self.rows,
            "contract": self.contract,
            "ok": self.ok,
            "rejected": self.rejected,
            "errors": len(self.errors),
            "warnings": len(self.warnings),
            "findings": [f.as_dict() for f in self.findings],
        }

    def frame(self) -> pd.DataFrame:
        """Return one row for each finding."""
        lines = [
            [
                f.severity,
                f.field or "",
                f.rule,
                len(f.rows),
                describe_rows(f.rows, f.positions),
                f.what,
                f.hint,
            ]
            for f in self.findings
        ]
        return pd.DataFrame(lines, columns=list(_COLUMNS))

    def details(self) -> pd.DataFrame:
        """Return one row for each finding and input row: ``row``, ``severity``, ``field``, ..."""
        lines = [
            [row, f.severity, f.field or "", f.rule, f.what, f.hint]
            for f in self.findings
            for row in f.rows or [None]
        ]
        columns = ["row", "severity", "field", "rule", "what", "hint"]
        return pd.DataFrame(lines, columns=columns)

    def headline(self) -> str:
        """Return what came of it in one line."""
        counts = f"{len(self.errors)} errors, {len(self.warnings)} warnings"
        return f"{self.form}: {counts} in {self.rows} rows"

    def text(self) -> str:
        """Return the report as a table of plain text."""
        return text_table(self.headline(), self.frame().astype(str))

    def html(self) -> str:
        """Return the report as a page."""
        return html_page(self.headline(), html_table(self.frame()))

    def save(self, path: str | os.PathLike[str], *, csv_safe: bool = False) -> None:
        """Write the report to a ``.csv`` (a line for each finding and row) or ``.html`` file.

        Parameters
        ----------
        path : str or path
            The file.
        csv_safe : bool
            Put an apostrophe before texts in a CSV file that a spreadsheet would take for
            formulas: names of columns and labels of rows are not ours.
        """
        write_atomic(path, self.render(str(path), csv_safe=csv_safe).encode())

    def render(self, path: str, *, csv_safe: bool = False) -> str:
        """Return what belongs into a file of this name; parameters as for `save`."""
        ending = os.path.splitext(path)[1].lower()
        if ending in (".html", ".htm"):
            return self.html()
        if ending == ".csv":
            details = self.details()
            return (safe_frame(details) if csv_safe else details).to_csv(index=False)
        raise AMSConfigurationError(f"A report's file must end in .csv or .html, not {ending!r}.")

    def raise_for_errors(self) -> None:
        """Raise unless `ok`.

        Raises
        ------
        AMSValidationError
            Names all of them.
        """
        if self.ok:
            return
        parts = "; ".join(str(f) for f in self.errors)
        hints = list(dict.fromkeys(f.hint for f in self.errors if f.hint))
        raise AMSValidationError(
            f"{lead(f.rule for f in self.errors)}{parts}. Nothing was sent.",
            report=self,
            rows=list(dict.fromkeys(row for f in self.errors for row in f.rows)),
            rows_told=True,
            hint=" ".join(hints[:3]) or None,
        )

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return html_note(self.headline(), self.frame())
