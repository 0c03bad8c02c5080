"""Values of every dtype, as they are stored by AMS."""

from __future__ import annotations

import datetime as dt
import enum
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from airflow_provider_ams.ams import AMSImportError
from tests.ams.ams_site import insert, log, read, stored, update


class Level(enum.Enum):
    LOW = "Low"
    FIVE = 5


class Grade(enum.IntEnum):
    B = 2


D = Decimal
NA = pd.NA

CASES = [
    ("float64", [7.5, 100000.0, 0.1, -2.0], ["7.5", "100000", "0.1", "-2"]),
    ("float64", [1e20, 1e-7, 5e-324], ["1" + "0" * 20, "0.0000001", "0." + "0" * 323 + "5"]),
    ("float64", [3.0, None, 4.0], ["3", None, "4"]),
    ("float64", [0.1 + 0.2, 1 / 3], ["0.30000000000000004", "0.3333333333333333"]),
    ("float64", [-0.0, 1e16, 2.0**53], ["0", "10000000000000000", "9007199254740992"]),
    ("float32", [0.1, 7.5, None, 3.0], ["0.1", "7.5", None, "3"]),
    ("float16", [0.1, 2.5], ["0.1", "2.5"]),
    ("Float32", [0.1, None], ["0.1", None]),
    ("Float64", [0.1, None, 3.0], ["0.1", None, "3"]),
    ("int64", [100000, -5, 2**63 - 1], ["100000", "-5", "9223372036854775807"]),
    ("uint64", [2**64 - 1], ["18446744073709551615"]),
    ("int8", [-128], ["-128"]),
    ("Int64", [5, None, 2**62], ["5", None, str(2**62)]),
    ("UInt8", [255, None], ["255", None]),
    ("string", ["a", None, ""], ["a", None, None]),
    ("string[python]", ["a", None], ["a", None]),
    ("str", ["a", None], ["a", None]),
    ("category", ["Low", None, "High", "Low"], ["Low", None, "High", "Low"]),
    ("datetime64[ns]", ["2025-01-31", None], ["31/01/2025", None]),
    ("datetime64[s]", ["2025-01-31", None], ["31/01/2025", None]),
    ("object", ["007", "1.50", " a ", "é\u4e2d\U0001f600"], ["007", "1.50", " a ", "é中😀"]),
    (
        "object",
        [D("1.50"), D("1E+3"), D("0.1"), None, D("NaN")],
        ["1.50", "1000", "0.1", None, None],
    ),
    ("object", [Level.LOW, Level.FIVE, Grade.B, None], ["Low", "5", "2", None]),
    ("object", [np.int64(3), np.float32(0.1), np.float64(2), np.str_("x")], ["3", "0.1", "2", "x"]),
    ("object", [dt.date(2025, 1, 2), None, pd.NaT, NA], ["02/01/2025", None, None, None]),
    (
        "object",
        [dt.time(0, 5), dt.time(12, 0), dt.time(23, 59)],
        ["12:05 AM", "12:00 PM", "11:59 PM"],
    ),
    (
        "object",
        [pd.Timestamp("2025-01-02"), np.datetime64("2025-01-03")],
        ["02/01/2025", "03/01/2025"],
    ),
    ("object", [1, 2.5, "x", None, float("nan")], ["1", "2.5", "x", None, None]),
    ("int64[pyarrow]", [5, None], ["5", None]),
    ("double[pyarrow]", [0.1, None, 3.0], ["0.1", None, "3"]),
    ("float[pyarrow]", [0.1, None], ["0.1", None]),
    ("string[pyarrow]", ["a", None], ["a", None]),
    ("date32[day][pyarrow]", [dt.date(2025, 1, 2), None], ["02/01/2025", None]),
]


@pytest.mark.parametrize(("dtype", "values", "texts"), CASES)
def test_a_column_is_stored_without_loss(client, sandbox, dtype, values, texts):
    column = pd.Series(values, dtype=dtype)
    frame = log(values, field="note").assign(note=column)
    before = frame.copy(deep=True)
    insert(client, frame)
    assert stored(sandbox, "note") == texts
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("dtype", ["category", "float32"])
def test_a_float32_category_keeps_its_own_digits(client, sandbox, dtype):
    numbers = pd.Series([0.1, 0.5], dtype="float32").astype(dtype)
    insert(client, log([0, 0]).assign(amount=numbers))
    assert stored(sandbox, "amount") == ["0.1", "0.5"]


REFUSED = [
    ("object", [True, "x"], "boolean_text"),
    ("bool", [True, False], "boolean_text"),
    ("boolean", [True, None], "boolean_text"),
    ("bool[pyarrow]", [True, None], "boolean_text"),
    ("float64", [1.0, float("inf")], "infinite"),
    ("float32", [1.0, float("-inf")], "infinite"),
    ("object", [D("Infinity"), None], "infinite"),
    ("object", [{"a": 1}, "x"], "dict"),
    ("object", [[1], "x"], "list"),
    ("object", [b"x", "x"], "bytes"),
    ("object", [1j, 2], "complex"),
    ("timedelta64[ns]", ["1h", "2h"], "no text form"),
    ("datetime64[ns]", ["2025-01-01 09:00", None], "split"),
    ("datetime64[ns, UTC]", ["2025-01-01", None], "zone"),
    ("object", [dt.time(9, 0, 5), None], "seconds"),
]


@pytest.mark.parametrize(("dtype", "values", "word"), REFUSED)
def test_a_value_without_text_form_is_refused_with_its_rows(client, sandbox, dtype, values, word):
    frame = log(values).assign(amount=pd.Series(values, dtype=dtype)).set_axis(["r1", "r2"])
    with pytest.raises(AMSImportError, match=word) as caught:
        insert(client, frame)
    assert caught.value.rows
    assert set(caught.value.rows) <= {"r1", "r2"}
    assert "'amount'" in str(caught.value)
    assert len(sandbox.events()) == 2 - len(caught.value.rows)


def test_every_bad_column_is_told_at_once(client, sandbox):
    frame = log([1.0, float("inf")], note=[True, False], level=[{"a": 1}, None])
    with pytest.raises(AMSImportError) as caught:
        insert(client, frame)
    assert all(name in str(caught.value) for name in ("'amount'", "'note'", "'level'"))
    assert sandbox.events() == []


@pytest.mark.parametrize("dtype", ["bool", "boolean", "object"])
def test_booleans_go_out_as_the_form_option_texts(client, sandbox, dtype):
    frame = log([0, 0]).assign(level=pd.Series([True, False], dtype=dtype))
    insert(client, frame, boolean_text=("Yes", "No"))
    assert stored(sandbox, "level") == ["Yes", "No"]


def test_missing_cells_are_left_out_of_the_call(client, sandbox):
    insert(client, log([None, 2.0], note=["x", None]))
    pairs = [e["rows"][0]["pairs"] for e in sandbox.events()]
    assert pairs == [[{"key": "note", "value": "x"}], [{"key": "amount", "value": "2"}]]


def test_people_s_names_are_never_sent(client, sandbox):
    result = insert(client, log([1], **{"First Name": "Ann", "last name": "Vale"}))
    assert result.counts["inserted"] == 1
    assert sandbox.events()[0]["values"] == {"amount": "1"}


@pytest.mark.parametrize(
    ("field", "texts"),
    [
        ("amount", ["7.5", "100000", "0.30000000000000004"]),
        ("amount", ["1784320260", "12345678901234"]),
        ("amount", ["0.0001", "1234567.25"]),
        ("note", ["007", "1.50", "+3", "1e5"]),
        ("note", ["12345678901234567890123", "1"]),
        ("note", ["a", "nan", "None", "a\nb"]),
    ],
)
def test_write_read_write_changes_nothing(client, sandbox, field, texts):
    insert(client, log(texts, field=field))
    first = stored(sandbox, field)
    frame = read(client)
    update(client, frame[["user_id", "event_id", field]])
    assert stored(sandbox, field) == first == texts
