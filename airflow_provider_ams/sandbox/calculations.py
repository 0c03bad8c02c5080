"""Fields that the server adds: calculated on save, linked and personal on reading."""

from __future__ import annotations

from typing import Any

import orjson

from airflow_provider_ams.sandbox.forms import Field, Form
from airflow_provider_ams.sandbox.formula import apply_history, evaluate, parse_history
from airflow_provider_ams.sandbox.people import age_on, personal_detail
from airflow_provider_ams.sandbox.rows import Rows, event_values, table_rows
from airflow_provider_ams.sandbox.store import Store
from airflow_provider_ams.sandbox.values import (
    date_text,
    java_double,
    parse_date,
    parse_number,
    parse_time,
    time_text,
)
from airflow_provider_ams.sandbox.wiretypes import Json

MORE_DETAILS = ("First Name", "Last Name", "Sex", "DOB", "Age")


def compute(
    store: Store, form: Form, rows: Rows, user_id: int, day: int, own_id: int = 0
) -> bytes | None:
    """Return the calculated values of an event for storage, or None without any."""
    if not form.calculations:
        return None
    values, table = event_values(form, rows), table_rows(form, rows)
    scope = _scope(form, values)
    for item in form.fields:
        if item.table:
            column = [_typed(item, row[item.name]) for row in table if row.get(item.name)]
            scope[item.name] = [value for value in column if value is not None]
    level: dict[str, str] = {}
    per_row: list[dict[str, str]] = [{} for _ in table]
    for item in form.calculations:
        if item.table:
            _compute_column(form, item, values, table, per_row)
            continue
        result = _calculate(store, form, item, scope, (user_id, day, own_id))
        if result is not None:
            level[item.name], scope[item.name] = _text(item, result), result
    return orjson.dumps([level, per_row])


def _compute_column(
    form: Form,
    item: Field,
    values: dict[str, str],
    table: list[dict[str, str]],
    per_row: list[dict[str, str]],
) -> None:
    for row, extra in zip(table, per_row, strict=True):
        result = evaluate(item.formula, _scope(form, {**values, **row, **extra}))
        if result is not None:
            extra[item.name] = _text(item, result)


def _scope(form: Form, values: dict[str, str]) -> dict[str, Any]:
    known = form.by_name
    typed = {name: _typed(known[name], value) for name, value in values.items() if value}
    return {name: value for name, value in typed.items() if value is not None}


def _typed(item: Field, value: str) -> Json:
    if item.type == "Date":
        return parse_date(value)
    if item.type == "Time":
        return parse_time(value)
    if item.scores and value in item.options:
        return item.scores[item.options.index(value)]
    return parse_number(value) if item.type in ("Number", "Calculation") else value


def _text(item: Field, result: Json) -> str:
    if item.type == "Date Calculation":
        return date_text(int(result))
    if item.type == "Time Calculation":
        return time_text(int(result) % 1440)
    if item.type in ("Text Calculation", "History Text Calculation"):
        return java_double(result) if isinstance(result, float) else str(result)
    return java_double(float(result)) if isinstance(result, (int, float)) else str(result)


def _calculate(
    store: Store, form: Form, item: Field, scope: dict[str, Any], place: tuple[int, int, int]
) -> Json | None:
    user_id, day, own_id = place
    if item.type == "Age Calculation":
        found = store.users("id = ?", user_id)
        return age_on(found[0]["dob"], day) if found else None
    if not item.type.startswith("History"):
        return evaluate(item.formula, scope)
    function, name, days = parse_history(item.formula)
    past = store.all(
        "select rows from events where form_id = ? and user_id = ? and day <= ? and day > ?"
        " and id <> ? order by day, minute, id",
        *(form.id, user_id, day, day - days if days else 0, own_id),
    )
    source = form.by_name.get(name)
    earlier = [event_values(form, orjson.loads(rows)).get(name, "") for (rows,) in past]
    values = [_typed(source, text) for text in earlier if text] if source else []
    if name in scope:
        values.append(scope[name])
    return apply_history(function, [value for value in values if value is not None])


class ReadAdditions:
    """Look up linked and personal fields for the events of one reply, each user once."""

    def __init__(self, store: Store, form: Form, extra: str = "of the form") -> None:
        self._store, self._form, self._extra = store, form, extra
        own = form.in_row_0  # a field that is written keeps what was written
        self._more = [n for n in MORE_DETAILS if n not in own] if extra == "more" else []
        self._users: dict[int, dict[str, Any]] = {}
        self._linked: dict[int, dict[str, str]] = {}

    def of(self, user_id: int, day: int) -> dict[str, str]:
        """Return what is added to an event of this user on this day."""
        if not self._form.added_on_read and self._extra != "more":
            return {}
        if user_id not in self._users:
            self._users[user_id] = (self._store.users("id = ?", user_id) or [{}])[0]
            self._linked[user_id] = self._links(user_id)
        user, added = self._users[user_id], dict(self._linked[user_id])
        if not user or self._extra == "none":
            return added
        for name in self._more:
            added[name] = personal_detail(user, name, day)
        for item in self._form.added_on_read:
            if not item.source_form:
                added[item.name] = personal_detail(user, item.detail or item.name, day)
        return added

    def _links(self, user_id: int) -> dict[str, str]:
        links: dict[str, str] = {}
        for item in self._form.added_on_read:
            if item.source_form:
                value = self._source_value(item, user_id)
                if value:
                    links[item.name] = value
        return links

    def _source_value(self, item: Field, user_id: int) -> str:
        profile = self._store.form(item.source_form, "profile")
        source = profile or self._store.form(item.source_form, "event")
        if source is None:
            return ""
        table, order = ("profiles", "id") if profile else ("events", "day desc, minute desc, id")
        found = self._store.one(
            f"select rows, computed from {table} where form_id = ? and user_id = ?"
            f" order by {order} limit 1",
            *(source.id, user_id),
        )
        if not found:
            return ""
        level = orjson.loads(found[1])[0] if found[1] else {}
        return str(
            {**event_values(source, orjson.loads(found[0])), **level}.get(item.source_field, "")
        )
