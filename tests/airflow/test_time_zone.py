"""In a DAG, what is said about the site's time zone speaks of the connection's extra."""

from __future__ import annotations

import logging

import pandas as pd
import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_ams.hooks.ams import AmsHook
from airflow_provider_ams.operators.ams import (
    AmsInsertEventDataOperator,
    AmsPlanOperator,
    AmsUpdateEventDataOperator,
    AmsValidateEventDataOperator,
)

pytestmark = pytest.mark.usefixtures("ams_connection")

SETTING = "extra 'timezone' of connection 'ams_default'"
FORM = "Reaction Time"


class TI:
    def xcom_push(self, key, value):
        pass


def zoned():
    start = pd.to_datetime(["2026-01-05T09:00:00Z"])
    return pd.DataFrame({"user_id": [1001], "start_date": start, "Day": [1]})


@pytest.mark.parametrize(
    "operator", [AmsInsertEventDataOperator, AmsPlanOperator, AmsValidateEventDataOperator]
)
def test_times_with_a_zone(operator, caplog, capsys):
    caplog.set_level(logging.INFO)
    with pytest.raises(AirflowFailException) as caught:
        context = {} if operator is AmsInsertEventDataOperator else {"ti": TI()}
        operator(task_id="t", form=FORM, data=zoned()).execute(context)
    told = f"{caught.value} {caplog.text} {capsys.readouterr().out}"
    assert SETTING in told
    assert "AMS_TIMEZONE" not in told


def test_a_zone_that_is_none(ams_connection):
    ams_connection(extra={"timezone": "Mars/Olympus"})
    with pytest.raises(AirflowFailException, match=SETTING):
        AmsInsertEventDataOperator(task_id="t", form=FORM, data=zoned()).execute({})


def test_start_times_of_now_in_utc(caplog, capsys):
    caplog.set_level(logging.INFO)
    rows = [{"user_id": 1001, "start_date": "05/01/2026", "Day": 1}]
    AmsPlanOperator(task_id="t", form=FORM, data=rows).execute({"ti": TI()})
    assert f"no time zone of the site is set ({SETTING})" in caplog.text + capsys.readouterr().out


def test_a_stored_date_that_can_not_be_told(ams_sandbox, caplog, capsys):
    caplog.set_level(logging.INFO)
    ams_sandbox.add_form("Dated", ["day: Date", "note"])
    event = ams_sandbox.add_event(
        "Dated", 1001, start_date="05/01/2026", values={"day": "05/01/2026", "note": "old"}
    )
    ams_sandbox.dialect({"date_fields": "ms site", "site_zone": "Australia/Perth"})
    rows = [{"user_id": 1001, "event_id": event, "start_date": "05/01/2026", "note": "new"}]
    operator = AmsUpdateEventDataOperator(task_id="t", form="Dated", data=rows)
    with pytest.raises(AirflowFailException) as caught:
        operator.execute({})
    told = f"{caught.value} {caplog.text} {capsys.readouterr().out}"
    assert SETTING in told
    assert ams_sandbox.events("Dated")[0]["values"]["note"] == "old"


def test_the_hooks_client_speaks_the_same_way():
    assert AmsHook().get_conn().zone_setting == SETTING
