"""Keys and times by columns are what they are one by one."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_ams.ams.prepare import key_columns
from airflow_provider_ams.ams.prepare.key_columns import Holders, KeyColumns, joint_codes
from airflow_provider_ams.ams.prepare.times import Times, complete_times

# What meanings of values are: texts, numbers, days, choices, and the loose ones.
PARTS = st.one_of(
    st.none(),
    st.integers(0, 3),
    st.sampled_from(["", "a", "1", 1.0, 0.5, -0.0, Decimal("1e400"), ("a", "b"), ("day", 3)]),
)
KEYS = st.lists(st.tuples(st.integers(1, 3), PARTS, PARTS), max_size=12)


def columns(keys):
    return KeyColumns(list(zip(*keys, strict=True)) or [(), (), ()])


def test_a_key_is_the_tuple_of_its_parts():
    keys = columns([(1, "a", 2), (3, "b", 4), (1, "a", 2)])
    assert list(keys) == [keys[0], keys[1], keys[2]] == [(1, "a", 2), (3, "b", 4), (1, "a", 2)]
    assert list(keys.take([1])) == list(keys[1:2]) == [(3, "b", 4)]
    assert len(keys) == 3
    assert keys.codes().tolist()[0] == keys.codes().tolist()[2]


@pytest.mark.parametrize("room", [1 << 62, 8])
@given(wanted=KEYS, held=KEYS)
def test_equal_keys_find_each_other(wanted, held, room):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(key_columns, "_ROOM", room)
        ours, theirs = joint_codes(columns(wanted), columns(held))
        holders = Holders(columns(wanted), columns(held))
    numbered = list(zip([*wanted, *held], [*ours, *theirs], strict=True))
    assert all((a == b) == (x == y) for a, x in numbered for b, y in numbered)
    found = [[at for at, key in enumerate(held) if key == one] for one in wanted]
    assert [holders.all(at) for at in range(len(wanted))] == found
    assert holders.only() == [places[0] if len(places) == 1 else None for places in found]
    assert dict(holders.several()) == {n: p for n, p in enumerate(found) if len(p) > 1}


DAY, MINUTE = st.none() | st.integers(739_000, 739_002), st.none() | st.integers(0, 1439)
SAID = st.tuples(DAY, MINUTE, DAY, MINUTE)
HELD = st.none() | st.tuples(
    st.integers(738_999, 739_001), st.integers(0, 1439), st.integers(739_001, 739_003), MINUTE
).map(lambda t: (*t[:3], t[3] or 0))
NOW = dt.datetime(2024, 5, 4, 23, 30)


def one(said, held):
    """Return the times of one event, as the rules say."""
    start_day, start_minute, end_day, end_minute = said
    if held is None:
        day = NOW.toordinal() if start_day is None else start_day
        minute = 1410 if start_minute is None else start_minute
        length = 60
    else:
        day = held[0] if start_day is None else start_day
        minute = held[1] if start_minute is None else start_minute
        length = (held[2] - held[0]) * 1440 + held[3] - held[1]
    days, stop = divmod(minute + length, 1440)
    if end_minute is not None:
        return day, minute, day + (end_minute < minute) if end_day is None else end_day, end_minute
    if end_day is None or (held is None and end_day == day):
        end_day = day + days
    return day, minute, end_day, stop


@given(st.lists(st.tuples(SAID, HELD), max_size=8))
def test_times_are_completed_event_by_event(events):
    goal = [one(*event) for event in events]
    said = Times(*map(list, zip(*(s for s, _ in events), strict=True))) if events else None
    if said is None:
        return
    gaps = [(None,) * 4 if held is None else held for _, held in events]
    for stored in (Times(*map(list, zip(*gaps, strict=True))), None):
        if stored is None and any(held for _, held in events):
            continue
        found = complete_times(said, stored, NOW)
        columns = (found.start_days, found.start_minutes, found.end_days, found.end_minutes)
        assert list(zip(*columns, strict=True)) == goal
        assert all(type(value) is int for column in columns for value in column)
        assert found.backwards == [e for e, (a, b, c, d) in enumerate(goal) if (c, d) < (a, b)]
