"""Random imports, random faults, random crashes: at most once always, exactly once at green."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter

import pandas as pd
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from airflow_provider_ams.ams import AMSError, InsertEventOption, insert_event_data
from airflow_provider_ams.ams.write.places import Checkpoint
from airflow_provider_ams.transport import Clock
from tests.ams.faults.harness import (
    FORM,
    USERS,
    Crash,
    crash_after,
    held,
    make_client,
    prepare,
    wanted,
)
from tests.ams.faults.history import History
from tests.proxy import Proxy

ROW = st.fixed_dictionaries(
    {
        "user_id": st.integers(1000, 1000 + USERS - 1),
        "start_date": st.sampled_from(["01/03/2026", "02/03/2026", "29/02/2028"]),
        "start_time": st.sampled_from(["12:00 AM", "9:00 AM", "11:30 PM"]),
        "minutes": st.sampled_from([30.0, 30.5, 0.1]),
        "note": st.sampled_from(["", "a", "two\nlines", "Ünïcode ✓", "007"]),
        "load": st.sampled_from([12_345_678.0, 1e-4, 5.0]),
    }
)
RATES = st.dictionaries(
    st.sampled_from(
        [
            "reset_before",
            "reset_after_commit",
            "429",
            "500_before",
            "500_after",
            "503",
            "truncated",
            "html",
            "empty",
            "rpc",
            "session_expired",
            "short_ids",
            "hidden_ids",
            "partial",
            "reject",
        ]
    ),
    st.sampled_from([0.05, 0.2]),
    max_size=4,
)


# Long enough for a call that another try has under way, on a machine with much to do.
SETTLE = 0.25
OTHER = {"minutes": 77.0, "note": "of another import", "load": 7.0}


class Memory(Checkpoint):
    """A checkpoint in memory; `trust` as after a retry, or as after a manual clear."""

    cheap = fenced = True

    def __init__(self):
        self.state = None
        self.trust = True
        self._lock = threading.Lock()

    def load(self):
        return dict(self.state) if self.state else None

    def save(self, state):
        self.state = state

    def replace(self, state, check):
        with self._lock:
            check()
            self.save(state)


class Gate:
    """Hold back the answer to a try's n-th request until the gate is opened."""

    def __init__(self, request):
        self.closed, self.opened = threading.Event(), threading.Event()
        self._left = request

    def after(self, endpoint, body):
        self._left -= 1
        if self._left == 0:
            self.closed.set()
            assert self.opened.wait(60)


def patient_clock():
    """Wait for as long as a call may take, but not for anything else."""
    return Clock(sleep=lambda s: time.sleep(s if s == SETTLE else min(s, 0.02)))


def content(row):
    return tuple(row[name] for name in ("user_id", "start_date", "minutes", "note", "load"))


class Imports(RuleBasedStateMachine):
    sandbox = None

    @initialize(rows=st.lists(ROW, min_size=1, max_size=14), copies=st.integers(0, 3))
    def begin(self, rows, copies):
        prepare(self.sandbox)
        self.frame = pd.DataFrame(rows + rows[:copies])
        self.goal = wanted(self.frame)
        self.history = History([content(r) for r in self.frame.to_dict("records")])
        self.memory = Memory()
        self.edited, self.deleted = Counter(), Counter()
        self.green = self.clouded = False

    @rule(rates=RATES, seed=st.integers(0, 999))
    def weather(self, rates, seed):
        self.sandbox.faults(random=rates, seed=seed) if rates else self.sandbox.faults(None)

    @rule(
        size=st.integers(1, 6),
        max_in_flight=st.sampled_from([1, 3]),
        crash=st.none() | st.integers(1, 12),
        cleared=st.booleans(),
        failures=st.sampled_from([0, 0, 1, 3]),
        reached=st.integers(0, 6),
    )
    def run(self, size, max_in_flight, crash, cleared, failures, reached):
        """Import; also when it was green before, which must send nothing."""
        self.memory.trust = not cleared
        if failures:
            self.memory = Flaky(self.memory, reached, failures)
        with crash_after(crash or 1_000_000):
            self._import(size, max_in_flight)
        if failures:
            self.memory = self.memory.place

    @rule(
        request=st.integers(2, 14),
        size=st.integers(1, 4),
        max_in_flight=st.sampled_from([1, 3]),
        meddle=st.sampled_from(["", "", "edit", "delete"]),
        which=st.integers(0, 13),
    )
    def pause(self, request, size, max_in_flight, meddle, which):
        """A try is suspended after a request, another one runs to its end, the first goes on."""
        self.memory.trust = True
        gate = Gate(request)
        with Proxy(self.sandbox, after=gate.after) as proxy:
            first = threading.Thread(target=self._import, args=(size, max_in_flight, proxy))
            first.start()
            while first.is_alive() and not gate.closed.wait(0.01):
                pass
            if meddle and gate.closed.is_set():
                self._meddle(meddle, which)
            self._import(size, max_in_flight)
            gate.opened.set()
            first.join()

    @rule(size=st.integers(1, 4), width=st.sampled_from([1, 3]), delay=st.floats(0.0, 0.1))
    def overlap(self, size, width, delay):
        """Two tries at once, of which nobody is paused."""
        self.memory.trust = True
        first = threading.Thread(target=self._import, args=(size, width))
        first.start()
        time.sleep(delay)
        self._import(size, width)
        first.join()

    @rule(edit=st.booleans(), which=st.integers(0, 13))
    def person(self, edit, which):
        self._meddle("edit" if edit else "delete", which)

    def _meddle(self, what, which):
        events = [
            e for e in self.sandbox.events(FORM) if "by hand" not in e["values"].get("note", "")
        ]
        events = [e for e in events if e["values"].get("note") != OTHER["note"]]
        if not events:
            return
        event = events[which % len(events)]
        values = event["values"]
        key = (
            event["user_id"],
            event["start_date"],
            float(values["minutes"]),
            values.get("note", ""),
        )
        key = (*key, float(values["load"]))
        if what == "edit":
            self.sandbox.edit_event(event["id"], {"note": "edited by hand"})
            self.edited[key] += 1
        else:
            self.sandbox.delete_event(event["id"])
            self.deleted[key] += 1
        self.clouded = True

    @rule(rows=st.integers(1, 5))
    def another_import(self, rows):
        """Other values for the same people at the same times, in the same account."""
        frame = self.frame.head(rows).assign(**OTHER)
        option = InsertEventOption(interactive_mode=False, settle_seconds=SETTLE)
        client = make_client(self.sandbox, clock=patient_clock())
        with contextlib.suppress(AMSError):
            insert_event_data(frame, FORM, client=client, option=option)
        client.close()
        self.clouded = True

    def _import(self, size, max_in_flight, sandbox=None):
        """Run one try, and note what it tells of each row."""
        option = InsertEventOption(
            interactive_mode=False,
            batch_size=size,
            max_in_flight=max_in_flight,
            settle_seconds=SETTLE,
        )
        client = make_client(sandbox or self.sandbox, clock=patient_clock(), read_timeout=60.0)
        rows = None
        try:
            rows = insert_event_data(
                self.frame, FORM, client=client, option=option, resume=self.memory
            ).rows
            self.green = True
        except AMSError as error:
            # Without a result nothing was sent.
            rows = error.result.rows if error.result is not None else rows
            if rows is None:
                return
        except Crash:
            pass
        finally:
            client.close()
        self.history.told(rows)

    @invariant()
    def every_row_is_accounted_for(self):
        if not hasattr(self, "history"):
            return
        there = held(self.sandbox)
        ours = Counter(
            {k: n for k, n in there.items() if k[3] not in (OTHER["note"], "edited by hand")}
        )
        self.history.check(ours, self.edited, self.deleted)
        if self.green and not self.clouded:
            assert ours == self.goal

    def teardown(self):
        if not hasattr(self, "history"):
            return
        self.sandbox.faults(None)
        self.memory.trust = True
        for _ in range(3):
            self._import(4, 1)
        self.every_row_is_accounted_for()
        if not self.clouded:
            assert held(self.sandbox) == self.goal


class Flaky(Checkpoint):
    """The same place, out of reach for a while after so many accesses."""

    cheap = fenced = True

    def __init__(self, place, reached, failures):
        self.place, self._reached, self._failures = place, reached, failures

    @property
    def trust(self):
        return self.place.trust

    def _reach(self):
        self._reached -= 1
        if -self._failures <= self._reached < 0:
            raise ConnectionError("out of reach")

    def load(self):
        self._reach()
        return self.place.load()

    def save(self, state):
        self._reach()
        self.place.save(state)

    def replace(self, state, check):
        self._reach()
        self.place.replace(state, check)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("examples", [25, pytest.param(300, marks=pytest.mark.chaos)])
def test_imports_survive_anything(faulty_sandbox, examples):
    Imports.sandbox = faulty_sandbox
    case = Imports.TestCase
    case.settings = settings(
        max_examples=examples,
        stateful_step_count=6,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    case().runTest()
