from __future__ import annotations

import csv
import datetime as dt
import types
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, ObjectStoragePath

from airflow_provider_ams.ams import AMSInputError
from airflow_provider_ams.operators._data import READING, read_rows, rows_of, write_rows, xcom_safe
from airflow_provider_ams.operators._hidden import HiddenRows, hide, reveal

FRAME = pd.DataFrame(
    {
        "username": ["volunteer.308", "volunteer.309"],
        "code": ["007", "010"],
        "load": [7.5, None],
        "comment": ["easy, later hard", 'said "no"\nand left'],
    }
)


def test_hidden_rows_show_their_shape_alone():
    assert str(hide(FRAME)) == ("DataFrame(2 rows x ['username', 'code', 'load', 'comment'])")
    assert str(hide([{"username": "volunteer.308"}])) == "list(1 rows)"
    assert repr(hide(FRAME)) == str(hide(FRAME))


@pytest.mark.parametrize("value", [None, "file.csv", "{{ ti.xcom_pull('x') }}"])
def test_texts_are_not_hidden(value):
    assert hide(value) is value


def test_hiding_twice_is_hiding_once():
    once = hide(FRAME)
    assert hide(once) is once
    assert reveal(once) is FRAME
    assert isinstance(hide([1]), HiddenRows)


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl", "pq", "ndjson"])
def test_file_round_trip(tmp_path, ending):
    path = write_rows(FRAME, tmp_path / "deep" / f"rows.{ending}")
    back = read_rows(path)
    assert list(back.columns) == list(FRAME.columns)
    assert back["code"].tolist() == ["007", "010"]
    assert back["comment"].tolist() == FRAME["comment"].tolist()
    assert float(back["load"].iloc[0]) == 7.5
    assert back["load"].isna().tolist() == [False, True]
    assert [p.name for p in (tmp_path / "deep").iterdir()] == [f"rows.{ending}"]


RUN = ["=1+1", "'=1", "-5 kg", "-5", "@x", "\tx", None, "007", "a"]


def test_csv_files_that_a_spreadsheet_does_not_run(tmp_path):
    frame = pd.DataFrame({"=name": RUN, "n": [-5.5] * len(RUN), "m": [-1, "=x"] * 4 + [None]})
    path = tmp_path / "rows.csv"
    write_rows(frame, path, csv_safe=True)
    with open(path, newline="") as file:
        lines = list(csv.reader(file))
    shown = ["'=1+1", "''=1", "'-5 kg", "-5", "'@x", "'\tx", "", "007", "a"]
    assert [line[0] for line in lines] == ["'=name", *shown]
    assert [line[1] for line in lines[1:]] == ["-5.5"] * len(RUN)
    assert [line[2] for line in lines[1:3]] == ["-1", "'=x"]
    back = read_rows(path, csv_safe=True)
    assert back["=name"].tolist() == RUN
    assert back["m"].tolist()[:2] == ["-1", "=x"]
    write_rows(frame, path)
    assert read_rows(path)["=name"].tolist() == RUN


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_files_that_no_spreadsheet_opens_stay_as_they_are(tmp_path, ending):
    frame = pd.DataFrame({"a": ["=1", "'=1"]})
    path = write_rows(frame, tmp_path / f"rows.{ending}", csv_safe=True)
    assert read_rows(path, csv_safe=True)["a"].tolist() == ["=1", "'=1"]


def test_only_dead_letters_are_known_by_their_columns(tmp_path):
    frame = pd.DataFrame({"a": ["'=1"]})
    path = write_rows(frame, tmp_path / "a.csv")
    task = types.SimpleNamespace(data=path, csv_safe=True, **dict.fromkeys(READING))
    assert rows_of(task)["a"].tolist() == ["'=1"]
    letters = frame.assign(ams_status="rejected", ams_reason="-")
    write_rows(letters, path, csv_safe=True)
    assert read_rows(path)["a"].tolist() == ["''=1"]
    assert rows_of(task)["a"].tolist() == ["'=1"]


def test_object_storage_round_trip(tmp_path):
    url = (tmp_path / "rows.parquet").as_uri()
    assert write_rows(FRAME, url) == url
    pd.testing.assert_frame_equal(read_rows(url), FRAME)
    pd.testing.assert_frame_equal(read_rows(ObjectStoragePath(url)), FRAME)
    target = ObjectStoragePath((tmp_path / "again.csv").as_uri())
    write_rows(FRAME, target)
    assert (tmp_path / "again.csv").exists()


def test_csv_is_read_as_text(tmp_path):
    (tmp_path / "a.csv").write_bytes(
        "\ufeffuser_id,code,word,gap\n1001,007,NA,\n1002,1e3,nan,x\n".encode()
    )
    frame = read_rows(str(tmp_path / "a.csv"))
    assert frame["user_id"].tolist() == ["1001", "1002"]
    assert frame["code"].tolist() == ["007", "1e3"]
    assert frame["word"].tolist() == ["NA", "nan"]
    assert frame["gap"].isna().tolist() == [True, False]


def test_lists_of_dicts_keep_whole_numbers():
    frame = read_rows([{"a": 2**60, "b": "x"}, {"b": "y"}])
    assert frame["a"].iloc[0] == 2**60
    assert frame["a"].isna().tolist() == [False, True]


def test_frames_of_a_mapped_task_are_put_together():
    both = read_rows(hide([FRAME, FRAME]))
    assert len(both) == 4
    assert both.index.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("value", [5, ["a", "b"], None, "rows.docx", [{"a": 1}, 5]])
def test_what_is_no_data_is_refused(value):
    with pytest.raises(AirflowFailException):
        read_rows(value)


def test_xcom_safe_turns_nested_and_mixed_columns_into_text():
    frame = pd.DataFrame(
        {
            "plain": [1, 2],
            "lists": [[1, 2], None],
            "dicts": [{"a": 1}, {"b": None}],
            "empty": [{}, {}],
            "sets": [{"b", "a"}, None],
            "mixed": [1, "a"],
            "days": [dt.date(2026, 1, 1), None],
            "money": [Decimal("1.10"), Decimal("2")],
        }
    )
    safe = xcom_safe(frame)
    assert safe["lists"].tolist()[0] == "[1,2]"
    assert safe["dicts"].tolist() == ['{"a":1}', '{"b":null}']
    assert safe["empty"].tolist() == ["{}", "{}"]
    assert safe["sets"].tolist()[0] == '["a","b"]'
    assert safe["mixed"].tolist() == ["1", "a"]
    assert safe["days"].tolist() == frame["days"].tolist()
    assert safe["money"].tolist() == frame["money"].tolist()
    assert frame["mixed"].tolist() == [1, "a"], "the caller's frame is left alone"
    safe.to_parquet()


def test_xcom_safe_refuses_equal_column_names():
    with pytest.raises(AirflowFailException, match="more than once: a"):
        xcom_safe(pd.DataFrame([[1, 2]], columns=["a", "a"]))


def test_xcom_safe_costs_nothing_when_all_is_well():
    assert xcom_safe(FRAME[["load"]]) is not None
    numbers = pd.DataFrame({"a": [1.5]})
    assert xcom_safe(numbers) is numbers


@pytest.mark.parametrize(
    ("name", "data", "word"),
    [
        ("a.csv", b"a,b\n1,2\n1,2,3\n", "a.csv, line 3"),
        ("a.parquet", b"a,b\n1,2\n", "no Parquet"),
        ("a.jsonl", b"[1]\n", "line 1.*dicts"),
    ],
)
def test_a_file_that_can_not_be_read_ends_the_task(tmp_path, name, data, word):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(AirflowFailException, match=word):
        read_rows(tmp_path / name)


def test_a_file_that_is_not_there_may_be_there_on_the_next_try(tmp_path):
    with pytest.raises(AMSInputError, match="There is no file"):
        read_rows(tmp_path / "later.csv")


def test_what_says_how_to_read_a_file_is_handed_on(tmp_path):
    (tmp_path / "a.csv").write_bytes("user;note\n1;josé\n".encode("cp1252"))
    assert read_rows(tmp_path / "a.csv", encoding="cp1252")["note"].tolist() == ["josé"]


def test_a_written_file_is_its_owner_s_alone_and_whole_or_not_there(tmp_path, monkeypatch):
    place = tmp_path / "new" / "rows.csv"
    write_rows(pd.DataFrame({"a": [1]}), place)
    assert place.stat().st_mode & 0o777 == 0o600
    target = tmp_path / "elsewhere"
    target.write_text("theirs")
    link = tmp_path / "link.csv"
    link.symlink_to(target)
    write_rows(pd.DataFrame({"a": [1]}), link)
    assert target.read_text() == "theirs"
    before = sorted(tmp_path.rglob("*"))

    def broken(*_, **__):
        raise OSError

    monkeypatch.setattr(pd.DataFrame, "to_csv", broken)
    with pytest.raises(OSError):
        write_rows(pd.DataFrame({"a": [2]}), place)
    assert place.read_text() == "a\n1\n"
    assert sorted(tmp_path.rglob("*")) == before


def test_json_lines_hold_any_cell_as_it_is(tmp_path):
    """Rows of a table whose values are of several types, and half a character, stay rows."""
    laps = [{"km": 1.5}, {"km": "far"}]
    frame = pd.DataFrame(
        {
            "laps": [laps, np.array(laps, dtype=object), []],
            "n": [1, 2, 3],
            "t": pd.Series(["a", "\ud800", "c"], dtype=object),
        }
    )
    again = read_rows(write_rows(frame, str(tmp_path / "rows.jsonl")))
    assert again["laps"].tolist() == [laps, laps, []]
    assert again["n"].tolist() == [1, 2, 3]
    assert again["t"].tolist() == ["a", r"\ud800", "c"]
