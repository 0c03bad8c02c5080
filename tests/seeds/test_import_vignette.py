"""Every code block of the library's vignette, run against the sandbox, its output compared.

The document stands beside the repository, not in it; it is read when the tests run.
"""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from vignette import blocks, messages

from airflow_provider_ams import ams
from airflow_provider_ams.ams import (
    AMSConfigurationError,
    AMSError,
    InsertEventOption,
    UpdateEventOption,
    insert_event_data,
    update_event_data,
)

SEEDS = Path(__file__).parents[2].parent / "shared" / "seeds"
FOUND = sorted(SEEDS.glob("000_*.txt"))
if not FOUND:
    pytest.skip("the document is not here", allow_module_level=True)
TEXT = FOUND[0].read_text(encoding="utf-8")
BLOCKS = blocks(TEXT)
MESSAGES = messages(TEXT)
ADDRESS = next(line.split("=", 1)[1] for line in TEXT.splitlines() if line.startswith("AMS_URL="))
FORM, PERSON, EVENT, MONTH = "Training Log", 12345, 67890, ("01/01/2025", "31/01/2025")


@pytest.fixture
def sandbox(ams_sandbox_server):
    """Return a sandbox with the people, forms and the ten events that the document speaks of."""
    ams_sandbox_server.reset(seed="demo")
    people = [("john", "doe", {"id": PERSON}), ("jane", "smith", {})]
    ams_sandbox_server.add_users(
        [
            {
                "username": f"{first}.{last}",
                "first_name": first.title(),
                "last_name": last.title(),
                "email": f"{first}.{last}@example.com",
                **more,
            }
            for first, last, more in people
        ]
    )
    values = {"duration": 60, "intensity": "High"}
    for day in range(2, 11):
        date = f"{day:02d}/01/2025"
        ams_sandbox_server.add_event(FORM, "jane.smith", start_date=date, values=values)
    ams_sandbox_server.add_event(FORM, PERSON, start_date=MONTH[0], values=values, id=EVENT)
    ams_sandbox_server.clear_requests()
    return ams_sandbox_server


@pytest.fixture
def account(monkeypatch, sandbox):
    monkeypatch.setenv("AMS_USERNAME", sandbox.username)
    monkeypatch.setenv("AMS_PASSWORD", sandbox.password)


def code_of(block, sandbox):
    return block.runnable.replace(ADDRESS, sandbox.url).replace('"..."', repr(sandbox.url))


def rest_of(code, sandbox):
    """Return the arguments that an ellipsis stands for in a call."""
    if "get_event_data(" in code:
        return {"start_date": MONTH[0], "end_date": MONTH[1], "url": sandbox.url}
    rest = {"form": FORM, "url": sandbox.url}
    if "df = df" not in code:
        row = {"event_id": EVENT, "user_id": PERSON, "start_date": MONTH[0], "duration": 65}
        rest["df"] = pd.DataFrame([row])
    return rest


def frame():
    return pd.DataFrame({"user_id": [PERSON], "duration": [60]})


def run(block, sandbox):
    """Run a block as if all blocks before it had been run, and return its variables."""
    code = code_of(block, sandbox)
    names = {name: getattr(ams, name) for name in ams.__all__}
    dated = frame().assign(start_date=MONTH[0])
    names |= {"pd": pd, "df": frame(), "df1": dated, "df2": dated}
    names["rest"] = rest_of(code, sandbox)
    exec(compile(code, "vignette", "exec"), names)
    return names


def lines(text):
    return [line.rstrip() for line in text.splitlines() if line.strip()]


PLAIN = [
    block
    for block in BLOCKS
    if "Missing" not in block.code
    and "load_dotenv" not in block.code
    and not any("(y/n)" in line for line in block.output)
]


def test_the_document_was_read_whole():
    assert len(BLOCKS) == 21
    assert sum(bool(b.output) for b in BLOCKS) == 5
    assert len(MESSAGES) == 4
    calls = ("insert_event_data(", "update_event_data(", "upsert_event_data(", "upsert_profile")
    shown = TEXT.split("Next Steps")[0].splitlines()
    starts = [n + 1 for n, line in enumerate(shown) if line.strip().startswith(calls)]
    spans = [range(b.line, b.line + len(b.code.splitlines())) for b in BLOCKS]
    prose = [n for n in starts if not any(n in span for span in spans)]
    assert all("(" in shown[n - 1] and ")" in shown[n - 1] for n in prose)


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("block", PLAIN, ids=lambda b: f"line{b.line}")
def test_a_block_runs_and_prints_what_is_shown(sandbox, capsys, block):
    before = len(sandbox.events()), len(sandbox.profiles())
    incomplete = "start_date" not in block.code and "insert_event_data(" in block.code
    incomplete = incomplete and '"duration"' in block.code
    if incomplete:
        with pytest.raises(AMSError, match="missing 'start_date'"):
            run(block, sandbox)
        return
    run(block, sandbox)
    printed = capsys.readouterr()
    if block.output:
        assert lines(printed.out) == block.output
    if "# No output" in block.code:
        assert printed.out == printed.err == ""
    if "insert_event_data(" in block.code:
        assert len(sandbox.events()) > before[0]


def block_with(text):
    return next(b for b in BLOCKS if text in b.code)


@pytest.mark.usefixtures("account")
def test_one_day_of_one_person_takes_two_calls(sandbox):
    run(block_with("InsertEventOption())"), sandbox)
    assert sandbox.requests()["eventsimport"] == 2


@pytest.mark.usefixtures("account")
def test_a_cached_client_is_reused(sandbox):
    run(block_with("cache=True"), sandbox)
    assert sandbox.requests()["loginUser"] == 1


@pytest.mark.usefixtures("account")
def test_a_nested_cell_and_a_table_are_stored_as_one_event_each(sandbox):
    run(block_with('"session_details"'), sandbox)
    assert sandbox.events(FORM)[-1]["table"] == [{"activity": "Run", "distance_km": "5"}]
    run(block_with('"Bench Press"'), sandbox)
    (event,) = sandbox.events("Strength Testing")
    assert event["values"] == {"session_rpe": "7"}
    assert [row["exercise"] for row in event["table"]] == ["Bench Press", "Squat"]


@pytest.mark.usefixtures("account")
def test_people_who_do_not_exist_are_left_out_by_the_merge(sandbox):
    names = run(block_with("UserOption(columns"), sandbox)
    assert len(names["profile_df"]) == 2
    assert len(names["valid_df"]) == 1
    assert PERSON in [p["user_id"] for p in sandbox.profiles()]


@pytest.mark.usefixtures("account")
def test_an_update_keeps_dates_and_changes_the_values(sandbox):
    option = UpdateEventOption(interactive_mode=False)
    names = run(block_with("event_df = get_event_data(form"), sandbox)
    before = {e["id"]: (e["start_date"], e["start_time"]) for e in sandbox.events(FORM)}
    changed = names["event_df"].assign(duration=names["event_df"]["duration"] + 5)
    update_event_data(changed, FORM, sandbox.url, option=option)
    assert {e["id"]: (e["start_date"], e["start_time"]) for e in sandbox.events(FORM)} == before
    assert [e["values"]["duration"] for e in sandbox.events(FORM) if e["id"] == EVENT] == ["65"]


@pytest.mark.usefixtures("account")
def test_the_missing_column_is_told_and_mended_as_shown(sandbox, capsys):
    block = next(b for b in BLOCKS if "Missing" in b.code)
    with pytest.raises(AMSError) as caught:
        run(block, sandbox)
    line, error = (text.removesuffix("...") for text in block.output)
    assert lines(capsys.readouterr().out)[0].startswith(line)
    assert str(caught.value).startswith(error.removeprefix("AMSError: "))
    fix = next(b for b in BLOCKS if b.heading == "Troubleshooting" and "start_date" in b.code)
    mended = run(fix, sandbox)["df"]
    assert insert_event_data(mended, FORM, sandbox.url).counts["inserted"] == 1


def provoke(message, sandbox):
    quiet = InsertEventOption(interactive_mode=False)
    if "event_id" in message:
        table = frame().assign(event_id=1)
        option = UpdateEventOption(interactive_mode=False)
        return update_event_data(table, FORM, sandbox.url, option=option)
    if "not an event form" in message:
        form = message.split("'")[1]
        table = frame().assign(start_date=MONTH[0])
        return insert_event_data(table, form, sandbox.url, option=quiet)
    return insert_event_data(frame(), FORM, sandbox.url, option=quiet)


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("message", MESSAGES)
def test_a_mistake_is_told_in_the_words_of_the_document(sandbox, message):
    before = sandbox.events()
    with pytest.raises(AMSError) as caught:
        provoke(message, sandbox)
    assert str(caught.value).startswith(message)
    assert sandbox.events() == before


# ---------------------------------------------------------------- with a terminal


def in_terminal(script, cwd, answer, environment):
    """Run a script in a pseudo-terminal, answer its question, return what the screen shows."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, script],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=cwd,
        env=environment,
        close_fds=True,
    )
    os.close(theirs)
    screen, answered, deadline = b"", False, time.monotonic() + 20
    while time.monotonic() < deadline:
        ready, _, _ = select.select([ours], [], [], 1)
        if not ready:
            continue
        try:
            part = os.read(ours, 4096)
        except OSError:  # the other end has closed
            break
        if not part:
            break
        screen += part
        if not answered and screen.endswith(b"(y/n): "):
            os.write(ours, answer.encode() + b"\n")
            answered = True
    os.close(ours)
    return process.wait(timeout=30), lines(screen.decode())


def clean_environment():
    return {k: v for k, v in os.environ.items() if not k.startswith("AMS_")} | {"TQDM_DISABLE": "1"}


def script_of(tmp_path, sandbox, *parts):
    """Write a script that loads its credentials from a real .env file, as the document shows."""
    shown = [line for line in TEXT.splitlines() if line.startswith("AMS_")]
    given = {"URL": sandbox.url, "USERNAME": sandbox.username, "PASSWORD": sandbox.password}
    names = [line.split("=", 1)[0] for line in shown]
    settings = [f"{name}={given[name.removeprefix('AMS_')]}" for name in names]
    (tmp_path / ".env").write_text("\n".join(settings) + "\n")
    script = tmp_path / "script.py"
    script.write_text("\n".join([code_of(block_with("load_dotenv"), sandbox), *parts]))
    return script


UPDATE = next(b for b in BLOCKS if any("(y/n)" in line for line in b.output))


@pytest.mark.parametrize("answer", ["y", "n"])
def test_an_update_asks_first(sandbox, tmp_path, answer):
    pytest.importorskip("dotenv")
    script = script_of(tmp_path, sandbox, code_of(UPDATE, sandbox))
    before = sandbox.events(FORM)
    # The warning of fields that an update empties is not in the document.
    quiet = clean_environment() | {"PYTHONWARNINGS": "ignore"}
    code, screen = in_terminal(script, tmp_path, answer, quiet)
    if answer == "y":
        assert (code, screen) == (0, UPDATE.output)
        ten = [
            e["values"]["duration"]
            for e in sandbox.events(FORM)
            if e["start_date"][3:] == MONTH[0][3:]
        ]
        assert ten == ["65"] * 10
    else:
        assert code != 0
        assert "called off" in screen[-1]
        assert sandbox.events(FORM) == before


@pytest.mark.usefixtures("account")
def test_a_question_without_a_terminal_is_an_error(sandbox, monkeypatch):
    with open(os.devnull) as nobody:
        monkeypatch.setattr(sys, "stdin", nobody)
        with pytest.raises(AMSConfigurationError, match="require_confirmation=False"):
            run(UPDATE, sandbox)
    assert "eventsimport" not in sandbox.requests()
