"""A start that holds date and time: it supplies both to a key, and its seconds are told of."""

from __future__ import annotations

import pandas as pd
import pytest

from airflow_provider_ams.ams import (
    MirrorEventOption,
    PlanOption,
    apply,
    mirror_event_data,
    plan_event_data,
    validate_event_data,
)
from tests.ams.ams_site import LOG, insert, log, moments, stored, update, upsert

STARTS = {
    "datetime64": lambda texts: pd.to_datetime(pd.Series(texts)),
    "objects": lambda texts: pd.to_datetime(pd.Series(texts)).astype(object),
    "texts": pd.Series,
    "zoned": lambda texts: pd.to_datetime(pd.Series(texts)).dt.tz_localize("Australia/Perth"),
}
NOTE = "Seconds in 'start_date' were left out: AMS keeps minutes."
DAYS = ("01/01/2025", "31/01/2025")


def sessions(kind="datetime64", seconds="00", **columns):
    """Return two sessions of one day, 9 and 17 o'clock."""
    texts = [f"2025-01-01 09:00:{seconds}", "2025-01-01 17:00:00"]
    frame = log([1, 2]).drop(columns="start_time")
    return frame.assign(start_date=STARTS[kind](texts), **columns)


def quiet(mode, **option):
    return PlanOption(mode=mode, interactive_mode=False, **option)


@pytest.mark.parametrize("validate", [False, True])
@pytest.mark.parametrize("key", [["start_date", "start_time"], ["start_time"]])
@pytest.mark.parametrize("kind", STARTS)
def test_the_time_belongs_to_the_key(client, sandbox, kind, key, validate):
    option = {"key": key, "validate": validate, "on_missing_fields": "keep"}
    assert upsert(client, sessions(kind), **option).counts["inserted"] == 2
    assert upsert(client, sessions(kind), **option).counts["unchanged"] == 2
    changed = upsert(client, sessions(kind, amount=[1, 5]), **option)
    assert changed.rows["status"].tolist() == ["unchanged", "updated"]
    assert stored(sandbox, "amount") == ["1", "5"]
    assert [m[:19].strip() for m in moments(sandbox)] == [
        "01/01/2025 9:00 AM",
        "01/01/2025 5:00 PM",
    ]


def by_mirror(client, frame):
    option = MirrorEventOption(interactive_mode=False, key=["start_date", "start_time"])
    return mirror_event_data(frame, LOG, window=DAYS, option=option, client=client).warnings


def with_ids(sandbox, frame):
    ids = [event["id"] for event in sandbox.events()]
    return frame.assign(event_id=ids, amount=[8, 9])


KEY = ["start_date", "start_time"]
PATHS = {
    "insert": lambda c, s, f: insert(c, f).warnings,
    "insert, checked": lambda c, s, f: insert(c, f, validate=True).warnings,
    "update": lambda c, s, f: update(c, with_ids(s, f)).warnings,
    "update, keep": lambda c, s, f: update(c, with_ids(s, f), on_missing_fields="keep").warnings,
    "upsert by id": lambda c, s, f: upsert(c, with_ids(s, f)).warnings,
    "upsert by id, keep": lambda c, s, f: (
        upsert(c, with_ids(s, f), on_missing_fields="keep").warnings
    ),
    "upsert by key": lambda c, s, f: upsert(c, f, key=KEY).warnings,
    "upsert by key, keep": lambda c, s, f: upsert(c, f, key=KEY, on_missing_fields="keep").warnings,
    "mirror": lambda c, s, f: by_mirror(c, f),
    "plan": lambda c, s, f: (
        plan_event_data(f, LOG, client=c, option=quiet("upsert", key=KEY)).warnings
    ),
    "plan of a mirror": lambda c, s, f: (
        plan_event_data(f, LOG, client=c, window=DAYS, option=quiet("mirror", key=KEY)).warnings
    ),
    "apply": lambda c, s, f: (
        apply(
            plan_event_data(f, LOG, client=c, option=quiet("insert")),
            client=c,
            interactive_mode=False,
        ).warnings
    ),
    "validate": lambda c, s, f: [
        str(found)
        for found in validate_event_data(f, LOG, client=c, option=quiet("upsert", key=KEY)).warnings
    ],
}


@pytest.mark.parametrize("kind", STARTS)
@pytest.mark.parametrize("path", PATHS)
def test_seconds_are_told_on_every_path(client, sandbox, path, kind):
    insert(client, sessions(kind))
    told = PATHS[path](client, sandbox, sessions(kind, "30"))
    assert told.count(NOTE) == 1
    assert NOTE not in PATHS[path](client, sandbox, sessions(kind).iloc[:2])
