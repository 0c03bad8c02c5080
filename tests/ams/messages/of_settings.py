"""Mistakes in options."""

from __future__ import annotations

from airflow_provider_ams.ams import MirrorEventOption, update_event_data
from tests.ams.ams_site import ANN, LIFTS, LOG, log, read
from tests.ams.messages.table import mistake


@mistake("start_date is after end_date: nothing can be read. Exchange them.")
def window_reversed(at):
    read(at.client, start="02/01/2025", end="01/01/2025")


@mistake("start_date is not a date as dd/MM/yyyy. Write it so, such as '31/01/2025'.")
def window_iso(at):
    read(at.client, start="2025/01/01", end="01/02/2025")


@mistake("id_col is 'name'; it must be one of 'user_id', 'username', 'email', 'about'.")
def id_col_wrong(at):
    at.insert(log([1]), id_col="name")


@mistake("key is a text; write a list: ['start_date'].")
def key_text(at):
    at.upsert(log([1]), key="start_date")


@mistake("key is []; it must be a list of column names, such as ['start_date'].")
def key_empty(at):
    at.upsert(log([1]), key=[])


@mistake(
    "boolean_text is 'Yes'; it must be two texts, the one for True first, such as ('Yes', 'No')."
)
def boolean_text_wrong(at):
    at.insert(log([True, False], field="note"), boolean_text="Yes")


@mistake("table_fields is a text; write a list: ['load'].")
def table_fields_text(at):
    at.insert(log([1], field="load"), LIFTS, table_fields="load")


@mistake("columns is a str; it must be a dict, such as {'Heart rate (bpm)': 'Heart rate'}.")
def columns_text(at):
    at.insert(log([1], field="Minutes"), columns="amount")


@mistake(
    "date_format 'dd/MM/yyyy' does not say day, month and year as strptime takes them, such "
    "as '%d.%m.%Y'."
)
def date_format_wrong(at):
    at.insert(log([1]), date_format="dd/MM/yyyy")


@mistake(
    "tolerance is 'few'; it must be None, a number of rows, a percentage such as '2%', or 'all'."
)
def tolerance_nonsense(at):
    at.insert(log([1]), tolerance="few")


@mistake("batch_size is 0; it must be a whole number from 1 to 500.")
def batch_zero(at):
    at.insert(log([1]), batch_size=0)


@mistake("max_in_flight is 0; it must be a whole number from 1 to 8.")
def flight_zero(at):
    at.insert(log([1]), max_in_flight=0)


@mistake("settle_seconds is -1; it must be a number of seconds, 0 or more.")
def settle_neg(at):
    at.insert(log([1]), settle_seconds=-1)


@mistake("on_missing_fields is 'leave'; it must be one of 'clear', 'keep', 'error'.")
def on_missing(at):
    at.update(log([1]), on_missing_fields="leave")


@mistake("contract is 'lax'; it must be one of 'strict', 'drop_unknown', 'off'.")
def contract(at):
    at.insert(log([1]), contract="lax")


@mistake(
    "types['amount'] is 'int'; it must be one of 'text', 'number', 'date', 'time', "
    "'duration', 'choice', 'choices', 'file', 'calculated', 'linked', 'personal'."
)
def types_wrong(at):
    at.insert(log([1]), types={"amount": "int"})


@mistake(
    "idempotency_field 'cod' is no field of the form. It must be a text field to spare. Did "
    "you mean 'code'?"
)
def idem_unknown(at):
    at.insert(log([1]), idempotency_field="cod")


@mistake("idempotency_field 'amount' is a number field. It must be a text field to spare.")
def idem_number(at):
    at.insert(log([1], field="note"), idempotency_field="amount")


@mistake("A mirror needs a key to find events by, such as key=['start_date', 'start_time'].")
def mirror_no_key(at):
    MirrorEventOption()


@mistake("max_deletes is 'all'; it must be a number or a percentage such as '5%'.")
def mirror_max(at):
    MirrorEventOption(key=["start_date"], max_deletes="all")


@mistake(
    "The update asks for confirmation, and there is no terminal to ask in. Set "
    "require_confirmation=False or interactive_mode=False."
)
def no_terminal(at):
    i = at.sandbox.add_event(LOG, ANN, start_date="01/01/2025", values={"amount": "1"})
    update_event_data(log([2]).assign(event_id=i), LOG, client=at.client)
