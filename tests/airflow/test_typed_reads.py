"""Read operators: the types of the form's fields, through XCom and files, back into AMS."""

from __future__ import annotations

import pandas as pd
import pendulum
import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowFailException, task

from airflow_provider_ams.operators._data import read_rows
from airflow_provider_ams.operators.ams import (
    AmsGetEventDataOperator,
    AmsGetProfileDataOperator,
    AmsSyncEventDataOperator,
    AmsUpdateEventDataOperator,
)

FORM = "Night"
FIELDS = ["amount: Number", "day: Date", "note", "at: Time"]
TYPES = {
    "amount": "Float64",
    "day": "datetime64[ms]",
    "note": "string",
    "at": "string",
    "event_id": "Int64",
    "start_date": "string",
}
ALL_DAYS = {"from_date": "2000-01-01", "to_date": "31/12/2099"}
VALUES = [
    {"amount": "12345678", "day": "05/01/2026", "note": "a\nb", "at": "12:30 PM"},
    {"amount": "0.1"},
]


@pytest.fixture
def form(ams_sandbox, ams_connection):
    """Return the sandbox with a form of every kind and two events in it."""
    ams_connection(extra={"timezone": "Europe/Berlin"})
    ams_sandbox.add_form(FORM, FIELDS)
    ams_sandbox.add_events(
        FORM,
        [
            {"user": 1001, "start_date": f"0{n}/01/2026", "start_time": "9:00 AM", "values": values}
            for n, values in enumerate(VALUES, 5)
        ],
    )
    return ams_sandbox


def get(**kwargs):
    return AmsGetEventDataOperator(task_id="t", form=FORM, **{**ALL_DAYS, **kwargs})


def types(frame):
    return {name: str(frame[name].dtype) for name in TYPES}


def test_types_are_those_of_the_form_unless_they_are_to_be_guessed(form):
    assert types(get().execute({})) == TYPES
    assert types(get(from_date="2030-01-01").execute({})) == TYPES
    assert str(get(guess_col_type=True).execute({})["amount"].dtype) == "float64"
    text = get(guess_col_type=False).execute({})
    assert text["amount"].tolist() == ["1.2345678E7", "0.1"]
    assert get(types={"note": "choice"}).execute({})["note"].dtype == "string"


@pytest.mark.parametrize("guess", [True, False])
def test_both_are_refused(form, guess):
    with pytest.raises(AirflowFailException, match="contradict each other"):
        get(dtype="schema", guess_col_type=guess).execute({})


def test_sync_and_profiles_too(form):
    profiles = AmsGetProfileDataOperator(task_id="t", form="Athlete Profile").execute({})
    assert str(profiles["profile_id"].dtype) == "Int64"

    class Task:
        def xcom_push(self, key, value):
            pass

    sync = AmsSyncEventDataOperator(
        task_id="t", form=FORM, last_synchronisation_time=0, timestamps=True
    )
    frame = sync.execute({"ti": Task()})
    assert types(frame) == TYPES
    assert frame["start"].tolist()[0] == pd.Timestamp("2026-01-05 09:00", tz="Europe/Berlin")


def test_a_value_that_does_not_fit_is_logged_without_it(form, caplog, capfd):
    odd = form.add_event(FORM, 1001, start_date="07/01/2026", values={"amount": "about 5"})
    assert get().execute({})["amount"].tolist()[-1] == "about 5"
    logged = caplog.text + "".join(capfd.readouterr())
    assert f"(events {odd})" in logged
    assert "about 5" not in logged


@pytest.mark.airflow
def test_through_xcom_and_back_nothing_changes(form, run_dag):
    seen = []
    with DAG("typed", schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC")) as dag:
        read = AmsGetEventDataOperator(task_id="read", form=FORM, timestamps=True, **ALL_DAYS)
        none = AmsGetEventDataOperator(
            task_id="none", form=FORM, from_date="2030-01-01", to_date="2030-01-02"
        )

        @task
        def look(ti=None):
            seen.extend(ti.xcom_pull(task_ids=name) for name in ("read", "none"))

        write = AmsUpdateEventDataOperator(task_id="write", form=FORM, data=read.output)
        read >> none >> look() >> write
    before = form.events(FORM)
    assert str(run_dag(dag).state) == "success"
    assert [types(frame) for frame in seen] == [TYPES, TYPES]
    assert str(seen[0]["start"].dtype).endswith("Europe/Berlin]")
    assert form.events(FORM) == before


def test_a_parquet_file_keeps_the_types_and_changes_nothing(form, tmp_path):
    path = get(output_path=tmp_path / "rows.parquet", timestamps=True).execute({})
    assert types(read_rows(path)) == TYPES
    before = form.events(FORM)
    summary = AmsUpdateEventDataOperator(task_id="t", form=FORM, data=path).execute({})
    assert summary["unchanged"] == 2
    assert form.events(FORM) == before


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_text_files_hold_iso_days(form, tmp_path, ending):
    path = get(output_path=tmp_path / f"rows.{ending}").execute({})
    frame = read_rows(path)
    assert [v if isinstance(v, str) else None for v in frame["day"]] == ["2026-01-05", None]
    assert [float(v) for v in frame["amount"]] == [12345678, 0.1]
