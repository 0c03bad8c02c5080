"""Whatever is drawn, the sandbox answers as itself: what it says is the client's concern."""

from __future__ import annotations

import logging

import pytest
from sandbox_wire import event, pairs

from airflow_provider_ams.sandbox import Dialect

FIELDS = [
    "Note",
    "Kg: Number",
    "Day: Date",
    "Clock: Time",
    "Moment: Date Time",
    "Long: Duration",
    "Yes: Boolean",
    {"name": "Sore", "type": "Multiple Selection", "options": ["a", "a, b", "c"]},
    {"name": "Side", "type": "Dropdown", "options": ["x", "y"]},
    "Scan: File Upload",
    "Date: Date",
    "Time: Time",
    {"name": "Twice", "type": "Calculation", "formula": "{Kg} * 2"},
    {"name": "Mean", "type": "History Calculation", "formula": "mean({Kg}, 7)"},
    {"name": "Lift", "table": True, "section": "Lifts"},
    {"name": "Reps", "type": "Number", "table": True, "section": "Lifts"},
]
VALUES = {
    "Note": "one\ntwo",
    "Kg": "12345678",
    "Day": "01/02/2026",
    "Clock": "9:05 AM",
    "Moment": "01/02/2026 11:05 PM",
    "Long": "1:02:03",
    "Yes": "Yes",
    "Sore": "a, b",
    "Side": "x",
    "Scan": "7|f.pdf",
    "Date": "02/03/2026",
    "Time": "9:00 AM",
}
ROWS = [{"Lift": "Squat", "Reps": "5"}, {"Reps": "6"}]
USERS = {"userIds": [1001]}
READS = [
    ("synchronise", {"formName": "All", "lastSynchronisationTimeOnServer": 0, **USERS}),
    ("eventsearch", {"formNames": ["All"], **USERS}),
    ("usersynchronise", {"lastSynchronisationTimeOnServer": 0}),
    ("usersearch", {"identification": []}),
    ("groupmembers", {"name": "Squad A"}),
    ("profilesearch", {"formNames": ["Athlete Profile"], **USERS}),
]
PAGED = {"paginate": "True", "pagination": {"paginate": True}}


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_no_dialect_breaks_the_server(wire, caplog, first):
    caplog.set_level(logging.WARNING)
    form = wire.sandbox.add_form("All", FIELDS)
    for seed in range(first, first + 20):
        drawn = Dialect.random(seed)
        wire.sandbox.dialect(drawn)
        reply = wire.insert(event("All", fields=VALUES, rows=ROWS))
        assert reply["eventImportResultForForm"], drawn
        for name, body in READS:
            assert wire.v1(name, {**body, **PAGED}).status_code == 200, (name, drawn)
        wire.v2("event/deleteAll", {"eventIds": ["1"]})
        wire._token = None
        assert wire.v3(f"forms/event/{form}").status_code == 200, drawn
    assert caplog.text == ""


@pytest.mark.parametrize("seed", range(25))
def test_any_dialect_takes_an_event_and_gives_it_back(wire, seed):
    """Whatever is drawn, the sandbox answers as itself; what it answers is the client's concern."""
    drawn = Dialect.random(seed)
    wire.sandbox.dialect(drawn)
    fields = {"Subject": "x", "Day": "2"}
    reply = wire.v1("eventsimport", {"events": [event(fields=fields)]})
    assert reply.status_code == 200, drawn
    body = {"formName": "Reaction Time", "lastSynchronisationTimeOnServer": 0, "userIds": [1001]}
    paging = {"pagination": {"paginate": True}}
    read = wire.v1("synchronise", {**body, **paging}).json()["export"]["events"][0]
    assert str(read["id"]) == str(wire.sandbox.events("Reaction Time")[0]["id"]), drawn
    shown = pairs(read["rows"][0])
    assert (shown["Subject"], float(shown["Day"])) == ("x", 2.0), drawn
    assert wire.v3("forms/event/304").status_code == 200
