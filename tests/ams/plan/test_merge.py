"""An update keeps what the frame does not have; the library's default clears it and says so."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_ams.ams import (
    AMSClient,
    AMSDataLossWarning,
    AMSImportError,
    AMSInputError,
    AMSPermissionError,
    EventOption,
    UpdateEventOption,
    UpsertEventOption,
    get_event_data,
    update_event_data,
    upsert_event_data,
)
from tests.ams.wellness import FIELDS, FORM, client, sandbox, writes  # noqa: F401 - fixtures

VALUES = {
    "Session ID": "007",
    "Sleep": "1784320260",
    "Mood": "High",
    "Note": "line one\nline two",
    "Due": "05/01/2026",
    "Bed": "10:30 PM",
    "File": "12|a.pdf",
}
TABLE = [{"drill": "run", "reps": "3"}, {"drill": "jump"}, {"reps": "12345678"}]


@pytest.fixture
def event(sandbox):
    return sandbox.add_event(
        FORM, 1001, start_date="05/01/2026", start_time="11:30 PM", finish_date="06/01/2026",
        finish_time="1:00 AM", values=VALUES, table=TABLE,
    )  # fmt: skip


def update(df, client, form=FORM, **options):
    options = {"on_missing_fields": "keep", "interactive_mode": False, **options}
    return update_event_data(df, form, option=UpdateEventOption(**options), client=client)


def one(event, **columns):
    return pd.DataFrame([{"event_id": event, "user_id": 1001, **columns}])


def stored(sandbox, event):
    return next(e for e in sandbox.events() if e["id"] == event)


def moments(found):
    names = ("start_date", "start_time", "finish_date", "finish_time", "user_id")
    return [found[name] for name in names]


def test_all_else_is_as_it_was(sandbox, client, event):
    before = stored(sandbox, event)
    result = update(one(event, Mood="Low"), client)
    assert result.counts["updated"] == 1
    after = stored(sandbox, event)
    assert after["values"] == {**VALUES, "Mood": "Low"}
    assert [dict(r) for r in after["table"]] == TABLE
    assert moments(after) == moments(before)
    assert sandbox.state()["rule_breaks"] == {}, "no calculated or linked field was sent"


def test_an_empty_cell_empties_its_own_field_alone(sandbox, client, event):
    update(one(event, Note=None, Mood="Low"), client)
    kept = {k: v for k, v in VALUES.items() if k != "Note"}
    assert stored(sandbox, event)["values"] == {**kept, "Mood": "Low"}


def test_unchanged_events_are_not_sent(sandbox, client, event, writes):
    frame = one(event, Mood="High", Sleep=1.78432026e9, Due=pd.Timestamp("2026-01-05"))
    result = update(frame, client)
    assert result.rows["status"].tolist() == ["unchanged"]
    assert result.rows["event_id"].tolist() == [event]
    assert writes() == 0


def test_a_frame_as_it_was_read_changes_nothing(sandbox, client, event, writes):
    option = EventOption(interactive_mode=False)
    frame = get_event_data(FORM, "01/01/2026", "31/01/2026", client=client, option=option)
    mine = [c for c in frame.columns if c not in ("Double", "Mean", "Height", "Sex", "Due", "Note")]
    result = update(frame[mine], client, table_fields=["drill", "reps"])
    assert set(result.rows["status"]) == {"unchanged"}
    assert writes() == 0


def test_table_rows_are_laid_over_by_position(sandbox, client, event):
    frame = pd.concat([one(event, reps=n) for n in (4, 5, 6)], ignore_index=True)
    update(frame, client, table_fields=["reps"])
    assert [dict(sorted(r.items())) for r in stored(sandbox, event)["table"]] == [
        {"drill": "run", "reps": "4"}, {"drill": "jump", "reps": "5"}, {"reps": "6"},
    ]  # fmt: skip
    assert stored(sandbox, event)["values"] == VALUES


def test_another_number_of_rows_with_half_a_table_is_refused(client, event, writes):
    with pytest.raises(AMSImportError, match="all fields of the table"):
        update(one(event, reps=4), client, table_fields=["reps"])
    assert writes() == 0


def test_a_whole_table_replaces_the_stored_one(sandbox, client, event):
    update(one(event, drill="swim", reps=9), client, table_fields=["drill", "reps"])
    assert [dict(r) for r in stored(sandbox, event)["table"]] == [{"drill": "swim", "reps": "9"}]


def test_a_new_start_keeps_the_length(sandbox, client, event):
    update(one(event, start_date="10/02/2026"), client)
    assert moments(stored(sandbox, event))[:4] == [
        "10/02/2026", "11:30 PM", "11/02/2026", "1:00 AM",
    ]  # fmt: skip


def test_one_read_for_all(sandbox, client):
    events = [
        {"user": 1001 + i % 3, "start_date": f"{i % 28 + 1:02d}/01/2026", "values": {"Sleep": "7"}}
        for i in range(60)
    ]
    ids = sandbox.add_events("Plain", events)
    users = [e["user"] for e in events]
    frame = pd.DataFrame({"event_id": ids, "user_id": users, "Note": "x"})
    update(frame, client, "Plain")
    seen = sandbox.requests()
    assert seen["synchronise"] == 2 + seen["eventsimport"], "one page, the mark, a look each call"


def test_the_default_clears_and_warns_of_the_fields(sandbox, client, event):
    option = UpdateEventOption(interactive_mode=False)
    frame = one(event, Mood="Low", Sleep=7)
    with pytest.warns(AMSDataLossWarning, match="'Note'.*'drill'") as caught:
        result = update_event_data(frame, FORM, option=option, client=client)
    assert caught[0].filename == __file__
    assert any("'Note'" in w and "'Mood'" not in w and "'Double'" not in w for w in result.warnings)
    assert stored(sandbox, event)["values"] == {"Mood": "Low", "Sleep": "7"}
    assert stored(sandbox, event)["table"] == []


def test_error_refuses_and_names_the_fields(client, event, writes):
    with pytest.raises(AMSInputError, match=r"'Session ID'.*'drill', 'reps'"):
        update(one(event, Mood="Low"), client, on_missing_fields="error")
    assert writes() == 0


def test_without_the_schema_nothing_is_kept_by_guess(sandbox, client, event, writes):
    sandbox.configure(schemas_forbidden=True)
    with pytest.raises(AMSPermissionError, match="on_missing_fields='clear'"):
        update(one(event, Mood="Low"), client)
    assert writes() == 0


def test_without_the_schema_new_and_whole_events_go(sandbox, client):
    sandbox.configure(schemas_forbidden=True)
    sandbox.add_form("Small", ["A", "B"])
    option = UpsertEventOption(key=["start_date"], on_missing_fields="keep", interactive_mode=False)
    frame = pd.DataFrame([{"user_id": 1001, "start_date": "05/01/2026", "A": "1", "B": "2"}])
    for expected in ("inserted", "unchanged"):
        result = upsert_event_data(frame, "Small", option=option, client=client)
        assert result.rows["status"].tolist() == [expected]
    changed = upsert_event_data(frame.assign(B="3"), "Small", option=option, client=client)
    assert changed.counts["updated"] == 1
    with pytest.raises(AMSPermissionError, match="'keep'"):
        upsert_event_data(frame.drop(columns="B"), "Small", option=option, client=client)


def test_an_id_that_is_not_mine_is_refused(sandbox, client, event, writes):
    frame = one(event, Mood="Low").assign(user_id=1002)
    with pytest.raises(AMSImportError, match=r"belongs to|another person"):
        update(frame, client)
    assert writes() == 0


# ---------------------------------------------------------------- whatever the frame, nothing else

TEXT = st.text(st.sampled_from("abcß \n<>&'\"|\\é1."), min_size=1, max_size=12).filter(
    lambda t: t == t.strip()
)
NUMBER = st.one_of(
    st.integers(-(10**9), 10**9).map(str),
    st.decimals(-1000, 1000, places=3).map(lambda d: f"{d:f}"),
)
CELLS = {
    "Session ID": TEXT,
    "Sleep": NUMBER,
    "Mood": st.sampled_from(["Low", "High"]),
    "Note": TEXT,
    "Due": st.dates().map(lambda d: f"{d.day:02d}/{d.month:02d}/{d.year:04d}"),
    "Bed": st.sampled_from(["12:00 AM", "12:05 PM", "9:30 AM"]),
}
ROW = st.fixed_dictionaries({}, optional={"drill": TEXT, "reps": NUMBER}).filter(bool)
EVENT = st.fixed_dictionaries(
    {"Sleep": NUMBER}, optional={k: v for k, v in CELLS.items() if k != "Sleep"}
)


def shown(client):
    option = EventOption(interactive_mode=False, guess_col_type=False)
    frame = get_event_data(FORM, "01/01/2026", "31/01/2026", client=client, option=option)
    return frame.reindex(columns=sorted(frame.columns))


@settings(
    max_examples=40, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(
    events=st.lists(st.tuples(EVENT, st.lists(ROW, max_size=3)), min_size=1, max_size=4),
    changes=st.sets(st.sampled_from(sorted(CELLS)), min_size=1),
    data=st.data(),
    by_key=st.booleans(),
)
def test_no_field_outside_the_frame_changes(ams_sandbox, events, changes, data, by_key):
    sandbox = ams_sandbox
    sandbox.reset(seed="demo")
    sandbox.add_form(FORM, FIELDS)
    client = AMSClient(sandbox.url, sandbox.username, sandbox.password)
    added = [
        {"user": 1001 + i % 2, "start_date": f"{5 + i:02d}/01/2026", "start_time": f"{1 + i}:15 PM",
         "values": values, "table": table}
        for i, (values, table) in enumerate(events)
    ]  # fmt: skip
    ids = sandbox.add_events(FORM, added)
    before = shown(client)
    columns = {
        name: [data.draw(CELLS[name] if name == "Sleep" else st.none() | CELLS[name]) for _ in ids]
        for name in sorted(changes)
    }
    frame = pd.DataFrame({"user_id": [e["user"] for e in added], **columns}, dtype=object)
    quiet = {"on_missing_fields": "keep", "interactive_mode": False}
    if by_key:
        frame["start_date"] = [e["start_date"] for e in added]
        option = UpsertEventOption(key=["start_date"], **quiet)
        upsert_event_data(frame, FORM, option=option, client=client)
    else:
        frame["event_id"] = ids
        update_event_data(frame, FORM, option=UpdateEventOption(**quiet), client=client)
    after = shown(client)
    client.close()
    said = {*columns, "Double", "Mean"}
    kept = [c for c in before.columns.union(after.columns) if c not in said]
    pd.testing.assert_frame_equal(
        after.reindex(columns=kept), before.reindex(columns=kept), check_dtype=False
    )
    for name, texts in columns.items():
        found = after.groupby("event_id", sort=False)[name].first() if name in after else None
        for event, text in zip(ids, texts, strict=True):
            assert (found is None or found[event] is None or found[event] != found[event]) is (
                text is None
            )
