"""Each rule of the form, found before anything is sent."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from airflow_provider_ams.ams import (
    AMSInputError,
    AMSValidationError,
    InsertEventOption,
    PlanOption,
    UpsertProfileOption,
    insert_event_data,
    upsert_profile_data,
    validate_event_data,
)
from tests.ams.wellness import FORM, client, sandbox, writes  # noqa: F401 - fixtures

GOOD = {"user_id": 1001, "start_date": "05/01/2026", "start_time": "9:00 AM", "Sleep": 8}


def rows(*changes, base=GOOD):
    """Return a good row and one for each change, labelled a, b, c..."""
    lines = [base, *({**base, "start_time": f"{10 + i}:00 AM"} for i in range(len(changes)))]
    for line, change in zip(lines[1:], changes, strict=True):
        line.update(change)
    return pd.DataFrame(lines, index=list("abcdefgh"[: len(lines)]))


def check(df, client, form=FORM, **options):
    options = {"mode": "insert", "interactive_mode": False, **options}
    return validate_event_data(df, form, option=PlanOption(**options), client=client)


def found(report):
    return {(f.severity, f.rule, f.field): f.rows for f in report.findings}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"sleep": 1}, ("error", "unknown_field", "sleep", [])),
        ({"Sleeep": 1}, ("error", "unknown_field", "Sleeep", [])),
        ({"Double": 1}, ("error", "read_only_field", "Double", [])),
        ({"Mean": 1}, ("error", "read_only_field", "Mean", [])),
        ({"Height": 1}, ("error", "read_only_field", "Height", [])),
        ({"Sex": "MALE"}, ("error", "read_only_field", "Sex", [])),
        ({"first name": "A"}, ("warning", "protected_field", "first name", [])),
        ({"drill": "run"}, ("error", "table_field", "drill", [])),
        ({"Sleep": None}, ("error", "required", "Sleep", ["b"])),
        ({"Sleep": "eight"}, ("error", "format", "Sleep", ["b"])),
        ({"Sleep": "8,5"}, ("error", "format", "Sleep", ["b"])),
        ({"Due": "05.01.2026"}, ("error", "format", "Due", ["b"])),
        ({"Due": "31/02/2026"}, ("error", "format", "Due", ["b"])),
        ({"Bed": "22.30"}, ("error", "format", "Bed", ["b"])),
        ({"Mood": "low"}, ("error", "option", "Mood", ["b"])),
        ({"Place": "Pool"}, ("error", "option", "Place", ["b"])),
        ({"Sore": "Leg, Head"}, ("error", "option", "Sore", ["b"])),
        ({"Note": "x" * 10_001}, ("warning", "length", "Note", ["b"])),
        ({"Note": "nan"}, ("warning", "placeholder", "Note", ["b"])),
        ({"Note": True}, ("error", "value", "Note", ["b"])),
        ({"user_id": 424242}, ("error", "user", "user_id", ["b"])),
        ({"user_id": None}, ("error", "user", "user_id", ["b"])),
        ({"start_date": "31/02/2026"}, ("error", "dates", "start_date", ["b"])),
        ({"start_date": None}, ("error", "dates", "start_date", ["b"])),
        ({"start_time": "25:00 PM"}, ("error", "dates", "start_time", ["b"])),
        ({"end_date": "01/01/2026", "end_time": "9:00 AM"}, ("error", "end", None, ["b"])),
    ],
)  # fmt: skip
def test_a_rule(sandbox, client, writes, change, expected):
    report = check(rows(change), client)
    severity, rule, name, labels = expected
    assert found(report) == {(severity, rule, name): labels}
    assert report.ok is (severity == "warning")
    assert writes() == 0


@pytest.mark.parametrize(
    "change",
    [
        {"Sleep": "7.5"}, {"Sleep": 1e7}, {"Due": "05/01/2026"}, {"Mood": None},
        {"Due": pd.Timestamp("2026-01-05")}, {"Bed": "10:30 PM"}, {"Mood": "High"},
        {"Sore": "Leg, Back"}, {"Sore": "Arm"}, {"Note": "any\ntext"}, {"File": "12|a.pdf"},
        {"end_time": "11:30 AM"},
    ],
)  # fmt: skip
def test_what_fits(sandbox, client, change):
    assert check(rows(change), client).findings == ()


def test_everything_is_told_at_once_and_no_value(sandbox, client, capsys):
    frame = rows(
        {"Sleep": "secret-sleep", "Mood": "secret-mood", "nOte": "secret-note"},
        {"user_id": 4242421, "start_date": "secret-date"},
    )
    report = check(frame, client, interactive_mode=True)
    kinds = {(f.rule, f.field) for f in report.errors}
    assert kinds == {
        ("format", "Sleep"), ("option", "Mood"), ("unknown_field", "nOte"),
        ("user", "user_id"), ("dates", "start_date"),
    }  # fmt: skip
    with pytest.raises(AMSValidationError) as caught:
        report.raise_for_errors()
    told = [str(report), report.html(), json.dumps(report.as_dict()), str(caught.value)]
    told += [report.details().to_csv(), capsys.readouterr().out, repr(report)]
    assert all("secret" not in text and "4242421" not in text for text in told)
    assert "Did you mean 'Note'?" in str(report)
    assert sorted(caught.value.rows) == ["b", "c"]


def test_a_missing_required_column(sandbox, client):
    report = check(rows().drop(columns="Sleep"), client)
    assert found(report) == {("error", "required", "Sleep"): []}
    kept = check(
        rows().drop(columns="Sleep").assign(event_id=1),
        client, mode="update", on_missing_fields="keep", check_event_ids=False,
    )  # fmt: skip
    assert kept.ok


def test_missing_fields_where_none_may_be_missing(sandbox, client):
    report = check(rows(), client, mode="upsert", on_missing_fields="error")
    (finding,) = report.errors
    assert finding.rule == "missing_field"
    assert "'Note'" in finding.what
    assert "'Double'" not in finding.what


@pytest.mark.parametrize(("contract", "ok"), [("strict", False), ("drop_unknown", True)])
def test_contracts(sandbox, client, contract, ok):
    frame = rows({"nOte": "x", "Double": 3})
    report = check(frame, client, contract=contract)
    assert report.ok is ok
    assert {f.field for f in report.findings} == {"nOte", "Double"}


def test_wrong_columns_are_told_beside_missing_ones(sandbox, client):
    frame = rows({"nOte": "x"}).drop(columns="start_date").rename(columns={"user_id": "User_ID"})
    report = check(frame, client)
    assert {(f.rule, f.field) for f in report.errors} == {
        ("frame", None),
        ("unknown_field", "nOte"),
    }
    assert "start_date" in report.errors[0].what + report.errors[1].what


def test_contract_off_looks_at_no_field(sandbox, client):
    frame = rows({"nOte": "x", "Mood": "bad", "start_date": "x"})
    assert [f.rule for f in check(frame, client, contract="off").findings] == ["dates"]


def test_table_rules(sandbox, client):
    frame = rows({}, {}).assign(start_time="9:00 AM", drill=["run", "jump", None])
    frame["Mood"] = ["High", "Low", None]
    frame["reps"] = ["1", "x", None]
    report = check(frame, client, table_fields=["drill", "reps", "Mood"])
    assert found(report) == {
        ("error", "table_field", "Mood"): [],
        ("error", "option", "Mood"): [],
        ("error", "format", "reps"): ["b"],
    } or found(report) == {
        ("error", "table_field", "Mood"): [],
        ("error", "format", "reps"): ["b"],
    }
    differs = check(frame, client, table_fields=["drill", "reps"])
    assert found(differs)["error", "event_level", "Mood"] == ["b"]


def test_a_required_table_field(sandbox, client):
    form = ["A", {"name": "T", "table": True}, {"name": "R", "table": True, "required": True}]
    sandbox.add_form("Sets", form)
    frame = rows({}, base={k: v for k, v in GOOD.items() if k != "Sleep"}).assign(T="x")
    report = check(frame, client, "Sets", table_fields=["T"])
    assert found(report) == {("error", "required", "R"): []}
    report = check(frame.assign(R=["1", None]), client, "Sets", table_fields=["T", "R"])
    assert found(report) == {("error", "required", "R"): ["b"]}


def test_equal_events_are_a_warning(sandbox, client):
    report = check(pd.DataFrame([GOOD, GOOD]), client)
    assert found(report) == {("warning", "duplicate", None): [1]}


def test_event_ids(sandbox, client):
    mine = sandbox.add_event(FORM, 1001, start_date="05/01/2026", values={"Sleep": "7"})
    foreign = sandbox.add_event(FORM, 1002, start_date="05/01/2026", values={"Sleep": "7"})
    other = sandbox.add_event("Plain", 1001, start_date="05/01/2026", values={"Sleep": "7"})
    frame = pd.DataFrame([GOOD] * 5)
    frame["user_id"] = [1001, 1001, 1001, 1001, 1002]
    frame["event_id"] = [mine, foreign, other, 99, foreign + 1000]
    report = check(frame, client, mode="update")
    rows_of = {f.what: f.rows for f in report.errors}
    assert sorted(r for labels in rows_of.values() for r in labels) == [1, 2, 3, 4]
    assert all(f.rule == "event_id" for f in report.errors)
    assert [1] in rows_of.values()


def test_duplicate_keys_and_incomplete_ones(sandbox, client):
    frame = rows({"Session ID": "a"}, {"Session ID": "a"}, {"Session ID": None})
    frame.loc["a", "Session ID"] = "z"
    report = check(frame, client, mode="upsert", key=["start_date", "Session ID"])
    assert found(report)["error", "key", None] == ["b", "c"]
    assert found(report)["error", "key", "Session ID"] == ["d"]


@pytest.mark.parametrize("key", [["Nope"], ["Double"], ["drill"], ["event_id"]])
def test_a_key_that_is_none(sandbox, client, key):
    report = check(rows(), client, mode="upsert", key=key)
    assert [f.rule for f in report.errors] == ["key"]


def test_an_account_that_may_not_see_the_schema_is_not_locked_out(sandbox, client):
    sandbox.configure(schemas_forbidden=True)
    report = check(rows({"nOte": "x"}), client)
    assert [(f.severity, f.rule) for f in report.findings] == [("warning", "schema")]
    option = InsertEventOption(validate=True, interactive_mode=False)
    result = insert_event_data(rows(), "Plain", option=option, client=client)
    assert result.counts["inserted"] == 1
    assert "not checked" in result.warnings[0]


def test_the_report_as_files(sandbox, client, tmp_path):
    report = check(rows({"Mood": "<b>"}, {"Mood": "x", "odd": 1}), client)
    report.save(tmp_path / "r.csv")
    lines = pd.read_csv(tmp_path / "r.csv", dtype=str, keep_default_na=False)
    assert lines[["row", "field", "rule"]].values.tolist() == [
        ["", "odd", "unknown_field"], ["b", "Mood", "option"], ["c", "Mood", "option"],
    ]  # fmt: skip
    report.save(tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text()
    assert "<td>Mood</td>" in page
    assert "<b>" not in page
    with pytest.raises(Exception, match="csv or"):
        report.save(tmp_path / "r.txt")


def test_a_profile_form(sandbox, client):
    frame = pd.DataFrame(
        {"user_id": [1001, 1002, 1001], "height_cm": ["180", "tall", "181"], "x": 1}
    )
    report = check(frame, client, "Athlete Profile", mode="upsert", form_type="profile")
    assert {(f.rule, f.field) for f in report.errors} == {
        ("format", "height_cm"), ("unknown_field", "x"), ("duplicate", "user_id"),
    }  # fmt: skip
    with pytest.raises(AMSInputError):
        upsert_profile_data(
            frame, "Athlete Profile", client=client,
            option=UpsertProfileOption(validate=True, interactive_mode=False),
        )  # fmt: skip


def test_an_import_validates_first(sandbox, client, writes):
    option = InsertEventOption(validate=True, interactive_mode=False)
    with pytest.raises(AMSValidationError, match="'nOte'"):
        insert_event_data(rows({"nOte": "x"}), "Plain", option=option, client=client)
    assert writes() == 0


def test_rows_that_break_a_rule_are_rejected_and_the_others_land(sandbox, client):
    option = InsertEventOption(validate=True, tolerance="all", interactive_mode=False)
    frame = rows({"Mood": "bad"}, {"Sleep": None}, {"Note": "fine"})
    result = insert_event_data(frame, "Plain", option=option, client=client)
    assert result.rows["status"].tolist() == ["inserted", "rejected", "rejected", "inserted"]
    assert result.rows.index.tolist() == list("abcd")
    assert "'Mood'" in result.rows.loc["b", "reason"]
    assert len(sandbox.events("Plain")) == 2
    assert sandbox.requests()["eventsimport"] == 2, "two events of one person and day: two calls"


def test_unknown_columns_can_be_left_out(sandbox, client):
    option = InsertEventOption(validate=True, contract="drop_unknown", interactive_mode=False)
    frame = rows({"nOte": "x", "Double": 3, "Note": "kept"})
    result = insert_event_data(frame, "Plain", option=option, client=client)
    assert result.counts["inserted"] == 2
    assert {"nOte", "Double"} <= {w.split("'")[1] for w in result.warnings}
    assert sandbox.state()["rule_breaks"] == {}
    assert sandbox.events("Plain")[1]["values"]["Note"] == "kept"


@pytest.mark.parametrize(("tolerance", "ok"), [(None, False), (0, False), (1, True), ("50%", True)])
def test_a_report_is_as_red_as_the_import(client, tolerance, ok):
    frame = rows({"Sleep": "bad"})
    report = check(frame, client, tolerance=tolerance)
    assert (report.ok, report.rejected) == (ok, 1)
    whole = check(frame.assign(Sleepp=1), client, tolerance=tolerance)
    assert not whole.ok, "what is wrong with the frame is no matter of tolerance"


def test_rows_that_cannot_be_read_equal_no_other(client):
    frame = rows({}, {}).assign(start_date=["05/01/2026", "x", "y"], start_time="9:00 AM")
    assert {rule for _, rule, _ in found(check(frame, client))} == {"dates"}
