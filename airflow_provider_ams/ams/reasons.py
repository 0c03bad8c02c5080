"""Why rows did not land: grouped by reason, rows and people by number, without any value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import pandas as pd

from airflow_provider_ams.ams.positions import describe_rows
from airflow_provider_ams.ams.tables import text_table

# One line for each row that did not land and each reason.
COLUMNS = ("row", "user_id", "event_id", "status", "code", "field", "reason", "hint")
_NUMBERS = COLUMNS[:3]
_GROUP = list(COLUMNS[3:])
#: How the reason of a row begins that a check of ours has held back.
NOT_SENT = "not sent: "
# What begins with one of these says it of the field.
_VERBS = ("is", "has", "starts", "says")
_SHOWN, _HINTS, _MOST = 5, 3, 20
# How a message begins if all that is wrong is of one kind.
_LEADS = {"event_id": "", "user": "Failed to map people: "}


class Reason(NamedTuple):
    """One thing that keeps a row from landing.

    Parameters
    ----------
    code : str
        The check or the outcome: a word to go by.
    field : str or None
        The column or form field.
    text : str
        In words, without values.
    hint : str
        What to do about it.
    """

    code: str
    field: str | None
    text: str
    hint: str = ""

    def __str__(self) -> str:
        return named(self.field, self.text)


def named(name: str | None, what: str) -> str:
    """Return what is wrong, with the field's name in front unless it is in there."""
    # A field may be called "day": a word that many messages have.
    plain = name is not None and "_" in name and name in what.split()
    told = name is None or repr(name) in what or plain
    sign = "" if what.split(" ", 1)[0] in _VERBS else ":"
    return what if told else f"{name!r}{sign} {what}"


def lead(codes: Iterable[str]) -> str:
    """Return how a message begins that tells what breaks these rules."""
    several = set(codes)
    return _LEADS.get(next(iter(several)), _INVALID) if len(several) == 1 else _INVALID


_INVALID = "DataFrame is invalid: "


def failed_frame(lines: Iterable[Sequence[Any]]) -> pd.DataFrame:
    """Return lines of `COLUMNS` as a frame, in the order of the input."""
    frame = pd.DataFrame(list(lines), columns=list(COLUMNS), dtype=object)
    frame = frame.astype(dict.fromkeys(_NUMBERS, "Int64"))
    return frame.sort_values("row", kind="stable", ignore_index=True)


def _groups(failed: pd.DataFrame) -> list[tuple[tuple[Any, ...], pd.DataFrame]]:
    """Return the lines of each reason, the most frequent reason first."""
    # Missing fields must neither fall out nor become NaN.
    texts = failed.assign(field=failed["field"].fillna(""), hint=failed["hint"].fillna(""))
    found = [(key, lines) for key, lines in texts.groupby(_GROUP, sort=False)]
    return sorted(found, key=lambda group: -len(group[1]))


def group_reasons(failed: pd.DataFrame, shown: int = _SHOWN) -> pd.DataFrame:
    """Return one line for each reason: ``rows``, ``status``, ``field``, ``reason``, ...

    Parameters
    ----------
    failed : DataFrame
        From `failed_frame`.
    shown : int
        Rows named in ``first_rows``, each with person and event where they are known.
    """
    lines = [
        [len(rows), status, field, reason, _places(rows, shown), hint]
        for (status, _, field, reason, hint), rows in _groups(failed)
    ]
    columns = ["rows", "status", "field", "reason", "first_rows", "hint"]
    return pd.DataFrame(lines, columns=columns)


def _places(rows: pd.DataFrame, shown: int) -> str:
    head = rows.head(shown)
    known = head[list(_NUMBERS)].astype(object).where(head[list(_NUMBERS)].notna(), None)
    texts = [_place(*place) for place in known.itertuples(index=False, name=None)]
    more = len(rows) - len(texts)
    return ", ".join(texts) + (f" and {more} more" if more else "")


def _place(row: int, user: int | None, event: int | None) -> str:
    who = [f"user {user}"] if user is not None else []
    who += [f"event {event}"] if event is not None else []
    return f"{row} ({', '.join(who)})" if who else str(row)


def explain(title: str, failed: pd.DataFrame, shown: int = _SHOWN) -> str:
    """Return the reasons as a table of plain text, for a log; empty if there are none.

    Parameters
    ----------
    title : str
        The first line begins with it.
    failed : DataFrame
        From `failed_frame`.
    shown : int
        Rows named for each reason.
    """
    if failed.empty:
        return ""
    counts = failed.drop_duplicates("row")["status"].value_counts()
    told = ", ".join(f"{count} rows {status}" for status, count in counts.items())
    table = group_reasons(failed, shown).rename(columns={"first_rows": "first rows (from 0)"})
    table = table.loc[:, (table != "").any()]
    text = text_table(f"{title}: {told}", table.head(_MOST))
    more = len(table) - _MOST
    return f"{text}\n... and {more} more reasons" if more > 0 else text


def reasons_json(failed: pd.DataFrame) -> list[dict[str, Any]]:
    """Return every row that did not land, by reason, as JSON can hold it: positions, no values."""
    return [
        {
            "status": status,
            "code": code,
            "field": field or None,
            "reason": reason,
            "hint": hint,
            "rows": rows["row"].tolist(),
        }
        for (status, code, field, reason, hint), rows in _groups(failed)
    ]


def tell(failed: pd.DataFrame, labels: pd.Index) -> str:
    """Return the reasons as one sentence, the most frequent ones first; empty if there are none."""
    if failed.empty:
        return ""
    groups = _groups(failed)
    parts = []
    for (_, _, field, reason, _), lines in groups[:_SHOWN]:
        where = lines["row"].tolist()
        text = named(field or None, reason.removeprefix(NOT_SENT))
        parts.append(f"{text} (rows {describe_rows([labels[p] for p in where], where)})")
    more = len(groups) - len(parts)
    told = "; ".join(parts) + (f"; and {more} more reasons" if more > 0 else "")
    ours = failed["reason"].str.startswith(NOT_SENT)
    return f"{lead(failed['code']) if ours.all() else ''}{told}. "


def hints(failed: pd.DataFrame) -> str | None:
    """Return what to do about the most frequent reasons."""
    found = list(dict.fromkeys(hint for (*_, hint), _ in _groups(failed) if hint))
    return " ".join(found[:_HINTS]) or None
