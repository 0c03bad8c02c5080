from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_ams.tidepool.ranges import Ranges

PAIRS = st.tuples(st.integers(0, 60), st.integers(0, 60))
STEPS = st.lists(st.tuples(st.sampled_from(["add", "remove"]), PAIRS), max_size=25)


@given(STEPS, PAIRS)
def test_behaves_like_a_set_of_numbers(steps, window):
    ranges, model = Ranges(), set()
    for what, (start, end) in steps:
        getattr(ranges, what)(start, end)
        numbers = set(range(start, end))
        model = model | numbers if what == "add" else model - numbers
    pairs = ranges.pairs()
    assert {n for start, end in pairs for n in range(start, end)} == model
    assert all(start < end for start, end in pairs)
    assert all(before[1] < after[0] for before, after in pairwise(pairs))
    assert ranges.count() == len(model)
    assert bool(ranges) == bool(model)
    inside = set(range(*window))
    assert {n for pair in ranges.overlap(*window) for n in range(*pair)} == model & inside
    assert {n for pair in ranges.gaps(*window) for n in range(*pair)} == inside - model


@given(st.lists(PAIRS))
def test_pairs_make_the_same_ranges_again(pairs):
    ranges = Ranges(pairs)
    assert Ranges(ranges.pairs()).pairs() == ranges.pairs()
