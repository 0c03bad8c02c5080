"""Mistakes in files."""

from __future__ import annotations

import sys

from airflow_provider_ams.ams import read_table
from tests.ams.messages.table import mistake


@mistake("{folder}/empty.csv is empty: it needs a line of column names.")
def file_empty(at):
    read_table(at.file("empty.csv", ""))


@mistake(
    "{folder}/amb.csv, line 1: the columns may be parted by ',' or ';': say which, such as sep=';'."
)
def file_semicolon_amb(at):
    read_table(at.file("amb.csv", "user_id;start_date,note\n1001;01/01/2025,x\n"))


@mistake(
    "{folder}/latin.csv, line 2: this is not utf-8: say how the file is written, such as "
    "encoding='cp1252' (Excel on Windows)."
)
def file_latin1(at):
    read_table(at.file("latin.csv", "user_id,note\n1001,caf\xe9\n".encode("latin-1")))


@mistake(
    "{folder}/utf16.csv, line 1: this is no text (or UTF-16 without its mark): give a CSV "
    "file, or say encoding='utf-16-le'."
)
def file_utf16(at):
    read_table(at.file("utf16.csv", "user_id,note\n1001,caf\xe9\n".encode("utf-16-le")))


@mistake(
    "{folder}/l.csv can't be read: there is no encoding 'utf-99'. Leave it out, or say one "
    "that Python knows, such as 'utf-8' or 'cp1252'."
)
def file_encoding_nonsense(at):
    read_table(at.file("l.csv", "user_id,note\n1001,cafe\n"), encoding="utf-99")


@mistake(
    "{folder}/dec.csv, line 2 and below, column 'load': a comma or dot may part thousands or "
    "decimals: say which is the decimal sign, decimal=',' or decimal='.'."
)
def file_decimal(at):
    read_table(at.file("dec.csv", "user_id;load\n1001;1,234\n1002;2,500\n"))


@mistake(
    "{folder}/rag.csv, line 3: 3 cells under 2 column names; quote cells that hold the "
    "separator, or say which it is, such as sep=';'."
)
def file_ragged(at):
    read_table(at.file("rag.csv", "user_id,note\n1001,a\n1002,b,c\n"))


@mistake(
    "{folder}/b.csv, line 1: this is no text but an Excel workbook or another zip file: name "
    "a workbook .xlsx."
)
def file_binary(at):
    import openpyxl

    b = openpyxl.Workbook()
    b.active.append(["user_id"])
    b.active.append([1])
    p = at.folder / "b.xlsx"
    b.save(p)
    read_table(at.file("b.csv", p.read_bytes()))


@mistake(
    "{folder}/nul.csv, line 2: this is no text (or UTF-16 without its mark): give a CSV "
    "file, or say encoding='utf-16-le'."
)
def file_nul(at):
    read_table(at.file("nul.csv", b"user_id,note\n1001,a\x00b\n"))


@mistake(
    "There is no file {folder}/missing.csv. Check the path, and that it may be read where "
    "this runs."
)
def file_missing(at):
    read_table(at.folder / "missing.csv")


@mistake(
    "There is no file {folder}/nope/missing.csv, and no such folder. Check the path, and "
    "that it may be read where this runs."
)
def file_folder_missing(at):
    read_table(at.folder / "nope" / "missing.csv")


@mistake(
    "{folder}/dir.csv can't be opened: Is a directory. Check the path, and that it may be "
    "read where this runs."
)
def file_is_folder(at):
    (at.folder / "dir.csv").mkdir(exist_ok=True)
    read_table(at.folder / "dir.csv")


@mistake(
    "{folder}/data.xls has the ending '.xls'; it must be one of .csv, .tsv, .txt, .jsonl, "
    ".ndjson, .parquet, .pq, .xlsx, .xlsm, and texts may have .gz behind it. Save an older "
    "Excel file as .xlsx."
)
def file_ending(at):
    read_table(at.file("data.xls", b"x"))


@mistake(
    "{folder}/data has no ending; it must be one of .csv, .tsv, .txt, .jsonl, .ndjson, "
    ".parquet, .pq, .xlsx, .xlsm, and texts may have .gz behind it."
)
def file_no_ending(at):
    read_table(at.file("data", b"x"))


@mistake(
    "{folder}/book.xlsx is an Excel workbook, and openpyxl is not installed. Run: pip "
    "install 'airflow-provider-ams[excel]'."
)
def excel_extra(at):
    at.monkeypatch.setitem(sys.modules, "openpyxl", None)
    read_table(at.file("book.xlsx", b"PK"))


@mistake(
    "{folder}/s.xlsx has no sheet 'Shee' among its 1: write the name as it stands on the "
    "sheet's tab, or leave it out if one sheet alone is filled."
)
def excel_sheet(at):
    import openpyxl

    b = openpyxl.Workbook()
    b.active.append(["user_id"])
    b.active.append([1])
    p = at.folder / "s.xlsx"
    b.save(p)
    read_table(p, sheet="Sheet")
    read_table(p, sheet="Shee")


@mistake("{folder}/s.xlsx has 2 sheets with something in them: say which, such as sheet='Sheet1'.")
def excel_sheets(at):
    import openpyxl

    b = openpyxl.Workbook()
    b.active.append(["user_id"])
    b.create_sheet("Two").append(["x"])
    p = at.folder / "s.xlsx"
    b.save(p)
    read_table(p)


@mistake("{folder}/x.parquet is no Parquet file (ArrowInvalid): write it again.")
def parquet_broken(at):
    read_table(at.file("x.parquet", b"PKxx"))


@mistake(
    "{folder}/x.jsonl, line 2: this is no JSON in UTF-8, or a name stands twice in an object; "
    "write one whole object in each line."
)
def jsonl_broken(at):
    read_table(at.file("x.jsonl", '{"a": 1}\n{"a": \n'))


@mistake("{folder}/x.jsonl, line 1: this is a list; each line must hold one object (dicts).")
def jsonl_list(at):
    read_table(at.file("x.jsonl", "[1]\n"))


@mistake("{folder}/x.csv.gz is no whole gzip file: copy it again, or drop the ending .gz.")
def gz_broken(at):
    read_table(at.file("x.csv.gz", b"abc"))


@mistake(
    "{folder}/q.csv, line 2: a quotation mark has no counterpart; double it within a quoted "
    'text ("").'
)
def csv_quote(at):
    read_table(at.file("q.csv", 'user_id,note\n1001,"open\n1002,x\n'))


@mistake(
    "{folder}/commas.csv, line 2: 4 cells under 3 column names; quote cells that hold the "
    "separator, or say which it is, such as sep=';'."
)
def file_semicolon_in_commas(at):
    read_table(at.file("commas.csv", "user_id,start_date,note\n1001,01/01/2025,a,b\n"))
