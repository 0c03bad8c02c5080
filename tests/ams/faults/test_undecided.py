"""What is stored may be a row of the import or not: it is sent once, and the reason is told."""

from __future__ import annotations

import itertools

import pandas as pd
import pytest

from airflow_provider_ams.ams import AMSUnknownOutcomeError, InsertEventOption, insert_event_data
from airflow_provider_ams.transport import Clock
from tests.ams.faults.harness import make_client

FORM = "Visits"
MARK = "idempotency_field="
LOST = [{"endpoint": "eventsimport", "nth": 1, "fault": "reset_after_commit"}]


@pytest.fixture
def sandbox(faulty_sandbox):
    faulty_sandbox.reset()
    faulty_sandbox.add_users([{"id": 1000, "username": "user.0"}])
    fields = ["day: Date", "when: Date Time", "note: Text", "ok: Boolean"]
    faulty_sandbox.add_form(FORM, fields)
    return faulty_sandbox


def insert(client, **values):
    frame = pd.DataFrame(
        {"user_id": [1000], "start_date": "01/03/2026", "start_time": "9:00 AM", **values}
    )
    option = InsertEventOption(interactive_mode=False)
    return insert_event_data(frame, FORM, client=client, option=option)


def test_a_server_s_clock_may_stand_still_for_a_moment(sandbox):
    """The event looks older than the call that stored it, and other than what was sent."""
    sandbox.dialect({"boolean_type": "xyz-27", "boolean_fields": "Yes/No"})
    sandbox.time(freeze=True)
    sandbox.faults(script=LOST)
    ticks = itertools.count(step=0.01)
    clock = Clock(monotonic=lambda: next(ticks), sleep=lambda seconds: None)
    with pytest.raises(AMSUnknownOutcomeError):
        insert(make_client(sandbox, clock=clock), ok="true")
    assert len(sandbox.events(FORM)) == 1


@pytest.mark.parametrize(
    ("dialect", "zone", "values", "told", "setting"),
    [
        (
            {"date_fields": "ms site", "site_zone": "Pacific/Auckland"},
            None,
            {"day": "05/01/2025"},
            "'day' depends on the site's time zone; set it (",
            "timezone=",
        ),
        (
            {"date_fields": "ms site", "site_zone": "Pacific/Auckland"},
            "Pacific/Kiritimati",
            {"day": "05/01/2025"},
            "the time zone set is Pacific/Kiritimati",
            "timezone=",
        ),
        ({"date_type": "xyz-19"}, "UTC", {"day": "05/01/2025"}, "types={'day': ...}", "types="),
        (
            {},
            "UTC",
            {"when": "05/01/2025 9:23 PM"},
            "how AMS shows a date with a time in 'when'",
            MARK,
        ),
        ({"text_limit": 255}, "UTC", {"note": "x" * 300}, "the beginning of 'note' alone", MARK),
    ],
)
def test_the_reason_names_the_cause_and_the_setting(sandbox, dialect, zone, values, told, setting):
    sandbox.dialect(dialect)
    sandbox.faults(script=LOST)
    with pytest.raises(AMSUnknownOutcomeError) as caught:
        insert(make_client(sandbox, timezone=zone), **values)
    (reason,) = caught.value.result.rows["reason"]
    assert told in reason
    settings = [n for n in ("types=", "timezone=", "idempotency_field=") if n in reason]
    assert settings == [setting]
    assert len(sandbox.events(FORM)) == 1
