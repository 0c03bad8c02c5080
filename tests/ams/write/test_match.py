"""Which stored event is the one that was sent."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_ams.ams.forms.schema import FormField, FormSchema
from airflow_provider_ams.ams.prepare.events import EventSet
from airflow_provider_ams.ams.read.snapshot import Snapshot
from airflow_provider_ams.ams.wire.stored_values import same
from airflow_provider_ams.ams.write.match import CUT, MOMENT, TYPES, ZONE, Comparison

DAY, MINUTE = 739_000, 540


@pytest.mark.parametrize(
    ("kind", "sent", "stored", "equal"),
    [
        ("number", "7.5", "7.5", True),
        ("number", "12345678", "1.2345678E7", True),
        ("number", "0.0001", "1.0E-4", True),
        ("number", "5", "5.0", True),
        ("number", "007", "7", True),
        ("number", "0.1234567890123456789", "0.12345678901234568", True),
        ("number", "7.5", "7.6", False),
        ("number", "5", "-5", False),
        ("number", "nan", "NaN", False),
        ("number", "1_000", "1000", False),
        ("number", "٧", "7", False),
        ("text", "007", "7", False),
        ("text", "5", "5.0", False),
        ("text", "a", "b", False),
        ("text", "a\nb", "a<br>b", True),
        ("text", "a\nb", "a< br/>b", True),
        ("text", "a\r\nb", "a<BR />b", True),
        ("text", " a ", "a", True),
        ("text", "a b", "a<br>b", False),
        ("unknown", "5", "5.0", False),
        ("unknown", "12345678", "1.2345678E7", False),
        ("unknown", "a\nb", "a<br>b", False),
        ("unknown", "a", "a", True),
        # A date field comes back as epoch milliseconds, as ISO, or as it was sent.
        ("date", "15/04/2019", "1555286400000", True),
        ("date", "15/04/2019", "1555257600000", True),  # midnight eight hours ahead of UTC
        ("date", "15/04/2019", "1555300800000", True),  # midnight four hours behind
        ("date", "15/04/2019", "2019-04-15", True),
        ("date", "15/04/2019", "1555372800000", False),
        ("date", "15/04/2019", "1555200000000", False),
        ("date", "15/04/2019", "1555", False),
        ("date", "31/02/2019", "1555286400000", False),
        ("text", "15/04/2019", "1555286400000", False),
        ("time", "9:00 AM", "09:00", True),
        ("time", "9:00 AM", "09:00:00", True),
        ("time", "9:00 AM", "9:00 PM", False),
        ("duration", "1:00:00", "3600000", True),
        ("duration", "1:00:00", "3600001", False),
    ],
)
def test_same(kind, sent, stored, equal):
    assert same(sent, stored, kind) is equal


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_in_java_text_are_the_same(number):
    plain = format(number, "f") if abs(number) < 1e15 else repr(number)
    if float(plain) == number:
        assert same(plain, repr(number).replace("e", "E"), "number")


def schema(**kinds):
    types = {"number": "Number", "text": "Text", "date": "Date", "unknown": "Slider"}
    fields = tuple(FormField(name, types[kind]) for name, kind in kinds.items())
    return FormSchema("Form", fields)


def events(*values, ids=None, users=None, minutes=None, table=None, **fields):
    n = len(values)
    return EventSet(
        form="Form",
        rows=[[i] for i in range(n)],
        user_ids=users or [1] * n,
        start_days=[DAY] * n,
        start_minutes=minutes or [MINUTE] * n,
        end_days=[DAY] * n,
        end_minutes=[m + 60 for m in minutes] if minutes else [MINUTE + 60] * n,
        event_ids=ids or [None] * n,
        fields={"a": list(values), **fields},
        table=table or {},
        table_rows=[[i] for i in range(n)] if table else (),
        has_table=bool(table),
    )


def snapshot(*stored):
    """Return stored events: (id, value of "a", changes) each."""
    whole = [(number, value, changes[0] if changes else {}) for number, value, *changes in stored]
    names = {
        "a",
        *(name for _, _, c in whole for name in c if name not in ("user", "minute", "end")),
    }
    return Snapshot(
        ids=[number for number, _, _ in whole],
        user_ids=[c.get("user", 1) for _, _, c in whole],
        start_days=[DAY] * len(whole),
        start_minutes=[c.get("minute", MINUTE) for _, _, c in whole],
        end_days=[DAY] * len(whole),
        end_minutes=[c.get("end", c.get("minute", MINUTE) + 60) for _, _, c in whole],
        fields={
            name: [value if name == "a" else c.get(name) for _, value, c in whole] for name in names
        },
        table={},
        table_rows=[[] for _ in whole],
    )


def match(sent, *stored, wanted=None, form=None):
    held = snapshot(*stored)
    comparison = Comparison(sent, held, form or schema(a="text", b="text"))
    found = comparison.match_new(wanted or range(len(sent)), range(len(held)))
    ids = {event: held.ids[at] for event, at in found.found.items()}
    return ids, found


def test_each_stored_event_is_used_once():
    ids, found = match(events("1", "1", "1"), (50, "1"), (51, "1"))
    assert ids == {0: 50, 1: 51}
    assert found.undecided == {}


def test_only_wanted_events_are_looked_for():
    assert match(events("1", "1"), (50, "1"), wanted=[1])[0] == {1: 50}


def test_equal_texts_come_before_texts_that_mean_the_same():
    """A number field takes 007 and 7 for the same: each row still gets its own event."""
    numbers = schema(a="number", b="text")
    ids, _ = match(events("007", "7"), (50, "7"), (51, "007"), form=numbers)
    assert ids == {0: 51, 1: 50}
    ids, _ = match(events("007", "7"), (50, "7"), form=numbers)
    assert ids == {1: 50}
    ids, _ = match(events("007", "7"), (50, "7"), (51, "7"), form=numbers)
    assert ids == {0: 51, 1: 50}


def test_texts_that_look_like_numbers_are_texts():
    ids, found = match(events("007", "7"), (50, "7"))
    assert ids == {1: 50}
    assert found.undecided == {}


@pytest.mark.parametrize("change", [{"user": 2}, {"minute": 0}])
def test_another_person_or_time_is_another_event(change):
    ids, found = match(events("1"), (50, "1", change))
    assert ids == {}
    assert found.undecided == {}


def test_something_else_at_the_same_place_is_undecided():
    ids, found = match(events("1", "2"), (50, "1"), (51, "9"))
    assert ids == {0: 50}
    assert found.undecided == {1: [1]}


def test_an_equal_event_with_its_own_end_is_preferred():
    late, right = (50, "1", {"end": MINUTE + 90}), (51, "1")
    assert match(events("1"), late, right)[0] == {0: 51}
    assert match(events("1"), late)[0] == {0: 50}


def test_fields_that_no_stored_event_has_were_dropped_by_ams():
    ids, found = match(events("1", "2", b=["x", "y"]), (50, "1"), (51, "2"))
    assert ids == {0: 50, 1: 51}
    assert found.without == {0: ["b"], 1: ["b"]}


def test_fields_that_another_stored_event_has_were_not_dropped():
    ids, found = match(events("1", "2", b=["x", "y"]), (50, "1", {"b": "x"}), (51, "2"))
    assert ids == {0: 50}
    assert found.without == {}
    assert found.undecided == {1: [1]}


def test_a_value_where_the_import_sends_none_is_a_mismatch():
    ids, found = match(events("1", b=[None]), (50, "1", {"b": "x"}))
    assert ids == {}
    assert found.undecided == {0: [0]}


def test_what_ams_adds_on_its_own_does_not_matter():
    assert match(events("1"), (50, "1", {"Age": "31"}))[0] == {0: 50}


def unclear_names(comparison):
    found = comparison.unclear_fields(0, 0)
    return None if found is None else list(found)


@pytest.mark.parametrize(
    ("kind", "sent", "stored", "fields"),
    [
        ("unknown", "5", "5.0", ["a"]),
        ("unknown", "a\nb", "a<br>b", ["a"]),
        ("unknown", "15/04/2019", "1555286400000", ["a"]),
        ("unknown", "5", "6", None),
        ("text", "long text", "long", ["a"]),
        ("text", "a\nbcd", "a<br>bc", ["a"]),
        ("text", " abc", "ab", ["a"]),
        ("text", "long text", "text", None),
        ("text", "5", "5.0", None),
        ("number", "55", "5", None),
        ("date", "15/04/2019", "1", None),
        ("text", "5", "6", None),
        ("number", "5", "6", None),
    ],
)
def test_what_might_yet_be_the_same(kind, sent, stored, fields):
    held = snapshot((50, stored))
    comparison = Comparison(events(sent), held, schema(a=kind))
    assert unclear_names(comparison) == fields


@pytest.mark.parametrize(
    ("kind", "sent", "stored", "zone", "why"),
    [
        ("unknown", "5", "5.0", None, TYPES),
        ("date", "05/03/2026", "1772629260000", None, ZONE),
        ("date", "05/03/2026", "1772629200000", "Europe/Berlin", ZONE),
        ("unknown", "05/03/2026 9:00 AM", "2026-03-05T09:00", None, MOMENT),
        ("text", "05/03/2026 9:00 AM", "2026-03-05T09:00", None, None),
        ("text", "05/03/2026", "1772629200000", None, None),
        ("text", "long text", "long", None, CUT),
        ("unknown", "long text", "long", None, CUT),
        ("date", "05/03/2026", None, None, None),
        ("unknown", None, "5", None, None),
    ],
)
def test_what_would_have_to_be_known_is_told(kind, sent, stored, zone, why):
    comparison = Comparison(events(sent), snapshot((50, stored)), schema(a=kind), zone)
    assert comparison.unclear_fields(0, 0) == (None if why is None else {"a": why})


@pytest.mark.parametrize(
    ("change", "other"),
    [
        ({}, []),
        ({"minute": 0, "end": MINUTE + 60}, ["start"]),
        ({"end": MINUTE + 90}, ["end"]),
        ({"minute": 0}, ["start", "end"]),
        ({"b": "y"}, ["b"]),
        ({"b": None}, ["b"]),
        ({"minute": 0, "b": "y"}, ["start", "end", "b"]),
    ],
)
def test_fields_in_which_an_event_is_another_are_named(change, other):
    held = snapshot((49, "0", {"b": "z"}), (50, "5.0", {"b": "x"} | change))
    sent = events("4", "5", b=["z", "x"])
    comparison = Comparison(sent, held, schema(a="unknown", b="text"))
    assert comparison.other_fields(1, 1) == other


def test_a_field_that_is_not_stored_at_all_is_another():
    comparison = Comparison(events("1", b=["x"]), snapshot((50, "1")), schema(a="text", b="text"))
    assert comparison.other_fields(0, 0) == ["b"]
    comparison = Comparison(events("1", b=[None]), snapshot((50, "1")), schema(a="text", b="text"))
    assert comparison.other_fields(0, 0) == []


def test_a_table_in_which_an_event_is_another_is_named_by_its_columns():
    same, _ = tables([ONE], [ONE])
    assert same.other_fields(0, 0) == []
    other, _ = tables([ONE], [TWO])
    assert other.other_fields(0, 0) == ["t", "u"]


def test_an_update_must_have_moved_the_event_too():
    held = snapshot((50, "1"), (51, "1", {"minute": 0}), (52, "1", {"user": 2}))
    comparison = Comparison(events("1", ids=[50]), held, schema(a="text"))
    assert [comparison.holds(0, at) for at in range(3)] == [True, False, False]


@pytest.mark.parametrize("change", [{"end": MINUTE + 90}, {"b": "x"}])
def test_an_update_must_have_changed_the_whole_event(change):
    held = snapshot((50, "1", change))
    sent = events("1", ids=[50], b=[None])
    assert not Comparison(sent, held, schema(a="text", b="text")).holds(0, 0)


def test_the_same_value_in_another_text_is_not_exactly_the_same():
    held = snapshot((50, "5.0"), (51, "5"))
    comparison = Comparison(events("5"), held, schema(a="number"))
    assert [comparison.holds(0, at) for at in range(2)] == [True, True]
    assert [comparison.holds(0, at, exact=True) for at in range(2)] == [False, True]


def test_without_the_form_equal_texts_are_the_same():
    comparison = Comparison(events("5", "6"), snapshot((50, "5"), (51, "6.0")), None)
    assert comparison.match_new([0, 1], [0, 1]).found == {0: 0}


def test_a_field_that_ams_computes_is_not_compared():
    form = FormSchema("Form", (FormField("a", "Text"), FormField("b", "Calculation")))
    assert match(events("1", b=["x"]), (50, "1", {"b": "y"}), form=form)[0] == {0: 50}


def test_the_site_s_zone_decides_about_dates():
    """Midnight in Auckland is noon of the day before in UTC."""
    held = snapshot((50, "1555243200000"))
    sent, form = events("15/04/2019"), schema(a="date")
    assert Comparison(sent, held, form).match_new([0], [0]).found == {}
    with_zone = Comparison(sent, held, form, "Pacific/Auckland")
    assert with_zone.match_new([0], [0]).found == {0: 0}
    assert with_zone.holds(0, 0)


@pytest.mark.parametrize(
    ("kind", "sent", "stored", "b", "held_b", "unclear"),
    [
        ("number", "5", "5.0", None, None, []),
        ("unknown", "5", "5.0", None, None, ["a"]),
        ("text", "1", "1", "x", "y", None),
        ("text", "1", None, "x", "x", None),
        ("text", None, "1", "x", "x", None),
        ("unknown", "5", "5.0", "long", "lo", ["a", "b"]),
    ],
)
def test_every_field_counts_when_it_is_in_doubt(kind, sent, stored, b, held_b, unclear):
    held = snapshot((50, stored, {} if held_b is None else {"b": held_b}))
    comparison = Comparison(events(sent, b=[b]), held, schema(a=kind, b="text"))
    assert unclear_names(comparison) == unclear


def test_a_number_in_a_date_field_is_not_the_day_of_that_number():
    form, number = schema(a="date"), str(dt.date(2019, 4, 15).toordinal())
    for sent, stored in ((number, "15/04/2019"), ("15/04/2019", number)):
        assert Comparison(events(sent), snapshot((50, stored)), form).unclear_fields(0, 0) is None


def test_another_end_is_no_matter_of_doubt():
    comparison = Comparison(events("1"), snapshot((50, "1", {"end": 0})), schema(a="text"))
    assert comparison.unclear_fields(0, 0) is None


# ---------------------------------------------------------------- tables


def tables(sent, stored, *, kind="text", a="1", a_stored="1"):
    """Compare events of one table each: lists of rows, each of a text of "t" and one of "u"."""

    def spread(groups):
        rows = [row for group in groups for row in group]
        starts = [sum(map(len, groups[:i])) for i in range(len(groups))]
        numbers = [list(range(at, at + len(g))) for at, g in zip(starts, groups, strict=True)]
        return {"t": [t for t, _ in rows], "u": [u for _, u in rows]}, numbers

    texts, rows = spread(sent)
    mine = replace(events(*[a] * len(sent)), table=texts, table_rows=rows, has_table=True)
    texts, rows = spread(stored)
    held = snapshot(*[(50 + n, a_stored) for n in range(len(stored))])
    held = replace(held, table=texts, table_rows=rows)
    return Comparison(mine, held, schema(a="unknown", t=kind, u="text")), held


ONE, TWO = [("1", "x"), ("2", "y")], [("1", "x"), ("3", "y")]


def test_each_event_is_found_by_its_own_table():
    comparison, _ = tables([ONE, TWO], [TWO, ONE])
    assert comparison.match_new([0, 1], [0, 1]).found == {0: 1, 1: 0}
    assert comparison.holds(0, 1)
    assert not comparison.holds(0, 0)


@pytest.mark.parametrize(
    "stored",
    [TWO, ONE[:1], ONE[::-1], [*ONE, ("3", None)], [("1", "x"), ("2", None)], []],
)
def test_another_table_is_another_event(stored):
    comparison, _ = tables([ONE], [stored])
    match = comparison.match_new([0], [0])
    assert match.found == {}
    assert match.undecided == {0: [0]}
    assert comparison.unclear_fields(0, 0) is None


def test_rows_without_a_value_are_no_rows_of_the_table():
    comparison, _ = tables([ONE], [[(None, None), *ONE, (None, None)]])
    assert comparison.match_new([0], [0]).found == {0: 0}
    comparison, _ = tables([[]], [[(None, None)]])
    assert comparison.match_new([0], [0]).found == {0: 0}


def test_a_row_with_one_value_is_a_row():
    comparison, _ = tables([[("1", None)]], [[("1", None)]])
    assert comparison.holds(0, 0)
    comparison, _ = tables([[("1", None)]], [[]])
    assert not comparison.holds(0, 0)


def test_table_values_compare_by_their_kind():
    whole = [[("5", "x")]], [[("5.0", "x")]]
    assert tables(*whole, kind="number")[0].match_new([0], [0]).found == {0: 0}
    assert tables(*whole, kind="text")[0].match_new([0], [0]).found == {}


def test_equal_table_texts_come_before_texts_that_mean_the_same():
    comparison, _ = tables(
        [[("007", "x")], [("7", "x")]], [[("7", "x")], [("007", "x")]], kind="number"
    )
    assert comparison.match_new([0, 1], [0, 1]).found == {0: 1, 1: 0}


def test_a_table_column_that_ams_does_not_have_holds_nothing():
    comparison, held = tables([[("1", None)], [("1", "x")]], [[("1", None)], [("1", None)]])
    del held.table["u"]
    assert comparison.match_new([0, 1], [0, 1]).found == {0: 0}


@pytest.mark.parametrize(
    ("kind", "stored", "a_stored", "unclear"),
    [
        ("unknown", "5.0", "1", ["t", "u"]),
        ("unknown", "5.0", "1.0", ["a", "t", "u"]),
        ("unknown", "6", "1", None),
        ("text", "5.0", "1", None),
        ("number", "5.0", "1", []),
        ("text", "5", "1", []),
    ],
)
def test_a_table_is_in_doubt_as_a_whole(kind, stored, a_stored, unclear):
    comparison, _ = tables([[("5", "x")]], [[(stored, "x")]], kind=kind, a_stored=a_stored)
    assert unclear_names(comparison) == unclear
