"""Mistakes in rows: dates, people, values, ids."""

from __future__ import annotations

import pandas as pd

from airflow_provider_ams.ams import (
    MirrorEventOption,
    UpsertProfileOption,
    mirror_event_data,
    upsert_profile_data,
)
from tests.ams.ams_site import ANN, BOB, CARD, LOG, log
from tests.ams.messages.table import mistake


@mistake(
    "DataFrame is invalid: a value in 'start_date' is not a date as dd/MM/yyyy (rows 2). 1 "
    "of 3 rows were not sent; the others have landed. Write dd/MM/yyyy or yyyy-MM-dd in the "
    "whole column, or say how its dates are written, such as date_format='%d.%m.%Y'."
)
def iso_mixed(at):
    at.insert(log([1, 2, 3]).assign(start_date=["01/01/2025", "02/01/2025", "2025-01-03"]))


@mistake(
    "DataFrame is invalid: a value in 'start_date' is not a day of the calendar (AMS dates "
    "are dd/MM/yyyy) (rows 0, 1). 2 of 2 rows were not sent; nothing has landed. If months "
    "come first, say date_format='%m/%d/%Y'."
)
def us_date(at):
    at.insert(log([1, 2]).assign(start_date=["01/13/2025", "01/14/2025"]))


@mistake(
    "DataFrame is invalid: a value in 'start_date' is not a day of the calendar (AMS dates "
    "are dd/MM/yyyy) (rows 1). 1 of 2 rows were not sent; the others have landed. Write "
    "dd/MM/yyyy or yyyy-MM-dd in the whole column, or say how its dates are written, such as "
    "date_format='%d.%m.%Y'."
)
def date_not_in_calendar(at):
    at.insert(log([1, 2]).assign(start_date=["01/01/2025", "31/02/2025"]))


@mistake(
    "DataFrame is invalid: a value in 'start_date' is not a date as dd/MM/yyyy (rows 0, 1). "
    "2 of 2 rows were not sent; nothing has landed. Give dates, or texts as dd/MM/yyyy."
)
def date_number(at):
    at.insert(log([1, 2]).assign(start_date=[45678, 45679]))


@mistake(
    "DataFrame is invalid: a value in 'start_date' is not a date as dd/MM/yyyy (rows 0, 1). "
    "2 of 2 rows were not sent; nothing has landed. Write dd/MM/yyyy or yyyy-MM-dd in the "
    "whole column, or say how its dates are written, such as date_format='%d.%m.%Y'."
)
def ambiguous_days(at):
    at.insert(log([1, 2]).assign(start_date=["1/2/25", "3/4/25"]))


@mistake(
    "DataFrame is invalid: a value in 'start_time' is not a time as h:mm AM or h:mm PM (rows "
    "1). 1 of 2 rows were not sent; the others have landed. Write h:mm AM or HH:MM in the "
    "whole column."
)
def bad_time(at):
    at.insert(log([1, 2]).assign(start_time=["9:00 AM", "25:00"]))


@mistake(
    "DataFrame is invalid: the end is before the start (rows 0, 1). 2 of 2 rows were not "
    "sent; nothing has landed. Mend the end, or leave it out."
)
def end_before(at):
    at.insert(log([1, 2]).assign(end_date="01/01/2024"))


@mistake(
    "Failed to map people: 'username' is no AMS user that the account can see (rows 1). 1 of "
    "2 rows were not sent; the others have landed. Compare with get_user()."
)
def unknown_person(at):
    at.insert(
        log([1, 2]).drop(columns="user_id").assign(username=["ann", "anne.secret"]),
        id_col="username",
    )


@mistake(
    "Failed to map people: 'email' is no AMS user that the account can see (rows 1). 1 of 2 "
    "rows were not sent; the others have landed. Compare with get_user()."
)
def unknown_email(at):
    at.insert(
        log([1, 2]).drop(columns="user_id").assign(email=["ann@x.test", "anne@x.test"]),
        id_col="email",
    )


@mistake(
    "AMS refused the event without a reason; often a required field has no value (rows 1). "
    "AMS refused 1 of 2 rows; the others have landed. validate_event_data() says beforehand "
    "what the form does not take."
)
def unknown_user_id(at):
    at.insert(log([1, 2]).assign(user_id=[ANN, 4242]))


@mistake(
    "Failed to map people: 'user_id' is no AMS user that the account can see (rows 1). 1 of "
    "2 rows were not sent; the others have landed. Compare with get_user()."
)
def user_id_text(at):
    at.insert(log([1, 2]).assign(user_id=[ANN, "anne"]))


@mistake(
    "Failed to map people: 'about' is shared by several AMS users; use user_id, username or "
    "email (rows 0). 1 of 2 rows were not sent; the others have landed. Compare with "
    "get_user()."
)
def ambiguous_person(at):
    at.sandbox.add_users(
        [
            {
                "id": 1004,
                "username": "ann2",
                "first_name": "Ann",
                "last_name": "Vale",
                "email": "a2@x.test",
            }
        ]
    )
    at.insert(
        log([1, 2]).drop(columns="user_id").assign(about=["Ann Vale", "Bob Hill"]), id_col="about"
    )


@mistake(
    "Failed to map people: 'username' is missing (rows 1). 1 of 2 rows were not sent; the "
    "others have landed. Fill it in."
)
def person_empty(at):
    at.insert(log([1, 2]).drop(columns="user_id").assign(username=["ann", None]), id_col="username")


@mistake(
    "DataFrame is invalid: 'Mood': a value is none of the field's options (rows 1). 1 of 2 "
    "rows were not sent; the others have landed. Its options are 'Low', 'High'."
)
def option_wrong(at):
    at.insert(log([1, 2], field="Sleep", Mood=["High", "Hihg"]), "Wellness", validate=True)


@mistake(
    "DataFrame is invalid: 'Sleep': a required value is missing (rows 1). 1 of 2 rows were "
    "not sent; the others have landed. Fill it in."
)
def required_missing(at):
    at.insert(log([1, None], field="Sleep", Note="x"), "Wellness", validate=True)


@mistake(
    "DataFrame is invalid: 'amount': a value is not a number (plain digits, a dot as the "
    "decimal point) (rows 1). 1 of 2 rows were not sent; the others have landed. Write it "
    "without unit and thousands signs, or leave the cell empty."
)
def number_text(at):
    at.insert(log(["1", "seven"]), validate=True)


@mistake(
    "DataFrame is invalid: 'amount': a value is not a number (plain digits, a dot as the "
    "decimal point) (rows 1). 1 of 2 rows were not sent; the others have landed. Write it "
    "without unit and thousands signs, or leave the cell empty."
)
def number_thousands(at):
    at.insert(log(["1", "1,234"]), validate=True)


@mistake(
    "DataFrame is invalid: column 'amount' holds an infinite number (rows 1). 1 of 2 rows "
    "were not sent; the others have landed. Give a number, or leave the cell empty."
)
def number_inf(at):
    at.insert(log([1.0, float("inf")]))


@mistake(
    "DataFrame is invalid: column 'note' holds booleans, which AMS does not know: give the "
    "form's own option texts with boolean_text=('Yes', 'No') (rows 0, 1). 2 of 2 rows were "
    "not sent; nothing has landed."
)
def boolean(at):
    at.insert(log([True, False], field="note"))


@mistake(
    "Invalid event_id values provided, not whole numbers of up to 18 digits (rows 0). 1 of 1 "
    "rows were not sent; nothing has landed. Use get_event_data() to have the right ones."
)
def event_id_text(at):
    at.update(log([1]).assign(event_id="abc"))


@mistake(
    "Invalid event_id values provided, not whole numbers of up to 18 digits (rows 0). 1 of 1 "
    "rows were not sent; nothing has landed. Use get_event_data() to have the right ones."
)
def event_id_20(at):
    at.update(log([1]).assign(event_id="12345678901234567890"))


@mistake(
    "Invalid event_id values provided: no event of the form that belongs to the person (rows "
    "0). 1 of 1 rows were not sent; nothing has landed. Use get_event_data() to have the "
    "right ones."
)
def event_id_other(at):
    i = at.sandbox.add_event(LOG, BOB, start_date="01/01/2025", values={"amount": "1"})
    at.update(log([1]).assign(event_id=i))


@mistake(
    "Invalid event_id values provided: no event of the form that belongs to the person (rows "
    "0). 1 of 1 rows were not sent; nothing has landed. Use get_event_data() to have the "
    "right ones."
)
def event_id_unknown(at):
    at.update(log([1]).assign(event_id=77))


@mistake(
    "Invalid event_id values provided, the same more than once (rows 0, 1). 2 of 2 rows were "
    "not sent; nothing has landed. Keep one row of each event; name fields of a table in "
    "table_fields."
)
def event_id_twice(at):
    i = at.sandbox.add_event(LOG, ANN, start_date="01/01/2025", values={"amount": "1"})
    at.update(log([1, 2]).assign(event_id=i))


@mistake(
    "Invalid event_id values provided, missing (rows 1). 1 of 2 rows were not sent; the "
    "others have landed. Use get_event_data() to have the right ones."
)
def update_empty_id(at):
    i = at.sandbox.add_event(LOG, ANN, start_date="01/01/2025", values={"amount": "1"})
    at.update(log([1, 2]).assign(event_id=pd.Series([i, None], dtype="Int64")))


@mistake(
    "DataFrame is invalid: a value in 'start_date' is not a date as date_format='%Y.%m.%d' "
    "says (rows 0, 1). 2 of 2 rows were not sent; nothing has landed. Mend the dates, or "
    "give the format that the whole column has."
)
def date_format_mismatch(at):
    at.insert(log([1, 2]), date_format="%Y.%m.%d")


@mistake(
    "DataFrame is invalid: 'start_date' starts outside the window of the mirror (rows 0). 1 "
    "of 1 rows were not sent; nothing has landed. Drop the row, or widen the window."
)
def mirror_outside(at):
    mirror_event_data(
        log([1]).assign(start_date="01/02/2025"),
        LOG,
        client=at.client,
        window=("01/01/2025", "31/01/2025"),
        option=MirrorEventOption(key=["start_date"], interactive_mode=False),
    )


@mistake(
    "DataFrame is invalid: column 'amount' holds Timedelta values, which have no text form "
    "in AMS (rows 0). 1 of 1 rows were not sent; nothing has landed. Make texts or numbers "
    "of them first."
)
def dtype_timedelta(at):
    at.insert(log([pd.Timedelta("1h")]))


@mistake(
    "DataFrame is invalid: column 'amount' holds Period values, which have no text form in "
    "AMS (rows 0, 1). 2 of 2 rows were not sent; nothing has landed. Make texts or numbers "
    "of them first."
)
def dtype_period(at):
    at.insert(log(pd.period_range("2025-01", "2025-02", freq="M")))


@mistake(
    "DataFrame is invalid: column 'amount' holds bytes values, which have no text form in "
    "AMS (rows 0). 1 of 1 rows were not sent; nothing has landed. Make texts or numbers of "
    "them first."
)
def dtype_bytes(at):
    at.insert(log([b"x"]))


@mistake(
    "DataFrame is invalid: column 'amount' holds list values, which have no text form in AMS "
    "(rows 0). 1 of 1 rows were not sent; nothing has landed. If its cells hold rows of the "
    "form's table, name it in table_fields."
)
def dtype_list(at):
    at.insert(log([[1, 2]]))


@mistake(
    "AMS refused the event without a reason; often a required field has no value (rows 0, "
    "1). AMS refused 2 of 2 rows; nothing has landed. validate_event_data() says beforehand "
    "what the form does not take."
)
def rejected_by_ams(at):
    at.sandbox.add_form("Req", [{"name": "Sleep", "type": "Number", "required": True}, "Note"])
    at.insert(log(["x", "y"], field="Note"), "Req")


@mistake(
    "Failed to map people: 'user_id' is no AMS user that the account can see (rows 1). 1 of "
    "2 rows were not sent; the others have landed. Compare with get_user()."
)
def left_person(at):
    at.insert(log([1, 2]).assign(user_id=[ANN, 4242]), validate=True)


@mistake(
    "DataFrame is invalid: column 'note' holds half a character (a lone surrogate), which "
    "can't be sent; mend the text (rows 0). 1 of 1 rows were not sent; nothing has landed."
)
def surrogate(at):
    at.insert(log([1], note=pd.Series(["ann\ud800"], dtype=object)))


@mistake(
    "DataFrame is invalid: a value in 'start_date' is not a date as dd/MM/yyyy (rows 1). 1 "
    "of 2 rows were not sent; the others have landed. Write dd/MM/yyyy or yyyy-MM-dd in the "
    "whole column, or say how its dates are written, such as date_format='%d.%m.%Y'."
)
def odd_date(at):
    at.insert(log([1, 2]).assign(start_date=["01/01/2025", "Jan 4th"]))


@mistake(
    "DataFrame is invalid: 'user_id': a person occurs more than once, and has one record "
    "(rows 0, 1). 2 of 2 rows were not sent; nothing has landed. Keep one row of each "
    "person."
)
def two_for_a_person(at):
    upsert_profile_data(
        pd.DataFrame({"user_id": [ANN, ANN], "height": [180, 181]}),
        CARD,
        client=at.client,
        option=UpsertProfileOption(interactive_mode=False),
    )
