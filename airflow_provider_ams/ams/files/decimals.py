"""Numbers with a decimal comma, as AMS takes them: with a dot."""

from __future__ import annotations

import re
from collections.abc import Sequence

from airflow_provider_ams.ams.errors import AMSInputError

Cells = list["str | None"]
_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)
_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)
_DOT = re.compile(r"[+-]?\d+\.\d+", re.ASCII)
# "1,234" is a thousand and more, or one and a bit; so is "1.234".
_MAYBE_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}[,.]\d{3}", re.ASCII)
# Beside a decimal comma a dot parts thousands.
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?:\.\d{3})+(?:,\d+)?", re.ASCII)


def dot_decimals(
    columns: list[Cells], header: Sequence[str], sep: str, decimal: str | None, name: str
) -> None:
    """Write numbers with a decimal comma with a dot, in place.

    Parameters
    ----------
    columns : list of list
        Cells; changed.
    header : sequence of str
        Their names.
    sep : str
        What parts the cells: a comma can't be the decimal sign as well, unless it is given.
    decimal : str or None
        ``,`` or ``.``; None: to be found out.
    name : str
        Of the file.

    Raises
    ------
    AMSInputError
        A comma or a dot may part thousands or decimals.
    """
    if decimal == "." or (decimal is None and sep == ","):
        return
    if decimal is None and not _has_decimal_commas(columns, header, name):
        return
    for number, cells in enumerate(columns):
        held = {cell for cell in cells if cell is not None}
        if any(map(_GROUPED.fullmatch, held)) and all(map(_is_number, held)):
            plain = {cell: cell.replace(".", "").replace(",", ".") for cell in held}
        elif decimal == "," or all(map(_is_number, held)):
            plain = {cell: cell.replace(",", ".") for cell in held if _COMMA.fullmatch(cell)}
        else:
            continue
        if plain:
            columns[number] = [cell and plain.get(cell, cell) for cell in cells]


def _has_decimal_commas(columns: Sequence[Cells], header: Sequence[str], name: str) -> bool:
    """Tell what the decimal sign of a file is, by its columns that hold nothing but numbers."""
    commas = dots = False
    comma_or_group: list[str] = []
    dot_or_group: list[str] = []
    for title, cells in zip(header, columns, strict=True):
        held = {cell for cell in cells if cell is not None}
        with_comma = [cell for cell in held if "," in cell]
        with_dot = [cell for cell in held if "." in cell]
        if with_comma and all(map(_is_number, held)):
            sure = not all(map(_MAYBE_THOUSANDS.fullmatch, with_comma))
            commas |= sure
            comma_or_group += [] if sure else [title]
        elif with_dot and all(_WHOLE.fullmatch(c) or _DOT.fullmatch(c) for c in held):
            sure = not all(map(_MAYBE_THOUSANDS.fullmatch, with_dot))
            dots |= sure
            dot_or_group += [] if sure else [title]
    # Beside decimal commas "1.100" may be a number, or a code that must not be touched.
    doubtful = dot_or_group if commas or not dots else []
    doubtful += comma_or_group if commas == dots else []
    if doubtful:
        raise AMSInputError(
            f"{name}, line 2 and below, column {doubtful[0]!r}: a comma or dot may part thousands "
            "or decimals: say which is the decimal sign, decimal=',' or decimal='.'."
        )
    return commas


def _is_number(cell: str) -> bool:
    return bool(_WHOLE.fullmatch(cell) or _COMMA.fullmatch(cell) or _GROUPED.fullmatch(cell))
