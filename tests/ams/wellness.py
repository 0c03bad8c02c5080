"""A form with every item type, in a sandbox of its own."""

from __future__ import annotations

import pytest

from airflow_provider_ams.ams import AMSClient

FORM = "Wellness"
FIELDS = [
    {"name": "Session ID", "page": "One", "section": "What"},
    {"name": "Sleep", "type": "Number", "required": True, "page": "One", "section": "What"},
    {"name": "Mood", "type": "Dropdown", "options": ["Low", "High"], "page": "One"},
    {"name": "Place", "type": "Single Selection", "options": ["Gym", "Track"], "page": "One"},
    {"name": "Sore", "type": "Multiple Selection", "options": ["Leg", "Arm", "Back"]},
    {"name": "Note", "type": "Text"},
    {"name": "Due", "type": "Date"},
    {"name": "Bed", "type": "Time"},
    {"name": "File", "type": "File Upload"},
    {"name": "Double", "type": "Calculation", "formula": "{Sleep} * 2"},
    {"name": "Mean", "type": "History Calculation", "formula": "mean({Sleep}, 28)"},
    {"name": "Height", "type": "Linked Value", "source_form": "Athlete Profile",
     "source_field": "height_cm"},
    {"name": "Sex", "type": "Personal Details"},
    {"name": "drill", "table": True, "section": "Sets"},
    {"name": "reps", "type": "Number", "table": True, "section": "Sets"},
]  # fmt: skip
PLAIN = [f for f in FIELDS if not f.get("table")]


@pytest.fixture
def sandbox(ams_sandbox):
    ams_sandbox.add_form(FORM, FIELDS)
    ams_sandbox.add_form("Plain", PLAIN)
    return ams_sandbox


@pytest.fixture
def client(sandbox):
    client = AMSClient(sandbox.url, sandbox.username, sandbox.password)
    yield client
    client.close()


@pytest.fixture
def writes(sandbox):
    """Count the calls that change data."""

    def count():
        names = ("eventsimport", "eventimport", "deleteevent", "event/deleteAll", "profileimport")
        return sum(n for name, n in sandbox.requests().items() if name in names)

    return count
