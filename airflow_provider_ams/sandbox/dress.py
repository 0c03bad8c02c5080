"""Rows as they are read: merged, with what the server adds, in the texts of the dialect."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import orjson

from airflow_provider_ams.sandbox.forms import Form
from airflow_provider_ams.sandbox.moments import duration_text, parse_duration, parse_moment
from airflow_provider_ams.sandbox.options import split_choices
from airflow_provider_ams.sandbox.rows import Rows, event_values, table_rows
from airflow_provider_ams.sandbox.settings import Settings
from airflow_provider_ams.sandbox.values import (
    DAY_MS,
    date_text,
    epoch_ms,
    number_text,
    parse_date,
    parse_time,
    site_zone,
    time_text,
    zone_ms,
)

TRUE_TEXTS, FALSE_TEXTS = ("true", "yes", "1", "on"), ("false", "no", "0", "off")
Writer = Callable[[str], str | None]


class Dresser:
    """Write the stored values of one form as the dialect does.

    Parameters
    ----------
    form
        The form that the values belong to.
    settings
        The dialect.
    """

    def __init__(self, form: Form, settings: Settings) -> None:
        self.form, self._settings = form, settings
        self._zone = site_zone(settings.site_zone)
        writers: dict[str, Writer] = {
            "number": partial(number_text, style=settings.number_text),
            "date": self._date,
            "time": self._time,
            "moment": self._moment,
            "duration": self._duration,
            "boolean": self._boolean,
            "file": self._file,
            "text": self._text,
        }
        shapes = form.formats
        self._writers = {name: writers[s] for name, s in shapes.items() if s in writers}
        for name, shape in shapes.items():
            if shape == "multiple":
                self._writers[name] = self._choices(form.by_name[name].options)

    def pairs(self, row: dict[str, str]) -> list[dict[str, str]]:
        """Return one row's values; blanks are left out."""
        writer_of = self._writers.get
        return [
            {"key": key, "value": text}
            for key, value in row.items()
            if value and (text := writer(value) if (writer := writer_of(key)) else value)
        ]

    def _text(self, text: str) -> str:
        if "\n" not in text:
            return text
        return text.replace("\r\n", "\n").replace("\n", self._settings.line_break)

    def _date(self, text: str) -> str:
        day = parse_date(text)
        return text if day is None else self._day(day)

    def _day(self, day: int, minute: int | None = None) -> str:
        style, start = self._settings.date_fields, minute or 0
        if style == "ms site":
            return str(zone_ms(day, start, self._zone))
        if style == "yyyy-MM-dd":
            text = date_text(day)
            iso = f"{text[6:]}-{text[3:5]}-{text[:2]}"
            return iso if minute is None else f"{iso}T{time_text(minute, 'HH:mm')}"
        if style == "dd/MM/yyyy":
            clock = "" if minute is None else f" {time_text(minute, self._settings.time_fields)}"
            return date_text(day) + clock
        moment = day * 7_919_000 % DAY_MS if style == "ms moment" and minute is None else 0
        return str(epoch_ms(day) + start * 60_000 + moment)

    def _moment(self, text: str) -> str:
        found = parse_moment(text)
        return text if found is None else self._day(*found)

    def _time(self, text: str) -> str:
        minute = parse_time(text)
        return text if minute is None else time_text(minute, self._settings.time_fields)

    def _duration(self, text: str) -> str:
        style = self._settings.duration_fields
        ms = parse_duration(text, 1000 if style == "s" else 1)
        if ms is None:
            return text
        if style == "H:mm:ss":
            return duration_text(ms)
        return str(ms // 1000 if style == "s" else ms)

    def _boolean(self, text: str) -> str:
        style, known = self._settings.boolean_fields, text.lower()
        if style == "as written" or known not in TRUE_TEXTS + FALSE_TEXTS:
            return text
        yes, _, no = style.partition("/")
        return yes if known in TRUE_TEXTS else no

    def _file(self, text: str) -> str | None:
        style = self._settings.file_fields
        if style == "absent":
            return None
        return text.partition("|")[2] or text if style == "name" else text

    def _choices(self, options: tuple[str, ...]) -> Writer:
        separator = self._settings.multiple_separator

        def write(text: str) -> str:
            chosen = split_choices(text, options) if options else None
            return text if chosen is None else separator.join(chosen)

        return write


def shown_rows(
    dresser: Dresser,
    stored: bytes,
    computed: bytes | None,
    added: dict[str, str],
    start: tuple[int, int] | None = None,
    separate: bool = False,
) -> list[dict[str, Any]]:
    """Return rows as they are read.

    Row 0 is merged with the first table row, unless they are `separate`. `added` are values that
    the server adds on reading; fields that repeat the `start` (day, minute) are left out.
    """
    form, rows = dresser.form, orjson.loads(stored)
    level, per_row = orjson.loads(computed) if computed else ({}, [])
    first = {**_own_values(form, rows, start), **level, **added}
    table = table_rows(form, rows)
    for place, extra in enumerate(per_row):
        table[place].update(extra)
    if separate and table:
        merged = [first, *table]
    else:
        merged = [{**first, **table[0]}, *table[1:]] if table else [first] if first else []
    return [{"row": place, "pairs": dresser.pairs(row)} for place, row in enumerate(merged)]


def _own_values(form: Form, rows: Rows, start: tuple[int, int] | None) -> dict[str, str]:
    values = event_values(form, rows)
    if start is not None:
        if parse_date(values.get("Date", "")) == start[0]:
            values.pop("Date")
        if parse_time(values.get("Time", "")) == start[1]:
            values.pop("Time")
    return values
