from __future__ import annotations

import csv
import json
import logging
from datetime import datetime, timezone

import fsspec
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tidepool_samples import sample_rows

from airflow_provider_ams.tidepool import (
    TidepoolClient,
    TidepoolConfigurationError,
    TidepoolInputError,
    TidepoolJournalError,
    TidepoolRejectedError,
    TidepoolTransientError,
    TidepoolUnknownOutcomeError,
)
from airflow_provider_ams.transport import Clock

BAD_ROWS = [
    {"text": " ", "timestamp": "2023-08-10T21:26:27Z", "user_id": ""},
    {"text": "x", "timestamp": "2023-08-10 21:26", "user_id": ""},
]


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def times_stored(sandbox):
    return set(sandbox.tidepool_counts().values())


@pytest.fixture
def ingest(client, quick):
    def run(source, journal=None, **changes):
        return client.ingest(source, quick(**changes), journal=journal)

    return run


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"max_in_flight": 4},
        {"batch_size": 7, "max_in_flight": 3},
        {"validate": "all"},
        {"validate": "all", "tolerance": "all", "max_in_flight": 3},
        {"validate": "first"},
    ],
)
def test_every_way_of_sending_leaves_the_same_events(ingest, sandbox, write_csv, options):
    rows = [*sample_rows(230), *sample_rows(5)]
    result = ingest(write_csv(rows), **options)
    assert (result.row_count, result.tracked, result.rejected) == (235, 235, [])
    events = sorted(sandbox.tidepool_events(), key=lambda event: event["id"])
    assert sorted(e["text"] for e in events) == sorted(row["text"] for row in rows)
    assert times_stored(sandbox) == {1}
    sandbox.reset()
    ingest(write_csv(rows, "copy.csv"))
    assert sorted(sandbox.tidepool_events(), key=lambda event: event["id"]) == events


def test_an_event_is_what_the_row_says(ingest, sandbox, write_csv):
    row = {
        "text": "Hello, coach",
        "timestamp": "2023-08-10T21:26:27.302Z",
        "id": "i",
        "session_id": "s",
        "user_id": "007",
        "event_name": "BOT_MESSAGE",
        "channel": "web",
    }
    ingest(write_csv([row]))
    (event,) = sandbox.tidepool_events()
    del row["channel"]
    assert event == row


def test_columns_zone_and_name_are_options(ingest, sandbox, write_csv):
    path = write_csv([{"message": "a", "sent": "2023-08-10 21:26", "who": "7"}])
    ingest(
        path,
        columns={"message": "text", "sent": "timestamp", "who": "user_id"},
        timezone="Europe/Berlin",
        event_name="CHAT",
    )
    (event,) = sandbox.tidepool_events()
    assert (event["text"], event["timestamp"]) == ("a", "2023-08-10T21:26:00+02:00")
    assert (event["user_id"], event["event_name"]) == ("7", "CHAT")


@pytest.mark.parametrize(
    ("row", "columns", "words"),
    [
        ({"text": "a", "when": "x"}, {}, "no column timestamp; its columns are text, when"),
        ({"text": "a", "timestamp": "x"}, {"message": "text"}, "no column message"),
    ],
)
def test_a_column_that_is_not_there(ingest, write_csv, row, columns, words):
    with pytest.raises(TidepoolInputError, match=words):
        ingest(write_csv([row]), columns=columns)


def test_all_wrong_rows_are_named_together_and_nothing_is_sent(ingest, sandbox, write_csv):
    path = write_csv(sample_rows(3) + BAD_ROWS)
    with pytest.raises(TidepoolRejectedError) as error:
        ingest(path, validate="first")
    text = str(error.value)
    assert "2 of 5 rows" in text
    assert "line 5: text is empty" in text
    assert "line 6: timestamp has no zone" in text
    assert [row.line for row in error.value.result.rejected] == [5, 6]
    assert sandbox.requests() == {}
    assert not path.with_name("events.csv.tidepool-journal").exists()


@pytest.mark.parametrize("max_in_flight", [1, 3])
def test_batches_keep_their_distance(ingest, write_csv, clock, max_in_flight):
    ingest(write_csv(sample_rows(500)), pause=0.2, max_in_flight=max_in_flight, validate="first")
    assert len(clock.slept) == 5
    assert clock.slept == pytest.approx([0.2] * 5)


def test_wrong_rows_can_be_skipped_into_a_file(ingest, sandbox, write_csv):
    rows = [*sample_rows(60), BAD_ROWS[0], *sample_rows(60, 60), BAD_ROWS[1]]
    result = ingest(write_csv(rows), tolerance="all")
    assert (result.tracked, [row.line for row in result.rejected]) == (120, [62, 123])
    with open(result.dead_letter_path, newline="") as file:
        kept = list(csv.DictReader(file))
    assert [row["rejected_line"] for row in kept] == ["62", "123"]
    assert kept[1]["timestamp"] == "2023-08-10 21:26"
    assert kept[1]["rejected_reason"].startswith("timestamp has no zone")
    again = ingest(write_csv(rows), tolerance="all")
    assert (again.tracked, again.already, len(again.rejected)) == (0, 120, 2)
    assert times_stored(sandbox) == {1}


@pytest.mark.parametrize("how", [{}, {"dialect": {"csv_safe": True}}])
def test_dead_letters_for_a_spreadsheet_come_back_as_they_were(ingest, sandbox, write_csv, how):
    texts = ["=1+1", "'=1", "-5", "- a list"]
    rows = sample_rows(4)
    bad = [{**row, "text": t, "timestamp": "never"} for row, t in zip(rows, texts, strict=True)]
    result = ingest(write_csv(bad), tolerance="all", csv_safe=True)
    with open(result.dead_letter_path, newline="") as file:
        kept = list(csv.DictReader(file))
    assert [row["text"] for row in kept] == ["'=1+1", "''=1", "-5", "'- a list"]
    times = [row["timestamp"] for row in rows]
    mended = [row | {"timestamp": time} for row, time in zip(kept, times, strict=True)]
    path = write_csv(mended, "mended.csv")
    if how:  # no more known as dead letters
        path = write_csv([{k: row[k] for k in rows[0]} for row in mended], "mended.csv")
    assert ingest(path, **(how or {"csv_safe": True})).tracked == 4
    assert sorted(event["text"] for event in sandbox.tidepool_events()) == sorted(texts)


def test_dead_letters_of_other_sources_are_json_lines(ingest, tmp_path):
    rows = [*sample_rows(2), {"text": 5, "timestamp": datetime(2023, 8, 10)}, "nothing"]
    path = tmp_path / "letters.jsonl"
    ingest(rows, tolerance="all", dead_letter_path=path)
    kept = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(row["line"], row["reason"].split(",")[0]) for row in kept] == [
        (3, "text must be text"),
        (4, "a row must be a dict"),
    ]
    assert kept[0]["row"]["text"] == 5


@pytest.mark.parametrize("alias", ["{0}", "file://{0}", "{0.parent}/../{0.parent.name}/{0.name}"])
def test_the_source_is_never_the_dead_letter_file(ingest, write_csv, alias):
    path = write_csv(BAD_ROWS)
    before = path.read_bytes()
    with pytest.raises(TidepoolConfigurationError, match="overwritten"):
        ingest(path, tolerance="all", dead_letter_path=alias.format(path))
    assert path.read_bytes() == before


def test_a_source_that_changes_under_the_reader_is_noticed(sandbox, quick, write_csv):
    path = write_csv(sample_rows(700))

    def touch_while_waiting(seconds):
        with open(path, "a") as file:
            file.write("x,2023-08-10T21:26:27Z,\n")

    clock = Clock(sleep=touch_while_waiting)
    client = TidepoolClient(sandbox.tidepool_key, sandbox.tidepool_url, clock=clock)
    with pytest.raises(TidepoolInputError, match="was changed while it was read"):
        client.ingest(path, quick(pause=60))


def test_no_dead_letters_no_file(ingest, write_csv, tmp_path):
    ingest(write_csv(sample_rows(2)), tolerance="all")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "events.csv",
        "events.csv.tidepool-journal",
    ]


def test_an_empty_file_is_fine(ingest, write_csv, sandbox):
    assert ingest(write_csv([]), validate="first").row_count == 0
    assert sandbox.requests() == {}


@pytest.mark.parametrize("kind", ["frame", "parquet", "jsonl", "iterator", "memory"])
def test_other_sources(ingest, sandbox, tmp_path, kind, write_jsonl):
    rows = sample_rows(120)
    frame = pd.DataFrame(rows)
    frame["timestamp"] = pd.to_datetime(frame["timestamp"], utc=True)
    source = {"frame": frame, "iterator": iter(rows)}.get(kind)
    if kind == "parquet":
        source = tmp_path / "x.parquet"
        frame.to_parquet(source)
    if kind == "jsonl":
        source = write_jsonl(rows)
    if kind == "memory":
        source = f"memory://{tmp_path.name}.csv"
        fsspec.filesystem("memory").pipe(source, frame.to_csv(index=False).encode())
    assert ingest(source).tracked == 120
    stored = {(e["text"], moment(e["timestamp"])) for e in sandbox.tidepool_events()}
    wanted = {(r["text"], moment(r["timestamp"])) for r in rows}
    assert {(t, m.astimezone(timezone.utc)) for t, m in stored} == wanted


# -- what the server refuses ----------------------------------------------------------------


@pytest.fixture
def picky(sandbox):
    """Refuse the events that say so, as a rule of the server that nobody knew of."""
    sandbox.configure(tidepool_max_bytes=3000)
    return sandbox


@pytest.mark.parametrize("validate", ["none", "first", "all"])
def test_one_event_the_server_refuses_does_not_sink_the_others(ingest, picky, write_csv, validate):
    rows = sample_rows(100)
    rows[41]["text"] = "x" * 4000
    rows[97]["text"] = "y" * 4000
    result = ingest(write_csv(rows), tolerance="all", validate=validate)
    assert (result.tracked, [row.line for row in result.rejected]) == (98, [43, 99])
    assert "too large for the server (HTTP 413)" in str(result)
    assert times_stored(picky) == {1}
    with open(result.dead_letter_path, newline="") as file:
        assert [row["text"][0] for row in csv.DictReader(file)] == ["x", "y"]
    again = ingest(write_csv(rows), tolerance="all")
    assert (again.tracked, again.already, len(again.rejected)) == (0, 98, 2)


def test_strict_runs_stop_at_a_refusal_and_go_on_when_told(ingest, picky, write_csv):
    rows = sample_rows(300)
    rows[50]["text"] = "x" * 4000
    path = write_csv(rows)
    with pytest.raises(TidepoolRejectedError, match="line 52: too large") as error:
        ingest(path)
    assert error.value.result.tracked == 99
    result = ingest(path, tolerance="all")
    assert (result.tracked, result.already) == (200, 99)
    assert times_stored(picky) == {1}


@pytest.mark.parametrize("validate", ["first", "all"])
def test_strict_validation_names_the_event_and_tracks_nothing(ingest, picky, write_csv, validate):
    rows = sample_rows(250)
    rows[50]["text"] = "x" * 4000
    with pytest.raises(TidepoolRejectedError, match="line 52: too large"):
        ingest(write_csv(rows), validate=validate)
    assert picky.tidepool_summary()["events"] == 0


@pytest.mark.parametrize("max_in_flight", [1, 3])
def test_lenient_validation_leaves_the_event_out(ingest, picky, write_csv, max_in_flight):
    rows = sample_rows(250)
    rows[50]["text"] = rows[249]["text"] = "x" * 4000
    result = ingest(write_csv(rows), validate="all", tolerance="all", max_in_flight=max_in_flight)
    assert (result.tracked, [row.line for row in result.rejected]) == (248, [52, 251])


def test_a_server_that_refuses_everything_is_not_asked_a_thousand_times(ingest, sandbox, write_csv):
    sandbox.configure(tidepool_max_bytes=10)
    with pytest.raises(TidepoolRejectedError, match="column mapping"):
        ingest(write_csv(sample_rows(1000)), tolerance="all")
    assert sandbox.requests()["tidepool/track"] == 199


# -- answers that don't come ----------------------------------------------------------------


def test_a_busy_server_is_waited_for_as_long_as_it_says(ingest, sandbox, write_csv, clock):
    sandbox.faults(
        script=[{"endpoint": "tidepool/track", "nth": 2, "fault": "429", "retry_after": 7}]
    )
    result = ingest(write_csv(sample_rows(300)))
    assert (result.tracked, result.retries, result.resent) == (300, 1, [])
    assert clock.slept == [7.0]
    assert times_stored(sandbox) == {1}


def test_a_wait_that_is_too_long_is_handed_back(ingest, sandbox, write_csv, clock):
    fault = {"endpoint": "tidepool/track", "nth": 2, "fault": "503", "retry_after": 600}
    sandbox.faults(script=[fault])
    path = write_csv(sample_rows(300))
    with pytest.raises(TidepoolTransientError) as error:
        ingest(path)
    assert (error.value.retry_after, error.value.result.tracked) == (600.0, 100)
    assert clock.slept == []
    result = ingest(path)
    assert (result.tracked, result.already, result.resent) == (200, 100, [])
    assert times_stored(sandbox) == {1}


@pytest.mark.parametrize("fault", ["reset_after_commit", "500_after", "cut"])
def test_a_lost_answer_is_sent_again_once_with_the_same_ids_and_reported(
    ingest, sandbox, write_csv, caplog, fault
):
    sandbox.faults(script=[{"endpoint": "tidepool/track", "nth": 2, "fault": fault}])
    result = ingest(write_csv(sample_rows(300)))
    assert (result.tracked, result.resent_events) == (300, 100)
    assert (result.resent[0].first_line, result.resent[0].last_line) == (102, 201)
    assert "lines 102 to 201: 100 events sent again with the same ids" in caplog.text
    assert sandbox.tidepool_summary()["distinct"] == 300
    assert set(sandbox.tidepool_summary()["repeated"].values()) == {2}


def test_without_leave_a_lost_answer_stops_the_run(ingest, sandbox, write_csv):
    sandbox.faults(script=[{"endpoint": "tidepool/track", "nth": 2, "fault": "reset_after_commit"}])
    path = write_csv(sample_rows(300))
    with pytest.raises(TidepoolUnknownOutcomeError) as error:
        ingest(path, resend=0)
    assert error.value.result.tracked == 100
    result = ingest(path, resend=0)
    assert (result.tracked, result.already, result.resent_events) == (200, 100, 100)
    assert "before the answer came" in result.resent[0].reason
    assert len(sandbox.tidepool_summary()["repeated"]) == 100


def test_the_status_alone_says_that_events_are_stored(ingest, sandbox, write_csv):
    sandbox.faults(script=[{"endpoint": "tidepool/track", "nth": 1, "fault": "truncated"}])
    assert ingest(write_csv(sample_rows(3))).tracked == 3


def test_a_refusal_after_a_lost_answer_leaves_the_doubt(ingest, sandbox, write_csv):
    lost = {"endpoint": "tidepool/track", "nth": 2, "fault": "reset_after_commit"}
    refused = {"endpoint": "tidepool/track", "nth": 3, "fault": "429", "retry_after": 999}
    sandbox.faults(script=[lost, refused])
    path = write_csv(sample_rows(300))
    with pytest.raises(TidepoolUnknownOutcomeError):
        ingest(path)
    assert ingest(path).resent_events == 100


@pytest.mark.parametrize("fault", ["html", "empty"])
def test_an_answer_that_no_tidepool_gives_stops_the_run(ingest, sandbox, write_csv, fault):
    sandbox.faults(script=[{"endpoint": "tidepool/track", "nth": 1, "fault": fault}])
    with pytest.raises(TidepoolUnknownOutcomeError, match="check the base URL"):
        ingest(write_csv(sample_rows(3)))
    assert sandbox.requests() == {"tidepool/track": 1}


def test_validation_is_repeated_freely(ingest, sandbox, write_csv):
    sandbox.faults(
        script=[{"endpoint": "tidepool/validate", "nth": [1, 2, 3], "fault": "500_before"}]
    )
    result = ingest(write_csv(sample_rows(3)), validate="first")
    assert (result.tracked, result.retries, result.resent) == (3, 3, [])


FAULTS = {
    "429": 0.1,
    "503": 0.05,
    "reset_before": 0.05,
    "reset_after_commit": 0.1,
    "500_after": 0.05,
}


@given(
    seed=st.integers(0, 10**6),
    max_in_flight=st.sampled_from([1, 4]),
    resend=st.sampled_from([0, 1]),
)
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_fails_running_again_brings_every_event_home(
    sandbox, client, quick, tmp_path, seed, max_in_flight, resend
):
    sandbox.reset()
    sandbox.faults(random=FAULTS, seed=seed, endpoint="tidepool/track", limit=30)
    journal = tmp_path / f"{seed}-{max_in_flight}-{resend}.journal"
    journal.unlink(missing_ok=True)
    resent = 0
    for _ in range(40):
        try:
            result = client.ingest(
                sample_rows(950),
                quick(max_in_flight=max_in_flight, resend=resend, batch_size=50),
                journal=journal,
            )
        except (TidepoolTransientError, TidepoolUnknownOutcomeError) as error:
            resent += error.result.resent_events
            continue
        resent += result.resent_events
        break
    summary = sandbox.tidepool_summary()
    assert summary["distinct"] == 950
    # Nothing is repeated in silence.
    assert summary["events"] - 950 <= resent


# -- the journal ----------------------------------------------------------------------------


def test_a_second_run_sends_nothing(ingest, sandbox, write_csv):
    path = write_csv(sample_rows(150))
    ingest(path)
    result = ingest(path, batch_size=30, max_in_flight=2)
    assert (result.tracked, result.already, result.requests) == (0, 150, 0)
    assert times_stored(sandbox) == {1}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"timezone": "UTC"}, "options"),
        ({"columns": {"user_id": "session_id"}}, "options"),
        ({"random_ids": True}, "options"),
    ],
)
def test_other_options_are_another_ingest(ingest, write_csv, change, words):
    path = write_csv(sample_rows(3))
    ingest(path)
    with pytest.raises(TidepoolJournalError, match=words):
        ingest(path, **change)


def test_a_changed_source_is_another_ingest(ingest, sandbox, write_csv):
    path = write_csv(sample_rows(3))
    ingest(path)
    path = write_csv(sample_rows(4))
    with pytest.raises(TidepoolJournalError, match="content of the source has changed"):
        ingest(path)
    assert ingest(path, restart=True).tracked == 4
    assert times_stored(sandbox) == {1, 2}


def test_another_key_is_another_project_unless_said(sandbox, write_csv, quick):
    sandbox.configure(tidepool_keys=["sandbox-key", "rotated"])
    path = write_csv(sample_rows(3))
    TidepoolClient("sandbox-key", sandbox.tidepool_url).ingest(path, quick())
    client = TidepoolClient("rotated", sandbox.tidepool_url)
    with pytest.raises(TidepoolJournalError, match="same_project=True"):
        client.ingest(path, quick())
    assert client.ingest(path, quick(same_project=True)).already == 3
    assert client.ingest(path, quick()).already == 3


def test_random_ids_are_the_same_after_a_lost_answer(ingest, sandbox, write_csv):
    sandbox.faults(script=[{"endpoint": "tidepool/track", "nth": 2, "fault": "reset_after_commit"}])
    path = write_csv(sample_rows(300))
    with pytest.raises(TidepoolUnknownOutcomeError):
        ingest(path, random_ids=True, resend=0)
    assert ingest(path, random_ids=True).resent_events == 100
    assert sandbox.tidepool_summary()["distinct"] == 300


def test_rows_have_a_journal_if_it_is_named(ingest, sandbox, tmp_path):
    rows, journal = sample_rows(150), tmp_path / "my.journal"
    assert ingest(iter(rows), journal).tracked == 150
    assert ingest(pd.DataFrame(rows), journal).already == 150
    assert ingest(rows).tracked == 150
    with pytest.raises(TidepoolJournalError):
        ingest(rows[:-1], journal)


def test_a_journal_can_be_anywhere(ingest, tmp_path, write_csv):
    place = f"memory://{tmp_path.name}.journal"
    path = write_csv(sample_rows(150))
    assert ingest(path, place).tracked == 150
    assert ingest(path, place).already == 150


def test_what_is_kept_holds_no_key_and_no_text(ingest, sandbox, write_csv, caplog):
    caplog.set_level(logging.DEBUG)
    path = write_csv(sample_rows(30))
    result = ingest(path, dead_letter_path=None)
    kept = path.with_name(path.name + ".tidepool-journal").read_text() + caplog.text + str(result)
    assert sandbox.tidepool_key not in kept
    assert "message 1" not in kept
