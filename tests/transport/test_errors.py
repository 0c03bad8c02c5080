from __future__ import annotations

import pytest

from airflow_provider_ams.transport import ClientError


class Told(ClientError):
    rows_told = True


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ClientError("It broke."), "It broke."),
        (ClientError("It broke.", hint="Mend it."), "It broke. Mend it."),
        (ClientError("It broke.", status=500), "It broke. [HTTP 500]"),
        (
            ClientError("It broke.", endpoint="track", status=500, rows=["a", 2], hint="Mend it."),
            "It broke. [track, HTTP 500] (rows a, 2) Mend it.",
        ),
        (
            ClientError("It broke.", rows=range(12)),
            "It broke. (rows 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more)",
        ),
        (Told("Row 2 broke.", rows=[2], hint="Mend it."), "Row 2 broke. Mend it."),
    ],
)
def test_what_where_which_rows_and_what_next(error, text):
    assert str(error) == text
    assert error.result is None


def test_an_error_without_rows_has_none():
    assert ClientError("It broke.").rows == []
