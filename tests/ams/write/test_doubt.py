"""Why nobody can tell whether a stored event is the one that was sent."""

from __future__ import annotations

import pytest

from airflow_provider_ams.ams.write.match import Comparison
from tests.ams.write.test_match import events, schema, snapshot


@pytest.mark.parametrize(
    ("kind", "sent", "stored", "zone", "why"),
    [
        ("unknown", "5", "5.0", None, "types"),
        ("unknown", "a\nb", "a<br>b", None, "types"),
        ("text", "long text", "long", None, "cut"),
        ("unknown", "long text", "long", None, "cut"),
        ("date", "15/04/2019", "1555243200000", None, "timezone"),  # noon of the day before
        ("date", "15/04/2019", "1555261200000", "Australia/Perth", "timezone"),
        ("date", "15/04/2019", "1555243200000", "Pacific/Auckland", None),
        ("unknown", "15/04/2019 9:23 PM", "1555363380000", None, "moment"),
        ("unknown", "15/04/2019 9:23 PM", "2019-04-15T21:23", None, "moment"),
        ("unknown", "15/04/2019 9:23 PM", "1655363380000", None, "-"),
        ("date", "15/04/2019", "1556243200000", None, "-"),
        ("date", "15/04/2019", "1555372800000", None, "-"),  # midnight of UTC: the day after
    ],
)
def test_the_cause_of_a_doubt(kind, sent, stored, zone, why):
    comparison = Comparison(events(sent), snapshot((50, stored)), schema(a=kind), zone)
    found = comparison.unclear_fields(0, 0)
    assert found == (None if why == "-" else {} if why is None else {"a": why})
