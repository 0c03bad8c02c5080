from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pandas as pd
import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, ObjectStoragePath

from airflow_provider_ams.operators._data import read_rows, write_rows, xcom_safe
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


@pytest.mark.parametrize("value", [5, ["a", "b"], None, "rows.xlsx", [{"a": 1}, 5]])
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


# ---------------------------------------------------------------- CSV files as people have them

LINES = "username;load;note\njosé;7,5;a\nann;8;b,c\n"
READ = [["josé", "7.5", "a"], ["ann", "8", "b,c"]]
SAYS = {"sep": ";", "encoding": "cp1252", "decimal": ","}
WRITTEN = [
    (LINES.encode("cp1252"), SAYS),
    (LINES.encode("cp1252"), {"encoding": "cp1252"}),
    (LINES.encode("utf-8"), None),
    (LINES.encode("utf-8-sig"), {"encoding": "UTF8"}),
    (LINES.encode("utf-8-sig"), None),
    (LINES.encode("utf-16"), None),
    (LINES.encode("utf-16-le"), {"encoding": "utf-16-le"}),
    (LINES.encode("utf-32"), None),
    (LINES.replace(";", "\t").encode(), None),
    (LINES.replace(";", "|").encode(), None),
    (LINES.replace("\n", "\r\n").encode(), None),
    (("\n" + LINES + "\n\n").encode(), None),
    (LINES.replace(",", "?").replace(";", ",").replace("?", ".").encode(), None),
]


@pytest.mark.parametrize(("data", "how"), WRITTEN)
def test_csv_is_read_as_it_was_written(tmp_path, data, how):
    (tmp_path / "a.csv").write_bytes(data)
    frame = read_rows(tmp_path / "a.csv", how)
    expected = [[c.replace("b,c", "b.c") for c in r] for r in READ] if b"b.c" in data else READ
    assert frame.columns.tolist() == ["username", "load", "note"]
    assert frame.to_numpy().tolist() == expected


REFUSED = [
    (LINES.encode("cp1252"), None, r"line 2.*csv=.*cp1252"),
    (LINES.encode("utf-16-le"), None, r"line 1.*no text.*utf-16-le"),
    (b"PK\x03\x04\x14\x00\x06\x00", None, r"line 1.*no text"),
    (b"\x89PNG\r\n\x1a\n\x00\x00", None, r"line 3.*no text"),
    (b"", None, "empty"),
    (b"\xef\xbb\xbf\n", None, "empty"),
    (b"a,b\n1,2\n1,2,3\n", None, r"line 3.*3 cells under 2"),
    (b"a,b\n1,2\n\n1\n", None, r"line 4.*1 cells under 2"),
    (b'a,b\n1,"2\n3,4\n', None, r"line 2.*quotation"),
    (b"a,b;c\n1,2;3\n", None, r"line 1.*',' or ';'.*csv="),
    (b"a;b\nx;1,234\ny;5,678\n", None, r"line 2.*'b'.*decimal"),
    (b"a;b\n1;2\n", {"sep": ";;"}, "one character"),
    (b"a;b\n1;2\n", {"encoding": "klingon"}, "klingon"),
    (b"a;b\n1;2\n", {"decimal": "x"}, "decimal"),
    (b"a;b\n1;2\n", {"separator": ";"}, "separator"),
    ("a\nß\n".encode(), {"encoding": "ascii"}, "line 2"),
]


@pytest.mark.parametrize(("data", "how", "word"), REFUSED)
def test_csv_that_can_be_read_in_no_way_or_in_several(tmp_path, data, how, word):
    (tmp_path / "a.csv").write_bytes(data)
    with pytest.raises(AirflowFailException, match=word) as caught:
        read_rows(tmp_path / "a.csv", how)
    assert how or "a.csv" in str(caught.value)


DECIMALS = [
    ("1,234", ",", "1.234"),
    ("1,234", ".", "1,234"),
    ("1,5", None, "1.5"),
    ("0,125", None, "0.125"),
    ("-1,5", None, "-1.5"),
    ("1.5", None, "1.5"),
    ("1,2,3", None, "1,2,3"),
    ("1.234,5", ",", "1.234,5"),
]


@pytest.mark.parametrize(("text", "decimal", "expected"), DECIMALS)
def test_a_comma_in_a_number(tmp_path, text, decimal, expected):
    (tmp_path / "a.csv").write_text(f"user_id;load\n1;{text}\n")
    how = {"decimal": decimal}
    assert read_rows(tmp_path / "a.csv", how)["load"].tolist() == [expected]


def test_a_file_with_nothing_but_names(tmp_path):
    (tmp_path / "a.csv").write_text("user_id,load\n")
    frame = read_rows(tmp_path / "a.csv")
    assert frame.columns.tolist() == ["user_id", "load"]
    assert len(frame) == 0


def test_column_names_are_left_as_they_are(tmp_path):
    (tmp_path / "a.csv").write_text("user_id,a,a,\n1,2,3,4\n")
    assert read_rows(tmp_path / "a.csv").columns.tolist() == ["user_id", "a", "a", ""]


@pytest.mark.parametrize(
    ("name", "data", "word"),
    [
        ("a.parquet", b"", "no Parquet"),
        ("a.parquet", b"a,b\n1,2\n", "no Parquet"),
        ("a.jsonl", b'{"a": 1}\n{"a": \n', "line 2"),
        ("a.jsonl", '{"a": "é"}\n'.encode("cp1252"), "line 1"),
        ("a.jsonl", b"[1]\n", "dicts"),
    ],
)
def test_other_files_that_can_not_be_read(tmp_path, name, data, word):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(AirflowFailException, match=word):
        read_rows(tmp_path / name)


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
