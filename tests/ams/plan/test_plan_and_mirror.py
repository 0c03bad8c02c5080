"""Plans say what would happen and do just that; mirrors delete, within limits, what left."""

from __future__ import annotations

import pandas as pd
import pytest

from airflow_provider_ams.ams import (
    AMSConfigurationError,
    AMSImportError,
    AMSStalePlanError,
    AMSValidationError,
    MirrorEventOption,
    Plan,
    PlanOption,
    UserFilter,
    apply,
    mirror_event_data,
    plan_event_data,
)
from tests.ams.wellness import client, sandbox, writes  # noqa: F401 - fixtures

WINDOW = ("01/01/2026", "31/01/2026")


def frame(**columns):
    return pd.DataFrame(
        {
            "user_id": [1001, 1001, 1002],
            "start_date": ["05/01/2026", "06/01/2026", "06/01/2026"],
            "start_time": "9:00 AM",
            "Sleep": [7, 8, 9],
            "Note": ["secret-a", "secret-b", "secret-c"],
        }
        | columns
    )


def plan(df, client, form="Plain", **options):
    window = options.pop("window", None)
    options = {
        "key": ["start_date"], "on_missing_fields": "keep", "interactive_mode": False,
        "validate": True, **options,
    }  # fmt: skip
    option = PlanOption(**options)
    return plan_event_data(df, form, window=window, option=option, client=client)


def carry_out(found, client, **options):
    return apply(found, client=client, interactive_mode=False, **options)


def mirror(df, client, **options):
    options = {
        "key": ["start_date"], "on_missing_fields": "keep", "interactive_mode": False, **options
    }  # fmt: skip
    window = options.pop("window", WINDOW)
    option = MirrorEventOption(**options)
    return mirror_event_data(df, "Plain", window=window, option=option, client=client)


@pytest.fixture
def landed(client):
    return carry_out(plan(frame(), client), client).rows["event_id"].tolist()


def test_a_plan_counts_and_sends_nothing(sandbox, client, landed, writes):
    sandbox.clear_requests()
    more = frame(Sleep=[7, 8.5, 9]).astype(object)
    more.loc[3] = [1003, "07/01/2026", "9:00 AM", 5, "secret-d"]
    more.loc[4] = [1003, "08/01/2026", "9:00 AM", "bad", "secret-e"]
    found = plan(more, client)
    assert found.counts == {"insert": 1, "update": 1, "unchanged": 2, "delete": 0, "reject": 1}
    assert found.rows()["action"].tolist() == [
        "unchanged", "update", "unchanged", "insert", "reject",
    ]  # fmt: skip
    ((number, changes),) = found.changes.items()
    assert found.events.event_ids[number] == landed[1]
    assert [tuple(c) for c in changes] == [("Sleep", "8", "8.5")]
    assert writes() == 0


def test_values_are_for_eyes_and_not_for_logs(client, landed):
    found = plan(frame(Note=["secret-x"] * 3), client)
    assert "secret-x" in found.markdown()
    assert "secret-a" in found.markdown()
    assert "secret-x" in found.html()
    quiet = [str(found), repr(found), found.markdown(show_values=False)]
    assert all("secret" not in text for text in [*quiet, str(found.summary())])


def test_markdown_can_not_be_broken_by_a_value(client, landed):
    nasty = "a | b\n<script>{{ conn }}</script> [x](http://y) `z`"
    text = plan(frame(Note=[nasty, "secret-b", "secret-c"]), client).markdown()
    (line,) = (x for x in text.splitlines() if "script" in x)
    assert line.count(" | ") == len(["what", "field"])
    assert "<script>" not in text
    assert "{{" not in text


def test_long_plans_are_cut(client):
    many = pd.concat([frame(start_date=[f"{d:02d}/01/2026"] * 3) for d in range(1, 20)])
    many["user_id"] = [1001 + i % 18 for i in range(len(many))]
    many = many.drop_duplicates(["user_id", "start_date"]).reset_index(drop=True)
    text = plan(many, client).markdown(max_lines=5)
    assert "more lines" in text
    assert len(text.splitlines()) < 20


def test_applied_it_sends_only_what_differs(sandbox, client, landed):
    found = plan(frame(Sleep=[7, 8.5, 9]), client)
    sandbox.clear_requests()
    result = carry_out(found, client)
    assert result.rows["status"].tolist() == ["unchanged", "updated", "unchanged"]
    assert result.rows["event_id"].tolist() == landed
    # A look at the whole plan, the mark, a look at what the call changes.
    assert sandbox.requests() == {"synchronise": 3, "eventsimport": 1}


def test_kept_in_a_file_it_is_the_same_plan(client, landed, tmp_path):
    found = plan(frame(Sleep=[7, 8.5, 9]), client)
    path = tmp_path / "plan.json"
    found.save(path)
    assert path.stat().st_mode & 0o077 == 0
    again = Plan.load(path.read_bytes())
    assert again.digest == found.digest
    assert carry_out(again, client).counts["updated"] == 1


def test_an_altered_plan_is_refused(client, landed):
    data = plan(frame(Sleep=[7, 8.5, 9]), client).dump()
    with pytest.raises(AMSConfigurationError, match="altered"):
        Plan.load(data.replace(b'"8.5"', b'"9.5"'))
    with pytest.raises(AMSConfigurationError, match="no plan"):
        Plan.load(b"{}")


@pytest.mark.parametrize(
    "meddle",
    [
        lambda s, ids: s.edit_event(ids[1], {"Sleep": "3"}),
        lambda s, ids: s.edit_event(ids[1], {"Mood": "Low"}),
        lambda s, ids: s.edit_event(ids[0], {"Note": "typed in AMS"}),
        lambda s, ids: s.delete_event(ids[1]),
        lambda s, ids: s.delete_event(ids[0]),
        lambda s, ids: s.add_event("Plain", 1003, start_date="07/01/2026", values={"Sleep": "1"}),
    ],
)
def test_a_change_in_ams_makes_it_stale(sandbox, client, landed, writes, meddle):
    more = frame(Sleep=[7, 8.5, 9])
    more.loc[3] = [1003, "07/01/2026", "9:00 AM", 5, "new"]
    found = plan(more, client)
    meddle(sandbox, landed)
    sandbox.clear_requests()
    with pytest.raises(AMSStalePlanError, match="Make a new plan"):
        carry_out(found, client)
    assert writes() == 0


def test_a_change_elsewhere_does_not(sandbox, client, landed):
    found = plan(frame(Sleep=[7, 8.5, 9]), client)
    sandbox.add_event("Plain", 1001, start_date="20/01/2026", values={"Sleep": "1"})
    sandbox.edit_event(landed[0], {})  # saved again as it was
    assert carry_out(found, client).counts["updated"] == 1


def test_applied_twice_it_sends_nothing(sandbox, client, landed, writes):
    more = frame(Sleep=[7, 8.5, 9])
    more.loc[3] = [1003, "07/01/2026", "9:00 AM", 5, "new"]
    found = plan(more, client)
    carry_out(found, client)
    before = sandbox.events("Plain")
    sandbox.clear_requests()
    assert carry_out(found, client).counts["unchanged"] == 4
    assert writes() == 0
    assert sandbox.events("Plain") == before


def test_inserts_by_no_key_are_not_doubled_either(sandbox, client, writes):
    found = plan(frame(), client, mode="insert", key=None)
    carry_out(found, client)
    sandbox.clear_requests()
    assert carry_out(found, client).counts["unchanged"] == 3
    assert writes() == 0


def test_equal_plans_have_equal_digests(client, landed):
    one, two = (plan(frame(Sleep=[7, 8.5, 9]), client) for _ in range(2))
    assert one.digest != two.digest, "made at another time, it is another plan"
    two.server_time = one.server_time
    assert one.digest == two.digest
    assert one.digest != plan(frame(Sleep=[7, 8.5, 8]), client).digest


def test_rejected_rows_stay_behind(sandbox, client):
    found = plan(frame(Sleep=[7, None, 9]), client)
    result = carry_out(found, client, tolerance="all")
    assert result.rows["status"].tolist() == ["inserted", "rejected", "inserted"]
    assert "'Sleep'" in result.rows.loc[1, "reason"]


def test_a_frame_that_does_not_fit_has_no_plan(client):
    with pytest.raises(AMSValidationError, match="'Sleepp'"):
        plan(frame().rename(columns={"Sleep": "Sleepp"}), client)


def test_updates_by_id(sandbox, client, landed):
    df = pd.DataFrame({"event_id": [*landed, 42], "user_id": [1001, 1001, 1002, 1001], "Note": "x"})
    found = plan(df, client, mode="update", key=None)
    assert found.counts == {"insert": 0, "update": 3, "unchanged": 0, "delete": 0, "reject": 1}
    cleared = plan(df.head(3).assign(Sleep=[7, 8, 9]), client, mode="update", key=None,
                   on_missing_fields="clear")  # fmt: skip
    assert {c.field for cs in cleared.changes.values() for c in cs} == {"Note"}


# ---------------------------------------------------------------- mirrors


def test_a_mirror_twice(sandbox, client, writes):
    assert mirror(frame(), client).counts["inserted"] == 3
    sandbox.clear_requests()
    result = mirror(frame(), client)
    assert result.counts["unchanged"] == 3
    assert result.deletes is None
    assert writes() == 0


def test_what_left_the_source_is_deleted(sandbox, client, landed):
    result = mirror(frame(Sleep=[7, 1, 9]).tail(2), client, max_deletes=1)
    assert result.counts["updated"] == 1
    assert result.deletes.rows["event_id"].tolist() == [landed[0]]
    assert result.summary()["deleted"] == 1
    assert [e["id"] for e in sandbox.events("Plain")] == landed[1:]


@pytest.mark.parametrize(
    ("limit", "allowed"),
    [(0, False), (1, False), (2, True), ("66%", False), ("67%", True), ("100%", True)],
)
def test_the_guard(sandbox, client, landed, writes, limit, allowed):
    sandbox.clear_requests()
    left = frame(Sleep=[6, 8, 9]).head(1)
    if allowed:
        assert len(mirror(left, client, max_deletes=limit).deletes.rows) == 2
        return
    with pytest.raises(AMSConfigurationError, match="2 of 3 stored events"):
        mirror(left, client, max_deletes=limit)
    assert writes() == 0, "no update either"


def test_nothing_outside_the_window(sandbox, client, landed, writes):
    away = sandbox.add_event("Plain", 1001, start_date="01/02/2026", values={"Sleep": "1"})
    mirror(frame().head(0), client, max_deletes="100%")
    assert [e["id"] for e in sandbox.events("Plain")] == [away]
    sandbox.clear_requests()
    with pytest.raises(AMSImportError, match="outside the window") as caught:
        mirror(frame(start_date=["05/01/2026", "01/02/2026", "06/01/2026"]), client)
    assert caught.value.rows == [1]
    assert caught.value.result.counts["inserted"] == 2
    assert len(sandbox.events("Plain")) == 3


def test_only_the_chosen_people(sandbox, client, landed):
    mine = UserFilter("user_id", 1001)
    result = mirror(frame().head(1), client, users=mine, max_deletes=5)
    assert result.deletes.rows["event_id"].tolist() == [landed[1]]
    assert landed[2] in [e["id"] for e in sandbox.events("Plain")]


def test_a_bad_row_deletes_nothing(sandbox, client, landed, writes):
    sandbox.clear_requests()
    with pytest.raises(AMSImportError):
        mirror(frame(Sleep=[7, "bad", 9]), client, validate=True, max_deletes="100%")
    assert writes() == 0
    found = plan(frame(Sleep=[7, "bad", 9]), client, mode="mirror", window=WINDOW)
    assert found.counts == {"insert": 0, "update": 0, "unchanged": 2, "delete": 0, "reject": 1}


def test_a_mirrors_plan(sandbox, client, landed):
    found = plan(frame().head(1), client, mode="mirror", window=WINDOW)
    assert found.counts["delete"] == 2
    with pytest.raises(AMSConfigurationError, match="max_deletes"):
        carry_out(found, client)
    assert carry_out(found, client, max_deletes=2).summary()["deleted"] == 2
    assert carry_out(found, client, max_deletes=2).summary()["deleted"] == 0


@pytest.mark.parametrize("bad", [None, "all", -1, "5", "101%"])
def test_a_limit_that_is_none(bad):
    with pytest.raises(AMSConfigurationError, match="max_deletes"):
        MirrorEventOption(key=["start_date"], max_deletes=bad)


def test_an_empty_window_is_refused(client):
    with pytest.raises(AMSConfigurationError, match="window"):
        mirror(frame(), client, window=("31/01/2026", "01/01/2026"))
