"""The sample script of Tidepool's documentation and `ingest` leave the same events."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from pathlib import Path

import pytest

from airflow_provider_ams.tidepool import TidepoolClient

SEEDS = Path(__file__).resolve().parents[3] / "shared" / "seeds"
FILES = sorted(SEEDS.glob("001_*.txt"))

ROWS = [
    {
        "text": f'Line {at}, "quoted"\nand a second line – ☀' if at % 5 == 0 else f"Message {at}",
        "timestamp": f"2023-08-{at % 31 + 1:02d}T21:26:27.302{'Z' if at % 2 else '+02:00'}",
        "user_id": f"user-{at % 9}" if at % 3 else "",
        "session_id": f"session-{at // 10}" if at % 4 else "",
        "event_name": "BOT_MESSAGE" if at % 7 == 0 else "",
        "id": f"given-{at}" if at % 6 == 0 else "",
        "channel": "web",
    }
    for at in range(230)
]


def restore(text):
    """Cut the script out of the page and give it back the indentation the page has lost."""
    body = text[text.index("import requests") : text.index("\n1. Get an API Key")]
    # How a block of each kind ends: with the line that matches.
    ends = {"def": "return ", "with": "formatted_events", "for": "sleep", "headers": "}"}
    lines, block = [], None
    for line in body.splitlines():
        closing = block == "headers" and line == "}"
        lines.append("    " + line if block and not closing else line)
        if block and line.startswith(ends[block]):
            block = None
        elif re.fullmatch(r"(def|with|for) .*:|headers = {", line):
            block = line.split()[0]
    return "\n".join(lines) + "\n"


@pytest.mark.skipif(not FILES, reason="the page with the sample script is not there")
def test_the_sample_script_and_ingest_leave_the_same_events(sandbox, tmp_path):
    path = tmp_path / "events.csv"
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, list(ROWS[0]))
        writer.writeheader()
        writer.writerows(ROWS)
    script = restore(FILES[0].read_text())
    for placeholder, value in {
        "PATH_TO_YOUR_DATA.csv": str(path),
        "https://shoreline.tidepool.so/api/v1/events": sandbox.tidepool_url,
        "YOUR_API_KEY_HERE": sandbox.tidepool_key,
        "sleep(0.2)": "sleep(0)",
    }.items():
        assert script.count(placeholder) == 1
        script = script.replace(placeholder, value)
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    theirs, requests = sandbox.tidepool_events(), sandbox.requests()
    sandbox.reset()
    client = TidepoolClient(sandbox.tidepool_key, sandbox.tidepool_url)
    client.ingest(path, pause=0, interactive_mode=False)
    ours = sandbox.tidepool_events()
    assert without_made_ids(ours) == without_made_ids(theirs)
    assert len(theirs) == len(ROWS)
    assert sandbox.requests() == requests


def without_made_ids(events):
    """Drop ids, and the session and user ids that were not in the file."""
    given = {name: {row[name] for row in ROWS} for name in ("session_id", "user_id", "id")}
    return [
        {
            name: value if name not in given or value in given[name] else "made"
            for name, value in event.items()
        }
        for event in events
    ]
