"""Run imports against a failing sandbox and compare what AMS then holds with the input."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pandas as pd
import requests

from airflow_provider_ams.ams import AMSClient, AMSError, InsertEventOption, insert_event_data
from airflow_provider_ams.transport import Clock, RetryPolicy

FORM = "Session"
USERS = 12


class Crash(BaseException):
    """Stands for the death of the process: nothing may catch it."""


@contextmanager
def crash_after(request: int) -> Iterator[None]:
    """Die as soon as the n-th HTTP request has been answered (or has failed)."""
    send, count = requests.adapters.HTTPAdapter.send, 0

    def counting(self, *args, **kwargs):
        nonlocal count
        count += 1
        mine = count
        if mine > request:
            raise Crash
        try:
            return send(self, *args, **kwargs)
        finally:
            if mine == request:
                raise Crash

    requests.adapters.HTTPAdapter.send = counting
    try:
        yield
    finally:
        requests.adapters.HTTPAdapter.send = send


def quick_clock() -> Clock:
    """Wait for moments where real life waits for seconds; the sandbox is as quick."""
    return Clock(sleep=lambda seconds: time.sleep(min(seconds, 0.02)))


def make_client(sandbox, **settings) -> AMSClient:
    defaults = {
        "timezone": "UTC",
        "clock": quick_clock(),
        "retry": RetryPolicy(tries=6),
        "read_timeout": 0.3,
    }
    return AMSClient(sandbox.url, sandbox.username, sandbox.password, **{**defaults, **settings})


def prepare(sandbox) -> None:
    """Reset to one form without table and a small roster."""
    sandbox.reset()
    sandbox.add_users(
        [{"id": 1000 + i, "username": f"user.{i}", "groups": ["All"]} for i in range(USERS)]
    )
    sandbox.add_form(FORM, ["minutes: Number", "note: Text", "load: Number"])


def sessions(rows: int = 45) -> pd.DataFrame:
    """Return sessions, with equal rows among them."""
    frame = pd.DataFrame(
        {
            "user_id": [1000 + i % USERS for i in range(rows)],
            "start_date": [f"{1 + i // USERS:02d}/03/2026" for i in range(rows)],
            "start_time": ["9:00 AM"] * rows,
            "minutes": [30 + i + (0.5 if i % 3 else 0) for i in range(rows)],
            "note": [f"line {i}" if i % 4 else None for i in range(rows)],
            "load": [12_345_678.0 + i for i in range(rows)],
        }
    )
    if rows > 1:
        frame.iloc[1] = frame.iloc[0]
    return frame


def wanted(frame: pd.DataFrame) -> Counter:
    """Return the input as a multiset of comparable rows."""
    return Counter(
        (r["user_id"], r["start_date"], float(r["minutes"]), r["note"], float(r["load"]))
        for r in frame.fillna({"note": ""}).to_dict("records")
    )


def held(sandbox) -> Counter:
    """Return what AMS holds in the same form."""
    return Counter(
        (
            e["user_id"],
            e["start_date"],
            float(e["values"].get("minutes", "nan")),
            e["values"].get("note", ""),
            float(e["values"].get("load", "nan")),
        )
        for e in sandbox.events(FORM)
    )


def import_until_green(sandbox, frame, state, crash: int | None = None, runs: int = 5, **settings):
    """Import, and again with the same note while it ends red; return the last result.

    After each run nothing may be there more often than in the input.
    """
    goal = wanted(frame)
    option = InsertEventOption(interactive_mode=False, batch_size=3)
    for run in range(runs):
        client = make_client(sandbox, **settings)
        try:
            with crash_after(crash if run == 0 and crash else 1_000_000):
                return insert_event_data(frame, FORM, client=client, option=option, resume=state)
        except (AMSError, Crash):
            pass
        finally:
            client.close()
        extra = held(sandbox) - goal
        assert not extra, f"doubled: {extra}"
    raise AssertionError(f"still red after {runs} runs")


def stored_ids(sandbox, frame) -> list[int]:
    """Put the frame's sessions into AMS, as if entered long ago, and return their ids."""
    return sandbox.add_events(
        FORM,
        [
            {
                "user": r["user_id"],
                "start_date": r["start_date"],
                "start_time": r["start_time"],
                "values": {"minutes": "1", "note": "old", "load": "2"},
            }
            for r in frame.to_dict("records")
        ],
    )
