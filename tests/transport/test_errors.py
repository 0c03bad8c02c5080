from __future__ import annotations

import pytest

from airflow_provider_ams.transport import ClientError, describe_rows


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
            "It broke. [track, HTTP 500] (rows 2 of them, by the labels in .rows) Mend it.",
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


def test_labels_that_may_be_names_are_shown_as_positions():
    assert describe_rows([5, 7], [0, 1]) == "5, 7"
    assert describe_rows(["Ann", "Bob"], [3, 8]) == "by position: 3, 8"
    assert "Ann" not in describe_rows(["Ann", 3])
    assert ClientError("It broke.", rows=["Ann"]).rows == ["Ann"]


def test_an_error_without_rows_has_none():
    assert ClientError("It broke.").rows == []
