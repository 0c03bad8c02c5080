"""What is wrong with a frame: gathered, so that all of it is told at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from airflow_provider_ams.ams.positions import DraftRow, InputRow, describe_rows
from airflow_provider_ams.ams.reasons import named

ERROR, WARNING = "error", "warning"
# Where the site's time zone is set, as messages say it.
ZONE_SETTING = "timezone=, AMS_TIMEZONE"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, with all rows that it concerns.

    Parameters
    ----------
    severity : str
        ``error`` or ``warning``.
    rule : str
        The check that found it, such as ``required`` or ``option``: a code to go by.
    field : str or None
        The column or form field; None for the frame as a whole.
    what : str
        What is wrong, in words and without values.
    rows : list
        Index labels of the rows concerned; empty if it concerns all of them.
    hint : str
        What to do.
    positions : sequence of int
        The same rows by their position in the input.
    """

    severity: str
    rule: str
    field: str | None
    what: str
    rows: list[Any] = dataclasses.field(default_factory=list)
    hint: str = ""
    positions: Sequence[InputRow] = dataclasses.field(default=(), repr=False)

    def labelled(self, labels: Sequence[Any]) -> Finding:
        """Return the finding with the rows' labels beside their positions."""
        return replace(self, rows=[labels[p] for p in self.positions])

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
        rows = f" (rows {describe_rows(self.rows, self.positions)})" if self.rows else ""
        return f"{named(self.field, self.what)}{rows}"


def _plain(label: Any) -> Any:  # noqa: ANN401
    return label if isinstance(label, (str, int)) and not isinstance(label, bool) else str(label)


@dataclass(frozen=True)
class Problem:
    """Something wrong with rows of a draft.

    Parameters
    ----------
    rule, field, what, hint
        As for `Finding`.
    rows : list of int
        Rows of the draft; empty for the frame as a whole.
    """

    rule: str
    field: str | None
    what: str
    hint: str = ""
    rows: list[DraftRow] = dataclasses.field(default_factory=list)

    def finding(self, source: Sequence[InputRow]) -> Finding:
        """Return it as an error about rows of the input."""
        rows = list(dict.fromkeys(source[row] for row in self.rows))
        return Finding(ERROR, self.rule, self.field, self.what, [], self.hint, rows)


class Problems:
    """Collect problems while a frame is read: each once, with all its rows.

    Parameters
    ----------
    zone_setting : str
        Where the site's time zone is set, as messages say it.
    """

    def __init__(self, zone_setting: str = ZONE_SETTING) -> None:
        self.zone_setting = zone_setting
        self._found: dict[tuple[str, str | None, str], Problem] = {}

    def add(
        self,
        what: str,
        row: int | None = None,
        *,
        rule: str = "frame",
        field: str | None = None,
        hint: str = "",
    ) -> None:
        """Note a problem, of one row of the draft or of the whole frame."""
        problem = self._found.setdefault((rule, field, what), Problem(rule, field, what, hint))
        if row is not None:
            problem.rows.append(DraftRow(row))

    def findings(self, source: Sequence[InputRow]) -> list[Finding]:
        """Return them as errors about rows of the input.

        A value that can't be read is not missing from the key as well.
        """
        unread: dict[str | None, set[DraftRow]] = {}
        for problem in self:
            if problem.rule != "key":
                unread.setdefault(problem.field, set()).update(problem.rows)
        found = []
        for problem in self:
            rows = problem.rows
            if problem.rule == "key" and (broken := unread.get(problem.field)):
                rows = [row for row in rows if row not in broken]
            if rows or not problem.rows:
                found.append(replace(problem, rows=rows).finding(source))
        return found

    def __iter__(self) -> Iterator[Problem]:
        return iter(self._found.values())

    def __bool__(self) -> bool:
        return bool(self._found)
