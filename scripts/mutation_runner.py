"""The process of ``mutate.py`` that runs the tests: collected once, a fork for each change."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import random
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol
from mutmut.state import state

from airflow_provider_ams.sandbox import SandboxProcess

# A change that loops is caught too: after so many times what its tests take, and some seconds.
TIMES, SECONDS = 4, 10
SURVIVED, CAUGHT = 0, 1
VARIABLE = "MUTANT_UNDER_TEST"


class Runner:
    """A pytest plugin that runs the collected tests against one change after the other.

    Parameters
    ----------
    work : Path
        Folder with ``plan.json``; results are added to ``results.jsonl``.
    """

    def __init__(self, work: Path) -> None:
        self._work = work
        plan = json.loads((work / "plan.json").read_text())
        self._module, self._plan = plan["module"], plan["mutants"]
        self._sandbox: SandboxProcess | None = None

    @pytest.fixture(scope="session")
    def ams_sandbox_server(self) -> SandboxProcess:
        """Return the one sandbox of all forks: a process of its own."""
        assert self._sandbox is not None
        return self._sandbox

    @pytest.fixture
    def ams_sandbox(self, ams_sandbox_server: SandboxProcess) -> SandboxProcess:
        """Return it with the demo data."""
        ams_sandbox_server.reset(seed="demo")
        return ams_sandbox_server

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the tests as they are, then against each change."""
        items = {item.nodeid: item for item in session.items}
        with SandboxProcess(port=0, seed=None) as self._sandbox:
            reached, seconds = self._measure(items)
            caught: dict[str, Counter[str]] = defaultdict(Counter)
            for number, mutant in enumerate(self._plan):
                tests = list(items) if mutant["statements"] else reached.get(mutant["function"], [])
                before = caught[mutant["function"]]
                tests = sorted(tests, key=lambda test: (-before[test], seconds[test]))
                limit = SECONDS + TIMES * sum(seconds[test] for test in tests)
                outcome, by = self._try(mutant, [items[test] for test in tests], limit)
                before[by] += 1
                self._note(mutant, outcome, by)
                if outcome == "survived" or number % 50 == 0:
                    print(number, len(self._plan), outcome, mutant["name"], flush=True)
            self._check_ground(list(items.values()))
        return True

    def _check_ground(self, items: Sequence[pytest.Item]) -> None:
        """Make sure that the tests still pass without a change: else they caught nothing."""
        failed = self._work / "failed.txt"
        if _forked(lambda: _first_failure(items, failed), limit=600) != SURVIVED:
            sys.exit(f"Fails without any change: {failed.read_text()}; run again with --afresh.")

    def _measure(
        self, items: dict[str, pytest.Item]
    ) -> tuple[dict[str, list[str]], dict[str, float]]:
        """Run every test once; return which tests reach each function, and their durations."""
        found = self._work / "measured.json"
        found.unlink(missing_ok=True)
        os.environ[VARIABLE] = "stats"
        _forked(lambda: _measure_all(list(items.values()), found), limit=600)
        os.environ.pop(VARIABLE)
        measured = json.loads(found.read_text())
        if measured["failed"]:
            sys.exit(f"These tests fail without any change: {measured['failed']}")
        for name in measured["modules"]:  # once here, so that no fork has to
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
        return measured["reached"], measured["seconds"]

    def _try(
        self, mutant: dict[str, str], items: Sequence[pytest.Item], limit: float
    ) -> tuple[str, str]:
        failed = self._work / "failed.txt"
        failed.write_text("")
        os.environ[VARIABLE] = mutant["name"]

        def run() -> int:
            exec(mutant["statements"], vars(importlib.import_module(self._module)))
            return _first_failure(items, failed)

        code = _forked(run, limit) if items else SURVIVED
        os.environ.pop(VARIABLE)
        outcome = "survived" if code == SURVIVED else "caught"
        return outcome, failed.read_text() or f"ended with {code}"

    def _note(self, mutant: dict[str, str], outcome: str, by: str) -> None:
        line = {"key": mutant["key"], "outcome": outcome, "by": by if outcome == "caught" else ""}
        with (self._work / "results.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")


def _run(items: Sequence[pytest.Item]) -> Iterator[tuple[pytest.Item, bool]]:
    """Run tests; yield each, and whether it passed."""
    for item, following in zip(items, [*items[1:], None], strict=True):
        random.seed(0)
        reports = runtestprotocol(item, log=False, nextitem=following)
        yield item, not any(report.failed for report in reports)


def _first_failure(items: Sequence[pytest.Item], failed: Path) -> int:
    for item, passed in _run(items):
        if not passed:
            failed.write_text(item.nodeid)
            return CAUGHT
    return SURVIVED


def _measure_all(items: Sequence[pytest.Item], found: Path) -> int:
    reached: dict[str, list[str]] = defaultdict(list)
    seconds, failed = {}, []
    before, began = set(sys.modules), time.monotonic()
    state()._stats.clear()
    for item, passed in _run(items):
        for function in state()._stats:
            reached[function].append(item.nodeid)
        state()._stats.clear()
        seconds[item.nodeid] = time.monotonic() - began
        began = time.monotonic()
        if not passed:
            failed.append(item.nodeid)
    modules = sorted(set(sys.modules) - before)
    measured = {"reached": reached, "seconds": seconds, "failed": failed, "modules": modules}
    found.write_text(json.dumps(measured))
    return 0


def _forked(work: Callable[[], int], limit: float) -> int:
    """Return what the work returned in a process of its own; -9 if it took too long."""
    child = os.fork()
    if child == 0:
        os.setsid()
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        code = 70
        try:
            code = work()
        finally:
            os._exit(code)
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -signal.SIGKILL


def _main(work: str, *tests: str) -> Any:  # noqa: ANN401
    flags = ["-q", "-p", "no:cacheprovider", "-p", "no:airflow_provider_ams_sandbox"]
    flags += ["-p", "no:timeout", "-m", "not chaos", "--hypothesis-seed=0"]
    # Native: any other traceback would parse the module with all its changes.
    flags += ["--tb=native", "-o", "addopts="]
    return pytest.main([*flags, "--disable-warnings", *tests], plugins=[Runner(Path(work))])


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
