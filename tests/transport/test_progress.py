from __future__ import annotations

import io
import sys

import pytest

from airflow_provider_ams.transport import Console, PromptError


@pytest.mark.parametrize("total", [10, None])
def test_a_bar_is_shown_to_who_watches(capsys, total):
    with Console(True).bar(total, "row") as bar:
        bar.update(4)
        bar.update(6)
        assert bar.n == 10
    assert "row" in capsys.readouterr().err


@pytest.mark.parametrize(("interactive", "total"), [(False, 10), (False, None), (True, 0)])
def test_a_bar_nobody_wants_is_silent(capsys, interactive, total):
    with Console(interactive).bar(total, "row") as bar:
        bar.update(5)
    assert capsys.readouterr() == ("", "")


def test_an_error_closes_the_bar():
    with pytest.raises(KeyError), Console(True).bar(3, "row") as bar:
        raise KeyError
    assert bar.disable


def test_a_question_nobody_can_answer(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    with pytest.raises(PromptError, match="Really"):
        Console(True).confirm("Really?")
