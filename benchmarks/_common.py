"""What the benchmarks share: the machine, a table, a sandbox with people, a raw session."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import requests

SITE_FORM = "Benchmark"
FIELDS = 10
HEADERS = {"Content-Type": "application/json"}


def machine() -> str:
    """Return processor, cores and versions in one line."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    model = next((x.split(":", 1)[1].strip() for x in lines if x.startswith("model name")), "")
    return (
        f"{model or platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, pandas {pd.__version__}, "
        f"requests {requests.__version__}"
    )


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table; numbers to the right."""
    texts = [[_text(cell) for cell in row] for row in rows]
    widths = [max(len(r[i]) for r in [list(head), *texts]) for i in range(len(head))]
    print("  ".join(h.rjust(w) for h, w in zip(head, widths, strict=True)))
    for row in texts:
        print("  ".join(c.rjust(w) for c, w in zip(row, widths, strict=True)), flush=True)


def _text(cell: object) -> str:
    return f"{cell:,.2f}" if isinstance(cell, float) and cell < 100 else _whole(cell)


def _whole(cell: object) -> str:
    return f"{cell:,.0f}" if isinstance(cell, (int, float)) else str(cell)


class Raw:
    """One bare session with a login and nothing else: the limit that a client can reach."""

    def __init__(self, url: str, username: str, password: str, max_in_flight: int = 1) -> None:
        self.url = url
        self.max_in_flight = max_in_flight
        self.session = requests.Session()
        self.session.trust_env = False
        adapter = requests.adapters.HTTPAdapter(pool_connections=1, pool_maxsize=max_in_flight)
        self.session.mount("http://", adapter)
        login = {"appName": url.rsplit("/", 1)[1], "clientTime": "2025-01-01T00:00"}
        body = {"username": username, "password": password, "loginProperties": login}
        reply = self.session.post(f"{url}/api/v2/user/loginUser", json=body)
        reply.raise_for_status()
        self.session.headers.update({**HEADERS, "session-header": reply.headers["session-header"]})

    def post(self, endpoint: str, body: bytes) -> bytes:
        """Post one body and return the reply's."""
        query = "informat=json&format=json"
        reply = self.session.post(f"{self.url}/api/v1/{endpoint}?{query}", data=body)
        assert reply.status_code == 200
        return reply.content

    def post_all(self, endpoint: str, bodies: Sequence[bytes]) -> list[bytes]:
        """Post bodies, `max_in_flight` of them in flight."""
        if self.max_in_flight == 1:
            return [self.post(endpoint, body) for body in bodies]
        with ThreadPoolExecutor(self.max_in_flight) as pool:
            return list(pool.map(lambda body: self.post(endpoint, body), bodies))


def plant(sandbox, people: int) -> list[int]:
    """Add people and a form of ten fields; return the people's ids."""
    kinds = ["Number"] * 5 + ["Text"] * 5
    sandbox.add_form(SITE_FORM, [f"field {i}: {kind}" for i, kind in enumerate(kinds)])
    return sandbox.add_users(people)


def frame(rows: int, people: Sequence[int]) -> pd.DataFrame:
    """Return events of ten fields: one a day for each person, then the next day."""
    numbers = pd.RangeIndex(rows)
    days = numbers // len(people)
    dates = pd.to_datetime("2024-01-01") + pd.to_timedelta(days, unit="D")
    data = {
        "user_id": [people[n % len(people)] for n in numbers],
        "start_date": dates.strftime("%d/%m/%Y"),
        "start_time": "9:00 AM",
        "field 0": numbers % 97,
        "field 1": numbers * 0.25,
        "field 2": (numbers % 1000) / 7,
        "field 3": pd.array([None if n % 10 == 0 else n for n in numbers], dtype="Int64"),
        "field 4": [float(n % 5) if n % 4 else None for n in numbers],
        "field 5": [f"note {n % 1000}" for n in numbers],
        "field 6": pd.Categorical([("Low", "Medium", "High")[n % 3] for n in numbers]),
        "field 7": [f"{n:06d}" for n in numbers],
        "field 8": pd.to_datetime("2024-01-01") + pd.to_timedelta(days % 365, unit="D"),
        "field 9": ["x" if n % 2 else None for n in numbers],
    }
    return pd.DataFrame(data)
