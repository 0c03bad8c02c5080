"""Which of the texts that AMS shows can be written again without a change."""

from __future__ import annotations

import pytest

from airflow_provider_ams.ams.wire.written_back import TYPES, VALUE, ZONE, doubt

UNKNOWN = [
    "1767571200000", "-247276800000", "86400000", "1.78432026E9", "2026-01-05", "2026-01-05T09:00",
    "09:00", "21:30:00", "05/01/2026 09:00", "a<br/>b", "scan 1.pdf",
]  # fmt: skip
PLAIN = [
    "5",
    "7.25",
    "12345678",
    "05/01/2026",
    "9:00 AM",
    "a, b; c|d",
    "12|scan.pdf",
    "Low",
    "5400000",
]


@pytest.mark.parametrize("text", UNKNOWN)
def test_what_a_site_may_have_changed_needs_a_kind(text):
    assert doubt(text, "unknown") == TYPES
    assert doubt(text, "text") == ""


@pytest.mark.parametrize("text", PLAIN)
def test_what_looks_as_it_was_written_goes_back(text):
    assert doubt(text, "unknown") == ""


@pytest.mark.parametrize(
    ("text", "kind", "needed"),
    [
        ("1767571200000", "date", ZONE),
        ("05/01/2026", "date", ""),
        ("soon", "date", ""),
        ("scan.pdf", "file", VALUE),
        ("12|scan.pdf", "file", ""),
        ("5400000", "duration", ""),
    ],
)
def test_what_a_kind_needs(text, kind, needed):
    assert doubt(text, kind) == needed
