"""Names and short calls that the tests of the AMS library share."""

from __future__ import annotations

import pandas as pd

from airflow_provider_ams.ams import (
    EventOption,
    InsertEventOption,
    UpdateEventOption,
    UpsertEventOption,
    get_event_data,
    insert_event_data,
    update_event_data,
    upsert_event_data,
)
from airflow_provider_ams.transport import Clock

ANN, BOB, CAT = 1001, 1002, 1003
USERS = [
    {"id": ANN, "username": "ann", "first_name": "Ann", "last_name": "Vale", "email": "ann@x.test"},
    {"id": BOB, "username": "bob", "first_name": "Bob", "last_name": "Hill", "email": "bob@x.test"},
    {"id": CAT, "username": "cat", "first_name": "Cat", "last_name": "Rive", "email": "cat@x.test"},
]
LOG, LIFTS, CARD = "Log", "Lifts", "Card"
NOW = 1_750_000_000.0  # 15 June 2025, 15:06:40 UTC
ZONE = "Australia/Perth"  # eight hours later: 11:06 PM


def plant(sandbox):
    """Add three people and three forms to an empty sandbox."""
    sandbox.add_users(USERS)
    fields = ["amount: Number", "note", "level", "day: Date", "at: Time", "code"]
    sandbox.add_form(LOG, fields)
    table = [
        {"name": name, "type": kind, "table": True}
        for name, kind in (("exercise", "Text"), ("load", "Number"), ("reps", "Number"))
    ]
    sandbox.add_form(LIFTS, ["rpe: Number", "place", *table])
    sandbox.add_form(CARD, ["height: Number", "nick"], type="profile")


class Ticker:
    """A clock that never sleeps but notes how long it was told to."""

    def __init__(self, now=NOW):
        self.seconds = now
        self.slept = []

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.seconds += seconds

    def clock(self):
        return Clock(now=lambda: self.seconds, sleep=self.sleep, random=lambda: 0.5)


def log(values=(), field="amount", **columns):
    """Return a frame of Ann's events in the Log, one a day from 1 January 2025."""
    days = pd.date_range("2025-01-01", periods=len(values)).strftime("%d/%m/%Y")
    base = {"user_id": ANN, "start_date": days, "start_time": "9:00 AM", field: values}
    return pd.DataFrame(base | columns)


def insert(client, frame, form=LOG, **option):
    settings = InsertEventOption(**{"interactive_mode": False, **option})
    return insert_event_data(frame, form, client=client, option=settings)


def update(client, frame, form=LOG, **option):
    settings = UpdateEventOption(**{"interactive_mode": False, **option})
    return update_event_data(frame, form, client=client, option=settings)


def upsert(client, frame, form=LOG, **option):
    settings = UpsertEventOption(**{"interactive_mode": False, **option})
    return upsert_event_data(frame, form, client=client, option=settings)


def read(client, form=LOG, start="01/01/2020", end="31/12/2030", filter=None, **option):
    settings = EventOption(**{"interactive_mode": False, **option})
    return get_event_data(form, start, end, client=client, filter=filter, option=settings)


def stored(sandbox, key, form=LOG):
    """Return what the sandbox has stored in a field, oldest id first."""
    return [event["values"].get(key) for event in sandbox.events(form)]


def moments(sandbox, form=LOG):
    """Return start and end of the stored events as text."""
    keys = ("start_date", "start_time", "finish_date", "finish_time")
    return [" ".join(event[k] for k in keys) for event in sandbox.events(form)]
