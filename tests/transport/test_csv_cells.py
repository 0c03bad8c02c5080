"""Texts that a spreadsheet would run: made safe, and what they were again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_ams.transport import plain_cell, safe_cell

SIGNS = "=+-@\t\r\n"


@pytest.mark.parametrize(
    "text", ["=1+1", "+44 20", "-5 kg", "@SUM(A1)", "\t=1", "\r=1", "-", "--5"]
)
def test_what_a_spreadsheet_would_run(text):
    assert safe_cell(text) == "'" + text


@pytest.mark.parametrize(
    "text", ["", "a=1", "-5", "+7.5", "-5,25", "-.5", "1e5", "-1.5E-3", "'a", " =1"]
)
def test_what_stays_as_it_is(text):
    assert safe_cell(text) == plain_cell(text) == text


@pytest.mark.parametrize("text", ["'=1", "''=1", "'-5", "'+"])
def test_what_looks_safe_already_is_told_apart(text):
    assert safe_cell(text) == "'" + text


@given(st.text(st.sampled_from([*SIGNS, "'", "5", ".", "a", " "]), max_size=6) | st.text())
def test_nothing_is_lost_and_nothing_is_run(text):
    safe = safe_cell(text)
    assert plain_cell(safe) == text
    assert safe == text or safe[0] == "'"
    # What does not begin with an apostrophe is a number, or begins with no sign.
    assert safe[:1] not in [*SIGNS] or float(safe.replace(",", ".")) is not None


@given(st.lists(st.text(st.sampled_from([*SIGNS, "'", "5"]), max_size=4), min_size=2, unique=True))
def test_different_texts_stay_different(texts):
    assert len({safe_cell(text) for text in texts}) == len(texts)
