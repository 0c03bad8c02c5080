"""Forms and what they are made of."""

from __future__ import annotations

import pytest

from airflow_provider_ams.ams import (
    AMSConfigurationError,
    AMSPermissionError,
    FormOption,
    get_form_schema,
    get_forms,
)
from tests.ams.wellness import FIELDS, FORM, client, sandbox  # noqa: F401 - fixtures

QUIET = FormOption(interactive_mode=False)


def test_forms_with_their_types(sandbox, client):
    frame = get_forms(client=client, option=QUIET)
    assert dict(zip(frame["form"], frame["type"], strict=True)) == {
        "Training Log": "event",
        "Strength Testing": "event",
        "Reaction Time": "event",
        "Endurance Session": "event",
        FORM: "event",
        "Plain": "event",
        "Athlete Profile": "profile",
    }
    assert frame["form_id"].dtype == "int64"


def test_a_schema_has_a_row_for_each_field_in_order(sandbox, client):
    frame = get_form_schema(FORM, client=client, option=QUIET).set_index("field")
    assert set(frame.index) == {f["name"] for f in FIELDS}
    assert frame.loc["Sleep", ["page", "section", "item_type"]].tolist() == [
        "One", "What", "Number",
    ]  # fmt: skip
    assert frame.index[frame["required"]].tolist() == ["Sleep"]
    assert frame.loc["Mood", "options"] == ("Low", "High")
    assert frame.index[frame["table"]].tolist() == ["drill", "reps"]
    assert frame.index[frame["calculated"]].tolist() == ["Double", "Mean"]
    assert frame.index[frame["linked"]].tolist() == ["Height"]
    assert frame.index[frame["personal"]].tolist() == ["Sex"]
    assert not frame.loc[["Double", "Mean", "Height", "Sex"], "writable"].any()


def test_a_form_name_under_two_types(sandbox, client):
    sandbox.add_form(FORM, ["Only here"], type="profile")
    event = get_form_schema(FORM, client=client, option=QUIET)
    option = FormOption(form_type="profile", interactive_mode=False)
    profile = get_form_schema(FORM, client=client, option=option)
    assert (len(event), profile["field"].tolist()) == (len(FIELDS), ["Only here"])


def test_an_unknown_form_is_named_with_the_nearest(sandbox, client):
    with pytest.raises(AMSConfigurationError, match="Did you mean 'Wellness'"):
        get_form_schema("wellness", client=client, option=QUIET)


def test_the_schema_is_the_live_one(sandbox, client):
    get_form_schema(FORM, client=client, option=QUIET)
    sandbox.add_form("Newer", ["A"])
    assert get_form_schema("Newer", client=client, option=QUIET)["field"].tolist() == ["A"]


def test_an_account_that_may_not_see_forms(sandbox, client):
    sandbox.configure(forbidden_forms=[FORM])
    with pytest.raises((AMSPermissionError, AMSConfigurationError)):
        get_form_schema(FORM, client=client, option=QUIET)
