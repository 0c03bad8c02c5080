"""Excel workbooks: the cells of one sheet, as they are shown."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from airflow_provider_ams.ams.errors import AMSConfigurationError, AMSInputError
from airflow_provider_ams.ams.files.opened import opened
from airflow_provider_ams.transport.files import Location

if TYPE_CHECKING:
    from openpyxl import Workbook

_ZEROS = re.compile("00+")
_FORMULA = re.compile(rb"<(?:\w+:)?f[ />]")


def read_workbook(location: Location, sheet: str | None) -> pd.DataFrame:
    """Read a sheet whose first row with anything in it names the columns; see `read_table`.

    Raises
    ------
    AMSInputError
        It is no workbook, nothing says which sheet, or a formula's result is not in it.
    AMSConfigurationError
        What reads workbooks is not installed.
    """
    try:
        import openpyxl  # noqa: F401 - an extra
    except ModuleNotFoundError:
        raise AMSConfigurationError(
            f"{location.name} is an Excel workbook, and openpyxl is not installed.",
            hint="Run: pip install 'airflow-provider-ams[excel]'.",
        ) from None
    with opened(location) as file:
        data = file.read()
    name = location.name
    if not data:
        raise AMSInputError(f"{name} is empty: it needs a row of column names.")
    try:
        return _read(data, sheet, name)
    except AMSInputError:
        raise
    except Exception as error:  # noqa: BLE001 - sheets are parsed as their rows are taken
        raise _unreadable(name, error) from None


def _read(data: bytes, sheet: str | None, name: str) -> pd.DataFrame:
    book = _load(data, name, results=True)
    title = _sheet(book, sheet, name)
    if _has_formulas(data):
        _check_results(book, _load(data, name, results=False), title, name)
    return _frame(_rows(book, title), name)


def _load(data: bytes, name: str, *, results: bool) -> Workbook:
    import openpyxl

    try:
        return openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=results)
    except Exception as error:  # noqa: BLE001 - a broken zip or XML raises whatever it meets
        raise _unreadable(name, error) from None


def _unreadable(name: str, error: Exception) -> AMSInputError:
    return AMSInputError(
        f"{name} can't be read as an Excel workbook ({type(error).__name__}): save it as "
        ".xlsx, without a password."
    )


def _sheet(book: Workbook, sheet: str | None, name: str) -> str:
    titles: list[str] = [found.title for found in book.worksheets]
    if sheet is not None:
        if sheet not in titles:
            raise AMSInputError(
                f"{name} has no sheet {sheet!r} among its {len(titles)}: write the name as it "
                "stands on the sheet's tab, or leave it out if one sheet alone is filled."
            )
        return sheet
    filled = [title for title in titles if next(_rows(book, title), None) is not None]
    if len(filled) == 1:
        return filled[0]
    if not filled:
        raise AMSInputError(f"{name} is empty: it needs a row of column names.")
    raise AMSInputError(
        f"{name} has {len(filled)} sheets with something in them: say which, such as "
        "sheet='Sheet1'."
    )


def _rows(book: Workbook, title: str) -> Iterator[tuple[int, list[Any]]]:
    """Yield each row that holds anything, with its number."""
    sheet: Any = book[title]
    sheet.reset_dimensions()  # what a file says of its size is not to be trusted
    for number, cells in enumerate(sheet.iter_rows(), 1):
        values = [_value(cell) for cell in cells]
        if any(value is not None for value in values):
            yield number, values


def _value(cell: Any) -> Any:  # noqa: ANN401
    """Return a cell's value as it is shown."""
    value = cell.value
    if value is None or value == "":
        return None
    if isinstance(value, dt.datetime):
        from openpyxl.styles.numbers import is_datetime

        return value.date() if is_datetime(cell.number_format) == "date" else value
    zeros = type(value) is int and _ZEROS.fullmatch(str(cell.number_format))
    return f"{value:0{len(cell.number_format)}d}" if zeros else value


def _has_formulas(data: bytes) -> bool:
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        names = [n for n in packed.namelist() if n.startswith("xl/worksheets/")]
        return any(_FORMULA.search(packed.read(n)) for n in names)


def _check_results(results: Workbook, formulas: Workbook, title: str, name: str) -> None:
    """Refuse a formula that no program has worked out: its cell would count as empty."""
    from openpyxl.utils import get_column_letter

    for book in (results, formulas):
        sheet: Any = book[title]
        sheet.reset_dimensions()
    pairs = zip(
        results[title].iter_rows(values_only=True),
        formulas[title].iter_rows(values_only=True),
        strict=True,
    )
    for number, (shown, written) in enumerate(pairs, 1):
        for at, (result, formula) in enumerate(zip(shown, written, strict=True), 1):
            if result is None and formula is not None:
                raise AMSInputError(
                    f"{name}, cell {get_column_letter(at)}{number}: a formula whose result is not "
                    "in the file: open it in Excel and save it."
                )


def _frame(rows: Iterator[tuple[int, list[Any]]], name: str) -> pd.DataFrame:
    _, first = next(rows, (0, []))
    if not first:
        raise AMSInputError(f"{name} is empty: it needs a row of column names.")
    header = ["" if title is None else str(title) for title in first]
    columns: list[list[Any]] = [[] for _ in header]
    for number, values in rows:
        _check_width(values, header, number, name)
        padded = [*values, *[None] * (len(header) - len(values))]
        for column, value in zip(columns, padded, strict=False):
            column.append(value)
    kept = [n for n, title in enumerate(header) if title.strip() or _any(columns[n])]
    cells = {place: columns[n] for place, n in enumerate(kept)}
    # As objects: a column of whole numbers with gaps must not turn into floats.
    return pd.DataFrame(cells, dtype=object).set_axis([header[n] for n in kept], axis=1)


def _check_width(values: Sequence[Any], header: Sequence[str], number: int, name: str) -> None:
    if _any(values[len(header) :]):
        raise AMSInputError(
            f"{name}, row {number}: a value stands right of the {len(header)} column names: name "
            "its column, or clear the cell."
        )


def _any(values: Sequence[Any]) -> bool:
    return any(value is not None for value in values)
