from __future__ import annotations

import uuid
from array import array
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_ams.tidepool import IngestOption
from airflow_provider_ams.tidepool.checks import Checker, make_events
from airflow_provider_ams.tidepool.identity import NAMESPACE, ContentIds, Occurrences, RandomIds
from airflow_provider_ams.tidepool.sources.chunk import Chunk
from airflow_provider_ams.tidepool.sources.records import chunks_of

ROWS = st.lists(
    st.fixed_dictionaries(
        {"text": st.sampled_from(["a", "b", 'a,"b"\n']), "extra": st.sampled_from(["", "1", "é"])}
    ),
    min_size=1,
    max_size=40,
)


def events_of(rows, size=500, **options):
    chosen, ids = IngestOption(**options), ContentIds()
    events = []
    for start in range(0, len(rows), size):
        for chunk in chunks_of(enumerate(rows[start : start + size], start)):
            checked = Checker(chosen).check(chunk)
            events += make_events(checked, ids, chosen.event_name)
    return events


@given(ROWS, st.integers(1, 7))
def test_ids_do_not_depend_on_how_rows_are_cut(rows, size):
    assert events_of(rows) == events_of(rows, size)


@given(ROWS)
def test_equal_rows_stay_two_events_and_all_ids_differ(rows):
    events = events_of(rows)
    ids = [event[name] for event in events for name in ("id", "session_id", "user_id")]
    assert len(set(ids)) == 3 * len(rows)
    assert all(uuid.UUID(text).version == 5 for text in ids)


@given(ROWS, st.randoms())
def test_order_of_rows_and_columns_does_not_change_the_set_of_ids(rows, dice):
    shuffled = [dict(reversed(row.items())) for row in rows]
    dice.shuffle(shuffled)
    assert {e["id"] for e in events_of(rows)} == {e["id"] for e in events_of(shuffled)}


def test_ids_are_what_the_documentation_says():
    chunk = Chunk(0, {"text": ["x", "x"]}, [1, 2])
    ids = ContentIds()
    bases = ids.bases(chunk)
    assert [base.rpartition(":")[2] for base in bases] == ["0", "1"]
    assert ids.make(bases, "id") == [str(uuid.uuid5(NAMESPACE, f"{base}:id")) for base in bases]


def test_given_ids_are_kept_and_only_missing_ones_made():
    (event, other) = events_of(
        [
            {"text": "x", "id": "mine", "session_id": 7, "user_id": None},
            {"text": "x", "id": " ", "session_id": "s", "user_id": uuid.UUID(int=5)},
        ]
    )
    assert (event["id"], event["session_id"]) == ("mine", "7")
    assert uuid.UUID(event["user_id"]).version == 5
    assert uuid.UUID(other["id"]).version == 5
    assert other["user_id"] == str(uuid.UUID(int=5))


def test_a_mapping_does_not_change_ids():
    plain = events_of([{"text": "x", "note": "y"}])
    mapped = events_of([{"text": "x", "note": "y"}], columns={"note": "event_name"})
    assert plain[0]["id"] == mapped[0]["id"]
    assert (plain[0]["event_name"], mapped[0]["event_name"]) == ("USER_MESSAGE", "y")


@given(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 9), max_size=300), st.integers(1, 50))
def test_occurrences_count_like_a_counter(keys, size):
    counter, seen, expected, found = Occurrences(), Counter(), [], []
    for key in keys:
        key = key or 1
        expected.append(seen[key])
        seen[key] += 1
    for start in range(0, len(keys), size):
        found += counter.number(array("Q", keys[start : start + size]))
    assert found == expected


def test_occurrences_grow_beyond_their_first_table():
    counter = Occurrences()
    keys = array("Q", ((n * 0x9E3779B97F4A7C15) % 2**64 for n in range(50_000)))
    assert sum(counter.number(keys)) == 0
    assert counter.number(keys) == [1] * len(keys)


@pytest.mark.parametrize("start", [0, 500])
def test_random_ids_come_back_with_their_salt(start):
    chunk = Chunk(start, {"text": ["x", "x"]}, [1, 2])
    made = [RandomIds(salt).make(RandomIds(salt).bases(chunk), "id") for salt in ("a", "a", "b")]
    assert made[0] == made[1] != made[2]
    assert made[0][0] != made[0][1]
    assert all(uuid.UUID(text).version == 4 for text in made[0])


def test_values_that_json_does_not_know_still_make_ids():
    rows = [{"text": "x", "blob": value} for value in (b"\0", 2**80, "\ud800", {1, 2}, 1.5, None)]
    ids = [event["id"] for event in events_of(rows)]
    assert ids == [event["id"] for event in events_of(rows)]
    assert len(set(ids)) == len(rows)
