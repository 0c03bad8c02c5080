"""Values of every make go out as AMS takes them, or their row does not go at all."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tests.ams.ams_site import ANN, LIFTS, insert, log, stored

NUMBERS = [
    ([0.1, None], "float32", ["0.1", None]),
    ([0.1, 65504], "float16", ["0.1", "65504"]),
    ([0.1, None], "Float32", ["0.1", None]),
    ([0.1, None], "float[pyarrow]", ["0.1", None]),
    ([0.1, None], "double[pyarrow]", ["0.1", None]),
    ([2**53 + 1, None], "Int64", ["9007199254740993", None]),
    ([2**53 + 1, None], "int64[pyarrow]", ["9007199254740993", None]),
    ([2**53 + 1, 2**63 - 1], "int64", ["9007199254740993", "9223372036854775807"]),
    ([2**64 - 1, 1], "uint64", ["18446744073709551615", "1"]),
    ([2**64 - 1, None], "UInt64", ["18446744073709551615", None]),
    ([2**80, None], "object", [str(2**80), None]),
    ([Decimal("1.10"), None], pd.ArrowDtype(pa.decimal128(38, 2)), ["1.10", None]),
    ([Decimal("1.10"), Decimal("NaN")], "object", ["1.10", None]),
    ([Decimal("sNaN"), 1], "object", [None, "1"]),
    ([np.datetime64("NaT"), 1], "object", [None, "1"]),
    ([np.float32("nan"), 1], "object", [None, "1"]),
    ([np.float16(0.1), np.int8(1)], "object", ["0.1", "1"]),
    ([0.1, 0.2], pd.ArrowDtype(pa.float16()), ["0.1", "0.2"]),
]


@pytest.mark.parametrize(("values", "dtype", "expected"), NUMBERS)
def test_numbers_keep_every_digit(client, sandbox, values, dtype, expected):
    if str(dtype) == "halffloat[pyarrow]":
        column = pd.Series(pd.arrays.ArrowExtensionArray(pa.array(np.float16(values))))
    else:
        column = pd.Series(values, dtype=dtype)
    insert(client, log([1, 2]).drop(columns="amount").assign(amount=column, note="a"))
    assert stored(sandbox, "amount") == expected


REFUSED = ["1_000", "１２", "٣", "1,5", "1 000", "0x10", "nan", "inf", "1e400", "--1", "½"]


@pytest.mark.parametrize("text", REFUSED)
def test_what_python_takes_for_a_number_may_be_none(client, sandbox, text):
    result = insert(client, log(["1.5", text]), validate=True, tolerance="all")
    assert result.rows["status"].tolist() == ["inserted", "rejected"]
    assert "is not a number" in result.rows["reason"][1]


@pytest.mark.parametrize("dtype", ["object", "category", "str"])
@pytest.mark.parametrize("text", ["\ud800", "fine \udfff not"])
def test_half_a_character_takes_its_row_alone(client, sandbox, dtype, text):
    texts = ["fine", text]
    column = pd.Series(texts, dtype=object)
    if dtype == "category":
        column = pd.Series(pd.Categorical(column, categories=pd.Index(texts, dtype=object)))
    elif dtype == "str":
        column = column.astype(pd.StringDtype("python"))
    result = insert(client, log([1, 2], note=column), tolerance="all")
    assert result.rows["status"].tolist() == ["inserted", "rejected"]
    assert "half a character" in result.rows["reason"][1]


ROWS = [{"exercise": "Run", "load": 5}, {"exercise": "Row"}]
STRUCT = pa.list_(pa.struct([("exercise", pa.string()), ("load", pa.int64())]))
CELLS = [
    pd.Series([ROWS], dtype=object),
    pd.Series([tuple(ROWS)], dtype=object),
    pd.Series([np.array(ROWS, dtype=object)], dtype=object),
    pd.Series([ROWS], dtype=pd.ArrowDtype(STRUCT)),
    pa.table({"laps": pa.array([ROWS], STRUCT)}).to_pandas()["laps"],
]


@pytest.mark.parametrize("cells", CELLS)
def test_laps_survive_in_every_make(client, sandbox, cells):
    frame = pd.DataFrame({"user_id": [ANN], "start_date": "01/01/2025", "laps": cells})
    insert(client, frame, LIFTS, table_fields=["laps"])
    assert sandbox.events()[0]["table"] == [{"exercise": "Run", "load": "5"}, {"exercise": "Row"}]


def test_a_struct_is_one_row_of_the_table(client, sandbox):
    cells = pd.Series([ROWS[0]], dtype=pd.ArrowDtype(STRUCT.value_type))
    frame = pd.DataFrame({"user_id": [ANN], "start_date": "01/01/2025", "laps": cells})
    insert(client, frame, LIFTS, table_fields=["laps"])
    assert sandbox.events()[0]["table"] == [{"exercise": "Run", "load": "5"}]


ODD = [
    np.array([1, 2]),
    np.array([[1]]),
    [1, 2],
    {"a": {"b": 1}},
    [{"exercise": [1]}],
    {"\ud800": 1},
]


@pytest.mark.parametrize("table_fields", [["load"], None])
@pytest.mark.parametrize("cell", ODD)
def test_a_nested_cell_that_is_no_table_row_is_rejected(client, sandbox, cell, table_fields):
    frame = pd.DataFrame({"user_id": ANN, "start_date": ["01/01/2025", "02/01/2025", "03/01/2025"]})
    frame["load"] = pd.Series([5, cell, 6], dtype=object)
    result = insert(client, frame, LIFTS, table_fields=table_fields, tolerance="all")
    assert result.rows["status"].tolist() == ["inserted", "rejected", "inserted"]
