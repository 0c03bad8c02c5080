"""The caller's own names for columns: to the form's before anything else, and back in messages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from airflow_provider_ams.ams.prepare.columns import ANY_CASE
from airflow_provider_ams.ams.prepare.nearest import fold_name, nearest_of
from airflow_provider_ams.ams.problems import Finding, Problems

_RULE = "columns"
# What these say is said of the form's name, which the caller has to see.
_OF_THE_FORM = ("unknown_field", "read_only_field", "table_field", "shadowed_field")


class Renames:
    """Rename a frame's columns, and speak of them by the names that they had.

    Parameters
    ----------
    columns : mapping, optional
        Name in the frame -> name that the import knows.
    """

    def __init__(self, columns: Mapping[str, str] | None) -> None:
        self._names = {old: new for old, new in (columns or {}).items() if old != new}
        self._back = {new: old for old, new in self._names.items()}
        longest = sorted(map(repr, self._back), key=len, reverse=True)
        self._told = re.compile("|".join(map(re.escape, longest))) if longest else None
        self._old = {repr(new): repr(old) for new, old in self._back.items()}

    def frame(self, df: pd.DataFrame, problems: Problems) -> pd.DataFrame:
        """Return the frame with the names that the import knows.

        Parameters
        ----------
        df : DataFrame
            As the caller has it; it is not changed.
        problems : Problems
            Takes names that the frame does not have, and fields that two columns would stand for.
        """
        if not self._names or not isinstance(df, pd.DataFrame):
            return df
        given = [c for c in df.columns if isinstance(c, str)]
        for name in self._names:
            if name not in given:
                what = f"columns= names {name!r}, which the frame does not have"
                problems.add(what, rule=_RULE, hint=nearest_of(name, given))
        stays = [c for c in given if c not in self._names]
        taken = Counter(map(_canonical, (*stays, *self._names.values())))
        for new in dict.fromkeys(self._names.values()):
            if taken[_canonical(new)] > 1:
                both = [c for c in given if _canonical(self._names.get(c, c)) == _canonical(new)]
                what = f"columns {both} would both be {new!r}"
                problems.add(what, rule=_RULE, hint="Leave all but one of them out.")
        return df.rename(columns=self._names)

    def text(self, text: str) -> str:
        """Return a message with the caller's names in the place of those that it quotes."""
        return self._told.sub(lambda m: self._old[m[0]], text) if self._told else text

    def finding(self, finding: Finding) -> Finding:
        """Return a finding that speaks of the caller's column."""
        if not self._names or finding.rule == _RULE:
            return finding
        what, name = self.text(finding.what), finding.field
        if name in self._back and finding.rule in _OF_THE_FORM:
            what = f"as {name!r} {what}"
        return replace(finding, what=what, field=self._back.get(name or "", name))


def _canonical(name: str) -> str:
    """Return a name as the import tells names apart."""
    folded = fold_name(name)
    return folded.lower() if folded.lower() in ANY_CASE else folded
