"""`read_table`: files as people have them, read right or refused in a sentence that says why."""

from __future__ import annotations

import gzip
import sys

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from airflow_provider_ams.ams import AMSConfigurationError, AMSInputError, read_table

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
    frame = read_table(tmp_path / "a.csv", **how or {})
    expected = [[c.replace("b,c", "b.c") for c in r] for r in READ] if b"b.c" in data else READ
    assert frame.columns.tolist() == ["username", "load", "note"]
    assert frame.to_numpy().tolist() == expected


REFUSED = [
    (LINES.encode("cp1252"), None, r"line 2.*encoding='cp1252'"),
    (LINES.encode("utf-16-le"), None, r"line 1.*no text.*utf-16-le"),
    (b"PK\x03\x04\x14\x00\x06\x00", None, r"line 1.*no text.*Excel"),
    (b"\x89PNG\r\n\x1a\n\x00\x00", None, r"line 1.*no text.*picture"),
    (b"", None, "empty"),
    (b"\xef\xbb\xbf\n", None, "empty"),
    (b";;\n;;\n", None, "empty"),
    (b"a,b\n1,2\n1,2,3\n", None, r"line 3.*3 cells under 2"),
    (b"a,b\n1,2\n\n1\n", None, r"line 4.*1 cells under 2"),
    (b'a,b\n1,"2\n3,4\n', None, r"line 2.*quotation"),
    (b"a,b;c\n1,2;3\n", None, r"line 1.*',' or ';'.*sep="),
    (b"a;b\nx;1,234\ny;5,678\n", None, r"line 2.*'b'.*decimal"),
    (b"a;b\nx;1.234\ny;5\n", None, r"line 2.*'b'.*decimal"),
    (b"a;b;c\nx;1.234;7,5\ny;5;1,5\n", None, r"line 2.*'b'.*decimal"),
    (b"a;b\n1;2\n", {"sep": ";;"}, "one character"),
    (b"a;b\n1;2\n", {"sep": 1}, "one character"),
    (b"a;b\n1;2\n", {"sep": '"'}, "one character"),
    (b"a;b\n1;2\n", {"sep": "\n"}, "one character"),
    (b"a;b\n1;2\n", {"encoding": "klingon"}, "klingon"),
    (b"a;b\n1;2\n", {"encoding": "hex"}, "hex"),
    (b"a;b\n1;2\n", {"encoding": "rot13"}, "rot13"),
    (b"a;b\n1;2\n", {"encoding": 8}, "encoding"),
    (b"a;b\n1;2\n", {"decimal": "x"}, "decimal"),
    ("a\nß\n".encode(), {"encoding": "ascii"}, "line 2"),
]


@pytest.mark.parametrize(("data", "how", "word"), REFUSED)
def test_csv_that_can_be_read_in_no_way_or_in_several(tmp_path, data, how, word):
    (tmp_path / "a.csv").write_bytes(data)
    with pytest.raises(AMSConfigurationError, match=word) as caught:
        read_table(tmp_path / "a.csv", **how or {})
    assert how or "a.csv" in str(caught.value)


DECIMALS = [
    ("1,234", ",", "1.234"),
    ("1,234", ".", "1,234"),
    ("1,5", None, "1.5"),
    ("0,125", None, "0.125"),
    ("-1,5", None, "-1.5"),
    ("1.5", None, "1.5"),
    ("1,2,3", None, "1,2,3"),
    ("1.234,5", ",", "1234.5"),
    ("1.234,5", None, "1234.5"),
    ("1.234,5", ".", "1.234,5"),
    ("1.234", ",", "1234"),
    ("1.234", ".", "1.234"),
    ("12.34", ",", "12.34"),
    ("0.125", None, "0.125"),
    ("01.02.2025", ",", "01.02.2025"),
]


@pytest.mark.parametrize(("text", "decimal", "expected"), DECIMALS)
def test_a_comma_in_a_number(tmp_path, text, decimal, expected):
    (tmp_path / "a.csv").write_text(f"user_id;load\n1;{text}\n")
    how = {"decimal": decimal}
    assert read_table(tmp_path / "a.csv", **how or {})["load"].tolist() == [expected]


FILES = [
    ("1,234;0,5", ["1.234", "0.5"]),
    ("1.234;0.5", ["1.234", "0.5"]),
    ("1,234;0.5", ["1,234", "0.5"]),
    ("1.234.567,5;x", ["1234567.5", "x"]),
    ("01.02.2025;0,5", ["01.02.2025", "0.5"]),
    ("1.2.3;1,2,3", ["1.2.3", "1,2,3"]),
]


@pytest.mark.parametrize(("line", "expected"), FILES)
def test_one_number_tells_the_decimal_sign_of_the_file(tmp_path, line, expected):
    (tmp_path / "a.csv").write_text(f"a;b\n{line}\n")
    assert read_table(tmp_path / "a.csv").iloc[0].tolist() == expected


def test_whole_numbers_of_any_length_stay_whole(tmp_path):
    (tmp_path / "a.jsonl").write_text(f'{{"a": {10**29 + 1}}}\n')
    assert read_table(tmp_path / "a.jsonl")["a"].tolist() == [10**29 + 1]


def test_a_file_with_nothing_but_names(tmp_path):
    (tmp_path / "a.csv").write_text("user_id,load\n")
    frame = read_table(tmp_path / "a.csv")
    assert frame.columns.tolist() == ["user_id", "load"]
    assert len(frame) == 0


def test_column_names_are_left_as_they_are(tmp_path):
    (tmp_path / "a.csv").write_text("user_id,a,a,\n1,2,3,4\n")
    assert read_table(tmp_path / "a.csv").columns.tolist() == ["user_id", "a", "a", ""]


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
    with pytest.raises(AMSConfigurationError, match=word):
        read_table(tmp_path / name)


# ---------------------------------------------------------------- files of other kinds


@pytest.mark.parametrize("ending", ["csv", "tsv", "txt"])
def test_packed_texts_are_unpacked(tmp_path, ending):
    (tmp_path / f"a.{ending}.gz").write_bytes(gzip.compress(LINES.encode()))
    assert read_table(tmp_path / f"a.{ending}.gz").to_numpy().tolist() == READ


def test_packed_json_lines_are_unpacked(tmp_path):
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b'{"a": "007"}\n\n{"b": [{"c": 1}]}\n'))
    frame = read_table(tmp_path / "a.jsonl.gz")
    assert frame["a"].tolist()[0] == "007"
    assert frame["b"].tolist()[1] == [{"c": 1}]


BAD_FILES = [
    ("a.csv.gz", LINES.encode(), "no whole gzip file"),
    ("a.csv.gz", gzip.compress(LINES.encode() * 99)[:-20], "no whole gzip file"),
    ("a.csv", gzip.compress(LINES.encode()), r"line 1.*gzip.*\.gz"),
    ("a.csv", b"PAR1rest", r"line 1.*Parquet.*\.parquet"),
    ("a.csv", b"a;b\n\xed\xa0\x80;1\n", r"line 2.*half a character"),
    ("a.jsonl", b"", "a.jsonl is empty"),
    ("a.jsonl", b"\n\n", "a.jsonl is empty"),
    ("a.jsonl", b'{"a": "\\ud800"}\n', "line 1.*no JSON"),
    ("a.xls", b"", "ending '.xls'.*.xlsx"),
    ("a.parquet.gz", b"", "ending '.parquet.gz'"),
    ("a", b"a,b\n", "has no ending"),
]


@pytest.mark.parametrize(("name", "data", "word"), BAD_FILES)
def test_a_file_that_is_not_what_it_seems(tmp_path, name, data, word):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(AMSInputError, match=word):
        read_table(tmp_path / name)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(AMSInputError, match=r"There is no file .*x\.csv\."):
        read_table(tmp_path / "x.csv")


def test_options_for_files_of_another_kind_are_left_alone(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"a": "1,5"}\n')
    frame = read_table(tmp_path / "a.jsonl", sep=";", decimal=",", encoding="cp1252", sheet="A")
    assert frame["a"].tolist() == ["1,5"]


# ---------------------------------------------------------------- the odd corners of CSV


def test_excel_s_own_hint_names_the_separator(tmp_path):
    (tmp_path / "a.csv").write_text("sep=;\na;b,c\n1;2,3\n4;x\n")
    frame = read_table(tmp_path / "a.csv")
    assert frame.columns.tolist() == ["a", "b,c"]
    (tmp_path / "a.csv").write_text("sep=;\na;b\n1;2;3\n")
    with pytest.raises(AMSInputError, match="line 3: 3 cells"):
        read_table(tmp_path / "a.csv")


def test_a_mark_in_front_of_a_quoted_name_is_none_of_it(tmp_path):
    (tmp_path / "a.csv").write_bytes('\ufeff"a";"b"\n1;2\n'.encode("utf-16-le"))
    frame = read_table(tmp_path / "a.csv", encoding="utf-16-le")
    assert frame.columns.tolist() == ["a", "b"]


def test_lines_and_columns_without_any_value_are_none(tmp_path):
    (tmp_path / "a.csv").write_text("a;b;\n1;2;\n;;\n;;;;\n3;4;\n")
    frame = read_table(tmp_path / "a.csv")
    assert frame.to_numpy().tolist() == [["1", "2"], ["3", "4"]]
    assert frame.columns.tolist() == ["a", "b"]


def test_a_column_without_a_name_is_kept_if_it_holds_anything(tmp_path):
    (tmp_path / "a.csv").write_text("a;\n1;2\n")
    assert read_table(tmp_path / "a.csv").columns.tolist() == ["a", ""]


@pytest.mark.parametrize(
    ("last", "word"),
    [(b"1;2;3\n", "line 40002: 3 cells under 2"), (b"\xff;2\n", "line 40002: this is not utf-8")],
)
def test_a_mistake_far_down_is_found_with_its_line(tmp_path, last, word):
    (tmp_path / "a.csv").write_bytes(b"user_id;note\n" + b"1001;a text\n" * 40_000 + last)
    with pytest.raises(AMSInputError, match=word):
        read_table(tmp_path / "a.csv")


def test_a_quoted_text_over_the_end_of_the_sample(tmp_path):
    long = "x, " * 100_000
    (tmp_path / "a.csv").write_text(f'a;b\n1;2\n3;"{long}\n{long}"\n5;6\n')
    frame = read_table(tmp_path / "a.csv")
    assert frame["a"].tolist() == ["1", "3", "5"]
    assert len(frame["b"][1]) == 2 * len(long) + 1


def test_equal_texts_of_a_file_are_kept_once(tmp_path):
    (tmp_path / "a.csv").write_text("a;b\n" + "a longer remark;1001\n" * 20_000)
    cells = read_table(tmp_path / "a.csv")["a"].tolist()
    assert cells[0] is cells[-1]
    assert sys.getrefcount(cells[0]) >= 20_000


def test_no_message_repeats_a_value(tmp_path):
    for text in ("a;b\nSECRET;1;2\n", 'a;b\n"SECRET;1\n', "a;b\nSECRET;1,234\n"):
        (tmp_path / "a.csv").write_text(text)
        with pytest.raises(AMSInputError) as caught:
            read_table(tmp_path / "a.csv")
        assert "SECRET" not in str(caught.value)


# A line with a whole number beyond 64 bits is read by another reader, by the same rules.
LONG = b'"b": 12345678901234567890'
NO_JSON = [
    b'{"a": NaN, %s}' % LONG,
    b'{"a": -Infinity, %s}' % LONG,
    b'{"a": %s%s, %s}' % (b"[" * 100_000, b"]" * 100_000, LONG),
]


@pytest.mark.parametrize("line", NO_JSON, ids=["nan", "infinity", "deep"])
def test_a_long_number_makes_no_json_of_what_is_none(tmp_path, line):
    (tmp_path / "a.jsonl").write_bytes(b"{%s}\n%s\n" % (LONG, line))
    with pytest.raises(AMSInputError, match="line 2: this is no JSON"):
        read_table(tmp_path / "a.jsonl")


@pytest.mark.parametrize("line", ['{"a":1,"a":2}', '{"a" :1,"a":2}', '{"b":[{"a":1,"a":2}]}'])
def test_a_name_that_stands_twice_in_an_object_is_refused(tmp_path, line):
    (tmp_path / "a.jsonl").write_text(f'{{"a":1}}\n{line}\n')
    with pytest.raises(AMSInputError, match=r"line 2.*twice"):
        read_table(tmp_path / "a.jsonl")


def test_whole_numbers_of_parquet_beside_gaps_keep_their_digits(tmp_path):
    ids = [2**53 + 1, None]
    laps = [[{"n": 2**53 + 1}, {"n": None}], None]
    pq.write_table(pa.table({"id": ids, "laps": laps}), tmp_path / "a.parquet")
    frame = read_table(tmp_path / "a.parquet")
    assert frame["id"].tolist() == ids
    assert [lap["n"] for lap in frame["laps"][0]] == ids


def test_an_index_with_a_name_is_a_column_of_parquet(tmp_path):
    frame = pd.DataFrame({"username": ["ann"], "day": ["1"], "load": [5]})
    frame.set_index(["username", "day"]).to_parquet(tmp_path / "a.parquet")
    assert read_table(tmp_path / "a.parquet").to_dict("records") == frame.to_dict("records")


def test_a_day_of_parquet_beyond_the_calendar_is_refused(tmp_path):
    days = pa.array([2**30], pa.int32()).cast(pa.date32())
    pq.write_table(pa.table({"day": days}), tmp_path / "a.parquet")
    with pytest.raises(AMSInputError, match="no Parquet file"):
        read_table(tmp_path / "a.parquet")


def test_lines_that_are_nested_too_deeply_are_refused(tmp_path):
    deep = '{"a": ' + "[" * 1010 + "12345678901234567890123" + "]" * 1010 + "}"
    (tmp_path / "deep.jsonl").write_text(deep)
    with pytest.raises(AMSInputError, match="line 1"):
        read_table(tmp_path / "deep.jsonl")
