"""Profile records: what the frame lacks is kept, and unchanged records are not sent."""

from __future__ import annotations

from contextlib import closing

import pandas as pd
import pytest

from airflow_provider_ams.ams import (
    AMSClient,
    AMSConfigurationError,
    AMSDataLossWarning,
    AMSImportError,
    AMSInputError,
    AMSTransientError,
    PlanOption,
    UpsertProfileOption,
    apply,
    plan_event_data,
    upsert_profile_data,
)
from tests.ams.wellness import client, sandbox, writes  # noqa: F401 - fixtures
from tests.proxy import Proxy

FORM = "Athlete Profile"


def upsert(df, client, **options):
    option = UpsertProfileOption(
        **{"on_missing_fields": "keep", "interactive_mode": False, **options}
    )
    return upsert_profile_data(df, FORM, option=option, client=client)


def stored(sandbox):
    return {p["user_id"]: p["values"] for p in sandbox.profiles(FORM)}


def test_other_fields_stay(sandbox, client, writes):
    before = stored(sandbox)
    df = pd.DataFrame({"user_id": [1001, 1002], "weight_kg": [70.5, before[1002]["weight_kg"]]})
    result = upsert(df, client)
    assert result.rows["status"].tolist() == ["updated", "unchanged"]
    assert stored(sandbox) == {**before, 1001: {**before[1001], "weight_kg": "70.5"}}
    assert sandbox.state()["rule_breaks"] == {}, "no calculated field was sent"
    sandbox.clear_requests()
    assert upsert(df, client).counts["unchanged"] == 2
    assert writes() == 0


def test_a_new_record(sandbox, client):
    new = sandbox.add_users([{"username": "new.one"}])[0]
    result = upsert(pd.DataFrame({"user_id": [new], "weight_kg": [70]}), client)
    assert result.rows["status"].tolist() == ["updated"]
    assert stored(sandbox)[new] == {"weight_kg": "70"}


def test_bad_rows_are_rejected_and_the_others_land(sandbox, client):
    df = pd.DataFrame({"user_id": [1001, 1002], "weight_kg": ["heavy", "71"]}, index=["a", "b"])
    result = upsert(df, client, validate=True, tolerance="all")
    assert result.rows["status"].to_dict() == {"a": "rejected", "b": "updated"}
    with pytest.raises(AMSImportError, match="more than once"):
        upsert(pd.concat([df, df]), client, validate=True)


def test_the_default_clears_and_warns(sandbox, client):
    df = pd.DataFrame({"user_id": [1001], "weight_kg": [70]})
    with pytest.warns(AMSDataLossWarning, match="'height_cm', 'position'"):
        upsert(df, client, on_missing_fields="clear")
    assert stored(sandbox)[1001] == {"weight_kg": "70"}
    with pytest.raises(AMSInputError, match="'height_cm'"):
        upsert(df, client, on_missing_fields="error")


def test_a_plan_to_look_at(sandbox, client, writes):
    df = pd.DataFrame({"user_id": [1001, 1002], "weight_kg": [70.5, 71]})
    option = PlanOption(
        form_type="profile", on_missing_fields="keep", validate=True, interactive_mode=False
    )
    plan = plan_event_data(df, FORM, option=option, client=client)
    assert plan.counts["update"] == 2
    assert "70.5" in plan.markdown()
    with pytest.raises(AMSConfigurationError, match="only plans for events"):
        apply(plan, client=client, interactive_mode=False)
    assert writes() == 0


def editing(sandbox, client, nth, user, **values):
    """Return what edits a record once, after the nth read of records."""
    left = [nth]

    def edit(endpoint, body):
        if endpoint == "profilesearch":
            left[0] -= 1
            if left[0] == 0:
                upsert(pd.DataFrame({"user_id": [user], **values}), client)

    return edit


def test_an_edit_between_the_read_and_the_call_is_not_overwritten(sandbox, client):
    """The second of three records is edited once the plan is made: what went before has landed."""
    before = stored(sandbox)
    df = pd.DataFrame({"user_id": [1001, 1002, 1003], "weight_kg": [70.5, 71.5, 72.5]})
    edit = editing(sandbox, client, 1, 1002, height_cm=201)
    with (
        Proxy(sandbox, after=edit) as proxy,
        closing(AMSClient(proxy.url, proxy.username, proxy.password)) as other,
        pytest.raises(AMSTransientError, match=r"1 profile records have changed.*1002") as error,
    ):
        upsert(df, other)
    now = stored(sandbox)
    assert now[1001] == {**before[1001], "weight_kg": "70.5"}
    assert now[1002] == {**before[1002], "height_cm": "201"}
    assert error.value.result.rows["status"].tolist() == ["updated", "rejected", "rejected"]
    assert upsert(df, client).counts["updated"] >= 1
    assert stored(sandbox)[1002] == {**before[1002], "height_cm": "201", "weight_kg": "71.5"}


def test_a_record_that_somebody_made_meanwhile_is_not_overwritten(sandbox, client):
    new = sandbox.add_users([{"username": "new.one"}])[0]
    edit = editing(sandbox, client, 1, new, height_cm=201)
    with (
        Proxy(sandbox, after=edit) as proxy,
        closing(AMSClient(proxy.url, proxy.username, proxy.password)) as other,
        pytest.raises(AMSTransientError, match=str(new)),
    ):
        upsert(pd.DataFrame({"user_id": [new], "weight_kg": [70]}), other)
    assert stored(sandbox)[new] == {"height_cm": "201"}


@pytest.mark.parametrize("fault", ["reset_after_commit", "500_after", "empty"])
def test_a_record_that_landed_unseen_is_not_somebody_s_edit(sandbox, client, fault):
    before = stored(sandbox)
    sandbox.faults(script=[{"endpoint": "profileimport", "nth": 1, "fault": fault}])
    result = upsert(pd.DataFrame({"user_id": [1001], "weight_kg": [70.5]}), client)
    assert result.rows["status"].tolist() == ["updated"]
    assert stored(sandbox)[1001] == {**before[1001], "weight_kg": "70.5"}


def test_a_look_before_each_record_that_is_kept(sandbox, client):
    df = pd.DataFrame({"user_id": [1001, 1002], "weight_kg": [70.5, 71.5]})
    upsert(df, client)
    # Before the plan, before each call, and after the import.
    assert (sandbox.requests()["profilesearch"], sandbox.requests()["profileimport"]) == (4, 2)
    sandbox.clear_requests()
    upsert(df.assign(weight_kg=80), client, on_missing_fields="clear")
    assert sandbox.requests()["profilesearch"] == 1 + 1
