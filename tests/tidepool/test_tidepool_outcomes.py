"""One outcome for each row that was handed in, and how many bad ones are put up with."""

from __future__ import annotations

import csv
import os

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tidepool_samples import sample_rows

from airflow_provider_ams.tidepool import (
    IngestOption,
    TidepoolConfigurationError,
    TidepoolRejectedError,
    TidepoolTransientError,
    TidepoolUnknownOutcomeError,
    ingest,
    track_events,
    validate_events,
)

BAD = {"text": " ", "timestamp": "2023-08-10T21:26:27Z", "user_id": ""}
LONG = {"text": "x" * 4000, "timestamp": "2023-08-10T21:26:27Z", "user_id": ""}


def counts(result):
    return result.rows["status"].value_counts().to_dict()


@pytest.fixture
def picky(sandbox):
    sandbox.configure(tidepool_max_bytes=3000)
    return sandbox


# -- one row for each row -------------------------------------------------------------------


@pytest.mark.parametrize("max_in_flight", [1, 3])
@pytest.mark.parametrize("validate", ["none", "first", "all"])
def test_a_frame_gets_one_outcome_a_row_under_its_own_index(
    client, picky, quick, validate, max_in_flight
):
    rows = [*sample_rows(60), BAD, *sample_rows(60, 60), LONG, *sample_rows(5, 120)]
    frame = pd.DataFrame(rows, index=[f"r{at}" for at in range(len(rows))])
    option = quick(tolerance="all", validate=validate, max_in_flight=max_in_flight, batch_size=50)
    result = client.ingest(frame, option)
    assert list(result.rows.columns) == ["status", "event_id", "reason", "batch"]
    assert result.rows.index.equals(frame.index)
    assert counts(result) == {"inserted": 125, "rejected": 2}
    assert result.rows.loc["r60", "reason"] == "text is empty"
    assert result.rows.loc["r121", "reason"] == "too large for the server (HTTP 413)"
    landed = result.rows[result.rows["status"] == "inserted"]
    assert landed["reason"].isna().all()
    stored = {event["text"]: event["id"] for event in picky.tidepool_events()}
    assert landed["event_id"].tolist() == [stored[text] for text in frame.loc[landed.index, "text"]]
    assert result.rows.loc[["r60", "r121"], "event_id"].isna().all()
    # Three batches of 50, of which the row that was wrong from the start is in none.
    assert landed["batch"].tolist() == [1] * 50 + [2] * 50 + [3] * 25
    assert (result.rows["batch"].dtype, result.rows.loc["r121", "batch"]) == ("Int64", 3)


@pytest.mark.parametrize("kind", ["list", "tuple"])
def test_a_list_is_known_by_its_positions(client, quick, kind):
    rows = sample_rows(3)
    result = client.ingest(rows if kind == "list" else tuple(rows), quick())
    assert result.rows.index.tolist() == [0, 1, 2]
    assert counts(result) == {"inserted": 3}


def test_rows_that_share_a_label_keep_their_own_outcome(client, quick):
    frame = pd.DataFrame([*sample_rows(2), BAD], index=["a", "a", "a"])
    result = client.ingest(frame, quick(tolerance="all"))
    assert result.rows["status"].tolist() == ["inserted", "inserted", "rejected"]


@pytest.mark.parametrize("kind", ["file", "iterator"])
def test_what_is_streamed_has_counts_and_rejected_rows_alone(client, quick, write_csv, kind):
    rows = [*sample_rows(3), BAD]
    source = write_csv(rows) if kind == "file" else iter(rows)
    result = client.ingest(source, quick(tolerance="all"))
    assert result.rows is None
    assert (result.row_count, result.tracked, len(result.rejected)) == (4, 3, 1)


def test_a_second_run_finds_what_the_first_has_stored(client, quick, tmp_path):
    frame, journal = pd.DataFrame([*sample_rows(150), BAD]), tmp_path / "journal"
    first = client.ingest(frame, quick(tolerance="all"), journal=journal)
    again = client.ingest(frame, quick(tolerance="all"), journal=journal)
    assert counts(again) == {"unchanged": 150, "rejected": 1}
    assert again.rows["event_id"].equals(first.rows["event_id"])


def test_rows_without_an_answer_are_unknown_and_named(client, sandbox, quick, tmp_path):
    sandbox.faults(script=[{"endpoint": "tidepool/track", "nth": 2, "fault": "reset_after_commit"}])
    frame = pd.DataFrame(sample_rows(300), index=range(1000, 1300))
    journal = tmp_path / "journal"
    with pytest.raises(TidepoolUnknownOutcomeError) as raised:
        client.ingest(frame, quick(resend=0), journal=journal)
    error = raised.value
    assert error.rows == list(range(1100, 1200))
    assert "(rows 1100, 1101" in str(error)
    assert "sends them again with the same ids" in error.hint
    assert counts(error.result) == {"inserted": 100, "unknown": 100, "rejected": 100}
    assert error.result.unknown == 100
    reasons = error.result.rows["reason"]
    assert reasons[1100].startswith("sent, outcome not known")
    assert reasons[1299].startswith("not sent: it is not known whether")
    done = client.ingest(frame, quick(), journal=journal)
    assert counts(done) == {"unchanged": 100, "inserted": 200}
    assert done.rows.loc[1100, "reason"].startswith("sent again with the same id (an earlier run")
    assert pd.isna(done.rows.loc[1200, "reason"])


def test_nothing_is_passed_over_when_nobody_is_there(client, sandbox, quick):
    sandbox.faults(
        script=[{"endpoint": "tidepool/track", "nth": 1, "fault": "503", "retry_after": 600}]
    )
    with pytest.raises(TidepoolTransientError) as raised:
        client.ingest(sample_rows(3), quick())
    assert raised.value.result.rows["status"].tolist() == ["rejected"] * 3
    assert set(raised.value.result.rows["reason"].str[:9]) == {"not sent:"}
    assert raised.value.hint == "Run the same call again later."


def test_after_a_validation_rows_are_valid_or_rejected(client, quick):
    result = client.validate_events([*sample_rows(2), BAD], quick(tolerance="all", validate="all"))
    assert result.rows["status"].tolist() == ["valid", "valid", "rejected"]


@given(
    seed=st.integers(0, 10**6),
    max_in_flight=st.sampled_from([1, 4]),
    bad=st.sets(st.integers(0, 299), max_size=5),
)
@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_fails_each_row_says_what_is_true_of_it(
    sandbox, client, quick, seed, max_in_flight, bad
):
    sandbox.reset()
    faults = {"429": 0.1, "reset_before": 0.1, "reset_after_commit": 0.2, "500_after": 0.1}
    sandbox.faults(random=faults, seed=seed, endpoint="tidepool/track", limit=20)
    rows = [BAD if at in bad else row for at, row in enumerate(sample_rows(300))]
    option = quick(tolerance="all", batch_size=20, max_in_flight=max_in_flight, resend=0)
    try:
        outcome = client.ingest(rows, option).rows
    except (TidepoolTransientError, TidepoolUnknownOutcomeError) as error:
        outcome = error.result.rows
    stored = {event["text"] for event in sandbox.tidepool_events()}
    for row, status, reason in zip(rows, outcome["status"], outcome["reason"], strict=True):
        if status == "inserted":
            assert row["text"] in stored
        if status == "rejected":
            assert row["text"] not in stored
            assert reason
    assert len(outcome) == 300


# -- tolerance ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tolerance", "lands"), [(None, False), (1, False), (2, True), ("1%", False), ("2%", True)]
)
def test_so_many_wrong_rows_are_put_up_with_and_with_more_nothing_is_sent(
    client, sandbox, quick, write_csv, tolerance, lands
):
    path = write_csv([*sample_rows(98), BAD, BAD])
    if lands:
        result = client.ingest(path, quick(tolerance=tolerance))
        assert (result.tracked, len(result.rejected)) == (98, 2)
        with open(result.dead_letter_path, newline="") as file:
            assert [row["rejected_line"] for row in csv.DictReader(file)] == ["100", "101"]
    else:
        with pytest.raises(TidepoolRejectedError, match="2 of 100 rows") as raised:
            client.ingest(path, quick(tolerance=tolerance))
        assert raised.value.rows == [100, 101]
        assert "tolerance='all'" in raised.value.hint
        assert sandbox.requests() == {}


@pytest.mark.parametrize("validate", ["none", "first", "all"])
def test_rows_the_server_refuses_count_as_well(client, picky, quick, validate, tmp_path):
    rows = [*sample_rows(50), LONG, BAD, *sample_rows(50, 50), LONG | {"user_id": "2"}]
    with pytest.raises(TidepoolRejectedError, match="3 of 103 rows"):
        client.ingest(rows, quick(tolerance=2, validate=validate), journal=tmp_path / "a")
    picky.reset()
    picky.configure(tidepool_max_bytes=3000)
    for _ in range(2):
        result = client.ingest(rows, quick(tolerance=3, validate=validate), journal=tmp_path / "b")
        assert result.tracked + result.already == 100
        assert [row.line for row in result.rejected] == [51, 52, 103]
    assert picky.tidepool_summary()["events"] == 100


def test_each_dead_letter_is_written_once_however_often_the_source_is_read(
    client, picky, quick, write_csv
):
    path = write_csv([*sample_rows(20), LONG, BAD])
    result = client.ingest(path, quick(tolerance="50%", validate="all", batch_size=10))
    with open(result.dead_letter_path, newline="") as file:
        # What is wrong is found while reading ahead, what the server refuses after that.
        assert [row["rejected_line"] for row in csv.DictReader(file)] == ["23", "22"]
    # What was refused when validated is not sent again.
    assert picky.requests()["tidepool/track"] == 2


def test_dead_letters_are_their_owners_alone_and_replace_a_link(client, quick, tmp_path):
    victim, path = tmp_path / "victim", tmp_path / "letters.jsonl"
    victim.write_text("precious")
    path.symlink_to(victim)
    client.ingest([BAD], quick(tolerance="all", dead_letter_path=path))
    assert victim.read_text() == "precious"
    assert path.stat().st_mode & 0o077 == 0
    assert sorted(os.listdir(tmp_path)) == ["letters.jsonl", "victim"]


@pytest.mark.parametrize("option", ["dead_letter_path", "journal"])
def test_a_place_that_can_not_be_written_is_named(client, quick, tmp_path, option):
    place = {option: tmp_path / "no" / "folder"}
    with pytest.raises(TidepoolConfigurationError, match="folder can't be written") as raised:
        client.ingest([*sample_rows(1), BAD], quick(tolerance="all"), **place)
    assert raised.value.hint == "Name a file in a folder that exists and can be written."


# -- functions ------------------------------------------------------------------------------


def test_the_functions_do_what_the_client_does(sandbox, monkeypatch, write_csv):
    where = {"api_key": sandbox.tidepool_key, "base_url": sandbox.tidepool_url}
    option = IngestOption(pause=0, interactive_mode=False)
    assert validate_events(sample_rows(2), **where).validated == 2
    assert sandbox.tidepool_summary()["events"] == 0
    assert track_events(sample_rows(2), **where, option=option).tracked == 2
    monkeypatch.setenv("TIDEPOOL_API_KEY", sandbox.tidepool_key)
    path = write_csv(sample_rows(3))
    url = sandbox.tidepool_url
    assert ingest(path, base_url=url, option=option).tracked == 3
    assert ingest(path, base_url=url, option=option).already == 3
