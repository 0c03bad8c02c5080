"""A row that can't be read is rejected, with all rows of its event, and takes no other along."""

from __future__ import annotations

import contextlib

import pandas as pd
import pytest

from airflow_provider_ams.ams import (
    AMSImportError,
    AMSInputError,
    MirrorEventOption,
    PlanOption,
    mirror_event_data,
    plan_event_data,
    validate_event_data,
)
from tests.ams.ams_site import ANN, BOB, CAT, LIFTS, LOG, insert, log, update, upsert

DAY, NEXT = "01/01/2025", "02/01/2025"


def good(count=3):
    return log(range(1, count + 1)).astype(object)


BAD = [
    ("start_date", "2025-01-01", "dd/MM/yyyy"),
    ("start_date", None, "start_date"),
    ("start_time", "25:00", "h:mm AM"),
    ("user_id", "x", "no AMS user"),
    ("user_id", None, "missing"),
    ("user_id", 10**19, "no AMS user"),
    ("user_id", "12345678901234567890", "no AMS user"),
    ("user_id", [ANN], "no AMS user"),
    ("amount", float("inf"), "infinite"),
    ("amount", True, "boolean_text"),
    ("amount", {"a": 1}, "dict"),
    pytest.param("amount", 10**5000, "too long", id="long"),
    ("note", "half \ud800 a character", "half a character"),
]


@pytest.mark.parametrize("validate", [False, True])
@pytest.mark.parametrize(("column", "value", "word"), BAD)
def test_the_other_rows_land(client, sandbox, column, value, word, validate):
    frame = good().assign(note="a").astype(object)
    frame.at[1, column] = value
    result = insert(client, frame, tolerance=1, validate=validate)
    assert result.rows["status"].tolist() == ["inserted", "rejected", "inserted"]
    assert word in result.rows["reason"][1]
    assert len(sandbox.events()) == 2


def test_the_error_begins_with_the_reasons_and_names_the_rows(client, sandbox):
    frame = good(4)
    frame.loc[1, "user_id"], frame.loc[3, "user_id"] = "nobody", "no one"
    with pytest.raises(AMSImportError) as caught:
        insert(client, frame)
    text = str(caught.value)
    assert text.startswith("Failed to map people: 'user_id' is no AMS user that the account can")
    assert "(rows 1, 3). 2 of 4 rows were not sent; the others have landed." in text
    assert caught.value.rows == [1, 3]
    assert len(sandbox.events()) == 2


@pytest.mark.parametrize(("users", "word"), [([ANN, "x"], "Partial"), (["x", "x"], "Failed")])
def test_a_person_at_the_keyboard_is_told_of_rejected_rows(client, capsys, users, word):
    frame = good(2).assign(user_id=pd.Series(users, dtype=object))
    insert(client, frame, interactive_mode=True, tolerance="all")
    assert f"Result: {word}" in capsys.readouterr().out


@pytest.mark.parametrize("event_id", ["x", 77, "12345678901234567890", 1.5, 10**30])
def test_a_bad_event_id_is_neither_updated_nor_inserted(client, sandbox, event_id):
    mine = sandbox.add_event(LOG, ANN, start_date=DAY, values={"amount": 5})
    frame = good(3).assign(event_id=pd.Series([mine, event_id, None], dtype=object))
    with pytest.raises(AMSImportError, match=r"^Invalid event_id values provided") as caught:
        upsert(client, frame)
    assert caught.value.result.rows["status"].tolist() == ["updated", "rejected", "inserted"]
    with pytest.raises(AMSImportError, match=r"^Invalid event_id values provided"):
        update(client, frame)


def test_event_ids_that_are_given_twice_are_all_rejected(client, sandbox):
    ids = [sandbox.add_event(LOG, ANN, start_date=DAY, values={"amount": 5}) for _ in "ab"]
    frame = good(3).assign(event_id=[ids[0], ids[1], ids[0]])
    result = update(client, frame, tolerance="all")
    assert result.rows["status"].tolist() == ["rejected", "updated", "rejected"]
    assert [e["values"]["amount"] for e in sandbox.events()] == ["5", "2"]


# ---------------------------------------------------------------- events of several rows


def sessions():
    """Return two events of Ann and one of Bob, two rows each."""
    return pd.DataFrame(
        {
            "user_id": [ANN, ANN, ANN, ANN, BOB, BOB],
            "start_date": [DAY, DAY, NEXT, NEXT, DAY, DAY],
            "start_time": "9:00 AM",
            "exercise": list("abcdef"),
            "load": [1, 2, 3, 4, 5, 6],
        },
        dtype=object,
    )


TORN = [
    (1, "load", [1], "RRiiii"),
    (1, "start_date", "01.01.2025", "RRRRii"),
    (1, "start_time", "9", "RRiiii"),
    (1, "start_date", None, "RRRRii"),
    (1, "user_id", None, "RRiiii"),
    (1, "user_id", "x", "iRiiii"),
    (4, "user_id", "x", "iiiiRi"),
    (5, "user_id", None, "iiiiRR"),
]


@pytest.mark.parametrize(("row", "column", "value", "expected"), TORN)
def test_no_event_goes_without_one_of_its_rows(client, sandbox, row, column, value, expected):
    frame = sessions()
    frame.at[row, column] = value
    result = insert(client, frame, LIFTS, table_fields=["exercise", "load"], tolerance="all")
    letters = {"inserted": "i", "rejected": "R"}
    assert "".join(letters[s] for s in result.rows["status"]) == expected


def test_a_person_misspelt_within_an_event_takes_the_event(client, sandbox):
    frame = pd.concat([sessions().head(2), sessions().head(1)], ignore_index=True)
    frame.at[1, "user_id"] = "x"
    result = insert(client, frame, LIFTS, table_fields=["exercise", "load"], tolerance="all")
    assert result.counts["rejected"] == 3


def test_validation_counts_all_rows_of_an_event(client, sandbox):
    frame = sessions()
    frame.at[1, "load"] = "heavy"
    option = PlanOption(
        mode="insert", table_fields=["exercise", "load"], tolerance=2, interactive_mode=False
    )
    report = validate_event_data(frame, LIFTS, option=option, client=client)
    assert (report.ok, report.rejected) == (True, 2)


def test_the_other_rows_of_an_event_are_told_why(client, sandbox):
    frame = sessions()
    frame.at[1, "load"] = [1]
    result = insert(client, frame, LIFTS, table_fields=["exercise", "load"], tolerance="all")
    assert result.failed[["row", "user_id", "code"]].values.tolist() == [
        [0, ANN, "event"],
        [1, ANN, "value"],
    ]
    assert result.rows["reason"][0] == "not sent: another row of its event can't be sent"


# ---------------------------------------------------------------- what stops everything

BROKEN = pd.Index(["user_id", "start_date", "start_time", "\udcff"], dtype=object)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda f: f.drop(columns="start_date"), "start_date"),
        (lambda f: f.drop(columns="user_id"), "user_id"),
        (lambda f: f.set_axis(["user_id", "start_date", "start_date", "amount"], axis=1), "once"),
        (lambda f: f.rename(columns={"amount": " "}), "name"),
        (lambda f: f.set_axis(BROKEN, axis=1), "half a character"),
    ],
)
def test_what_concerns_the_whole_frame_stops_it(client, sandbox, change, word):
    frame = good()
    frame.loc[1, "start_time"] = "25:00"
    with pytest.raises(AMSInputError, match=word):
        insert(client, change(frame), tolerance="all")
    assert sandbox.events() == []


# ---------------------------------------------------------------- a plan says the same


def test_a_plan_counts_what_the_import_does(client, sandbox):
    frame = good(4)
    frame.at[1, "start_date"], frame.at[2, "user_id"] = "x", "x"
    option = PlanOption(mode="insert", interactive_mode=False)
    plan = plan_event_data(frame, LOG, option=option, client=client)
    counts = insert(client, frame, tolerance="all").counts
    assert (plan.counts["insert"], plan.counts["reject"]) == (2, 2)
    assert (counts["inserted"], counts["rejected"]) == (2, 2)


@pytest.mark.parametrize("tolerance", [None, 1, "all"])
def test_a_mirror_sends_what_it_can_and_deletes_nothing(client, sandbox, tolerance):
    """Nobody can tell which stored event a row stands for that can't be read."""
    for day in (DAY, "05/01/2025"):
        sandbox.add_event(LOG, CAT, start_date=day, values={"amount": 5})
    before = sandbox.events()
    frame = good()
    frame.at[1, "start_date"] = "x"
    window = {"window": (DAY, "31/01/2025"), "client": client}
    option = {"key": ["start_date"], "interactive_mode": False}
    plan = plan_event_data(frame, LOG, **window, option=PlanOption(mode="mirror", **option))
    counts = {"insert": 2, "update": 0, "unchanged": 0, "delete": 0, "reject": 1}
    assert plan.counts == counts
    assert any("nothing is deleted" in warning for warning in plan.warnings)
    with contextlib.suppress(AMSImportError) if tolerance is None else contextlib.nullcontext():
        settings = MirrorEventOption(**option, max_deletes="100%", tolerance=tolerance)
        result = mirror_event_data(frame, LOG, **window, option=settings)
        assert tolerance is not None
        assert result.deletes is None
        assert any("nothing is deleted" in warning for warning in result.warnings)
    assert sandbox.events()[: len(before)] == before
    assert len(sandbox.events()) == len(before) + 2


def test_a_mirror_deletes_nothing_while_ams_refuses_a_row(client, sandbox):
    """The row may be a stored event that was moved: deleted there, and refused here, it is lost."""
    sandbox.add_form("Strict", ["amount: Number", {"name": "must", "required": True}])
    sandbox.add_event("Strict", CAT, start_date=DAY, values={"amount": 5, "must": "x"})
    frame = good().assign(must=["x", None, "x"])
    option = MirrorEventOption(
        key=["start_date"], max_deletes="100%", tolerance="all", interactive_mode=False
    )
    window = (DAY, "31/01/2025")
    result = mirror_event_data(frame, "Strict", window=window, client=client, option=option)
    assert result.rows["status"].tolist() == ["inserted", "rejected", "inserted"]
    assert result.failed["code"].tolist() == ["refused"]
    assert len(sandbox.events("Strict")) == 3
    assert any("nothing is deleted" in warning for warning in result.warnings)
