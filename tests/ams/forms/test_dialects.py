"""A form's tree in every dialect that is plausible: tables, options, item types, and no form."""

from __future__ import annotations

import json

import pytest

from airflow_provider_ams.ams import AMSConfigurationError, AMSReplyError
from airflow_provider_ams.ams.forms.schema import parse_schema
from airflow_provider_ams.ams.options.rules import KINDS
from airflow_provider_ams.ams.wire.endpoints import form_schema


def item(name="a", kind="Text", **more):
    return {"type": "FormItem", "name": name, "formItemType": kind, **more}


def form(*children, **more):
    return {"id": 1, "name": "Log", "type": "Form", "children": list(children), **more}


COLUMNS = [item("set"), item("kg", "Number")]
TABLES = {
    "node type": [{"type": "FormTable", "name": "Sets", "children": COLUMNS}],
    "node type, small letters": [{"type": "table", "children": COLUMNS}],
    "grid": [{"type": "FormFieldGrid", "children": COLUMNS}],
    "repeat": [{"type": "Repeating Section", "children": COLUMNS}],
    "item type": [item("Sets", "Data Table", children=COLUMNS)],
    "flag on a section": [{"type": "FormFieldSet", "isTable": True, "children": COLUMNS}],
    "flag as text": [{"type": "FormFieldSet", "multiRow": "true", "children": COLUMNS}],
    "another flag": [{"type": "FormFieldSet", "allowMultipleRows": True, "children": COLUMNS}],
    "with underscores": [{"type": "FieldSet", "allow_multiple_rows": True, "children": COLUMNS}],
    "flag on each column": [item(c["name"], c["formItemType"], table=True) for c in COLUMNS],
    "children alone": [item("Sets", "Something", children=COLUMNS)],
    "below a section": [
        {"type": "FormTable", "children": [{"type": "FormFieldSet", "children": COLUMNS}]}
    ],
}  # fmt: skip


@pytest.mark.parametrize("dialect", TABLES)
def test_tables(dialect):
    schema = parse_schema("Log", form(item("note"), *TABLES[dialect]))
    assert list(schema.table) == ["set", "kg"]
    assert list(schema.writable) == ["note"]
    assert schema.marks_table


NO_TABLES = [
    {"type": "FormFieldSet", "children": COLUMNS},
    {"type": "FormFieldSet", "table": False, "children": COLUMNS},
    {"type": "FormFieldSet", "multiRow": None, "editable": True, "children": COLUMNS},
    {"type": "FormPage", "children": [item("set", "Editable Text"), item("kg", "Printable")]},
]


@pytest.mark.parametrize("node", NO_TABLES)
def test_what_is_no_table(node):
    schema = parse_schema("Log", form(node))
    assert not schema.marks_table
    assert list(schema.writable) == ["set", "kg"]


def test_a_table_that_the_site_does_not_mark_can_be_declared():
    schema = parse_schema("Log", form(item("note"), *COLUMNS)).declare(table=["set", "kg"])
    assert (list(schema.table), list(schema.writable)) == (["set", "kg"], ["note"])
    schema = parse_schema("Log", form(item("note"), *TABLES["grid"])).declare(table=[])
    assert not schema.table


OPTIONS = [
    (["Low", "High"], ("Low", "High"), ()),
    ([1, 2.5], ("1", "2.5"), ()),
    ([{"id": 1, "label": "Low"}], ("Low",), ("1",)),
    ([{"value": "L", "label": "Low"}], ("Low",), ("L",)),
    ([{"name": "Low"}], ("Low",), ()),
    ([{"text": "Low", "value": 3}], ("Low",), ("3",)),
    ([{"value": "Low"}], ("Low",), ()),
    (["Low", {"label": "High"}], ("Low", "High"), ()),
]


@pytest.mark.parametrize(("given", "shown", "others"), OPTIONS)
def test_options(given, shown, others):
    field = parse_schema("Log", form(item(options=given))).by_name["a"]
    assert field.options == shown
    assert all(field.accepts(text) for text in (*shown, *others))
    assert not field.accepts("Never")


@pytest.mark.parametrize("given", [None, [], "Low", [{"x": 1}], ["Low", {"x": 1}], [None], [[]]])
def test_options_that_can_t_be_read_leave_every_value_open(given):
    field = parse_schema("Log", form(item(options=given))).by_name["a"]
    assert field.options == ()
    assert field.accepts("Whatever")


TYPES = [
    ("Text", "text", True), ("Number", "number", True), ("Date", "date", True),
    ("Time", "time", True), ("Dropdown", "choice", True), ("Single Selection", "choice", True),
    ("Multiple Selection", "choices", True), ("File Upload", "file", True),
    ("Calculation", "calculated", False), ("History Text Calculation", "calculated", False),
    ("Linked Value", "linked", False), ("Linked Date", "linked", False),
    ("Personal Details", "personal", False),
    ("Slider", "unknown", True), ("Numeric", "unknown", True), ("date", "unknown", True),
    ("Number Input", "unknown", True), ("Linked", "unknown", True), ("", "unknown", True),
]  # fmt: skip


@pytest.mark.parametrize(("item_type", "kind", "writable"), TYPES)
def test_kinds(item_type, kind, writable):
    field = parse_schema("Log", form(item(kind=item_type))).by_name["a"]
    assert (field.kind, field.writable) == (kind, writable)


def test_unknown_types_are_listed_with_their_fields():
    tree = form(item("a", "Slider"), item("b", "Slider"), item("c", "Body Map"), item("d"))
    schema = parse_schema("Log", tree)
    assert schema.unknown_types == {"Slider": ("a", "b"), "Body Map": ("c",)}
    told = schema.declare({"a": "number", "c": "calculated"})
    assert told.unknown_types == {"Slider": ("b",)}
    assert (told.kind_of("a"), told.kind_of("zzz")) == ("number", "unknown")
    assert list(told.writable) == ["a", "b", "d"]


def test_a_declared_type_wins():
    schema = parse_schema("Log", form(item("a", "Text Calculation"), item("b", "Number")))
    told = schema.declare({"a": "text", "b": "text", "nowhere": "text"})
    assert list(told.writable) == ["a", "b"]
    assert (told.kind_of("b"), schema.kind_of("b")) == ("text", "number")


def test_a_type_that_does_not_exist_is_told_with_those_that_do():
    with pytest.raises(AMSConfigurationError) as caught:
        parse_schema("Log", form()).declare({"a": "nummer"})
    assert all(kind in str(caught.value) for kind in ("nummer", *KINDS))


def test_sections_and_spacers():
    page = {"type": "FormPage", "name": "One", "children": None}
    schema = parse_schema("Log", form(page, {"type": "FormFieldSet", "name": "Empty"}, item("")))
    assert schema.fields == ()


NO_FORMS = [
    None, [], {}, "x", 5, {"children": None}, {"children": {}}, {"children": [5]},
    form([item()]), form(item(name=None)), form(item(name=5)), form({"type": "FormItem"}),
    form(item(kind=5)), form({"type": 5, "children": []}), form(item(children={})),
    form(id=2), form(id="2"), form(id={}),
]  # fmt: skip


@pytest.mark.parametrize("tree", NO_FORMS, ids=repr)
def test_what_is_no_form(tree):
    with pytest.raises(AMSReplyError):
        form_schema("event", 1).parse(json.dumps(tree).encode(), 0.0)


def test_a_form_that_is_nested_without_end():
    tree = item()
    for _ in range(60):
        tree = {"type": "FormFieldSet", "children": [tree]}
    with pytest.raises(AMSReplyError, match="deep"):
        parse_schema("Log", form(tree))
