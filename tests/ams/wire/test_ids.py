"""What counts as an id."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from airflow_provider_ams.ams.wire.ids import as_id

GOOD = [
    (1, 1), ("12", 12), (" 12 ", 12), ("007", 7), (5.0, 5), (np.int64(5), 5), (np.float64(5), 5),
    (np.uint64(2**63 - 1), 2**63 - 1), (Decimal(7), 7), (2**63 - 1, 2**63 - 1),
    (2.0**53 - 1, 2**53 - 1),
]  # fmt: skip
BAD = [
    None, True, np.bool_(True), 0, -1, 2**63, "0", "-5", "1.0", "5e3", "", " ", "٣", "9" * 5000,
    5.5, float("nan"), float("inf"), 2.0**53, 1e300, np.uint64(2**63), pd.NA, pd.NaT, [], {}, b"5",
    Decimal("7.5"), Decimal("Infinity"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "number"), GOOD)
def test_ids(value, number):
    assert as_id(value) == number
    assert type(as_id(value)) is int


@pytest.mark.parametrize("value", BAD, ids=repr)
def test_no_ids(value):
    assert as_id(value) is None
