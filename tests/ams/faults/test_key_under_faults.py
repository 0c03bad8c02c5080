"""Whatever fails, a second run by key finds what the first has done."""

from __future__ import annotations

import pandas as pd
import pytest

from airflow_provider_ams.ams import (
    AMSClient,
    AMSError,
    MirrorEventOption,
    UpsertEventOption,
    mirror_event_data,
    upsert_event_data,
)
from airflow_provider_ams.transport import Clock
from tests.ams.wellness import sandbox  # noqa: F401 - fixtures

FAULTS = [
    "reset_before", "reset_after_commit", "429", "503", "500_before", "500_after", "truncated",
    "html", "empty", "rpc", "session_expired", "short_ids", "hidden_ids", "duplicate_update",
    "partial", "reject",
]  # fmt: skip
ROWS = pd.DataFrame(
    {
        "user_id": [1001 + i % 9 for i in range(18)],
        "start_date": ["05/01/2026"] * 9 + ["06/01/2026"] * 9,
        "Day": range(18),
    }
)


def until_green(sandbox, function, df, **options):
    for _ in range(5):
        clock = Clock(sleep=lambda seconds: None)
        client = AMSClient(sandbox.url, sandbox.username, sandbox.password, clock=clock)
        try:
            return function(df, "Reaction Time", client=client, **options)
        except AMSError:
            continue
        finally:
            client.close()
    raise AssertionError("still red after 5 runs")


def held(sandbox):
    events = sandbox.events("Reaction Time")
    return sorted((e["user_id"], e["start_date"], e["values"].get("Day")) for e in events)


def wanted(df):
    return sorted(
        (int(u), d, str(v))
        for u, d, v in zip(df["user_id"], df["start_date"], df["Day"], strict=True)
    )


@pytest.mark.parametrize("endpoint", ["eventsimport", "synchronise"])
@pytest.mark.parametrize("fault", FAULTS)
def test_upsert_by_key(ams_sandbox, fault, endpoint):
    option = UpsertEventOption(
        key=["start_date"], on_missing_fields="keep", batch_size=5, interactive_mode=False
    )
    for df in (ROWS, ROWS.assign(Day=ROWS["Day"] + 100)):
        script = [{"endpoint": endpoint, "nth": 2, "fault": fault}]
        ams_sandbox.faults(script=script)
        result = until_green(ams_sandbox, upsert_event_data, df, option=option)
        assert held(ams_sandbox) == wanted(df)
        assert result.counts["rejected"] == result.counts["unknown"] == 0


@pytest.mark.parametrize("nth", [1, 3, 5])
@pytest.mark.parametrize("fault", ["reset_after_commit", "500_before", "empty", "rpc"])
def test_mirror(ams_sandbox, fault, nth):
    option = MirrorEventOption(
        key=["start_date"], max_deletes="100%", batch_size=5, interactive_mode=False,
        on_missing_fields="keep",
    )  # fmt: skip
    arguments = {"option": option, "window": ("01/01/2026", "31/01/2026")}
    until_green(ams_sandbox, mirror_event_data, ROWS, **arguments)
    ams_sandbox.faults(script=[{"endpoint": "writes", "nth": nth, "fault": fault}])
    df = ROWS.tail(10).assign(Day=7)
    until_green(ams_sandbox, mirror_event_data, df, **arguments)
    assert held(ams_sandbox) == wanted(df)
