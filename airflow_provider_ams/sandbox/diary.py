"""What the page of the sandbox tells of the last minutes: requests, and what imports did."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from airflow_provider_ams.sandbox.clock import wall_ms

# A write that follows another one of the same session and form within so long belongs to it.
PAUSE_MS = 60_000
REQUESTS_KEPT, RUNS_KEPT = 1_000, 50
NEW, CHANGED, DELETED, REFUSED = "new", "changed", "deleted", "refused"


@dataclass
class Seen:
    """Hold one request; `status` is 0 when the connection ended without an answer."""

    at: int
    endpoint: str
    status: int
    ms: float
    fault: str


@dataclass
class Run:
    """Hold what the writes of one session did to one form, one after the other."""

    endpoint: str
    form: str
    session: str = field(repr=False)
    began: int = 0
    last: int = 0
    calls: int = 0
    faults: int = 0
    did: Counter[str] = field(default_factory=Counter)


class Diary:
    """Keep the last requests and the last imports; what is older is forgotten."""

    def __init__(self) -> None:
        self._seen: deque[Seen] = deque(maxlen=REQUESTS_KEPT)
        self._runs: deque[Run] = deque(maxlen=RUNS_KEPT)

    def note(
        self, endpoint: str, status: int, ms: float, fault: str, session: str, did: Did
    ) -> None:
        """Enter a request that has ended."""
        now = wall_ms()
        self._seen.append(Seen(now, endpoint, status, ms, fault))
        for form, counts in did.items():
            run = self._run(endpoint, form, session, now)
            run.last, run.calls = now, run.calls + 1
            run.faults += bool(fault)
            run.did.update(counts)

    def _run(self, endpoint: str, form: str, session: str, now: int) -> Run:
        for run in reversed(self._runs):
            same = (run.endpoint, run.form, run.session) == (endpoint, form, session)
            if same and now - run.last <= PAUSE_MS:
                return run
        self._runs.append(Run(endpoint, form, session, now))
        return self._runs[-1]

    def requests(self, minutes: float) -> list[Seen]:
        """Return the requests of so many minutes, the last one first."""
        since = wall_ms() - minutes * 60_000
        return [seen for seen in reversed(self._seen) if seen.at >= since]

    def runs(self) -> list[Run]:
        """Return what imports and deletions did, the last one first."""
        return sorted(self._runs, key=lambda run: run.last, reverse=True)


class Did(dict[str, "Counter[str]"]):
    """Count what one call did, by form."""

    def add(self, form: str, what: str, count: int = 1) -> None:
        """Count some more."""
        if count > 0:
            self.setdefault(form, Counter())[what] += count

    def refuse(self, forms: Iterable[object]) -> None:
        """Count as refused all that a call wanted, and nothing else."""
        self.clear()
        for form in forms:
            self.add(str(form), REFUSED)
