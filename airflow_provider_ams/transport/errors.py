"""One base for the errors of the client libraries, and one format for their messages."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

_ROWS_SHOWN = 10


class ClientError(Exception):
    """What happened, where, to which rows, and what to do next.

    Parameters
    ----------
    message : str
        What happened.
    endpoint : str, optional
        The endpoint concerned.
    status : int, optional
        HTTP status of the reply.
    rows : sequence, optional
        The input rows concerned: index labels, or where a file has them.
    hint : str, optional
        What to do next.

    Attributes
    ----------
    result : object or None
        How far a run came, if one had begun.
    """

    #: The message names the rows already.
    rows_told = False

    def __init__(
        self,
        message: str,
        *,
        endpoint: str | None = None,
        status: int | None = None,
        rows: Sequence[Any] | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.endpoint = endpoint
        self.status = status
        self.rows = list(rows) if rows is not None else []
        self.hint = hint
        self.result: Any = None

    def __reduce__(self) -> tuple[Any, ...]:
        # Errors travel between processes with all that they carry.
        return _rebuilt, (type(self), self.args, self.__dict__)

    def __str__(self) -> str:
        parts = [self.message]
        where = [self.endpoint, f"HTTP {self.status}" if self.status else None]
        if any(where):
            parts.append(f"[{', '.join(w for w in where if w)}]")
        if self.rows and not self.rows_told:
            parts.append(f"(rows {describe_rows(self.rows)})")
        if self.hint:
            parts.append(self.hint)
        return " ".join(parts)


def _rebuilt(kind: type[ClientError], args: tuple[Any, ...], state: dict[str, Any]) -> ClientError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


def describe_rows(rows: Sequence[Any], positions: Sequence[int] | None = None) -> str:
    """Return whole-number labels as text, the first ten of them and how many more.

    Other labels may be athletes' names: in their place stand the rows' positions in the input,
    from 0 on, or their number alone where positions are not known.

    Parameters
    ----------
    rows : sequence
        Index labels.
    positions : sequence of int, optional
        Where the same rows are.
    """
    known = rows if all(_is_number(row) for row in rows) else positions
    if known is None or len(known) != len(rows):
        return f"{len(rows)} of them, by the labels in .rows"
    shown = ", ".join(str(row) for row in known[:_ROWS_SHOWN])
    text = shown if known is rows else f"by position: {shown}"
    more = len(rows) - _ROWS_SHOWN
    return f"{text} and {more} more" if more > 0 else text


def _is_number(label: object) -> bool:
    return isinstance(label, Integral) and not isinstance(label, bool)
