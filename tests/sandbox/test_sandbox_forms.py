from __future__ import annotations

import pytest
from sandbox_wire import event, pairs

from airflow_provider_ams.sandbox.forms import CALCULATED, LINKED, PERSONAL, WRITABLE
from airflow_provider_ams.sandbox.remote import SandboxError

EVERYTHING = [
    {"name": "Note", "required": True, "instructions": "Say how it went"},
    "Weight: Number",
    "Tested: Date",
    "Woke: Time",
    {"name": "Mood", "type": "Dropdown", "options": ["Bad", "Good"], "scores": [1, 5]},
    {"name": "Side", "type": "Single Selection", "options": ["Left", "Right"]},
    {"name": "Sore", "type": "Multiple Selection", "options": ["Knee", "Hip"]},
    "Scan: File Upload",
    "Arrived: Date Time",
    "Plank: Duration",
    "Cleared: Boolean",
    {"name": "Score", "type": "Calculation", "formula": "{Weight} * {Mood}"},
    {"name": "Label", "type": "Text Calculation", "formula": "{Side} + ' ' + {Note}"},
    {"name": "Again", "type": "Date Calculation", "formula": "{Tested} + 7"},
    {"name": "Nap", "type": "Time Calculation", "formula": "{Woke} + 480"},
    {"name": "Years", "type": "Age Calculation"},
    {"name": "Weight 7d", "type": "History Calculation", "formula": "mean({Weight}, 7)"},
    {"name": "Last note", "type": "History Text Calculation", "formula": "last({Note})"},
    {"name": "Sex", "type": "Personal Details"},
    {"name": "Born", "type": "Personal Details", "detail": "DOB"},
    {
        "name": "Position",
        "type": "Linked Text",
        "source_form": "Athlete Profile",
        "source_field": "position",
    },
    {
        "name": "BMI",
        "type": "Linked Value",
        "source_form": "Athlete Profile",
        "source_field": "bmi",
    },
    {
        "name": "Level",
        "type": "Linked Option",
        "source_form": "Training Log",
        "source_field": "intensity",
    },
    {"name": "Screened", "type": "Linked Date", "source_form": "Everything", "source_field": "x"},
    {"name": "Slept", "type": "Linked Time", "source_form": "Nowhere", "source_field": "x"},
    {"name": "Lift", "table": True, "section": "Lifts", "required": True},
    {"name": "Kg", "type": "Number", "table": True, "section": "Lifts"},
    {"name": "Reps", "type": "Number", "table": True, "section": "Lifts"},
    {
        "name": "Volume",
        "type": "Calculation",
        "formula": "{Kg} * {Reps}",
        "table": True,
        "section": "Lifts",
    },
    {"name": "Total kg", "type": "Calculation", "formula": "sum({Kg})", "page": "Page 2"},
]


@pytest.fixture
def everything(wire):
    return wire.sandbox.add_form("Everything", EVERYTHING)


def items(node):
    if node.get("type") == "FormItem":
        yield node
    for child in node.get("children", []):
        yield from items(child)


def test_summaries_list_forms_by_type_and_null_where_there_are_none(wire, everything):
    summaries = wire.v3("forms/summaries").json()

    assert [form["name"] for form in summaries["profile"]] == ["Athlete Profile"]
    assert summaries["database"] is None
    last = summaries["event"][-1]
    assert (last["id"], last["name"], last["isReadOnly"]) == (everything, "Everything", False)


def test_schema_is_a_tree_with_every_item_type(wire, everything):
    tree = wire.v3(f"forms/event/{everything}").json()

    assert (tree["name"], tree["type"]) == ("Everything", "event")
    assert [page["type"] for page in tree["children"]] == ["FormPage", "FormPage"]
    sections = tree["children"][0]["children"]
    assert [part["type"] for part in sections] == ["FormFieldSet", "FormFieldSet"]
    found = {item["name"]: item for item in items(tree)}
    types = {item["formItemType"] for item in found.values()}
    assert types == {*WRITABLE, *CALCULATED, *LINKED, PERSONAL, "Table"}
    assert found["Note"]["required"] is True
    assert found["Mood"]["options"] == ["Bad", "Good"]
    assert found["Mood"]["scores"] == [1, 5]
    table = found["Lifts table"]
    assert [column["name"] for column in table["children"]] == ["Lift", "Kg", "Reps", "Volume"]
    assert wire.v3(f"forms/profile/{everything}").status_code == 404


def test_a_name_may_be_an_event_form_and_a_profile_form(wire):
    wire.sandbox.add_form("Training Log", ["height_cm: Number"], type="profile")

    summaries = wire.v3("forms/summaries").json()
    assert [form["name"] for form in summaries["event"] if form["name"] == "Training Log"]
    assert [form["name"] for form in summaries["profile"] if form["name"] == "Training Log"]


FIELDS = {
    "Note": "fine\nthanks",
    "Weight": "10000000.0",
    "Tested": "15/04/2019",
    "Woke": "6:30 AM",
    "Mood": "Good",
    "Side": "Left",
    "Sore": "Knee, Hip",
    "Scan": "88001|base_1.pdf",
}
LIFTS = [{"Lift": "Squat", "Kg": "100", "Reps": "5"}, {"Lift": "Press", "Kg": "60.50"}]


def test_fields_read_back_as_the_server_writes_them(wire, everything):
    (event_id,) = wire.ids(event("Everything", fields=FIELDS, rows=LIFTS))

    read = wire.read_one("Everything", event_id)

    first, second = (pairs(row) for row in read["rows"])
    assert first == {
        "Note": "fine<br>thanks",
        "Weight": "1.0E7",
        "Tested": "1555286400000",
        "Woke": "6:30 AM",
        "Mood": "Good",
        "Side": "Left",
        "Sore": "Knee, Hip",
        "Scan": "88001|base_1.pdf",
        "Score": "5.0E7",
        "Label": "Left fine<br>thanks",
        "Again": "1555891200000",
        "Nap": "2:30 PM",
        "Years": "31",
        "Weight 7d": "1.0E7",
        "Last note": "fine\nthanks",
        "Sex": "Male",
        "Born": "01/01/1995",
        "BMI": "21.5",
        "Level": first["Level"],
        "Lift": "Squat",
        "Kg": "100",
        "Reps": "5",
        "Volume": "500",
        "Total kg": "160.5",
    }
    assert first["Level"] in ("Low", "Medium", "High")
    assert second == {"Lift": "Press", "Kg": "60.5"}
    assert read["attachmentUrl"][0]["name"] == "base_1.pdf"
    stored = wire.sandbox.events("Everything")[0]
    assert stored["values"] == FIELDS
    assert stored["table"] == LIFTS


def test_calculations_recompute_on_each_save_and_history_looks_back(wire, everything):
    sent = [
        event("Everything", fields={"Note": f"n{n}", "Weight": f"{n}"}, rows=[{"Lift": "a"}])
        for n in (10, 20)
    ]
    sent[0]["startDate"] = "01/03/2026"
    first, second = wire.ids(*sent)
    assert wire.sandbox.events("Everything")[1]["computed"]["Weight 7d"] == "15"

    wire.ids({**sent[1], "existingEventId": second, "startDate": "20/03/2026"})
    assert wire.sandbox.events("Everything")[1]["computed"]["Weight 7d"] == "20"
    wire.sandbox.edit_event(first, {"Weight": None, "Mood": "Bad"})
    assert "Score" not in wire.sandbox.events("Everything")[0]["computed"]


def test_calculated_linked_and_personal_values_that_are_sent_are_ignored(wire, everything):
    fields = {"Note": "x", "Score": "9", "BMI": "1", "Sex": "Female", "Mood": "nan"}
    (event_id,) = wire.ids(event("Everything", fields=fields, rows=[{"Lift": "a"}]))

    read = pairs(wire.read_one("Everything", event_id)["rows"][0])
    assert (read["BMI"], read["Sex"], read["Mood"]) == ("21.5", "Male", "nan")
    assert "Score" not in read
    breaks = wire.sandbox.state()["rule_breaks"]
    assert breaks == {"read-only field sent": 3, "placeholder text sent": 1}


@pytest.mark.parametrize(
    "fields",
    [{"Weight": "heavy"}, {"Tested": "2019-04-15"}, {"Woke": "06:30"}, {"Mood": "Awful"}],
)
def test_values_that_do_not_fit_are_stored_or_refused(wire, everything, fields):
    body = event("Everything", fields={"Note": "x", **fields}, rows=[{"Lift": "a"}])
    (event_id,) = wire.ids(body)
    name, text = next(iter(fields.items()))
    assert pairs(wire.read_one("Everything", event_id)["rows"][0])[name] == text

    wire.sandbox.configure(strict_values=True)
    assert wire.insert(body)["result"]["state"] == "UNEXPECTED_ERROR"


def test_values_that_fit_are_kept_when_the_site_is_strict(wire, everything):
    wire.sandbox.configure(strict_values=True)
    fields = {**FIELDS, "Weight": "-7.5e1", "Sore": "Hip, Knee", "Note": ""}

    assert wire.ids(event("Everything", fields={**fields, "Note": "x"}, rows=LIFTS))
    fields["Sore"] = "Hip, Toe"
    refused = wire.insert(event("Everything", fields={**fields, "Note": "x"}, rows=LIFTS))
    assert refused["result"]["state"] == "UNEXPECTED_ERROR"


def test_required_table_columns(wire, everything):
    body = event("Everything", fields={"Note": "x"}, rows=[{"Lift": "a"}, {"Kg": "5"}])

    assert wire.insert(body)["result"]["state"] == "UNEXPECTED_ERROR"


def test_line_breaks_and_whole_numbers_by_setting(wire, everything):
    wire.sandbox.configure(line_break="\n", number_text="java point")
    fields = {"Note": "a\nb", "Weight": "5"}
    (event_id,) = wire.ids(event("Everything", fields=fields, rows=[{"Lift": "a"}]))

    read = pairs(wire.read_one("Everything", event_id)["rows"][0])
    assert (read["Note"], read["Weight"]) == ("a\nb", "5.0")


@pytest.mark.parametrize(
    "field",
    [
        "x: Slider",
        {"name": "x", "type": "Calculation", "formula": "import os"},
        {"name": "x", "type": "History Calculation", "formula": "{y}"},
        {"name": "x", "type": "Personal Details"},
        {"name": "x", "colour": "red"},
    ],
)
def test_bad_fields_are_refused_with_a_reason(wire, field):
    with pytest.raises(SandboxError, match=r"x|import|y"):
        wire.sandbox.add_form("Bad", [field])
