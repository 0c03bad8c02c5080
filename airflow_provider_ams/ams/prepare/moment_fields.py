"""Fields of dates and times: texts in other spellings become what AMS takes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from airflow_provider_ams.ams.prepare.draft import Draft
from airflow_provider_ams.ams.prepare.spellings import (
    MINUTE,
    Spelt,
    Trouble,
    is_foreign,
    read_day_texts,
    read_time_texts,
)
from airflow_provider_ams.ams.problems import Problems
from airflow_provider_ams.ams.wire.dates import (
    NO_DAY,
    NO_MINUTE,
    SHOWN_TIMES,
    day_text,
    is_day,
    is_minute,
)
from airflow_provider_ams.ams.wire.values import Texts

_RULE = "format"
_NO_DATE = "holds a time of day as well, which a date field does not take"
_SECONDS = "holds seconds, which AMS times can't; round it to minutes"


@dataclass(frozen=True)
class MomentRules:
    """How fields of dates and times are read.

    Parameters
    ----------
    kinds : mapping
        Field -> kind, as far as it is known.
    date_format : str or mapping, optional
        As in `ImportOption`.
    strict : bool
        Refuse what can't be read also where a column is written as AMS does, and no format is
        given.
    """

    kinds: Mapping[str, str]
    date_format: str | Mapping[str, str] | None
    strict: bool

    def of(self, name: str, column: str) -> tuple[str, str | None]:
        """Return the kind of a field and its format; one with a format of its own is a date."""
        if self.date_format is None or isinstance(self.date_format, str):
            return self.kinds.get(name, "unknown"), self.date_format
        form = self.date_format.get(name) or self.date_format.get(column)
        return self.kinds.get(name, "unknown") if form is None else "date", form


def foreign_columns(draft: Draft) -> bool:
    """Tell whether any field holds texts that may be dates or times in another spelling."""
    columns = [draft.frame[c] for c in (*draft.fields.values(), *draft.table.values())]
    texts = [c for c in columns if c.dtype.kind in "OU" or isinstance(c.dtype, pd.CategoricalDtype)]
    return any(isinstance(v, str) and is_foreign(v) for c in texts for v in c.tolist())


def read_moments(
    draft: Draft,
    rules: MomentRules,
    booleans: tuple[str, str] | None,
    problems: Problems,
) -> frozenset[str]:
    """Write the dates and times of a draft's fields as AMS takes them.

    Parameters
    ----------
    draft : Draft
        The frame; its texts are changed.
    rules : MomentRules
        How they are read.
    booleans : tuple of str, optional
        Texts for True and False.
    problems : Problems
        Takes what can't be read; its text stays what it is.

    Returns
    -------
    frozenset of str
        The fields that need no other look at their format.
    """
    looked = []
    for name, column in {**draft.fields, **draft.table}.items():
        kind, form = rules.of(name, str(column))
        if kind not in ("date", "time"):
            continue
        texts = draft.texts(column, booleans, problems)
        cells = [v if isinstance(v, str) and v else None for v in draft.frame[column].tolist()]
        if form is None and not any(cells):
            continue
        spelt = read_day_texts(cells, form) if kind == "date" else read_time_texts(cells)
        # Read by a given format, a column is never AMS's own.
        if spelt.own and not rules.strict:
            continue
        written, troubles = _written(spelt, texts, kind)
        draft.set_texts(column, written)
        others = [None if cell else text for cell, text in zip(cells, texts, strict=True)]
        _note([*troubles, *_no_moments(others, kind)], name, problems)
        looked.append(name)
    return frozenset(looked)


def _written(spelt: Spelt, texts: Texts, kind: str) -> tuple[Texts, list[Trouble]]:
    if kind == "time" and spelt.own:
        return texts, spelt.troubles
    day: Callable[[Any], str | None] = _moment_day if spelt.timed else day_text
    write = day if kind == "date" else _minute
    written: Texts = list(texts)
    odd = []
    for row, value in enumerate(spelt.values):
        if value is None:
            continue
        text = write(value)
        if text is None:
            odd.append(row)
        else:
            written[row] = text
    what = _NO_DATE if kind == "date" else _SECONDS
    return written, [*spelt.troubles, *([Trouble(what, "", odd)] if odd else [])]


def _no_moments(texts: Texts, kind: str) -> list[Trouble]:
    """Find what was no text in the frame, and is neither date nor time: numbers, above all."""
    is_moment, what = (is_day, NO_DAY) if kind == "date" else (is_minute, NO_MINUTE)
    odd = {text for text in set(texts) if text is not None and not is_moment(text)}
    return [Trouble(what, "", [row for row, text in enumerate(texts) if text in odd])] * bool(odd)


def _moment_day(moment: dt.datetime) -> str | None:
    whole = moment.time() == dt.time() and moment.tzinfo is None
    return day_text(moment.toordinal()) if whole else None


def _minute(time: int) -> str | None:
    minute, rest = divmod(time, MINUTE)
    return None if rest else SHOWN_TIMES[minute]


def _note(troubles: Sequence[Trouble], name: str, problems: Problems) -> None:
    for trouble in troubles:
        for row in trouble.rows:
            what = f"a value {trouble.what}"
            problems.add(what, row, rule=_RULE, field=name, hint=trouble.hint)
