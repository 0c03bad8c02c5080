"""How forms are described: tables, item types, options."""

from __future__ import annotations

import pytest

FORM = [
    "Note",
    "Weight: Number",
    {"name": "Mood", "type": "Dropdown", "options": ["Bad", "Good"], "scores": [1, 5]},
    {"name": "Load", "type": "History Calculation", "formula": "mean({Weight}, 7)"},
    {"name": "Lift", "table": True, "section": "Lifts"},
    {"name": "Kg", "type": "Number", "table": True, "section": "Lifts"},
]
MIXED = ["Note", {"name": "Lift", "table": True}]


def schema(wire, fields=FORM, **settings):
    wire.sandbox.configure(**settings)
    form = wire.sandbox.add_form("Form", fields, replace=True)
    sections = wire.v3(f"forms/event/{form}").json()["children"][0]["children"]
    return {node["name"]: node for node in sections}


def names(nodes):
    return [node["name"] for node in nodes]


@pytest.mark.parametrize(
    ("mark", "node"),
    [
        ("item:Table", {"type": "FormItem", "formItemType": "Table"}),
        ("node:FormTable", {"type": "FormTable"}),
        ("node:Table", {"type": "Table"}),
        ("nested:item", {"type": "FormItem"}),
        ("nested:set", {"type": "FormFieldSet"}),
    ],
)
def test_a_table_is_a_node_with_its_columns(wire, mark, node):
    (table,) = schema(wire, table_mark=mark)["Lifts"]["children"]

    assert table == {"name": "Lifts table", "children": table["children"], **node}
    assert names(table["children"]) == ["Lift", "Kg"]


@pytest.mark.parametrize("name", ["table", "isTable", "multiRow", "allowMultipleRows"])
def test_a_table_is_a_flag(wire, name):
    section = schema(wire, table_mark=f"flag:{name}")["Lifts"]
    assert section[name] is True
    assert names(section["children"]) == ["Lift", "Kg"]

    section = schema(wire, table_mark=f"flag:{name}", table_flag_on="column")["Lifts"]
    assert name not in section
    assert [column[name] for column in section["children"]] == [True, True]


def test_a_flag_is_on_a_set_of_its_own_beside_other_fields(wire):
    note, table = schema(wire, MIXED, table_mark="flag:isTable")["Section 1"]["children"]

    assert note["name"] == "Note"
    assert (table["type"], table["isTable"], names(table["children"])) == (
        "FormFieldSet",
        True,
        ["Lift"],
    )


def test_a_table_may_not_be_marked_at_all(wire):
    section = schema(wire, MIXED, table_mark="none")["Section 1"]

    assert names(section["children"]) == ["Note", "Lift"]
    assert section.keys() == {"type", "name", "instructions", "children"}


def test_item_types_are_spelled_in_many_ways(wire):
    sections = schema(wire, number_type="Slider", text_type="Free Text", dropdown_type="xyz-23")

    items = {node["name"]: node for node in sections["Section 1"]["children"]}
    assert items["Weight"]["formItemType"] == "Slider"
    assert items["Note"]["formItemType"] == "Free Text"
    assert items["Mood"]["formItemType"] == "xyz-23"


@pytest.mark.parametrize(
    ("kind", "setting"),
    [
        ("Text", "text_type"),
        ("Number", "number_type"),
        ("Date", "date_type"),
        ("Time", "time_type"),
        ("Date Time", "date_time_type"),
        ("Duration", "duration_type"),
        ("Boolean", "boolean_type"),
        ("Dropdown", "dropdown_type"),
        ("Single Selection", "single_choice_type"),
        ("Multiple Selection", "multiple_choice_type"),
        ("File Upload", "file_type"),
    ],
)
def test_each_kind_has_a_setting_whose_default_is_its_own_name(wire, kind, setting):
    (item,) = schema(wire, [{"name": "A", "type": kind}])["Section 1"]["children"]
    assert item["formItemType"] == kind
    (item,) = schema(wire, [{"name": "A", "type": kind}], **{setting: "xyz"})["Section 1"][
        "children"
    ]
    assert item["formItemType"] == "xyz"


@pytest.mark.parametrize(
    ("style", "text"),
    [
        ("documented", "History Calculation"),
        ("joined", "HistoryCalculation"),
        ("lower", "history calculation"),
        ("upper", "HISTORY_CALCULATION"),
        ("with field", "History Calculation Field"),
    ],
)
def test_derived_types_have_variants(wire, style, text):
    items = schema(wire, derived_types=style)["Section 1"]["children"]

    assert items[3]["formItemType"] == text


def test_one_field_may_have_a_type_of_its_own(wire):
    (item,) = schema(wire, [{"name": "A", "shown_as": "Body Map"}])["Section 1"]["children"]

    assert item["formItemType"] == "Body Map"


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ("text", ["Bad", "Good"]),
        ("id+label", [{"id": 1, "label": "Bad"}, {"id": 2, "label": "Good"}]),
        ("value+label", [{"value": 1, "label": "Bad"}, {"value": 2, "label": "Good"}]),
        ("id+name", [{"id": 1, "name": "Bad"}, {"id": 2, "name": "Good"}]),
        ("name", [{"name": "Bad"}, {"name": "Good"}]),
        ("text member", [{"text": "Bad"}, {"text": "Good"}]),
    ],
)
def test_options_have_shapes(wire, shape, options):
    items = schema(wire, option_shape=shape)["Section 1"]["children"]

    assert items[2]["options"] == options
    assert items[2]["scores"] == [1, 5]
    assert items[0]["options"] == []


def test_scores_may_be_missing(wire):
    assert "scores" not in schema(wire, schemas_have_scores=False)["Section 1"]["children"][2]


@pytest.mark.parametrize(("style", "shown"), [("null", None), ("[]", []), ("absent", "absent")])
def test_types_without_forms(wire, style, shown):
    wire.sandbox.configure(empty_form_types=style)

    assert wire.v3("forms/summaries").json().get("database", "absent") == shown
