"""Frame columns <-> the texts that AMS keeps, without loss.

AMS takes every value as text, whatever the field's type: numbers as plain decimal text with a dot,
dates as ``dd/MM/yyyy``, times as ``h:mm AM``. A missing cell is left out.
"""

from __future__ import annotations

import datetime as dt
import enum
import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype

from airflow_provider_ams.ams.errors import AMSInputError

Texts = list["str | None"]


class ValueProblem(ValueError):
    """A value that has no text form in AMS; the message says what to do."""


def float_text(value: float) -> str:
    """Return a float as the shortest decimal text that reads back equal, never with an exponent."""
    if value.is_integer():
        return str(int(value)) if abs(value) < 1e16 else format(Decimal(repr(value)), "f")
    text = repr(value)
    return format(Decimal(text), "f") if "e" in text else text


def decimal_text(value: Decimal) -> str:
    """Return a Decimal as plain decimal text, every digit kept."""
    if not value.is_finite():
        raise ValueProblem("holds an infinite number")
    return format(value, "f")


def date_text(value: dt.date) -> str:
    """Return a date as ``dd/MM/yyyy``."""
    return f"{value.day:02d}/{value.month:02d}/{value.year:04d}"


def time_text(value: dt.time) -> str:
    """Return a time as ``h:mm AM``; AMS keeps no seconds."""
    if value.second or value.microsecond:
        raise ValueProblem("holds seconds, which AMS times can't; round the times to minutes")
    return f"{value.hour % 12 or 12}:{value.minute:02d} {'PM' if value.hour >= 12 else 'AM'}"


def datetime_text(value: dt.datetime) -> str:
    """Return a date-time at midnight as a date; AMS has date fields and time fields, not both."""
    if value.tzinfo is not None:
        raise ValueProblem(
            "holds times with a zone, AMS keeps wall-clock text; convert and split them first"
        )
    if (value.hour, value.minute, value.second, value.microsecond) != (0, 0, 0, 0):
        raise ValueProblem("holds date-times; split them into a date column and a time column")
    return date_text(value)


def cell_text(value: Any, booleans: tuple[str, str] | None) -> str | None:  # noqa: ANN401
    """Return the text of a single value; None if it is missing.

    Raises
    ------
    ValueProblem
        The value has no text form.
    """
    if isinstance(value, str):
        return str.__str__(value) or None  # enums and numpy texts, too, as plain text
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    for kind, convert in _CONVERTERS:
        if isinstance(value, kind):
            return convert(value, booleans)
    raise ValueProblem(f"holds {type(value).__name__} values, which have no text form in AMS")


def _boolean(value: object, booleans: tuple[str, str] | None) -> str:
    if booleans is None:
        raise ValueProblem(
            "holds booleans, which AMS does not know: give the form's own option texts with "
            "boolean_text=('Yes', 'No')"
        )
    return booleans[0] if value else booleans[1]


def _float(value: Any, _: object) -> str | None:  # noqa: ANN401
    if math.isnan(value):
        return None
    if math.isinf(value):
        raise ValueProblem("holds an infinite number")
    if isinstance(value, np.floating) and not isinstance(value, float):
        if isinstance(value, np.float16) and value == np.trunc(value):
            return str(int(value))
        # float32 and float16: their own shortest text, not that of the widened value.
        return format(Decimal(str(value)), "f").removesuffix(".0")
    return float_text(float(value))


# Order matters: bool is an int, datetime is a date.
_CONVERTERS: tuple[tuple[Any, Callable[[Any, Any], str | None]], ...] = (
    (enum.Enum, lambda v, b: cell_text(v.value, b)),
    ((bool, np.bool_), _boolean),
    ((int, np.integer), lambda v, _: str(int(v))),
    ((float, np.floating), _float),
    (Decimal, lambda v, _: None if v.is_nan() else decimal_text(v)),
    (np.datetime64, lambda v, b: cell_text(pd.Timestamp(v).to_pydatetime(), b)),
    (dt.datetime, lambda v, _: datetime_text(v)),
    (dt.date, lambda v, _: date_text(v)),
    (dt.time, lambda v, _: time_text(v)),
)


def is_encodable(text: str) -> bool:
    """Tell whether a text can be sent: half of a surrogate pair is no character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def column_texts(
    column: pd.Series[Any],
    booleans: tuple[str, str] | None = None,
    labels: Any = None,  # noqa: ANN401
) -> Texts:
    """Convert a column to AMS texts, one for each row, None for missing cells.

    Parameters
    ----------
    column : Series
        Any dtype of numbers, text, dates, times, categories, enums, or objects of these.
    booleans : tuple of str, optional
        Texts for True and False.
    labels : Index, optional
        Row labels to name in errors; those of the column if left out.

    Raises
    ------
    AMSInputError
        Values without a text form, with their rows.
    """
    texts, problems = read_texts(column, booleans)
    if problems:
        what, where = next(iter(problems.items()))
        index = list(column.index if labels is None else labels)
        raise AMSInputError(
            f"DataFrame is invalid: column {column.name!r} {what}.", rows=[index[i] for i in where]
        )
    return texts


def read_texts(
    column: pd.Series[Any], booleans: tuple[str, str] | None = None
) -> tuple[Texts, dict[str, list[int]]]:
    """Convert a column as `column_texts` does; return problems with their positions, too."""
    fast = _whole_column(column, booleans)
    texts, problems = (fast, {}) if fast is not None else _by_value(_cells(column), booleans)
    if _may_be_broken(column.dtype, fast is not None) and not is_encodable(
        "".join(filter(None, texts))
    ):
        _drop_unsendable(texts, problems)
    return texts, problems


def _may_be_broken(dtype: Any, whole: bool) -> bool:  # noqa: ANN401
    """Tell whether texts may hold half characters: Arrow's can't, categories were looked at."""
    if isinstance(dtype, pd.CategoricalDtype):
        return not whole
    arrow = isinstance(dtype, pd.ArrowDtype) or getattr(dtype, "storage", "") == "pyarrow"
    return dtype.kind == "O" and not arrow


def _drop_unsendable(texts: Texts, problems: dict[str, list[int]]) -> None:
    what = "holds half a character (a lone surrogate), which can't be sent; mend the text"
    for position, text in enumerate(texts):
        if text is not None and not is_encodable(text):
            problems.setdefault(what, []).append(position)
            texts[position] = None


def _whole_column(column: pd.Series[Any], booleans: tuple[str, str] | None) -> Texts | None:
    """Convert the dtypes that need no look at each value; None for the others."""
    dtype: Any = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return _categories(column, booleans)
    strings = isinstance(dtype, pd.StringDtype)
    if strings or (dtype == np.dtype(object) and infer_dtype(column, skipna=True) == "string"):
        # Gaps become None in one go; one by one they cost more than the texts.
        values: Any = column  # the stubs know of no gaps that are None
        cells = values.to_numpy(dtype=object, na_value=None) if strings else values
        return [
            v or None if v is None or type(v) is str else cell_text(v, None) for v in cells.tolist()
        ]
    if dtype.kind == "M" and isinstance(dtype, np.dtype):
        return _days(column)
    if dtype.kind in "iu" and isinstance(getattr(dtype, "numpy_dtype", dtype), np.dtype):
        values = column.to_numpy(dtype=getattr(dtype, "numpy_dtype", dtype), na_value=0)
        return _with_gaps(list(map(str, values.tolist())), column.isna().to_numpy())
    return _floats(column.to_numpy()) if dtype == np.dtype(np.float64) else None


def _with_gaps(texts: list[str], missing: Any) -> Texts:  # noqa: ANN401
    filled: Texts = [*texts]
    for position in np.flatnonzero(missing).tolist():
        filled[position] = None
    return filled


def _categories(column: pd.Series[Any], booleans: tuple[str, str] | None) -> Texts | None:
    texts, problems = read_texts(pd.Series(column.cat.categories), booleans)
    texts.append(None)  # the code of a missing cell is -1
    return None if problems else [texts[code] for code in column.cat.codes.tolist()]


def _days(column: pd.Series[Any]) -> Texts | None:
    codes, days = pd.factorize(column)
    if (days != pd.DatetimeIndex(days).normalize()).any():
        return None
    texts = [*(date_text(day) for day in days), None]
    return [texts[code] for code in codes.tolist()]


def _floats(values: Any) -> Texts | None:  # noqa: ANN401
    if np.isinf(values).any():
        return None
    missing, size = np.isnan(values), np.abs(values)
    if ((np.trunc(values) == values) & (size < _EXACT_IN_FLOAT) | missing).all():
        whole = np.where(missing, 0, values).astype(np.int64)
        return _with_gaps(list(map(str, whole.tolist())), missing)
    texts = [t[:-2] if t[-2:] == ".0" else t for t in map(repr, values.tolist())]
    # Python writes these with an exponent or with the sign of zero.
    odd = (size >= 1e16) | ((size < 1e-4) & (size > 0)) | ((size == 0) & np.signbit(values))
    for position in np.flatnonzero(odd).tolist():
        texts[position] = float_text(float(values[position]))
    return _with_gaps(texts, missing)


def _cells(column: pd.Series[Any]) -> list[Any]:
    """Return a column's values, narrow floats as they are: widened, 0.1 would be 0.10000000149."""
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        categories = [*_cells(pd.Series(dtype.categories)), None]
        return [categories[code] for code in column.cat.codes.tolist()]
    if dtype.kind == "f" and dtype != np.float64:
        # Extension dtypes name their numpy dtype; Float64 and double[pyarrow] gain nothing here.
        width: Any = getattr(dtype, "numpy_dtype", dtype)
        return list(column.to_numpy(dtype=width, na_value=np.nan))
    return column.tolist()


def _by_value(
    values: list[Any], booleans: tuple[str, str] | None
) -> tuple[Texts, dict[str, list[int]]]:
    # Columns of categories, dates and enums repeat few values: convert each once.
    known: dict[tuple[type, Any], str | None] = {}
    texts: Texts = []
    problems: dict[str, list[int]] = {}
    for position, value in enumerate(values):
        if type(value) is str:
            texts.append(value or None)
            continue
        try:
            # Decimals that are equal may differ in digits: 1.5 and 1.50.
            key = (type(value), str(value) if isinstance(value, Decimal) else value)
            if key not in known:
                known[key] = cell_text(value, booleans)
            texts.append(known[key])
        except ValueProblem as problem:
            problems.setdefault(str(problem), []).append(position)
            texts.append(None)
        except TypeError:  # unhashable: lists, dicts, arrays
            what = f"holds {type(value).__name__} values, which have no text form in AMS"
            problems.setdefault(what, []).append(position)
            texts.append(None)
        except (ValueError, ArithmeticError):  # Python writes no whole number of 5000 digits
            problems.setdefault("holds a number that is too long", []).append(position)
            texts.append(None)
    return texts, problems


# ---------------------------------------------------------------- text -> column

# Bounded: a few more signs in an exponent would make a number that fills the memory.
_INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,399})")
# Java's text of a double: 7.5, 5.0, 1.78432026E9. AMS shows numbers so; other spellings of a
# number (007, 1.50, +3, 1e5) can only come from a text field and are left alone.
_DECIMAL = re.compile(r"-?(?:0|[1-9]\d{0,399})\.(?:\d{0,399}[1-9]|0)")
_SCIENTIFIC = re.compile(r"-?[1-9]\.(?:\d{0,399}[1-9]|0)E(?:-?[1-9]\d{0,2})")
_EXACT_IN_FLOAT = 2**53
_INT64 = 2**63


def parse_number(text: str) -> int | Decimal | None:
    """Read a number as AMS writes numbers; None for any other text.

    Whole numbers come back as int, also from ``1.78432026E9`` and ``5.0``.
    """
    if _INTEGER.fullmatch(text):
        return int(text) if text != "-0" else None
    if _DECIMAL.fullmatch(text) or _SCIENTIFIC.fullmatch(text):
        number = Decimal(text)
        return int(number) if number == number.to_integral_value() else number
    return None


def parse_column(texts: Texts) -> pd.Series[Any]:
    """Return a column with its numbers as numbers, if all of them survive it; else as text.

    Parameters
    ----------
    texts : list of str or None
        Values as AMS gave them.

    Returns
    -------
    Series
        ``int64`` or ``Int64`` (with gaps) for whole numbers, ``float64`` for numbers whose every
        digit a float holds, else ``object`` text with None for gaps.
    """
    numbers = _numbers(texts)
    if numbers is None:
        return pd.Series(texts, dtype=object)
    present = [n for n in numbers.values()]
    if all(isinstance(n, int) for n in present):
        gaps = None in set(texts)
        values = [None if t is None else numbers[t] for t in texts]
        return pd.Series(values, dtype="Int64" if gaps else "int64")
    floats = {t: float(n) for t, n in numbers.items()}
    return pd.Series([math.nan if t is None else floats[t] for t in texts], dtype="float64")


def _numbers(texts: Texts) -> dict[str, int | Decimal] | None:
    found: dict[str, int | Decimal] = {}
    for text in set(texts):
        if text is None:
            continue
        number = parse_number(text)
        if number is None or not -_INT64 <= number < _INT64:
            return None
        found[text] = number
    if not found:
        return None
    if all(isinstance(n, int) for n in found.values()):
        return found
    return found if all(_float_holds(n) for n in found.values()) else None


def _float_holds(number: int | Decimal) -> bool:
    if isinstance(number, int):
        return abs(number) <= _EXACT_IN_FLOAT
    return Decimal(repr(float(number))) == number
