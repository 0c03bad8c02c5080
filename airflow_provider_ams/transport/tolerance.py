"""How many rejected rows a run puts up with."""

from __future__ import annotations

Tolerance = int | str | None


def rejected_limit(tolerance: Tolerance, rows: int) -> float:
    """Return how many rejected rows a run over so many rows puts up with.

    Parameters
    ----------
    tolerance : int, str or None
        None (no rejected row), a number of rows, a percentage such as ``"2%"``, or ``"all"``.
    rows : int
        Input rows.

    Raises
    ------
    ValueError
        Any other value; the text says what it may be.
    """
    if tolerance is None:
        return 0
    if tolerance == "all":
        return float("inf")
    if isinstance(tolerance, int) and not isinstance(tolerance, bool) and tolerance >= 0:
        return tolerance
    if isinstance(tolerance, str) and tolerance.endswith("%"):
        try:
            percent = float(tolerance[:-1])
        except ValueError:
            percent = -1.0
        if 0 <= percent <= 100:
            return rows * percent / 100
    raise ValueError(
        f"tolerance is {tolerance!r}; it must be None, a number of rows, "
        "a percentage such as '2%', or 'all'."
    )
