"""Excel workbooks: cells as they are shown, and what is refused."""

from __future__ import annotations

import datetime as dt
import sys
import zipfile

import openpyxl
import pytest

from airflow_provider_ams.ams import AMSConfigurationError, AMSInputError, read_table


def saved(path, *rows, formats=(), sheets=()):
    """Write rows into a workbook; `formats` are (cell, number format)."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for cell, form in formats:
        book.active[cell].number_format = form
    for title, cell in sheets:
        book.create_sheet(title)["B2"] = cell
    book.save(path)
    return path


def test_cells_are_what_they_are_shown_as(tmp_path):
    rows = [
        ["username", "start_date", "at", "load", "code", "id", "note"],
        ["ann", dt.datetime(2025, 1, 31), dt.time(9, 30), 7.5, 7, "007", None],
        ["bob", dt.datetime(2025, 2, 1), dt.time(14, 0), 100000, 12, "010", "x"],
    ]
    formats = [("B2", "dd/mm/yyyy"), ("B3", "yyyy-mm-dd"), ("E2", "000"), ("E3", "000")]
    frame = read_table(saved(tmp_path / "a.xlsx", *rows, formats=formats))
    assert frame.columns.tolist() == rows[0]
    assert frame["start_date"].tolist() == [dt.date(2025, 1, 31), dt.date(2025, 2, 1)]
    assert frame["at"].tolist() == [dt.time(9, 30), dt.time(14, 0)]
    assert frame["load"].tolist() == [7.5, 100000]
    assert frame["code"].tolist() == ["007", "012"]
    assert frame["id"].tolist() == ["007", "010"]
    assert frame["note"].isna().tolist() == [True, False]


def test_a_format_with_a_time_makes_a_date_time(tmp_path):
    start = dt.datetime(2025, 1, 31)
    path = saved(tmp_path / "a.xlsx", ["s"], [start], formats=[("A2", "yyyy-mm-dd hh:mm")])
    assert read_table(path)["s"].tolist() == [start]


def test_empty_rows_and_columns_are_none(tmp_path):
    path = saved(tmp_path / "a.xlsx", [], ["a", None, "b"], [], [1, None, 2], [None] * 3)
    assert read_table(path).to_numpy().tolist() == [[1, 2]]


def test_a_header_alone_is_a_frame_without_rows(tmp_path):
    frame = read_table(saved(tmp_path / "a.xlsx", ["a", "b"]))
    assert (frame.columns.tolist(), len(frame)) == (["a", "b"], 0)


def test_one_of_several_sheets_is_asked_for(tmp_path):
    path = saved(tmp_path / "a.xlsx", ["a"], [1], sheets=[("Ann Vale", "b")])
    with pytest.raises(AMSInputError, match=r"2 sheets.*sheet=") as caught:
        read_table(path)
    assert "Vale" not in str(caught.value), "a sheet may be called as an athlete is"
    assert read_table(path, sheet="Sheet")["a"].tolist() == [1]
    with pytest.raises(AMSInputError, match="no sheet 'Other'"):
        read_table(path, sheet="Other")


def test_a_sheet_without_anything_is_none_of_them(tmp_path):
    assert read_table(saved(tmp_path / "a.xlsx", ["a"], [1], sheets=[("Empty", None)])).size == 1


def test_a_formula_that_nobody_has_worked_out_is_not_an_empty_cell(tmp_path):
    with pytest.raises(AMSInputError, match=r"cell B2: a formula.*save it"):
        read_table(saved(tmp_path / "a.xlsx", ["a", "b"], [1, "=A2*2"]))


def test_a_value_without_a_name_above_it_is_refused(tmp_path):
    with pytest.raises(AMSInputError, match="row 2: a value stands right of the 1 column"):
        read_table(saved(tmp_path / "a.xlsx", ["a"], [1, 2]))


@pytest.mark.parametrize(
    ("data", "word"), [(b"", "is empty"), (b"a,b\n1,2\n", "can't be read as an Excel workbook")]
)
def test_what_is_no_workbook_is_refused(tmp_path, data, word):
    (tmp_path / "a.xlsx").write_bytes(data)
    with pytest.raises(AMSInputError, match=f"a.xlsx {word}"):
        read_table(tmp_path / "a.xlsx")


def test_a_zip_that_is_no_workbook_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as packed:
        packed.writestr("a.txt", "text")
    with pytest.raises(AMSInputError, match="can't be read as an Excel workbook"):
        read_table(tmp_path / "a.xlsx")


def test_a_workbook_without_any_value_is_refused(tmp_path):
    path = saved(tmp_path / "a.xlsx")
    for sheet in (None, "Sheet"):
        with pytest.raises(AMSInputError, match="is empty"):
            read_table(path, sheet=sheet)


def test_what_to_install_is_said(tmp_path, monkeypatch):
    path = saved(tmp_path / "a.xlsx", ["a"], [1])
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(AMSConfigurationError, match=r"airflow-provider-ams\[excel\]"):
        read_table(path)


def test_a_sheet_that_breaks_off_is_refused(tmp_path):
    whole = saved(tmp_path / "whole.xlsx", ["a"], [1], [2])
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(tmp_path / "a.xlsx", "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, data[: len(data) // 2] if "sheet1" in name else data)
    with pytest.raises(AMSInputError, match="can't be read as an Excel workbook"):
        read_table(tmp_path / "a.xlsx")
