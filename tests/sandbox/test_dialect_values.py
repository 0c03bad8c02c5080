"""How stored values are written when they are read."""

from __future__ import annotations

import pytest
from sandbox_wire import event, pairs

from airflow_provider_ams.sandbox.options import split_choices

MIDNIGHT = 1_767_830_400_000  # 08/01/2026 in UTC
HOUR = 3_600_000


def read(wire, kind, value, **settings):
    """Return how a value of a field of this kind reads back; None when it is missing."""
    wire.sandbox.configure(**settings)
    spec = kind if isinstance(kind, dict) else {"type": kind}
    wire.sandbox.add_form("Form", [{"name": "A", **spec}, "B"], replace=True)
    (event_id,) = wire.ids(event("Form", fields={"A": value, "B": "b"}))
    return pairs(wire.read_one("Form", event_id)["rows"][0]).get("A")


TIMES = {
    "h:mm AM": ("9:05 AM", "12:00 AM", "11:59 PM"),
    "hh:mm AM": ("09:05 AM", "12:00 AM", "11:59 PM"),
    "h:mm am": ("9:05 am", "12:00 am", "11:59 pm"),
    "HH:mm": ("09:05", "00:00", "23:59"),
    "HH:mm:ss": ("09:05:00", "00:00:00", "23:59:00"),
}


@pytest.mark.parametrize("style", TIMES)
def test_times_of_events_and_of_fields_apart(wire, style):
    sent = ("09:05 am", "00:00 AM", "11:59 PM")
    shown = [read(wire, "Time", text, time_fields=style) for text in sent]
    assert tuple(shown) == TIMES[style]

    wire.sandbox.configure(event_times=style)
    starts = []
    for text in sent:
        (event_id,) = wire.ids(event(startTime=text))
        starts.append(wire.read_one("Reaction Time", event_id)["startTime"])
    assert tuple(starts) == TIMES[style]
    assert read(wire, "Time", "soon") == "soon"


@pytest.mark.parametrize(
    ("style", "zone", "shown"),
    [
        ("ms utc", "Pacific/Auckland", MIDNIGHT),
        ("ms site", "UTC", MIDNIGHT),
        ("ms site", "Pacific/Auckland", MIDNIGHT - 13 * HOUR),
        ("ms site", "Pacific/Kiritimati", MIDNIGHT - 14 * HOUR),
        ("ms site", "Pacific/Pago_Pago", MIDNIGHT + 11 * HOUR),
        ("yyyy-MM-dd", "UTC", "2026-01-08"),
        ("dd/MM/yyyy", "UTC", "08/01/2026"),
    ],
)
def test_dates(wire, style, zone, shown):
    how = {"date_fields": style, "site_zone": zone}

    assert read(wire, "Date", "08/01/2026", **how) == str(shown)
    assert read(wire, "Date", "soon", **how) == "soon"


def test_a_date_may_be_some_moment_of_its_day(wire):
    ms = int(read(wire, "Date", "08/01/2026", date_fields="ms moment"))

    assert MIDNIGHT < ms < MIDNIGHT + 24 * HOUR


@pytest.mark.parametrize(
    ("style", "clock", "shown"),
    [
        ("ms utc", "h:mm AM", str(MIDNIGHT + 9 * HOUR)),
        ("ms site", "h:mm AM", str(MIDNIGHT - 4 * HOUR)),
        ("yyyy-MM-dd", "h:mm AM", "2026-01-08T09:00"),
        ("dd/MM/yyyy", "HH:mm", "08/01/2026 09:00"),
    ],
)
def test_dates_with_a_time(wire, style, clock, shown):
    how = {"date_fields": style, "time_fields": clock, "site_zone": "Pacific/Auckland"}

    assert read(wire, "Date Time", "08/01/2026 9:00 AM", **how) == shown


@pytest.mark.parametrize(
    ("style", "clock", "number"),
    [("ms", "5025000", "90"), ("s", "5025", "90"), ("H:mm:ss", "1:23:45", "0:00:00")],
)
def test_durations(wire, style, clock, number):
    assert read(wire, "Duration", "1:23:45", duration_fields=style) == clock
    assert read(wire, "Duration", "90") == number
    assert read(wire, "Duration", "long") == "long"


@pytest.mark.parametrize(
    ("style", "shown"),
    [
        ("java", ["5", "7.5", "1.5E7"]),
        ("java point", ["5.0", "7.5", "1.5E7"]),
        ("plain", ["5", "7.5", "15000000"]),
    ],
)
def test_numbers(wire, style, shown):
    sent = ["5", "7.50", "15000000"]

    assert [read(wire, "Number", text, number_text=style) for text in sent] == shown


@pytest.mark.parametrize("line_break", ["<br>", "<br/>", "<br />", "< br/>", "\n", "\r\n"])
def test_line_breaks(wire, line_break):
    assert read(wire, "Text", "a\nb\r\nc", line_break=line_break) == line_break.join("abc")


SORE = {"type": "Multiple Selection", "options": ["Knee", "Knee, left", "Hip; right"]}


@pytest.mark.parametrize("separator", [", ", ",", ";", "; ", "|", "\n"])
def test_multiple_choices_are_joined_by_the_site(wire, separator):
    how = {"multiple_separator": separator}

    assert read(wire, SORE, "Hip; right, Knee, left", **how) == f"Hip; right{separator}Knee, left"
    assert read(wire, SORE, "Knee|Hip; right", **how) == f"Knee{separator}Hip; right"
    assert read(wire, SORE, "Toe, Knee", **how) == "Toe, Knee"
    wire.sandbox.configure(strict_values=True)
    assert wire.ids(event("Form", fields={"A": f"Knee, left{separator}Knee"}))
    refused = wire.insert(event("Form", fields={"A": "Knee$Hip; right"}))
    assert refused["result"]["state"] == "UNEXPECTED_ERROR"


def test_options_may_hold_what_separates_them():
    options = ["a", "a, b", "b", "b, c"]

    assert split_choices("a, b, c", options) == ["a", "b, c"]
    assert split_choices("a, b", options) == ["a, b"]
    assert split_choices("a,b", options) == ["a", "b"]
    assert split_choices("", options) is None
    assert split_choices("a, ", options) is None
    assert split_choices("a" * 30_000, options) is None
    assert split_choices(", ".join(["b"] * 2000), options) == ["b"] * 2000


@pytest.mark.parametrize(
    ("style", "shown"),
    [
        ("as written", ["Yes", "false"]),
        ("true/false", ["true", "false"]),
        ("1/0", ["1", "0"]),
        ("Yes/No", ["Yes", "No"]),
    ],
)
def test_yes_or_no(wire, style, shown):
    assert [read(wire, "Boolean", text, boolean_fields=style) for text in ("Yes", "false")] == shown
    assert read(wire, "Boolean", "perhaps") == "perhaps"


@pytest.mark.parametrize(
    ("style", "shown"), [("id and name", "881|a.pdf"), ("name", "a.pdf"), ("absent", None)]
)
def test_files(wire, style, shown):
    assert read(wire, "File Upload", "881|a.pdf", file_fields=style) == shown


def test_attachment_addresses(wire):
    read(wire, "File Upload", "881|a.pdf")

    def shown(style):
        wire.sandbox.configure(attachment_urls=style)
        synced = wire.sync("Form", [1001])["export"]["events"][0]
        searched = wire.search("Form")["events"][0]
        return synced.get("attachmentUrl"), searched.get("attachmentUrl")

    address = f"{wire.sandbox.url}/attachments/881"
    listed = [{"attachmentUrl": address, "name": "a.pdf"}]
    assert shown("list") == (listed, listed)
    assert shown("text") == (address, address)
    assert shown("search only") == (None, listed)
    assert shown("none") == (None, None)


def test_rows_may_be_kept_apart(wire):
    lifts = [{"activity": "Run", "distance_km": "5"}, {"activity": "Bike"}]
    ids = wire.ids(
        event("Training Log", fields={"duration": "30"}, rows=lifts),
        event("Training Log", user=1002, rows=lifts[:1], fields={}),
    )
    wire.sandbox.configure(row_layout="separate", extra_fields="none")

    def rows(event_id, user):
        shown = wire.read_one("Training Log", event_id, user)["rows"]
        return [row["row"] for row in shown], [
            pairs(row) if "pairs" in row else {} for row in shown
        ]

    assert rows(ids[0], 1001) == ([0, 1, 2], [{"duration": "30"}, *lifts])
    assert rows(ids[1], 1002) == ([0, 1], [{}, lifts[0]])


def test_personal_details_nobody_sent(wire):
    def shown(style):
        wire.sandbox.configure(extra_fields=style)
        return pairs(wire.sync("Training Log", [1001])["export"]["events"][0]["rows"][0]).keys()

    assert shown("of the form") >= {"Sex", "Age", "duration"}
    assert shown("more") >= {"First Name", "Last Name", "Sex", "DOB", "Age"}
    assert not shown("none") & {"First Name", "Sex", "Age"}
    wire.sandbox.configure(extra_fields="more")
    (event_id,) = wire.ids(event())
    assert pairs(wire.read_one("Reaction Time", event_id)["rows"][0])["Last Name"] == "Number 308"
    wire.sandbox.add_form("Own", ["Age"])
    (event_id,) = wire.ids(event("Own", fields={"Age": "old"}))
    assert pairs(wire.read_one("Own", event_id)["rows"][0])["Age"] == "old"


def test_a_date_and_time_that_repeat_the_start_may_be_missing(wire):
    wire.sandbox.add_form("Form", ["Date: Date", "Time: Time", "Note"])
    fields = {"Date": "02/03/2026", "Time": "9:00 AM", "Note": "x"}
    same, other = wire.ids(
        event("Form", fields=fields),
        event("Form", user=1002, fields={**fields, "Date": "03/03/2026", "Time": "9:01 AM"}),
    )
    wire.sandbox.configure(hide_start_fields=True)

    assert pairs(wire.read_one("Form", same)["rows"][0]) == {"Note": "x"}
    assert pairs(wire.read_one("Form", other, 1002)["rows"][0]).keys() == fields.keys()
