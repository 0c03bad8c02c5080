from __future__ import annotations

import pytest

from airflow_provider_ams.transport import rejected_limit


@pytest.mark.parametrize(
    ("tolerance", "rows", "limit"),
    [
        (None, 100, 0),
        (0, 100, 0),
        (7, 100, 7),
        ("2%", 100, 2),
        ("0.5%", 1000, 5),
        ("2%", 10, 0.2),
        ("100%", 3, 3),
        ("all", 3, float("inf")),
    ],
)
def test_how_many_rows_may_be_rejected(tolerance, rows, limit):
    assert rejected_limit(tolerance, rows) == limit


@pytest.mark.parametrize(
    "tolerance", [-1, True, 1.5, "2", "x%", "-1%", "101%", "nan%", "ALL", "", [1]]
)
def test_what_is_no_tolerance(tolerance):
    with pytest.raises(ValueError, match="must be None, a number of rows, a percentage"):
        rejected_limit(tolerance, 10)
