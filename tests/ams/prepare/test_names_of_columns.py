"""Columns and fields are the same if their names differ in encoding and outer space alone."""

from __future__ import annotations

import pandas as pd
import pytest

from airflow_provider_ams.ams import AMSInputError, PlanOption, validate_event_data
from tests.ams.ams_site import ANN, LIFTS, insert, upsert

FORM = "Names"
DAY = "01/01/2025"


@pytest.fixture
def form(sandbox):
    sandbox.add_form(FORM, ["Fußweg é", "Rest day", "form", "email", "Start_Date", "About"])
    return sandbox


def frame(**columns):
    return pd.DataFrame({"user_id": [ANN], "start_date": [DAY]} | columns)


@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("Fußweg e\u0301", "Fußweg é"),
        (" Rest day", "Rest day"),
        ("Rest\u00a0day", "Rest day"),
        ("Rest day\u00a0", "Rest day"),
    ],
)
def test_a_column_is_taken_as_the_field_that_it_looks_like(client, form, column, field):
    result = insert(client, frame(**{column: "x"}), FORM, validate=True)
    assert form.events(FORM)[0]["values"] == {field: "x"}
    assert [w for w in result.warnings if "is taken as the field" in w and repr(field) in w]


def test_two_columns_for_one_field_are_refused(client, form):
    with pytest.raises(AMSInputError, match="Did you mean 'Rest day'"):
        insert(client, frame(**{"Rest day": "x", "Rest day ": "y"}), FORM, validate=True)
    assert form.events(FORM) == []


def test_a_column_that_may_be_two_fields_is_refused(client, form):
    form.add_form("Twins", ["A b", "A\u00a0b"])
    with pytest.raises(AMSInputError, match="Did you mean"):
        insert(client, frame(**{"A b ": "x"}), "Twins", validate=True)
    assert form.events("Twins") == []


def test_letter_case_counts(client, form):
    with pytest.raises(AMSInputError, match="Did you mean 'Rest day'"):
        insert(client, frame(**{"rest day": "x"}), FORM, validate=True)


def test_reserved_columns_and_those_of_a_table(client, sandbox):
    names = ["user_id ", "\u00a0Start_Date", "exercise ", "rpe"]
    table = pd.DataFrame([[ANN, DAY, "Run", 5]], columns=names)
    insert(client, table, LIFTS, table_fields=["exercise"], validate=True)
    (event,) = sandbox.events()
    assert event["values"] == {"rpe": "5"}
    assert event["table"] == [{"exercise": "Run"}]
    assert event["start_date"] == DAY


def test_a_key_may_be_such_a_column(client, form):
    for _ in range(2):
        result = upsert(client, frame(**{"Rest day ": "x"}), FORM, key=["Rest day"])
    assert result.counts["unchanged"] == 1


def test_a_reserved_name_that_hides_a_field_is_told(client, form):
    columns = {"form": FORM, "email": "e", "about": "Ann", "Start_Date": DAY}
    table = frame(**{k: v for k, v in columns.items() if k != "Start_Date"})
    option = PlanOption(mode="insert", validate=True, interactive_mode=False)
    report = validate_event_data(table, FORM, option=option, client=client)
    told = {f.field: f.hint for f in report.warnings if f.rule == "shadowed_field"}
    assert set(told) == {"form", "email", "Start_Date"}
    assert "'field:email'" in told["email"]
    given = table.assign(**{"field:email": "x", "field:form": "y", "field:Start_Date": "z"})
    assert validate_event_data(given, FORM, option=option, client=client).warnings == []
    insert(client, given, FORM)
    assert form.events(FORM)[0]["values"] == {"email": "x", "form": "y", "Start_Date": "z"}


def test_an_index_with_a_name_is_told_of(client, form):
    result = insert(
        client, frame(Date=["x"]).rename(columns={"Date": "About"}).set_index("About"), FORM
    )
    assert [w for w in result.warnings if "'About' is no column and is not sent" in w]
