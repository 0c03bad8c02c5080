"""Whatever is written and read back can be written again without a change."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_ams.ams.prepare.events import EventSet
from airflow_provider_ams.ams.wire.dates import SHOWN_TIMES, WIRE_TIMES, parse_minute
from airflow_provider_ams.ams.wire.values import (
    cell_text,
    column_texts,
    decimal_text,
    float_text,
    parse_column,
    parse_number,
)
from airflow_provider_ams.ams.write.batches import make_batches
from tests.ams.ams_site import ANN, LIFTS, LOG, USERS, insert, moments, read, stored, update

PURE = settings(max_examples=300, deadline=None)
HTTP = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029"), max_size=12
)
NUMBERS = st.one_of(
    st.integers(-(2**70), 2**70),
    FLOATS,
    st.decimals(
        allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=6
    ),
)


@PURE
@given(FLOATS)
def test_a_float_s_text_is_plain_and_reads_back_equal(value):
    text = float_text(value)
    assert float(text) == value
    assert not set(text) - set("-.0123456789")


@PURE
@given(st.lists(st.one_of(st.none(), FLOATS)))
def test_a_column_of_floats_is_converted_like_its_values(values):
    column = pd.Series(values, dtype="float64")
    expected = [None if v is None else float_text(v) for v in values]
    assert column_texts(column) == expected


@PURE
@given(st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1))))
def test_a_column_of_integers_with_gaps(values):
    texts = [None if v is None else str(v) for v in values]
    assert column_texts(pd.Series(values, dtype="Int64")) == texts
    assert column_texts(pd.Series(values, dtype=object)) == texts


@PURE
@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_narrow_float_keeps_its_own_digits(value):
    (text,) = column_texts(pd.Series([value], dtype="float32"))
    assert pd.Series([text]).astype("float32").tolist() == [value]
    assert "e" not in text


@PURE
@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_decimal_keeps_every_digit(value):
    assert Decimal(decimal_text(value)) == value


@PURE
@given(
    st.lists(st.one_of(st.none(), st.sampled_from([Decimal("1.5"), Decimal("1.50"), 1.5, 1, True])))
)
def test_values_that_are_equal_are_not_confused(values):
    column = pd.Series(values, dtype=object)
    expected = [cell_text(v, ("yes", "no")) for v in values]
    assert column_texts(column, ("yes", "no")) == expected


@PURE
@given(st.lists(st.one_of(st.none(), TEXTS, NUMBERS.map(lambda v: cell_text(v, None))), min_size=1))
def test_reading_and_writing_again_changes_no_number(texts):
    texts = [t or None for t in texts]
    again = column_texts(parse_column(texts))
    for before, after in zip(texts, again, strict=True):
        if before == after:
            continue
        # The one freedom taken: 5.0 is written 5 again, as AMS itself does.
        assert before is not None
        assert after is not None
        assert Decimal(before) == Decimal(after)
        assert parse_number(before) is not None


@PURE
@given(st.integers(-(10**15), 10**15), st.integers(0, 12))
def test_java_s_scientific_notation_is_read_exactly(digits, places):
    number = Decimal(digits).scaleb(-places)
    text = f"{number.normalize():E}".replace("E+", "E")
    head, _, power = text.partition("E")
    java = f"{head if '.' in head else head + '.0'}E{power}" if power not in ("", "0") else None
    if java is None or number == 0:
        return
    assert parse_number(java) == number


def test_every_minute_of_the_day_is_read_back():
    for minute in range(1440):
        assert parse_minute(WIRE_TIMES[minute]) == parse_minute(SHOWN_TIMES[minute]) == minute


@st.composite
def event_sets(draw):
    count = draw(st.integers(0, 60))
    pick = st.lists(st.integers(0, 3), min_size=count, max_size=count)
    users, days, minutes = draw(pick), draw(pick), draw(pick)
    table = draw(st.booleans())
    none = [None] * count
    rows = [[i] for i in range(count)]
    return EventSet(
        form=LOG,
        rows=rows,
        user_ids=users,
        start_days=days,
        start_minutes=minutes,
        end_days=days,
        end_minutes=minutes,
        event_ids=none,
        fields={},
        table_rows=[[]] * count,
        has_table=table,
    )


@PURE
@given(event_sets(), st.integers(1, 9))
def test_batches_keep_every_rule(events, size):
    batches = make_batches(events, size)
    sent = [i for batch in batches for i in batch]
    assert sorted(sent) == list(range(len(events)))
    days = [events.start_days[i] for i in sent]
    assert days == sorted(days)
    assert all(len(batch) <= size for batch in batches)
    for batch in batches:
        keys = [(events.user_ids[i], events.start_days[i]) for i in batch]
        assert events.has_table or len(set(keys)) == len(keys)
    for key in set(zip(events.user_ids, events.start_days, strict=True)):
        mine = [i for i in sent if (events.user_ids[i], events.start_days[i]) == key]
        minutes = [events.start_minutes[i] for i in mine]
        assert minutes == sorted(minutes)


# ---------------------------------------------------------------- through the sandbox

CELLS = {
    "amount": st.one_of(st.none(), FLOATS.map(lambda v: 0.0 if v == 0 else v)),
    "note": st.one_of(st.none(), TEXTS.filter(lambda t: "<" not in t)),
    "code": st.one_of(st.none(), st.integers(-(2**53), 2**53)),
}
DATES = st.dates(dt.date(2020, 1, 1), dt.date(2029, 12, 31))


@st.composite
def frames(draw):
    count = draw(st.integers(1, 8))
    columns = {n: draw(st.lists(c, min_size=count, max_size=count)) for n, c in CELLS.items()}
    people = st.sampled_from([u["id"] for u in USERS])
    when = st.tuples(DATES, st.integers(0, 1439), st.integers(0, 3000))
    moments_ = draw(st.lists(when, min_size=count, max_size=count))
    starts = [dt.datetime.combine(d, dt.time(m // 60, m % 60)) for d, m, _ in moments_]
    ends = [s + dt.timedelta(minutes=x[2]) for s, x in zip(starts, moments_, strict=True)]
    return pd.DataFrame(
        {
            "user_id": draw(st.lists(people, min_size=count, max_size=count)),
            "start_date": [s.strftime("%d/%m/%Y") for s in starts],
            "start_time": [s.time() for s in starts],
            "end_date": [e.date() for e in ends],
            "end_time": [e.time() for e in ends],
            "level": "x",  # an update without any field is refused
            **{
                n: pd.Series(v, dtype="float64" if n == "amount" else object)
                for n, v in columns.items()
            },
        }
    )


def everything(sandbox):
    keys = ("id", "user_id", "start_date", "start_time", "finish_date", "finish_time", "rows")
    return [{k: e[k] for k in keys} for e in sandbox.events()]


def same(before, after):
    """Tell whether stored events are equal, numbers by value: 5.0 may have become 5."""
    for old, new in zip(before, after, strict=True):
        assert {**old, "rows": None} == {**new, "rows": None}
        pairs = [
            [(p["key"], p["value"]) for r in e["rows"] for p in r["pairs"]] for e in (old, new)
        ]
        for (key, value), (again, other) in zip(*map(sorted, pairs), strict=True):
            assert key == again
            assert value == other or Decimal(value) == Decimal(other)


@HTTP
@given(frames())
def test_write_read_write_changes_nothing(client, sandbox, frame):
    sandbox.delete_event(*[e["id"] for e in sandbox.events()])
    before_frame = frame.copy(deep=True)
    result = insert(client, frame)
    pd.testing.assert_frame_equal(frame, before_frame)
    assert result.rows.index.tolist() == frame.index.tolist()
    first = everything(sandbox)
    update(client, read(client))
    same(first, everything(sandbox))
    second = everything(sandbox)
    update(client, read(client))
    assert everything(sandbox) == second


@HTTP
@given(
    st.lists(
        st.tuples(TEXTS.filter(lambda t: "<" not in t), st.integers(0, 99)), min_size=1, max_size=5
    )
)
def test_tables_survive_a_round_trip(client, sandbox, rows):
    sandbox.delete_event(*[e["id"] for e in sandbox.events()])
    nested = [{"exercise": text or None, "reps": reps} for text, reps in rows]
    frame = pd.DataFrame({"user_id": [ANN], "start_date": "01/01/2025", "start_time": "9:00 AM"})
    frame["lifts"] = pd.Series([nested], dtype=object)
    insert(client, frame.assign(rpe=5), LIFTS, table_fields=["lifts"])
    first = everything(sandbox)
    back = read(client, LIFTS)
    update(client, back, LIFTS, table_fields=[c for c in ("exercise", "reps") if c in back])
    same(first, everything(sandbox))


@pytest.mark.parametrize("value", [math.pi, 1e300, 5e-324, 123456789.123])
def test_extreme_floats(client, sandbox, value):
    frame = pd.DataFrame({"user_id": [ANN], "start_date": "01/01/2025", "amount": [value]})
    insert(client, frame)
    assert float(stored(sandbox, "amount")[0]) == value
    assert len(moments(sandbox)) == 1
