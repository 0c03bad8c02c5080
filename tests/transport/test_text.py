"""Words of others are shown in one line, without tricks; secrets are not shown at all."""

from __future__ import annotations

import pickle
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_ams.transport import Secret, SecretHeaders, clean, hidden


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Login failed.", "Login failed."),
        ("  a\r\n\tb ", "a b"),
        ("\x1b[31mred\x1b[0m", "[31mred [0m"),
        ("abc\u202edef\u2066", "abc def"),
        ("a\u2028b\u200bc\x00d\x9be", "a b c d e"),
        ("Žofie Ångström 選手", "Žofie Ångström 選手"),
        (5, "5"),
        (None, "None"),
    ],
)
def test_clean(text, shown):
    assert clean(text) == shown


def test_a_long_text_is_cut():
    assert clean("x" * 201) == "x" * 199 + "…"
    assert clean("x" * 200) == "x" * 200
    start = time.perf_counter()
    clean("\u202e" * 50_000_000)
    assert time.perf_counter() - start < 0.5


@given(st.text(max_size=500))
def test_clean_twice_is_clean(text):
    once = clean(text)
    assert clean(once) == once
    assert len(once) <= 200
    assert once.isprintable()


def test_a_secret_is_used_as_a_text_and_shown_as_none():
    secret = Secret("word")
    assert (secret, f"{secret}", len(secret), hash(secret)) == ("word", "word", 4, hash("word"))
    assert "word" not in repr([secret, {"key": secret}])
    assert "word" not in repr(pickle.loads(pickle.dumps(secret)))
    assert hidden(None) is hidden("") is None
    assert "word" not in repr(hidden("word"))


def test_headers_show_their_names_alone():
    assert repr(SecretHeaders(Cookie="word", Accept="x")) == "<headers Cookie, Accept>"
