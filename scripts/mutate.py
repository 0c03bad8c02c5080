"""Change one place of the code at a time and see whether a test fails.

``python scripts/mutate.py [module ...]`` checks the modules that ``tests/mutation.toml`` names,
or those given (``ams/write/match.py``), and prints a table. mutmut makes the changes; the tests
are collected once and each change is tried in a fork, with the tests that reach its function,
those that have caught others before first. Results are kept in ``--work``: a run that was
interrupted goes on, and what was caught is not tried again unless ``--afresh`` is given.

Changes that are counted apart:

- ``text``: nothing but the letters of a string differ, and the string is prose: two words or more.
- ``equal``: ``tests/mutation.toml`` says why no test can see the change.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import tomllib
from mutants import Mutant, make_mutants

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "airflow_provider_ams"
SETTINGS = ROOT / "tests" / "mutation.toml"
WORK = Path("/tmp/ams-mutation")
COLUMNS = ("made", "text", "equal", "caught", "survived", "open")


def main() -> int:
    """Run the check and print its table; 1 if a change survived that nothing excuses."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("modules", nargs="*", help="such as ams/write/match.py; all by default")
    parser.add_argument("--work", type=Path, default=WORK, help=f"folder of its own ({WORK})")
    parser.add_argument("--afresh", action="store_true", help="forget earlier results")
    parser.add_argument("--report", action="store_true", help="run nothing, show what is known")
    options = parser.parse_args()
    settings = tomllib.loads(SETTINGS.read_text())
    modules = options.modules or list(settings["tests"])
    if options.afresh:
        shutil.rmtree(options.work, ignore_errors=True)
    results = Results(options.work / "results.jsonl")
    excused = Excused(settings.get("equal", []))
    counts: dict[str, Counter[str]] = {}
    for module in modules:
        mutants = make_mutants(ROOT / PACKAGE / module, f"{PACKAGE}/{module}")
        if not options.report:
            wanted = [m for m in mutants if _is_to_be_tried(m, results, excused)]
            if wanted:
                _try_all(options.work, module, settings["tests"][module], wanted)
                results.read()
        counts[module] = Counter(_judge(m, results, excused) for m in mutants)
        _show_survivors(module, mutants, results, excused)
    print(table(counts))
    print(*(f"excuses nothing: {entry}" for entry in excused.unused(modules)), sep="\n")
    return int(any(c["survived"] or c["open"] for c in counts.values()))


class Results:
    """What earlier runs have found, by the changed code itself.

    Parameters
    ----------
    path : Path
        One JSON object a line; the last one on a change counts.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, dict[str, Any]] = {}
        self.read()

    def read(self) -> None:
        """Read what has been noted since."""
        if self._path.exists():
            lines = map(json.loads, self._path.read_text().splitlines())
            self._known = {line["key"]: line for line in lines}

    def outcome(self, mutant: Mutant) -> str:
        """Return ``caught``, ``survived`` or, if it was not tried, ``open``."""
        return str(self._known.get(mutant.key, {}).get("outcome", "open"))


class Excused:
    """Changes that no test can see, and why.

    Parameters
    ----------
    entries : list of dict
        ``where`` (``module:function``, ``module:class``, a module, or "" for all), ``old`` and
        ``new`` (a part of the changed line before, and after: a text or several) and ``why``.
    """

    def __init__(self, entries: Sequence[dict[str, Any]]) -> None:
        self._entries = entries
        self._used: set[int] = set()

    def __contains__(self, mutant: Mutant) -> bool:
        for number, entry in enumerate(self._entries):
            module, _, function = entry["where"].partition(":")
            inside = f"{mutant.function}.".startswith(f"{function}." if function else "")
            here = inside and mutant.module.endswith(module)
            new = [entry["new"]] if isinstance(entry["new"], str) else entry["new"]
            if here and entry["old"] in mutant.old and any(text in mutant.new for text in new):
                self._used.add(number)
                return True
        return False

    def unused(self, modules: Iterable[str]) -> list[str]:
        """Return entries on these modules that no change answers to."""
        return [
            f"{entry['where']}: {entry['old']} -> {entry['new']}"
            for number, entry in enumerate(self._entries)
            if number not in self._used and entry["where"].partition(":")[0] in modules
        ]


def _is_to_be_tried(mutant: Mutant, results: Results, excused: Excused) -> bool:
    """Tell so of what was not tried or survived; an excuse is not believed before it survived."""
    outcome = results.outcome(mutant)
    return not mutant.is_text and (
        outcome == "open" or (outcome == "survived" and mutant not in excused)
    )


def _judge(mutant: Mutant, results: Results, excused: Excused) -> str:
    if mutant.is_text:
        return "text"
    outcome = results.outcome(mutant)
    return "equal" if outcome == "survived" and mutant in excused else outcome


def _try_all(work: Path, module: str, tests: Sequence[str], mutants: Sequence[Mutant]) -> None:
    """Try changes in a copy of the project, in a process of its own."""
    tree = work / "tree"
    _copy_project(tree)
    (tree / PACKAGE / module).write_text(mutants[0].source)
    dotted = f"{PACKAGE}/{module}".removesuffix(".py").replace("/", ".")
    plan = [
        {"key": m.key, "name": m.name, "function": m.reached_by, "statements": m.statements}
        for m in mutants
    ]
    (work / "plan.json").write_text(json.dumps({"module": dotted, "mutants": plan}))
    environment = {**os.environ, "PYTHONPATH": f"{tree}{os.pathsep}{ROOT / 'scripts'}"}
    runner = [sys.executable, "-m", "mutation_runner", str(work.resolve()), *tests]
    subprocess.run(runner, cwd=tree, env=environment, check=True)


def _copy_project(tree: Path) -> None:
    shutil.rmtree(tree, ignore_errors=True)
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)


def _show_survivors(
    module: str, mutants: Sequence[Mutant], results: Results, excused: Excused
) -> None:
    for mutant in mutants:
        judgement = _judge(mutant, results, excused)
        if judgement in ("survived", "open"):
            print(f"{judgement}: {module}:{mutant.function}\n  - {mutant.old}\n  + {mutant.new}")


def table(counts: dict[str, Counter[str]]) -> str:
    """Return the counts as a table in Markdown, and the share of what could be caught."""
    lines = [f"| module | {' | '.join(COLUMNS)} | % |", "| --- |" + " ---: |" * (len(COLUMNS) + 1)]
    total: Counter[str] = Counter()
    for name, count in [*counts.items(), ("together", total)]:
        total += count if count is not total else Counter()
        cells = {**count, "made": sum(count.values())}
        tried = cells["made"] - count["text"] - count["equal"]
        share = f"{100 * count['caught'] / tried:.1f}" if tried else "-"
        row = " | ".join(f"{cells.get(column, 0):,}" for column in COLUMNS)
        lines.append(f"| {name} | {row} | {share} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
