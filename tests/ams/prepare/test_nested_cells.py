"""Cells that hold rows of the form's table, in every shape in which they come."""

from __future__ import annotations

import io
import json

import pandas as pd
import pyarrow as pa
import pytest

from airflow_provider_ams.ams import AMSImportError, AMSValidationError, read_table
from tests.ams.ams_site import ANN, BOB, LIFTS, insert, read, update, upsert

LAPS = [
    [{"exercise": "Run", "load": 5}, {"exercise": "Ski", "load": 2.5}],
    [{"exercise": "Row", "reps": 3}],
]
TABLE = [
    [{"exercise": "Run", "load": "5"}, {"exercise": "Ski", "load": "2.5"}],
    [{"exercise": "Row", "reps": "3"}],
]


def sessions(laps=LAPS, **columns):
    base = {"user_id": [ANN, BOB], "start_date": "01/01/2025", "start_time": "9:00 AM"}
    return pd.DataFrame({**base, **columns}).assign(laps=pd.Series(laps, dtype=object))


def through_parquet(frame, **how):
    file = io.BytesIO()
    frame.to_parquet(file)
    return pd.read_parquet(file, **how)


def as_texts(frame, dtype="object"):
    return frame.assign(laps=frame["laps"].map(json.dumps).astype(dtype))


SHAPES = {
    "lists": lambda f: f,
    "tuples": lambda f: f.assign(laps=f["laps"].map(tuple)),
    "arrays": through_parquet,
    "arrow": lambda f: through_parquet(f, dtype_backend="pyarrow"),
    "structs": lambda f: pa.Table.from_pandas(f).to_pandas(types_mapper=pd.ArrowDtype),
    "json": as_texts,
    "json as str": lambda f: as_texts(f, "str"),
    "json as arrow": lambda f: as_texts(f, "string[pyarrow]"),
}


@pytest.mark.parametrize("validate", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_rows_of_the_table_in_every_shape(client, sandbox, shape, validate):
    frame = SHAPES[shape](sessions(rpe=[7, 8]))
    result = insert(client, frame, LIFTS, table_fields=["laps"], validate=validate)
    assert result.counts["inserted"] == 2
    assert [e["table"] for e in sandbox.events()] == TABLE
    assert [e["values"]["rpe"] for e in sandbox.events()] == ["7", "8"]


@pytest.mark.parametrize("ending", ["jsonl", "parquet", "csv"])
def test_rows_of_the_table_out_of_a_file(client, sandbox, tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    {
        "jsonl": lambda: sessions().to_json(path, orient="records", lines=True),
        "parquet": lambda: sessions().to_parquet(path),
        "csv": lambda: as_texts(sessions()).to_csv(path, index=False),
    }[ending]()
    insert(client, read_table(path), LIFTS, table_fields=["laps"], validate=True)
    assert [e["table"] for e in sandbox.events()] == TABLE


@pytest.mark.parametrize("validate", [False, True])
@pytest.mark.parametrize("shape", ["lists", "arrays", "structs", "json"])
def test_an_event_without_any_of_them_is_an_event(client, sandbox, shape, validate):
    frame = SHAPES[shape](sessions([LAPS[0], []]))
    assert insert(client, frame, LIFTS, table_fields=["laps"], validate=validate).counts["inserted"]
    assert [e["table"] for e in sandbox.events()] == [TABLE[0], []]


@pytest.mark.parametrize(
    "laps", [[[], []], [None, None], ["[]", "[]"], [None, []], [None, "[]"], [float("nan"), ""]]
)
def test_a_night_without_any_of_them(client, sandbox, laps):
    result = insert(client, sessions(laps, rpe=[7, 8]), LIFTS, table_fields=["laps"], validate=True)
    assert result.counts["inserted"] == 2
    assert [e["table"] for e in sandbox.events()] == [[], []]


@pytest.mark.parametrize("shape", ["lists", "arrays", "json"])
def test_another_mistake_is_told_and_the_column_is_none(client, sandbox, shape):
    frame = SHAPES[shape](sessions(start_date=["01/01/2025", "tomorrow"]))
    with pytest.raises(AMSImportError, match="'start_date' is not a date") as caught:
        insert(client, frame, LIFTS, table_fields=["laps"], validate=True)
    assert "laps" not in str(caught.value)
    assert caught.value.rows == [1]
    assert len(sandbox.events()) == 1
    with pytest.raises(AMSValidationError, match="missing 'start_date'") as caught:
        bare = frame.drop(columns="start_date")
        insert(client, bare, LIFTS, table_fields=["laps"], validate=True)
    assert "laps" not in str(caught.value)


def test_what_is_in_the_cells_is_checked_by_its_name(client, sandbox):
    frame = sessions([[{"exercise": "Run", "lod": 5}], []])
    with pytest.raises(AMSValidationError, match=r"'lod' is no field.*Did you mean 'load'\?"):
        insert(client, frame, LIFTS, table_fields=["laps"], validate=True)
    frame = sessions([[{"exercise": "Run", "load": "much"}], LAPS[1]])
    with pytest.raises(AMSImportError, match="'load': a value is not a number") as caught:
        insert(client, frame, LIFTS, table_fields=["laps"], validate=True)
    assert caught.value.rows == [0]


def test_texts_that_are_no_rows_are_refused_by_row(client, sandbox):
    frame = sessions([json.dumps(LAPS[0]), '[{"exercise": '])
    with pytest.raises(AMSImportError, match="table cell") as caught:
        insert(client, frame, LIFTS, table_fields=["laps"], validate=True)
    assert caught.value.rows == [1]


def test_whole_numbers_in_json_keep_their_digits(client, sandbox):
    insert(
        client, sessions(['[{"load": 123456789012345678901}]', "[]"]), LIFTS, table_fields=["laps"]
    )
    assert sandbox.events()[0]["table"] == [{"load": "123456789012345678901"}]


DOUBLED = {
    "json": {"laps": '[{"load": 1, "load": 2}]'},
    "a name that is a number": {"laps": [{5: "a", "5": "b"}]},
    "two columns": {"laps": [{"load": 1}], "more": [{"load": 2}]},
    "no name": {"laps": [{" ": 1}]},
}


@pytest.mark.parametrize("cells", DOUBLED.values(), ids=DOUBLED)
def test_no_value_of_a_cell_is_lost_to_another(client, sandbox, cells):
    columns = {name: pd.Series([cell, [{"reps": 3}]], dtype=object) for name, cell in cells.items()}
    with pytest.raises(AMSImportError, match="table cell") as caught:
        insert(client, sessions().assign(**columns), LIFTS, table_fields=[*cells])
    assert caught.value.rows[0] == 0
    assert sandbox.events() == [] or [e["table"] for e in sandbox.events()] == [[{"reps": "3"}]]


@pytest.mark.parametrize("shape", ["lists", "tuples", "arrays"])
def test_a_column_that_is_not_declared_is_told_how_to(client, sandbox, shape):
    with pytest.raises(AMSValidationError, match="name it in table_fields"):
        insert(client, SHAPES[shape](sessions()), LIFTS, validate=True)


@pytest.mark.parametrize("shape", ["lists", "arrays", "structs"])
def test_lists_of_something_else_are_refused(client, sandbox, shape):
    frame = SHAPES[shape](sessions([[1, 2, 3], [4]]))
    with pytest.raises(AMSValidationError, match="'laps' is no field of the form"):
        insert(client, frame, LIFTS, table_fields=["laps"], validate=True)


def test_a_json_text_that_is_not_declared_is_a_text(client, sandbox):
    text = json.dumps(LAPS[0])
    insert(client, sessions([text, text]).rename(columns={"laps": "place"}), LIFTS)
    assert [e["values"]["place"] for e in sandbox.events()] == [text] * 2


def test_rows_are_found_again_by_a_key_and_by_an_id(client, sandbox):
    insert(client, sessions(), LIFTS, table_fields=["laps"])
    option = {"table_fields": ["laps"], "on_missing_fields": "keep", "validate": True}
    key = ["start_date", "start_time"]
    assert upsert(client, sessions(), LIFTS, key=key, **option).counts["unchanged"] == 2
    ids = read(client, LIFTS)["event_id"].drop_duplicates().tolist()
    changed = sessions([LAPS[0], [{"exercise": "Row", "load": 1, "reps": 4}]], event_id=ids)
    result = update(client, changed, LIFTS, **option, require_confirmation=False)
    assert result.rows["status"].tolist() == ["unchanged", "updated"]
    assert sandbox.events()[1]["table"] == [{"exercise": "Row", "load": "1", "reps": "4"}]


@pytest.mark.parametrize("dtype", ["string", "object"])
def test_a_plain_column_of_the_table_may_lack_values(client, sandbox, dtype):
    frame = sessions([None, "Squat"]).rename(columns={"laps": "exercise"})
    frame["exercise"] = frame["exercise"].astype(dtype)
    insert(client, frame, LIFTS, table_fields=["exercise"])
    assert [e["table"] for e in sandbox.events()][1] == [{"exercise": "Squat"}]
