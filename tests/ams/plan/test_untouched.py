"""What an update leaves alone goes back as it was written, or the update is refused."""

from __future__ import annotations

import pytest

from airflow_provider_ams.ams import AMSImportError
from tests.ams.ams_site import ANN, LIFTS, LOG, insert, log, moments, read, stored, update

DAY = {"start_date": "01/01/2025", "start_time": "9:00 AM"}


@pytest.fixture
def event(sandbox):
    values = {"amount": "17843202600", "note": "a\nb", "day": "05/01/2025", "at": "9:05 PM"}
    return sandbox.add_event(LOG, ANN, values=values | {"code": "007"}, **DAY)


@pytest.mark.usefixtures("event")
@pytest.mark.parametrize("dialect", [{}, {"time_fields": "HH:mm:ss", "date_fields": "yyyy-MM-dd"}])
def test_a_frame_read_and_written_back_changes_nothing(client, sandbox, dialect):
    before = sandbox.events(LOG)[0]["values"]
    sandbox.dialect(dialect)
    update(client, read(client))
    assert sandbox.events(LOG)[0]["values"] == before


@pytest.mark.usefixtures("event")
def test_the_events_own_times_are_read_in_one_spelling(client, sandbox):
    sandbox.dialect({"event_times": "HH:mm:ss"})
    frame = read(client)
    assert frame["start_time"].tolist() == ["9:00 AM"]
    update(client, frame)
    assert moments(sandbox) == ["01/01/2025 9:00 AM 01/01/2025 10:00 AM"]


@pytest.mark.parametrize("names", [["note"], ["code", "day"]])
def test_without_the_kind_of_a_field_nothing_is_sent(client, sandbox, event, names):
    sandbox.dialect({"date_type": "xyz-19"})
    frame = read(client)[["user_id", "event_id", *names]].assign(note="new")
    with pytest.raises(AMSImportError, match=r"types=\{'day': 'date'\}") as caught:
        update(client, frame, on_missing_fields="keep")
    assert str(event) in str(caught.value)
    assert stored(sandbox, "note") == ["a\nb"]
    update(client, frame, on_missing_fields="keep", types={"day": "date"})
    assert (stored(sandbox, "note"), stored(sandbox, "day")) == (["new"], ["05/01/2025"])


@pytest.mark.usefixtures("event")
def test_without_the_zone_a_date_is_not_guessed(make_client, sandbox):
    sandbox.dialect({"date_fields": "ms site", "site_zone": "Australia/Perth"})
    frame = read(make_client())[["user_id", "event_id", "note"]].assign(note="new")
    with pytest.raises(AMSImportError, match="timezone="):
        update(make_client(timezone=None), frame, on_missing_fields="keep")
    update(make_client(), frame, on_missing_fields="keep")
    assert stored(sandbox, "day") == ["05/01/2025"]


@pytest.mark.parametrize("rows", [1, 2])
def test_rows_of_an_unmarked_table_are_not_lost(client, sandbox, rows):
    sandbox.dialect({"table_mark": "none"})
    table = [{"exercise": f"squat {n}"} for n in range(rows)]
    one = sandbox.add_event(LIFTS, ANN, values={"rpe": "7"}, table=table, **DAY)
    more = [{"exercise": "row"}, {"exercise": "bench"}]
    sandbox.add_event(
        LIFTS, ANN, values={"rpe": "7"}, table=more, **{**DAY, "start_time": "1:00 PM"}
    )
    frame = log([8], field="rpe").assign(event_id=one)
    with pytest.raises(AMSImportError, match="table_fields"):
        update(client, frame, LIFTS, on_missing_fields="keep")
    assert sandbox.events(LIFTS)[0]["table"] == table


def test_a_file_that_is_not_shown_is_not_lost(client, sandbox):
    sandbox.add_form("Scans", ["note", {"name": "file", "type": "File Upload"}])
    values = {"note": "old", "file": "7|scan.pdf"}
    event = sandbox.add_event("Scans", ANN, values=values, **DAY)
    sandbox.dialect({"file_fields": "absent"})
    frame = log(["new"], field="note").assign(event_id=event)
    with pytest.raises(AMSImportError, match="has a file"):
        update(client, frame, "Scans", on_missing_fields="keep")
    sandbox.dialect({"file_fields": "absent", "attachment_urls": "none"})
    result = update(client, frame, "Scans", on_missing_fields="keep")
    assert any("'file'" in text for text in result.warnings)


def test_a_number_that_is_the_same_leaves_a_text_as_it_is(client, sandbox):
    insert(client, log(["1.0", "2.0"], field="code"))
    update(client, read(client))
    assert stored(sandbox, "code") == ["1.0", "2.0"]


@pytest.mark.parametrize("kept", ["load", "rpe"])
def test_some_columns_of_an_unmarked_table_are_refused(client, sandbox, kept):
    """One row an event: nothing tells the other columns from fields of the event."""
    sandbox.dialect({"table_mark": "none"})
    row = {"exercise": "squat", **({"load": "80"} if kept == "load" else {})}
    own = {"rpe": "7"} if kept == "rpe" else {}
    event = sandbox.add_event(LIFTS, ANN, values=own, table=[row], **DAY)
    before = sandbox.events(LIFTS)
    frame = log(["bench"], field="exercise").assign(event_id=event)
    with pytest.raises(AMSImportError, match="table_fields") as caught:
        update(client, frame, LIFTS, on_missing_fields="keep", table_fields=["exercise"])
    assert repr(kept) in str(caught.value)
    assert str(event) in str(caught.value)
    assert sandbox.events(LIFTS) == before
    whole = frame.assign(**{kept: "9"})
    table = ["exercise", "load"] if kept == "load" else ["exercise"]
    update(client, whole, LIFTS, on_missing_fields="keep", table_fields=table)
    (held,) = sandbox.events(LIFTS)
    changed = {"exercise": "bench", **({"load": "9"} if kept == "load" else {})}
    assert (held["values"], held["table"]) == ({"rpe": "9"} if own else {}, [changed])


def test_what_needs_no_update_is_not_refused(client, sandbox):
    sandbox.dialect({"table_mark": "none"})
    event = sandbox.add_event(LIFTS, ANN, values={"rpe": "7"}, table=[{"exercise": "row"}], **DAY)
    frame = log(["row"], field="exercise").assign(event_id=event)
    result = update(client, frame, LIFTS, on_missing_fields="keep", table_fields=["exercise"])
    assert result.rows["status"].tolist() == ["unchanged"]


def test_equal_rows_of_an_unmarked_table_are_not_lost(client, sandbox):
    sandbox.dialect({"table_mark": "none"})
    table = [{"exercise": "squat"}, {"exercise": "squat"}]
    event = sandbox.add_event(LIFTS, ANN, values={"rpe": "7"}, table=table, **DAY)
    frame = log([8], field="rpe").assign(event_id=event)
    with pytest.raises(AMSImportError, match="table_fields"):
        update(client, frame, LIFTS, on_missing_fields="keep")
    assert sandbox.events(LIFTS)[0]["table"] == table


def test_a_column_of_the_table_among_the_fields_is_restored(client, sandbox):
    """What AMS takes in row 0 as well goes back as it was written, too."""
    table = [{"name": n, "table": True} for n in ("move", "hint")]
    sandbox.add_form(
        "Drills", ["rpe: Number", *table, {"name": "on", "type": "Date", "table": True}]
    )
    rows = [{"move": "jump", "hint": "a\nb", "on": "05/01/2025"}]
    sandbox.add_event("Drills", ANN, values={"rpe": "7"}, table=rows, **DAY)
    sandbox.dialect({"date_fields": "yyyy-MM-dd", "line_break": "< br/>"})
    frame = read(client, "Drills")[["user_id", "event_id", "rpe", "move", "hint", "on"]]
    update(client, frame.assign(rpe=8), "Drills")
    (event,) = sandbox.events("Drills")
    assert (event["values"], event["table"]) == ({"rpe": "8"}, rows)
