"""What `make mutate` changes, and what it counts apart."""

from __future__ import annotations

from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1] / "scripts"
CODE = """
from contextlib import contextmanager

BOUND = 5


class A:
    @property
    def one(self):
        return 1

    @contextmanager
    def two(self):
        yield 2


def tell(kind):
    if kind == "kind":
        raise ValueError("a message of words")
    return BOUND
"""


@pytest.fixture
def mutants(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    pytest.importorskip("mutmut")
    from mutants import make_mutants

    path = tmp_path / "module.py"
    path.write_text(CODE)
    return make_mutants(path, "package/module.py")


def changes(mutants, function):
    return [(m.old, m.new) for m in mutants if m.function == function]


def test_decorated_functions_are_changed_too(mutants):
    assert changes(mutants, "A.one") == [("return 1", "return 2")]
    assert changes(mutants, "A.two") == [("yield 2", "yield 3")]


def test_constants_are_changed_too(mutants):
    assert changes(mutants, "BOUND") == [("BOUND = 5", "BOUND = None"), ("BOUND = 5", "BOUND = 6")]


def test_letters_of_a_message_count_apart_and_nothing_else_does(mutants):
    texts = [m.new for m in mutants if m.is_text]
    assert texts == [
        'raise ValueError("XXa message of wordsXX")',
        'raise ValueError("A MESSAGE OF WORDS")',
    ]
    assert ('raise ValueError("a message of words")', "raise ValueError(None)") in changes(
        mutants, "tell"
    )
    assert ('if kind == "kind":', 'if kind == "KIND":') in changes(mutants, "tell")


def test_the_changed_module_can_be_imported_and_switched(mutants, monkeypatch):
    space = {"__name__": "package.module"}
    exec(compile(mutants[0].source, "module.py", "exec"), space)
    assert (space["A"]().one, space["tell"]("")) == (1, 5)
    (one,) = (m for m in mutants if m.function == "A.one")
    monkeypatch.setenv("MUTANT_UNDER_TEST", one.name)
    assert space["A"]().one == 2
    monkeypatch.setenv("MUTANT_UNDER_TEST", "")
    (_, six) = (m for m in mutants if m.function == "BOUND")
    exec(six.statements, space)
    assert space["tell"]("") == 6
