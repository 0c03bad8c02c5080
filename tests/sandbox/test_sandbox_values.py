from __future__ import annotations

import random

import pytest

from airflow_provider_ams.sandbox.formula import compile_formula, evaluate
from airflow_provider_ams.sandbox.values import (
    date_text,
    epoch_ms,
    java_double,
    number_text,
    parse_date,
    parse_time,
    time_text,
)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (5.0, "5"),
        (-7.25, "-7.25"),
        (0.001, "0.001"),
        (0.0009, "9.0E-4"),
        (9999999.0, "9999999"),
        (1e7, "1.0E7"),
        (-12345678.9, "-1.23456789E7"),
        (1784320260.0, "1.78432026E9"),
        (1e22, "1.0E22"),
        (5e-324, "5.0E-324"),
        (0.1 + 0.2, "0.30000000000000004"),
    ],
)
def test_numbers_are_written_as_java_writes_doubles(number, text):
    assert java_double(number) == text
    assert float(text) == number


def test_whole_numbers_may_keep_their_point():
    assert java_double(5.0, whole_with_point=True) == "5.0"
    assert number_text("5", "java point") == "5.0"
    assert number_text("7.50") == "7.5"
    assert number_text("1.5E7", "plain") == "15000000"
    assert number_text("0.000025", "plain") == "0.000025"
    assert number_text("about 7") == "about 7"


@pytest.mark.parametrize(
    ("text", "minute"),
    [
        ("9:05 AM", 545),
        ("09:05 am", 545),
        ("12:00 PM", 720),
        ("11:59 PM", 1439),
        ("00:05 AM", 5),
        ("12:05 AM", 725),
        ("13:00 PM", None),
        ("13:00", None),
        ("9:05:00 AM", None),
        ("9:5 AM", None),
        ("00:05 PM", None),
    ],
)
def test_times(text, minute):
    assert parse_time(text, twelve_am_is_noon=True) == minute


def test_midnight_reads_back_as_twelve_am():
    assert parse_time("12:05 AM") == 5
    assert time_text(5) == "12:05 AM"
    assert time_text(0) == "12:00 AM"
    assert time_text(720) == "12:00 PM"


@pytest.mark.parametrize("text", ["31/02/2026", "1/2/2026", "2026-02-01", "13/13/2026", ""])
def test_only_real_dates_in_one_format(text):
    assert parse_date(text) is None


def test_dates():
    assert date_text(parse_date("29/02/2024")) == "29/02/2024"
    assert epoch_ms(parse_date("15/04/2019")) == 1_555_286_400_000


def test_formulas():
    scope = {"a": 6.0, "b c": 7.0, "list": [1.0, 2.0, 6.0], "t": "x"}

    assert evaluate("{a} * {b c} - 2", scope) == 40
    assert evaluate("round(mean({list}), 1) + count({list})", scope) == 6
    assert evaluate("{t} + '!'", scope) == "x!"
    assert evaluate("{a} * {missing}", scope) is None
    assert evaluate("{a} / 0", scope) is None


@pytest.mark.parametrize("text", ["__import__('os')", "{a}.real", "(lambda: 1)()", "open", "1 +"])
def test_formulas_are_no_programs(text):
    with pytest.raises(ValueError):
        compile_formula(text)


@pytest.mark.parametrize("seed", range(5))
def test_the_short_cut_for_plain_numbers_changes_nothing(seed):
    dice = random.Random(seed)
    for _ in range(2000):
        number = dice.choice([1, -1]) * dice.random() * 10 ** dice.randint(-5, 9)
        text = f"{number:.{dice.randint(0, 9)}f}"
        assert number_text(text) == java_double(float(text)), text
