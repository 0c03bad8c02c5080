"""`login_check`, as a function and on the command line: words that say what to mend, no secret."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from airflow_provider_ams.ams import login_check


@pytest.fixture
def at_sandbox(ams_sandbox, monkeypatch):
    """Set the environment as for the sandbox."""
    monkeypatch.setenv("AMS_URL", ams_sandbox.url)
    monkeypatch.setenv("AMS_USERNAME", ams_sandbox.username)
    monkeypatch.setenv("AMS_PASSWORD", ams_sandbox.password)
    return ams_sandbox


def test_all_is_well(at_sandbox):
    ok, message = login_check()
    assert ok
    said = f"Logged in to {at_sandbox.url} as api.account; 4 event and 1 profile forms."
    assert message == said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"username": "nobody", "password": "not-the-password"}, "did not accept the user name"),
        ({"url": "http://ams.example.org/site"}, "https"),
        ({"url": "http://127.0.0.1:1/site", "username": "u", "password": "p"}, "can't be reached"),
    ],
)
def test_what_to_mend_is_said_and_not_raised(at_sandbox, arguments, words):
    ok, message = login_check(**arguments)
    assert not ok
    assert words in message
    assert "not-the-password" not in message


def test_an_account_without_forms_is_told(at_sandbox):
    at_sandbox.reset()
    ok, message = login_check()
    assert (ok, message.endswith("opens no form: give it a role that does.")) == (False, True)


def test_an_account_that_may_not_list_forms_is_not_refused(at_sandbox):
    at_sandbox.configure(schemas_forbidden=True)
    ok, message = login_check()
    assert ok
    assert "may not list forms" in message


def test_nothing_is_tried_twice(at_sandbox):
    at_sandbox.faults(script=[{"endpoint": "loginUser", "fault": "503", "times": 0}])
    assert not login_check().ok
    assert at_sandbox.requests()["loginUser"] == 1


def command(**changes):
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "airflow_provider_ams.ams", "check"],
        env={**os.environ, **changes},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_command_line_says_the_same(at_sandbox):
    done = command()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{login_check().message}\n"


def test_the_command_line_fails_in_words(at_sandbox):
    done = command(AMS_PASSWORD="not-the-password")
    assert (done.returncode, done.stdout) == (1, "")
    assert "did not accept" in done.stderr
    assert "Traceback" not in done.stderr
    assert "not-the-password" not in done.stderr
