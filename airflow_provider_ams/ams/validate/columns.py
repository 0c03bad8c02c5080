"""Checks of a frame's columns against the form's fields, without a look at any value."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence

import pandas as pd

from airflow_provider_ams.ams.forms.schema import FormSchema
from airflow_provider_ams.ams.options.plans import PlanOption
from airflow_provider_ams.ams.prepare.columns import (
    field_column,
    field_names,
    is_built_in,
    shadowed_fields,
)
from airflow_provider_ams.ams.prepare.draft import Draft
from airflow_provider_ams.ams.prepare.table_cells import nested_columns
from airflow_provider_ams.ams.problems import ERROR, WARNING, Finding


def given_fields(
    df: pd.DataFrame, draft: Draft | None, option: PlanOption
) -> tuple[list[str], list[str]]:
    """Return the fields that a frame gives: event-level ones, the table's.

    Those in nested cells are known once the frame can be read; their column is no field.
    """
    if draft is not None:
        return list(draft.fields), list(draft.table)
    nested = nested_columns(df, option.table_fields or ())
    return field_names(df.drop(columns=nested), option.id_col, option.table_fields or ())


def protected_columns(columns: Iterable[object]) -> Iterator[Finding]:
    """Find columns that AMS keeps with the person."""
    for column in columns:
        if is_built_in(column):
            what = "is AMS's own detail of the person; it is left out"
            yield Finding(WARNING, "protected_field", str(column), what, hint="Drop the column.")


def hidden_fields(columns: Iterable[object], schema: FormSchema) -> Iterator[Finding]:
    """Find fields of the form that can't be meant by a column of their name."""
    names = [name for name, item in schema.by_name.items() if item.writable]
    for name in shadowed_fields(columns, names):
        column = repr(field_column(name))
        what = f"says who or when, and is not written to the form's field of that name: {column} is"
        hint = f"Name the column {column} to write the field."
        yield Finding(WARNING, "shadowed_field", name, what, hint=hint)


def respelt_columns(spelt: Mapping[str, str]) -> Iterator[Finding]:
    """Tell which columns are taken for fields that are spelt a little differently."""
    for column, name in spelt.items():
        what = f"column {column!a} is taken as the field {name!r}"
        yield Finding(WARNING, "spelling", column, what, hint="Rename the column.")


def nearest(name: str, schema: FormSchema) -> str:
    """Return a hint that names the field most like a name; empty if there is none."""
    folded = {n.strip().casefold(): n for n in schema.by_name}
    exact = folded.get(name.strip().casefold())
    near = [exact] if exact else difflib.get_close_matches(name, list(schema.by_name), 1, 0.6)
    return f"Did you mean {near[0]!r}?" if near else "get_form_schema() lists the form's fields."


def unusable_columns(
    fields: Sequence[str], table: Sequence[str], schema: FormSchema, contract: str
) -> Iterator[Finding]:
    """Find columns that AMS would drop: unknown ones, and fields it fills in itself."""
    severity = ERROR if contract == "strict" else WARNING
    left = "" if contract == "strict" else "; it is left out"
    for name in (*fields, *table):
        item = schema.by_name.get(name)
        if item is None:
            what = f"is no field of the form{left}"
            yield Finding(severity, "unknown_field", name, what, hint=nearest(name, schema))
        elif not item.writable:
            what = f"is a {item.read_only_reason} field, which AMS fills in itself{left}"
            yield Finding(severity, "read_only_field", name, what, hint="Drop the column.")


def misplaced_columns(
    fields: Sequence[str], table: Sequence[str], schema: FormSchema
) -> Iterator[Finding]:
    """Find table fields that are none, and fields of the table that are not named as such."""
    for name in table:
        item = schema.by_name.get(name)
        if item is not None and item.writable and not item.table:
            what = "is in table_fields, but not in the form's table"
            yield Finding(ERROR, "table_field", name, what, hint="Take it out of table_fields.")
    for name in fields:
        item = schema.by_name.get(name)
        if item is not None and item.writable and item.table:
            what = "is a field of the form's table"
            yield Finding(ERROR, "table_field", name, what, hint="Name it in table_fields.")
