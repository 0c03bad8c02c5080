from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pendulum
import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowFailException

from airflow_provider_ams.operators._dates import date_text
from airflow_provider_ams.operators.ams import AmsGetEventDataOperator

NIGHT = pendulum.datetime(2026, 3, 1, 22, 30, tz="UTC")


@pytest.mark.parametrize(
    ("value", "zone", "text"),
    [
        ("01/03/2026", None, "01/03/2026"),
        ("1/3/2026", None, "01/03/2026"),
        ("2026-03-01", "Australia/Sydney", "01/03/2026"),
        ("2026-03-01T22:30:00Z", None, "01/03/2026"),
        ("2026-03-01T22:30:00Z", "Australia/Sydney", "02/03/2026"),
        ("2026-03-01 22:30:00+00:00", "Australia/Sydney", "02/03/2026"),
        ("2026-03-01T22:30:00", "Australia/Sydney", "01/03/2026"),
        (NIGHT, "Australia/Sydney", "02/03/2026"),
        (NIGHT, None, "01/03/2026"),
        (dt.date(2026, 3, 1), "Australia/Sydney", "01/03/2026"),
        (dt.datetime(2026, 3, 1, 22, 30), "Australia/Sydney", "01/03/2026"),
    ],
)
def test_dates_in_every_spelling(value, zone, text):
    assert date_text(value, zone) == text


@pytest.mark.parametrize("value", ["None", "", "31/02/2026", "2026-02-31", "3.1.2026", "20260301"])
def test_what_is_no_date_is_refused(value):
    with pytest.raises(AirflowFailException, match="not a date"):
        date_text(value)


def render(template, dag=None, **context):
    operator = AmsGetEventDataOperator(task_id="t", form="F", from_date=template, dag=dag)
    operator.render_template_fields({"dag": dag, **context})
    return operator


def test_filter_needs_no_setting_up_in_the_dag():
    operator = render("{{ data_interval_end | ams_date(days=-7) }}", data_interval_end=NIGHT)
    assert operator.from_date == "22/02/2026"
    assert operator.to_date == "01/03/2026"


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ data_interval_end | ams_date }}", "02/03/2026"),
        ("{{ data_interval_end | ams_date(timezone='UTC') }}", "01/03/2026"),
    ],
)
def test_filter_counts_in_the_dags_zone_unless_told_otherwise(template, text):
    dag = DAG("d", schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="Australia/Sydney"))
    assert render(template, dag, data_interval_end=NIGHT).from_date == text


@pytest.mark.parametrize("context", [{}, {"data_interval_end": None}])
def test_a_run_without_data_interval_counts_from_when_it_was_made(context):
    run = SimpleNamespace(run_after=NIGHT)
    operator = render("{{ data_interval_end | ams_date(days=1) }}", dag_run=run, **context)
    assert operator.from_date == "02/03/2026"
