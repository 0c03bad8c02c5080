"""Rows of an event as they are written: checked, and kept or refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from airflow_provider_ams.sandbox.forms import Field, Form
from airflow_provider_ams.sandbox.moments import parse_duration, parse_moment
from airflow_provider_ams.sandbox.options import split_choices
from airflow_provider_ams.sandbox.settings import Settings
from airflow_provider_ams.sandbox.values import parse_date, parse_number, parse_time
from airflow_provider_ams.sandbox.wiretypes import Json

Pairs = list[list[str]]
Rows = list[tuple[int, Pairs]]
BUILT_IN = ("first name", "last name")
PLACEHOLDERS = frozenset({"nan", "NaN", "None", "NaT", "<NA>", "null"})


class Reject(Exception):
    """Refuse one event; the message is what the server says about it, often nothing."""

    def __init__(self, message: str = "", reason: str = "") -> None:
        super().__init__(message)
        self.message, self.reason = message, reason or message


def take_rows(
    form: Form, rows: Json, settings: Settings, unknown: dict[str, None], breaks: Counter[str]
) -> Rows:
    """Check the rows that were sent and return what is stored of them, in the order of rows.

    Names that are not in the form are dropped and added to `unknown`; `breaks` counts what a
    careful client would not have sent.
    """
    if not isinstance(rows, list) or not rows:
        raise Reject(reason="rows is missing or empty")
    kept: Rows = []
    for row in rows:
        try:
            index, pairs = row["row"], row["pairs"]
            taken = [[pair["key"], pair["value"]] for pair in pairs]
        except (TypeError, KeyError):
            raise Reject(reason="a row is not {row, pairs}") from None
        if type(index) is not int or index < 0:
            raise Reject(reason="a row number is not a whole number")
        kept.append((index, _known(form, index, taken, settings, unknown, breaks)))
    if len(kept) > 1:
        kept.sort(key=lambda item: item[0])
        if len({index for index, _ in kept}) < len(kept):
            raise Reject(reason="a row number is repeated")
    _check_required(form, kept)
    return _cut(form, kept, settings.text_limit) if settings.text_limit else kept


def _cut(form: Form, rows: Rows, limit: int) -> Rows:
    texts = {item.name for item in form.fields if item.type == "Text"}
    return [
        (index, [[key, value[:limit] if key in texts else value] for key, value in pairs])
        for index, pairs in rows
    ]


def _known(
    form: Form,
    index: int,
    pairs: Pairs,
    settings: Settings,
    unknown: dict[str, None],
    breaks: Counter[str],
) -> Pairs:
    kinds, known = form.kinds, []
    if _is_plain(form, index, pairs) and not settings.strict_values:
        return pairs
    for pair in pairs:
        key, value = pair
        if type(key) is not str or type(value) is not str:
            raise Reject(reason="a key or value is not text")
        kind = kinds.get(key)
        if kind is None or kind == "read-only":
            _not_kept(key, kind, unknown, breaks)
            continue
        if kind == "event" and index:
            raise Reject(f"This form does not support multiple rows for key: {key}")
        if value in PLACEHOLDERS:
            breaks["placeholder text sent"] += 1
        if settings.strict_values and value:
            check_value(form.by_name[key], value, settings.multiple_separator)
        known.append(pair)
    return known


def _is_plain(form: Form, index: int, pairs: Pairs) -> bool:
    """Tell quickly whether there is nothing to drop, refuse or count; nearly always so."""
    allowed = form.in_table if index else form.in_row_0
    try:
        values = [value for _, value in pairs]
        "".join(values)  # the quickest test that all are texts
        return allowed.issuperset([key for key, _ in pairs]) and PLACEHOLDERS.isdisjoint(values)
    except TypeError:
        return False


def _not_kept(key: str, kind: str | None, unknown: dict[str, None], breaks: Counter[str]) -> None:
    if kind is not None:
        breaks["read-only field sent"] += 1
    elif key.lower() in BUILT_IN:
        breaks["built-in field sent"] += 1
    else:
        unknown[key] = None


def check_value(item: Field, value: str, separator: str) -> None:
    """Refuse a value that does not fit its field."""
    checks: dict[str, Callable[[str], Any]] = {
        "Number": parse_number,
        "Date": parse_date,
        "Time": parse_time,
        "Date Time": parse_moment,
        "Duration": parse_duration,
    }
    check = checks.get(item.type)
    if check is not None and check(value) is None:
        raise Reject(reason=f"{item.name} is not a {item.type}")
    if not item.options:
        return
    chosen: Iterable[str] | None = [value]
    if item.type == "Multiple Selection":
        chosen = split_choices(value, item.options, (separator,))
    if chosen is None or not set(chosen) <= set(item.options):
        raise Reject(reason=f"{item.name} is not one of its options")


def _check_required(form: Form, rows: Rows) -> None:
    if form.required:
        given = {key for _, pairs in rows for key, value in pairs if value}
        if not given.issuperset(form.required):
            raise Reject(reason="a required value is missing")
    for row in table_rows(form, rows) if form.required_in_table else ():
        if not all(row.get(name) for name in form.required_in_table):
            raise Reject(reason="a required table value is missing")


def event_values(form: Form, rows: Rows) -> dict[str, str]:
    """Return the event-level values."""
    if not rows or rows[0][0]:
        return {}
    kinds = form.kinds
    return {key: value for key, value in rows[0][1] if kinds.get(key) == "event"}


def table_rows(form: Form, rows: Rows) -> list[dict[str, str]]:
    """Return the table rows: one for each row but 0, and one for table fields in row 0."""
    if not form.has_table:
        return []
    kinds, found = form.kinds, []
    for index, pairs in rows:
        row = {key: value for key, value in pairs if kinds.get(key) == "table"}
        if row or index:
            found.append(row)
    return found


def is_mixed(form: Form, rows: Rows) -> bool:
    """Tell whether row 0 holds event-level and table fields together."""
    if not form.has_table or not rows or rows[0][0]:
        return False
    kinds = {form.kinds.get(key) for key, _ in rows[0][1]}
    return {"event", "table"} <= kinds
