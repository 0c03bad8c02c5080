"""Numbers with a decimal comma, as AMS takes them: with a dot."""

from __future__ import annotations

import re
from collections.abc import Sequence

from airflow_provider_ams.ams.errors import AMSInputError

Cells = list["str | None"]
_COMMA_NUMBER = re.compile(r"[+-]?\d+,\d+", re.ASCII)
_WHOLE_OR_COMMA = re.compile(r"[+-]?\d+(?:,\d+)?", re.ASCII)
# "1,234" is a thousand and more, or one and a bit.
_MAYBE_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)
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
        The comma, or a dot beside it, may part thousands or decimals.
    """
    if decimal == "." or (decimal is None and sep == ","):
        return
    if decimal is None:
        chosen = [number for number, cells in enumerate(columns) if _all_numbers(cells)]
        unsure = [n for n in chosen if all(map(_either, columns[n]))]
        if unsure and len(unsure) == len(chosen):
            raise AMSInputError(
                f"{name}, line 2 and below, column {header[unsure[0]]!r}: the comma may part "
                "thousands or decimals: say decimal=',' or decimal='.'."
            )
    else:
        chosen = list(range(len(columns)))
    if chosen:
        _ungroup(columns, header, name)
    for number in chosen:
        columns[number] = [
            cell.replace(",", ".") if cell and _COMMA_NUMBER.fullmatch(cell) else cell
            for cell in columns[number]
        ]


def _ungroup(columns: list[Cells], header: Sequence[str], name: str) -> None:
    """Take dots out that part thousands: beside decimal commas, 1.100 is no 1.1."""
    for number, cells in enumerate(columns):
        held = [cell for cell in cells if cell is not None]
        grouped = [cell for cell in held if _GROUPED.fullmatch(cell)]
        if not grouped or not all(map(_is_number, held)):
            continue
        if not any("," in cell for cell in held):
            raise AMSInputError(
                f"{name}, line 2 and below, column {header[number]!r}: the file has decimal "
                "commas, and a dot may part thousands or decimals: write the column without it."
            )
        columns[number] = [
            cell.replace(".", "").replace(",", ".") if cell is not None else None for cell in cells
        ]


def _all_numbers(cells: Cells) -> bool:
    held = [cell for cell in cells if cell is not None]
    return any("," in cell for cell in held) and all(map(_is_number, held))


def _is_number(cell: str) -> bool:
    return bool(_WHOLE_OR_COMMA.fullmatch(cell) or _GROUPED.fullmatch(cell))


def _either(cell: str | None) -> bool:
    return cell is None or "," not in cell or bool(_MAYBE_THOUSANDS.fullmatch(cell))
