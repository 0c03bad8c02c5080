"""`dtype="schema"`: the columns and types of the form's fields, whatever was read."""

from __future__ import annotations

import warnings

import pandas as pd
import pytest

from airflow_provider_ams.ams import (
    AMSConfigurationError,
    AMSImportError,
    AMSPermissionError,
    AMSTypeWarning,
    EventOption,
    ProfileOption,
    SyncEventOption,
    UpsertProfileOption,
    get_profile_data,
    sync_event_data,
    upsert_profile_data,
)
from airflow_provider_ams.ams.options.reads import ExportOption
from tests.ams import ams_site
from tests.ams.ams_site import ANN, BOB, CARD, LIFTS, LOG, USERS, read, update

EVENT = {
    "user_id": "Int64",
    "about": "string",
    "username": "string",
    "event_id": "Int64",
    "form": "string",
    "start_date": "string",
    "start_time": "string",
    "end_date": "string",
    "end_time": "string",
    "entered_by_user_id": "Int64",
}
TYPES = {
    "amount": "Float64",
    "note": "string",
    "level": "string",
    "day": "datetime64[ms]",
    "at": "string",
    "code": "string",
}
ALL = "All"
FIELDS = [
    "count: Number",
    "on: Date",
    "at: Time",
    "took: Duration",
    {"name": "mood", "type": "Dropdown", "options": ["Low", "High"]},
    {"name": "sore", "type": "Multiple Selection", "options": ["Leg", "Arm"]},
    "scan: File Upload",
    "ok: Boolean",
    {"name": "double", "type": "Calculation", "formula": "{count} * 2"},
    {"name": "words", "type": "Text Calculation", "formula": "{mood}"},
    {"name": "Sex", "type": "Personal Details"},
    {"name": "username", "type": "Text"},
    {"name": "exercise", "type": "Text", "table": True},
    {"name": "load", "type": "Number", "table": True},
]
VALUES = {
    "count": "12345678",
    "on": "31/12/1899",
    "at": "12:05 AM",
    "took": "1:30:00",
    "mood": "Low",
    "sore": "Leg, Arm",
    "scan": "7|scan.pdf",
    "ok": "Yes",
    "username": "of the form",
}


def dtypes(frame):
    return {column: str(dtype) for column, dtype in frame.dtypes.items()}


def plant(sandbox, *values, form=LOG, user=ANN):
    """Store events at nine on the first days of 2025, behind the client's back."""
    events = [
        {"user": user, "start_date": f"{n:02d}/01/2025", "start_time": "9:00 AM", **given}
        for n, given in enumerate(values, 1)
    ]
    return sandbox.add_events(form, events)


def typed(client, form=LOG, **option):
    return read(client, form, **{"dtype": "schema", **option})


@pytest.fixture
def strict():
    """Make each warning an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_an_empty_read_has_the_columns_and_types_of_a_full_one(client, sandbox, strict):
    empty = typed(client)
    plant(sandbox, {"values": {"amount": "5", "day": "02/01/2025", "note": "x"}})
    full = typed(client)
    assert len(empty) == 0
    assert len(full) == 1
    assert dtypes(empty) == dtypes(full) == {**EVENT, **TYPES}


def test_nights_do_not_differ_in_types(client, sandbox, strict):
    seen = set()
    for amount in ("5", "7.25", None):
        ids = plant(sandbox, {"values": {"amount": amount} if amount else {"code": "007"}})
        seen.add(tuple(dtypes(typed(client)).items()))
        sandbox.delete_event(*ids)
    assert len(seen) == 1


def test_each_kind_has_its_type(client, sandbox, strict):
    sandbox.add_form(ALL, FIELDS)
    table = [{"exercise": "squat", "load": "0.1"}, {"exercise": "row"}]
    plant(sandbox, {"values": VALUES, "table": table}, form=ALL)
    frame = typed(client, ALL)
    fields = dtypes(frame.drop(columns=list(EVENT)))
    assert fields == {
        "count": "Float64",
        "on": "datetime64[ms]",
        "at": "string",
        "took": "Float64",
        "mood": "string",
        "sore": "string",
        "scan": "string",
        "ok": "string",
        "double": "Float64",
        "words": "string",
        "Sex": "string",
        "field:username": "string",
        "exercise": "string",
        "load": "Float64",
    }
    first = frame.iloc[0]
    assert first["count"] == 12345678
    assert first["on"] == pd.Timestamp("1899-12-31")
    assert first["took"] == 5_400_000
    assert first["double"] == 24691356
    assert first["load"] == 0.1
    assert first["field:username"] == "of the form"
    assert frame["load"].isna().tolist() == [False, True]


def test_a_value_that_does_not_fit_keeps_the_column_text(client, sandbox):
    ids = plant(
        sandbox,
        {"values": {"amount": "12345678"}},
        {"values": {"amount": "about 5"}},
        {"values": {"amount": "7.5", "day": "soon"}},
    )
    with pytest.warns(AMSTypeWarning) as told:
        frame = typed(client)
    texts = [str(w.message) for w in told if w.category is AMSTypeWarning]
    assert len(texts) == 2
    assert "'amount' stays text, not number: in 1 rows" in texts[0]
    assert f"(events {ids[1]})" in texts[0]
    assert f"(events {ids[2]})" in texts[1]
    assert "about 5" not in "".join(texts)
    assert told[0].filename == ams_site.__file__, "the caller's line"
    assert str(frame["amount"].dtype) == "string"
    assert frame["amount"].tolist() == ["12345678", "about 5", "7.5"]
    assert frame["day"].tolist()[2] == "soon"


@pytest.mark.parametrize(
    "text", ["NaN", "Infinity", "1_000", "0x10", "1.23456789012345678901", "-"]
)
def test_no_text_becomes_a_gap_or_another_number(client, sandbox, text):
    sandbox.configure(number_text="plain")
    sandbox.add_form("Odd", ["amount"])
    plant(sandbox, {"values": {"amount": text}}, form="Odd")
    with pytest.warns(AMSTypeWarning):
        frame = typed(client, "Odd", types={"amount": "number"})
    assert frame["amount"].tolist() == [text]


@pytest.mark.parametrize(
    ("text", "number"), [("5", 5), ("5.0", 5), ("007", 7), ("1.7E9", 1.7e9), ("-0.25", -0.25)]
)
def test_numbers_in_any_spelling(client, sandbox, text, number, strict):
    sandbox.add_form("Odd", ["amount"])
    plant(sandbox, {"values": {"amount": text}}, {"values": {}}, form="Odd")
    frame = typed(client, "Odd", types={"amount": "number"})
    assert frame["amount"].tolist() == [number, pd.NA]


def test_a_day_that_nobody_can_tell_stays_text(make_client, sandbox):
    sandbox.configure(date_fields="ms site", site_zone="Australia/Perth")
    plant(sandbox, {"values": {"day": "02/01/2025"}})
    blind = make_client(timezone=None)
    with pytest.warns(AMSTypeWarning, match="timezone="):
        frame = typed(blind)
    assert frame["day"].tolist() == ["1735747200000"]
    assert typed(make_client())["day"].tolist() == [pd.Timestamp("2025-01-02")]


def test_texts_are_as_they_were_written(client, sandbox, strict):
    sandbox.configure(line_break="<br/>", time_fields="HH:mm:ss")
    plant(sandbox, {"values": {"note": "a\nb", "at": "9:30 AM"}})
    row = typed(client).iloc[0]
    assert (row["note"], row["at"]) == ("a\nb", "9:30 AM")


def test_tables_profiles_and_syncs_have_types_too(client, sandbox, strict):
    plant(sandbox, {"values": {"rpe": "7"}, "table": [{"load": "1"}, {"reps": "2"}]}, form=LIFTS)
    lifts = typed(client, LIFTS)
    assert lifts["rpe"].tolist() == [7, pd.NA]
    assert lifts["load"].tolist() == [1, pd.NA]
    option = SyncEventOption(dtype="schema")
    synced = sync_event_data(LIFTS, 0, client=client, option=option).data
    pd.testing.assert_frame_equal(synced, lifts)
    card = get_profile_data(CARD, client=client, option=ProfileOption(dtype="schema"))
    assert dtypes(card) == {
        "user_id": "Int64",
        "about": "string",
        "username": "string",
        "profile_id": "Int64",
        "form": "string",
        "entered_by_user_id": "Int64",
        "height": "Float64",
        "nick": "string",
    }


def test_people_without_events_change_no_type(client, sandbox, strict):
    plant(sandbox, {"values": {"amount": "5"}})
    frame = typed(client, include_missing_users=True, timestamps=True)
    assert set(frame["user_id"]) >= {user["id"] for user in USERS}
    zoned = {name: "datetime64[ms, Australia/Perth]" for name in ("start", "end")}
    assert dtypes(frame) == {**EVENT, **zoned, **TYPES}


def test_declared_kinds_win(client, sandbox, strict):
    plant(sandbox, {"values": {"code": "007", "amount": "5"}})
    frame = typed(client, types={"code": "number", "amount": "text"})
    assert frame["code"].tolist() == [7]
    assert frame["amount"].tolist() == ["5"]


def test_a_form_that_may_not_be_seen_needs_declared_kinds(make_client, sandbox):
    sandbox.configure(schemas_forbidden=True)
    plant(sandbox, {"values": {"amount": "5", "note": "x"}})
    client = make_client()
    with pytest.raises(AMSPermissionError, match="dtype='schema' needs"):
        typed(client)
    frame = typed(client, types={"amount": "number", "day": "date"})
    fields = dtypes(frame.drop(columns=list(EVENT)))
    assert fields == {"amount": "Float64", "day": "datetime64[ms]", "note": "string"}


def test_a_mistyped_name_in_types_is_refused(client):
    with pytest.raises(AMSConfigurationError, match="'amuont', which 'Log' does not have"):
        typed(client, types={"amuont": "number"})


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"dtype": "schema", "guess_col_type": False}, "contradict"),
        ({"dtype": "guess"}, "must be one of 'schema'"),
        ({"types": {"a": "number"}}, "types needs dtype"),
        ({"dtype": "schema", "types": {"a": "float"}}, "must be one of"),
    ],
)
def test_settings_that_contradict_are_refused(settings, told):
    with pytest.raises(AMSConfigurationError, match=told):
        EventOption(**settings)


def test_the_librarys_own_default_is_to_guess():
    assert (ExportOption().guess_col_type, ExportOption().dtype) == (True, None)


@pytest.mark.parametrize("files", ["name", "absent"])
def test_a_column_of_nothing_does_not_hide_that_files_may_be_lost(client, sandbox, files):
    sandbox.add_form(ALL, ["count: Number", "scan: File Upload"])
    sandbox.configure(file_fields=files, attachment_urls="none")
    plant(sandbox, {"values": {"count": "1", "scan": "7|scan.pdf"}}, form=ALL)
    frame = typed(client, ALL)
    frame["count"] += 1
    if files == "absent":
        result = update(client, frame, ALL)
        assert any("'scan'" in warning for warning in result.warnings)
        return
    with pytest.raises(AMSImportError, match="'scan'"):
        update(client, frame, ALL)


def test_what_is_read_and_written_back_is_unchanged(client, sandbox, strict):
    ids = plant(
        sandbox,
        {"values": {"amount": "12345678", "day": "02/01/2025", "note": "a\nb", "at": "9:30 AM"}},
        {"values": {"amount": "0.1", "code": "007"}},
        user=BOB,
    )
    before = sandbox.events(LOG)
    frame = typed(client, timestamps=True)
    result = update(client, frame, validate=True)
    assert result.counts["unchanged"] == 2
    assert sandbox.events(LOG) == before
    frame.loc[frame["event_id"] == ids[1], "amount"] = 0.5
    result = update(client, frame, validate=True)
    assert (result.counts["unchanged"], result.counts["updated"]) == (1, 1)
    before[1]["values"]["amount"] = "0.5"
    kept = [{**e, "values": e["values"]} for e in sandbox.events(LOG)]
    assert [e["values"] for e in kept] == [e["values"] for e in before]


def test_profiles_are_unchanged_as_well(client, sandbox):
    frame = pd.DataFrame({"user_id": [ANN, BOB], "height": [180.5, None], "nick": [None, "Bo"]})
    option = UpsertProfileOption(interactive_mode=False, validate=True)
    upsert_profile_data(frame, CARD, client=client, option=option)
    before = sandbox.profiles(CARD)
    typed = get_profile_data(CARD, client=client, option=ProfileOption(dtype="schema"))
    result = upsert_profile_data(typed, CARD, client=client, option=option)
    assert result.counts["unchanged"] == 2
    assert sandbox.profiles(CARD) == before
    typed.loc[typed["user_id"] == ANN, "height"] = 181
    assert upsert_profile_data(typed, CARD, client=client, option=option).counts["updated"] == 1
    assert [p["values"] for p in sandbox.profiles(CARD)] == [{"height": "181"}, {"nick": "Bo"}]


def test_a_profile_that_does_not_fit_is_named_by_its_person(client, sandbox):
    frame = pd.DataFrame({"user_id": [ANN, BOB], "height": ["tall", "180"]})
    option = UpsertProfileOption(interactive_mode=False)
    upsert_profile_data(frame, CARD, client=client, option=option)
    with pytest.warns(AMSTypeWarning, match=rf"people {ANN}\)"):
        typed = get_profile_data(CARD, client=client, option=ProfileOption(dtype="schema"))
    assert sorted(typed["height"]) == ["180", "tall"]
