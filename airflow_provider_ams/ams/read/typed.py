"""Columns whose types are those of the form's fields: the same whatever was read, or nothing.

A value that does not fit its field's type is never lost and never a gap: its column stays text,
and a warning names the field and the events.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.errors import AMSConfigurationError, AMSPermissionError
from airflow_provider_ams.ams.forms.catalogue import read_schema
from airflow_provider_ams.ams.forms.schema import FormField, FormSchema
from airflow_provider_ams.ams.options.reads import ExportOption
from airflow_provider_ams.ams.positions import describe_rows
from airflow_provider_ams.ams.warned import warn
from airflow_provider_ams.ams.wire.dates import EPOCH_DAY, DateProblem, parse_day
from airflow_provider_ams.ams.wire.stored_values import number, restore
from airflow_provider_ams.ams.wire.values import Texts

# A float holds every digit of these.
_SHORT = re.compile(r"-?\d{1,12}(?:\.\d{1,3})?", re.ASCII)
_DURATION = re.compile(r"(\d{1,9}):([0-5]\d):([0-5]\d)", re.ASCII)
_TIME_WITH_SECONDS = re.compile(r"\d{1,2}:\d\d:(?!00\b)\d\d.*", re.ASCII | re.DOTALL)
_WHAT = {
    "number": "is no number, or has more digits than a number column holds",
    "duration": "is no duration in milliseconds or as h:mm:ss",
    "date": "is no date of which the day is known",
}
_ZONE_HINT = " Set the site's time zone (timezone=, AMS_TIMEZONE) if AMS shows epoch milliseconds."


class AMSTypeWarning(UserWarning):
    """A read holds values that do not fit: their column is not of the type that was asked for."""


@dataclass
class FormTypes:
    """The types of a form's columns.

    Parameters
    ----------
    schema : FormSchema
        The form, with the kinds that were declared.
    zone : str, optional
        The site's time zone, for date fields.
    """

    schema: FormSchema
    zone: str | None = None
    #: Field -> positions of the rows whose value does not fit.
    unfit: dict[str, list[int]] = field(default_factory=dict)

    def complete(self, fields: Mapping[str, Texts]) -> dict[str, Texts]:
        """Return all fields of the form, in its order, then what else AMS has shown."""
        return {**{name: fields.get(name, []) for name in self.schema.by_name}, **fields}

    def column(self, name: str, texts: Texts) -> pd.Series[Any]:
        """Return a field's texts as a column of its type; what does not fit is noted."""
        item = self.schema.by_name.get(name)
        kind = item.value_kind if item else "unknown"
        plain = _written(texts, kind, self.zone)
        if kind in _KNOWN:
            known = {text: _KNOWN[kind](text) for text in set(plain) if text is not None}
            bad = {text for text, value in known.items() if value is None}
            if not bad:
                return _BUILD[kind](plain, known)
            self.unfit[name] = [row for row, text in enumerate(plain) if text in bad]
        return pd.Series(plain, dtype="string")

    def warn(self, form: str, frame: pd.DataFrame) -> None:
        """Tell which fields hold values that do not fit, and in which events (whose profiles).

        Parameters
        ----------
        form : str
            The form's name.
        frame : DataFrame
            The columns that the texts have become.
        """
        named, what = "event_id", "events"
        if named not in frame:
            named, what = "user_id", "people"
        for name, rows in self.unfit.items():
            kind = self.schema.by_name[name].value_kind
            found = describe_rows(frame[named].iloc[rows].unique().tolist())
            warn(
                f"{form}: the column {name!r} stays text, not {kind}: in {len(rows)} rows the "
                f"value {_WHAT[kind]} ({what} {found})."
                + (_ZONE_HINT if kind == "date" and self.zone is None else ""),
                AMSTypeWarning,
            )


def form_types(client: AMSClient, form: str, kind: str, option: ExportOption) -> FormTypes | None:
    """Return the types of a form's columns; None if they are not asked for.

    Raises
    ------
    AMSPermissionError
        The account may not see the form's fields, and none is declared.
    AMSConfigurationError
        A declared field is none of the form's.
    """
    if option.dtype is None:
        return None
    schema = read_schema(client, form, kind, types=option.types)
    told = option.types or {}
    if schema is None:
        if not told:
            raise AMSPermissionError(
                f"The account may not see the fields of '{form}', which dtype='schema' needs.",
                hint="Give its role access to the form, declare the fields with types=, or use "
                "guess_col_type.",
            )
        fields = tuple(FormField(name, "", declared=kind) for name, kind in told.items())
        schema = FormSchema(form, fields)
    unknown = [name for name in told if name not in schema.by_name]
    if unknown:
        raise AMSConfigurationError(
            f"types names {', '.join(map(repr, unknown))}, which '{form}' does not have.",
            hint="get_form_schema() lists the form's fields.",
        )
    return FormTypes(schema, client.timezone)


def _written(texts: Texts, kind: str, zone: str | None) -> Texts:
    """Return texts as they were written; a time with seconds stays what it is, to lose none."""
    if kind != "time":
        return restore(texts, kind, zone)
    kept = [t if t is None or not _TIME_WITH_SECONDS.fullmatch(t) else None for t in texts]
    return [new or old for new, old in zip(restore(kept, kind), texts, strict=True)]


# ---------------------------------------------------------------- text -> value; None: no fit


def _number(text: str) -> float | None:
    if _SHORT.fullmatch(text):
        return float(text)
    value = number(text)
    if value is None:
        return None
    held = float(value)
    return held if Decimal(repr(held)) == value else None


def _duration(text: str) -> float | None:
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        return _number(text)
    hours, minutes, seconds = map(int, match.groups())
    return float(((hours * 60 + minutes) * 60 + seconds) * 1000)


def _day(text: str) -> int | None:
    try:
        return parse_day(text)
    except DateProblem:
        return None


def _floats(texts: Texts, known: Mapping[str, Any]) -> pd.Series[Any]:
    missing = np.array([text is None for text in texts], dtype=bool)
    values = np.array([0.0 if text is None else known[text] for text in texts], dtype="float64")
    return pd.Series(pd.arrays.FloatingArray(values, missing))


def _dates(texts: Texts, known: Mapping[str, Any]) -> pd.Series[Any]:
    days = np.array([EPOCH_DAY if t is None else known[t] for t in texts], dtype="int64")
    dates = (days - EPOCH_DAY).astype("datetime64[D]").astype("datetime64[ms]")
    dates[[text is None for text in texts]] = np.datetime64("NaT")
    return pd.Series(dates)


_KNOWN = {"number": _number, "duration": _duration, "date": _day}
_BUILD = {"number": _floats, "duration": _floats, "date": _dates}
