"""What a person reads who has made a mistake: what, where, why, and what to do."""

from __future__ import annotations

import re

import pytest

from airflow_provider_ams.ams import AMSError
from tests.ams.messages import of_columns, of_files, of_rows, of_settings, of_sites
from tests.ams.messages.table import MISTAKES, Desk

TABLES = (of_columns, of_files, of_rows, of_settings, of_sites)
LONGEST = 400


@pytest.fixture
def at(sandbox, tmp_path, monkeypatch):
    sandbox.add_form(
        "Wellness",
        [
            {"name": "Sleep", "type": "Number", "required": True},
            {"name": "Mood", "type": "Dropdown", "options": ["Low", "High"]},
            {"name": "Double", "type": "Calculation", "formula": "{Sleep} * 2"},
            "Note",
        ],
    )
    desk = Desk(sandbox, tmp_path, monkeypatch)
    yield desk
    desk.close()


@pytest.mark.parametrize("name", MISTAKES)
def test_what_a_person_reads(at, name):
    act, message = MISTAKES[name]
    with pytest.raises(AMSError) as caught:
        act(at)
    assert at.said(caught.value) == message
    told = [value for value in at.values if re.search(rf"(?<!\w){re.escape(value)}(?!\w)", message)]
    assert not told, "a value of the input, or a secret"


@pytest.mark.parametrize("name", MISTAKES)
def test_how_it_is_written(name):
    _, message = MISTAKES[name]
    assert message == " ".join(message.split()), "more than one line, or blanks"
    # A question is one to which the answer is what to do.
    assert re.search(r"[^.?!:;, ][.?]$", message), "does not end with one full stop"
    assert not re.search(r"\.\.|[.?] ?[.;,](?!\w)|::", message), "doubled signs"
    assert len(message) <= LONGEST


def test_there_are_enough_of_them():
    assert len(MISTAKES) >= 40
    assert {act.__module__ for act, _ in MISTAKES.values()} == {t.__name__ for t in TABLES}
