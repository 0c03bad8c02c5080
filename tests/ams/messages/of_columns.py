"""Mistakes in columns, and in frames as a whole."""

from __future__ import annotations

import pandas as pd

from tests.ams.ams_site import LIFTS, log
from tests.ams.messages.table import mistake


@mistake(
    "DataFrame is invalid: missing 'start_date': add a column of dd/MM/yyyy dates. Nothing "
    "was sent. Did you mean 'start_time'? Say columns={'start_time': 'start_date'}."
)
def no_start_date(at):
    at.insert(log([1]).drop(columns="start_date"))


@mistake(
    "DataFrame is invalid: missing 'user_id', the column that names the person (id_col). "
    "Nothing was sent. If it has another name, say columns={'that name': 'user_id'}."
)
def no_user_id(at):
    at.insert(log([1]).rename(columns={"user_id": "athlete"}))


@mistake(
    "DataFrame is invalid: missing 'username', the column that names the person (id_col). "
    "Nothing was sent. Did you mean 'user name'? Say columns={'user name': 'username'}."
)
def no_id_col(at):
    at.insert(log([1]).rename(columns={"user_id": "user name"}), id_col="username")


@mistake(
    "DataFrame is invalid: key names 'amnt', which is no event-level field of 'Log' that can "
    "be written. Nothing was sent. Did you mean 'amount'?"
)
def key_wrong(at):
    at.upsert(log([1]), key=["start_date", "amnt"])


@mistake(
    "DataFrame is invalid: key names 'code', which the frame does not have. Nothing was "
    "sent. Choose from 'start_date', 'start_time', 'amount'."
)
def key_no_column(at):
    at.upsert(log([1]), key=["start_date", "code"])


@mistake(
    "DataFrame is invalid: several rows have the same key (person, start_date) (rows 0, 1). "
    "2 of 2 rows were not sent; nothing has landed. Drop repeated rows, or add a column to "
    "the key that tells them apart."
)
def key_twice(at):
    at.upsert(log([1, 2]).assign(start_date="01/01/2025"), key=["start_date"])


@mistake(
    "DataFrame is invalid: 'code', part of the key, is missing (rows 1). 1 of 2 rows were "
    "not sent; the others have landed. Fill it in, or take it out of the key."
)
def key_missing_value(at):
    at.upsert(log([1, 2]).assign(code=["a", None]), key=["code"])


@mistake(
    "DataFrame is invalid: 'amout' is no field of the form. Nothing was sent. Did you mean "
    "'amount'?"
)
def unknown_column(at):
    at.insert(log([1], field="amout"), validate=True)


@mistake(
    "AMS has stored 1 events without the fields 'amout', which the form does not have; "
    "nothing more was sent. [eventsimport] Correct the column names, then update these "
    "events by their event_id."
)
def unknown_column_unvalidated(at):
    at.insert(log([1], field="amout"))


@mistake(
    "DataFrame is invalid: 'Double' is a calculated field, which AMS fills in itself. "
    "Nothing was sent. Drop the column."
)
def calculated(at):
    at.insert(log([1], field="Sleep", Double=2), "Wellness", validate=True)


@mistake(
    "DataFrame is invalid: 'Sleep' is required, and the frame lacks it. Nothing was sent. "
    "Add the column."
)
def required_column(at):
    at.insert(log(["x"], field="Note"), "Wellness", validate=True)


@mistake(
    "DataFrame is invalid: missing 'event_id': read the events with get_event_data() to have "
    "it. Nothing was sent."
)
def event_id_missing(at):
    at.update(log([1]))


@mistake(
    "DataFrame is invalid: table_fields names 'lod', which the frame does not have. Nothing "
    "was sent. Did you mean 'load'?"
)
def table_fields_typo(at):
    at.insert(log([1], field="load", exercise="x"), LIFTS, table_fields=["lod", "exercise"])


@mistake(
    "DataFrame is invalid: 'place' is in table_fields, but not in the form's table. Nothing "
    "was sent. Take it out of table_fields."
)
def table_fields_wrong(at):
    at.insert(
        log([1], field="load", place="x"), LIFTS, table_fields=["load", "place"], validate=True
    )


@mistake(
    "DataFrame is invalid: 'load' is a field of the form's table. Nothing was sent. Name it "
    "in table_fields."
)
def table_not_named(at):
    at.insert(log([1], field="load"), LIFTS, validate=True)


@mistake(
    "DataFrame is invalid: columns= names 'Minuets', which the frame does not have. Nothing "
    "was sent. Did you mean 'Minutes'?"
)
def columns_typo(at):
    at.insert(log([1], field="Minutes"), columns={"Minuets": "amount"})


@mistake(
    "DataFrame is invalid: columns ['Minutes', 'amount'] would both be 'amount'. Nothing was "
    "sent. Leave all but one of them out."
)
def two_for_one(at):
    at.insert(log([1], field="Minutes", amount=3), columns={"Minutes": "amount"})


@mistake(
    "DataFrame is invalid: columns ['amount'] occur more than once. Nothing was sent. Rename "
    "or drop all but one of each."
)
def two_columns_same(at):
    f = log([1], note="x")
    f.columns = [*f.columns[:-1], "amount"]
    at.insert(f)


@mistake(
    "DataFrame is invalid: date_format= names 'startdate', which is no column. Nothing was "
    "sent. Did you mean 'start_date'?"
)
def date_format_column(at):
    at.insert(log([1, 2]), date_format={"startdate": "%Y.%m.%d"})


@mistake(
    "DataFrame is invalid: it is a list. Nothing was sent. Give a DataFrame, such as "
    "pandas.DataFrame(rows)."
)
def frame_list(at):
    at.insert([{"user_id": 1}])


@mistake(
    "DataFrame is invalid: it is None. Nothing was sent. Give a DataFrame, such as "
    "pandas.DataFrame(rows)."
)
def frame_none(at):
    at.insert(None)


@mistake(
    "DataFrame is invalid: missing 'start_date': add a column of dd/MM/yyyy dates; missing "
    "'user_id', the column that names the person (id_col). Nothing was sent. If it has "
    "another name, say columns={'that name': 'start_date'}. If it has another name, say "
    "columns={'that name': 'user_id'}."
)
def frame_no_columns(at):
    at.insert(pd.DataFrame())


@mistake(
    "DataFrame is invalid: columns [5] have no text as their name. Nothing was sent. Name or "
    "drop them."
)
def frame_column_number(at):
    at.insert(log([1]).rename(columns={"amount": 5}))


@mistake(
    "DataFrame is invalid: a value in 'start_date' is not a date as dd/MM/yyyy (rows by "
    "position: 1). 1 of 2 rows were not sent; the others have landed. Write dd/MM/yyyy or "
    "yyyy-MM-dd in the whole column, or say how its dates are written, such as "
    "date_format='%d.%m.%Y'."
)
def frame_index_names(at):
    at.insert(
        log([1, 2])
        .assign(start_date=["01/01/2025", "x"])
        .set_index(pd.Index(["Ann Vale", "Bob Hill"]))
    )


@mistake(
    "DataFrame is invalid: 'start_date' has a time zone: set the site's zone (timezone=, "
    "AMS_TIMEZONE) so that it can be converted. Nothing was sent."
)
def tz_no_zone(at):
    at.client = at.connect(timezone=None)
    zoned = pd.Timestamp("2025-01-01T09:00Z")
    at.insert(log([1]).assign(start_date=zoned).drop(columns="start_time"))


@mistake(
    "DataFrame is invalid: columns ['amount'] and ['field:amount'] stand for the same "
    "fields; drop one of each. Nothing was sent."
)
def field_in_both(at):
    at.insert(log([1]).assign(**{"field:amount": 2}))
