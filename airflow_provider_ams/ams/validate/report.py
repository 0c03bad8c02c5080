"""What validation found: grouped by field and rule, without any value of an athlete."""

from __future__ import annotations

import dataclasses
import html
import os
from collections.abc import Sequence
from typing import Any

import pandas as pd

from airflow_provider_ams.ams.errors import AMSConfigurationError, AMSValidationError, describe_rows

ERROR, WARNING = "error", "warning"
_COLUMNS = ("severity", "field", "rule", "rows", "first_rows", "what", "hint")


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that is wrong, with all rows that it concerns.

    Parameters
    ----------
    severity : str
        ``error`` or ``warning``.
    rule : str
        Which check found it, such as ``required`` or ``option``.
    field : str or None
        The column or form field; None for the frame as a whole.
    what : str
        What is wrong.
    rows : list
        Index labels of the rows concerned; empty if it concerns all of them.
    hint : str
        What to do.
    positions : list of int
        The same rows by their position in the input.
    """

    severity: str
    rule: str
    field: str | None
    what: str
    rows: list[Any] = dataclasses.field(default_factory=list)
    hint: str = ""
    positions: list[int] = dataclasses.field(default_factory=list, repr=False)

    def as_dict(self, shown: int = 10) -> dict[str, Any]:
        """Return the finding as JSON, with its first rows."""
        return {
            "severity": self.severity,
            "rule": self.rule,
            "field": self.field,
            "what": self.what,
            "rows": len(self.rows),
            "first_rows": [_plain(r) for r in self.rows[:shown]],
            "hint": self.hint,
        }

    def __str__(self) -> str:
        rows = f" (rows {describe_rows(self.rows)})" if self.rows else ""
        where = f"{self.field!r}: " if self.field else ""
        return f"{where}{self.what}{rows}"


def _plain(label: Any) -> Any:  # noqa: ANN401
    return label if isinstance(label, (str, int)) and not isinstance(label, bool) else str(label)


@dataclasses.dataclass(frozen=True)
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
    """

    form: str
    rows: int
    contract: str
    findings: tuple[Finding, ...]

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
        """Whether there is no error."""
        return not self.errors

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON: names, rules, counts and row labels, no values."""
        return {
            "form": self.form,
            "rows": self.rows,
            "contract": self.contract,
            "ok": self.ok,
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
                describe_rows(f.rows),
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

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the report to a ``.csv`` (a line for each finding and row) or ``.html`` file."""
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(self.render(str(path)))

    def render(self, path: str) -> str:
        """Return what belongs into a file of this name."""
        ending = os.path.splitext(path)[1].lower()
        if ending in (".html", ".htm"):
            return self.html()
        if ending == ".csv":
            return self.details().to_csv(index=False)
        raise AMSConfigurationError(f"A report's file must end in .csv or .html, not {ending!r}.")

    def raise_for_errors(self) -> None:
        """Raise if there is any error.

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
            f"DataFrame is invalid: {parts}. Nothing was sent.",
            report=self,
            rows=list(dict.fromkeys(row for f in self.errors for row in f.rows)),
            rows_told=True,
            hint=" ".join(hints[:3]) or None,
        )

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return f"<b>{html.escape(self.headline())}</b>{html_table(self.frame())}"


def text_table(title: str, frame: pd.DataFrame) -> str:
    """Return a heading and a table of left-aligned columns."""
    if frame.empty:
        return title
    cells = [list(map(str, frame.columns)), *frame.astype(str).values.tolist()]
    widths = [max(len(line[i]) for line in cells) for i in range(len(frame.columns))]
    lines = ["  ".join(t.ljust(w) for t, w in zip(line, widths, strict=True)) for line in cells]
    return "\n".join([title, *(line.rstrip() for line in lines)])


def html_table(frame: pd.DataFrame) -> str:
    """Return a table as HTML, every text in it escaped."""
    head = "".join(f"<th>{html.escape(str(c))}</th>" for c in frame.columns)
    body = "".join(f"<tr>{_cells(line)}</tr>" for line in frame.astype(str).values.tolist())
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cells(line: Sequence[str]) -> str:
    return "".join(f"<td>{html.escape(text)}</td>" for text in line)


def html_page(title: str, *parts: str) -> str:
    """Return a page that stands for itself."""
    name = html.escape(title)
    style = (
        "body{font-family:sans-serif}table{border-collapse:collapse}"
        "td,th{border:1px solid #ccc;padding:.3em .6em;text-align:left;vertical-align:top}"
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{name}</title>'
        f"<style>{style}</style></head><body><h1>{name}</h1>{''.join(parts)}</body></html>"
    )
