"""Random imports, random faults, random crashes: at most once always, exactly once at green."""

from __future__ import annotations

import contextlib

import pandas as pd
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from airflow_provider_ams.ams import AMSError, InsertEventOption, insert_event_data
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


class Memory:
    """A checkpoint in memory; `trust` as after a retry, or as after a manual clear."""

    def __init__(self):
        self.state = None
        self.trust = True

    def load(self):
        return dict(self.state) if self.state else None

    def save(self, state):
        self.state = state


class Imports(RuleBasedStateMachine):
    sandbox = None

    @initialize(rows=st.lists(ROW, min_size=1, max_size=14), copies=st.integers(0, 3))
    def begin(self, rows, copies):
        prepare(self.sandbox)
        self.frame = pd.DataFrame(rows + rows[:copies])
        self.goal = wanted(self.frame)
        self.memory = Memory()
        self.green = False

    @rule(rates=RATES, seed=st.integers(0, 999))
    def weather(self, rates, seed):
        self.sandbox.faults(random=rates, seed=seed) if rates else self.sandbox.faults(None)

    @rule(
        size=st.integers(1, 6),
        max_in_flight=st.sampled_from([1, 3]),
        crash=st.none() | st.integers(1, 12),
        cleared=st.booleans(),
    )
    def run(self, size, max_in_flight, crash, cleared):
        """Import; also when it was green before, which must send nothing."""
        self.memory.trust = not cleared
        option = InsertEventOption(
            interactive_mode=False, batch_size=size, max_in_flight=max_in_flight
        )
        with contextlib.suppress(AMSError, Crash), crash_after(crash or 1_000_000):
            self._import(option)
            self.green = True

    def _import(self, option):
        client = make_client(self.sandbox)
        try:
            insert_event_data(self.frame, FORM, client=client, option=option, resume=self.memory)
        finally:
            client.close()

    @invariant()
    def nothing_twice(self):
        if hasattr(self, "goal"):
            assert not held(self.sandbox) - self.goal
            if self.green:
                assert held(self.sandbox) == self.goal

    def teardown(self):
        if not hasattr(self, "goal"):
            return
        self.sandbox.faults(None)
        self.memory.trust = True
        for _ in range(3):
            with contextlib.suppress(AMSError):
                self._import(InsertEventOption(interactive_mode=False, batch_size=4))
                break
        assert held(self.sandbox) == self.goal


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
