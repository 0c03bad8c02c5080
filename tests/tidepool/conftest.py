"""A sandbox without the demo data, a client of it, and a clock that does not wait."""

from __future__ import annotations

import csv
import json

import pytest
from tidepool_samples import sample_rows

from airflow_provider_ams.tidepool import IngestOption, TidepoolClient
from airflow_provider_ams.transport import Clock


class FakeClock(Clock):
    """Time that passes only in sleeps, and remembers them."""

    def __init__(self):
        self.slept = []
        object.__setattr__(self, "now", lambda: 1_700_000_000.0 + sum(self.slept))
        object.__setattr__(self, "sleep", self.slept.append)
        object.__setattr__(self, "random", lambda: 0.5)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def sandbox(ams_sandbox_server):
    ams_sandbox_server.reset(seed=None)
    return ams_sandbox_server


@pytest.fixture
def client(sandbox, clock):
    with TidepoolClient(sandbox.tidepool_key, sandbox.tidepool_url, clock=clock) as client:
        yield client


@pytest.fixture
def quick():
    """Options without what only costs time here."""

    def options(**changes):
        settings = {"pause": 0, "validate": "none", "interactive_mode": False}
        return IngestOption(**settings | changes)

    return options


@pytest.fixture
def write_csv(tmp_path):
    def write(rows, name="events.csv", **dialect):
        path = tmp_path / name
        columns = list(rows[0]) if rows else sample_rows(1)[0]
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, **dialect)
            writer.writeheader()
            writer.writerows(rows)
        return path

    return write


@pytest.fixture
def write_jsonl(tmp_path):
    def write(rows, name="events.jsonl"):
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path

    return write
