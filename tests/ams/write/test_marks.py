"""AMS's clock is never taken to be further than it is for certain."""

from __future__ import annotations

import pytest

from airflow_provider_ams.ams.write.marks import ServerClock

CLOCK = ServerClock(told=1_000_000, at=50.0)


@pytest.mark.parametrize(
    ("moment", "reached"),
    [(50.0, 1_000_000), (50.5, 1_000_500), (60.0, 1_010_000), (50.0005, 1_000_000)],
)
def test_the_clock_runs_on_from_what_ams_told(moment, reached):
    assert CLOCK.at_least(moment) == reached


def test_the_clock_was_never_before_what_ams_told():
    assert CLOCK.at_least(0.0) == 1_000_000
    assert CLOCK.since(0.0) == 1_000_000


def test_times_to_the_second_hide_no_change():
    """An event changed just before may look a second older."""
    assert CLOCK.since(60.0) == 1_010_000 - 1100
    assert CLOCK.since(51.0) == 1_000_000
