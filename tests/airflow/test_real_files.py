"""Files and frames as people have them, through operators: in, out as dead letters, in again."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import logging

import openpyxl
import pandas as pd
import pendulum
import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowFailException, task

from airflow_provider_ams.operators._data import read_rows, write_rows
from airflow_provider_ams.operators.ams import (
    AmsInsertEventDataOperator,
    AmsMirrorEventDataOperator,
    AmsPlanOperator,
    AmsUpdateEventDataOperator,
    AmsUpsertEventDataOperator,
    AmsUpsertProfileDataOperator,
    AmsValidateEventDataOperator,
)

pytestmark = pytest.mark.usefixtures("ams_connection")

FORM = "Strength Testing"
COLUMNS = {
    "Athlet": "username",
    "Datum": "start_date",
    "Zeit": "start_time",
    "Last": "session_rpe",
    "Runden": "laps",
}
LAPS = [{"exercise": "Squat", "load": 1.25, "reps": 3}, {"exercise": "Bench", "load": 80}]
HEAD = "Athlet;Datum;Zeit;Last;Runden"
EUROPEAN = {"sep": ";", "decimal": ",", "encoding": "cp1252", "date_format": "%d.%m.%Y"}
SETTINGS = {
    "task_id": "t",
    "form": FORM,
    "id_col": "username",
    "columns": COLUMNS,
    "table_fields": ["laps"],
}


def german(path, *rows):
    """Write a file as a German Excel does."""
    laps = json.dumps(LAPS).replace('"', '""')
    lines = [HEAD, *(f'{name};{day};{time};{load};"{laps}"' for name, day, time, load in rows)]
    path.write_bytes("\r\n".join(lines).encode("cp1252"))
    return path


ROWS = [
    ("volunteer.308", "31.01.2026", "14:30", "7,5"),
    ("volunteer.309", "31.02.2026", "14:30", "1,234"),
    ("Jürgen", "31.01.2026", "14:30", "6,5"),
]


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_mended_dead_letters_go_in_with_the_same_arguments(ams_sandbox, tmp_path, ending):
    letters = tmp_path / f"bad.{ending}"

    def send(data):
        return AmsInsertEventDataOperator(
            **SETTINGS, **EUROPEAN, data=str(data), dead_letter_path=str(letters)
        ).execute({})

    with pytest.raises(AirflowFailException, match="'Datum' is not a date"):
        send(german(tmp_path / "in.csv", *ROWS))
    assert [e["username"] for e in ams_sandbox.events(FORM)] == ["volunteer.308"]

    how = {name: EUROPEAN[name] for name in ("sep", "decimal", "encoding")}
    bad = read_rows(letters, **how)
    assert bad.columns.tolist() == [*COLUMNS, "ams_status", "ams_reason"]
    assert bad["Athlet"].tolist() == ["volunteer.309", "Jürgen"]
    assert all(bad["ams_reason"])
    write_rows(bad.assign(Datum="28.02.2026", Athlet=["volunteer.309", "volunteer.310"]), letters,
               **how)  # fmt: skip

    assert send(letters)["inserted"] == 2
    stored = ams_sandbox.events(FORM)
    assert [e["values"]["session_rpe"] for e in stored] == ["7.5", "1.234", "6.5"]
    assert [e["start_date"] for e in stored] == ["31/01/2026", "28/02/2026", "28/02/2026"]
    assert {e["start_time"] for e in stored} == {"2:30 PM"}
    table = [
        {"exercise": "Squat", "load": "1.25", "reps": "3"},
        {"exercise": "Bench", "load": "80"},
    ]
    assert [e["table"] for e in stored] == [table] * 3
    assert len(read_rows(letters, **how)) == 0 if ending != "jsonl" else letters.read_bytes() == b""


FILES = {
    "in.csv": lambda text: text.encode(),
    "in.tsv": lambda text: text.replace(",", "\t").encode("utf-16"),
    "in.txt": lambda text: text.replace(",", ";").encode("utf-8-sig"),
    "in.csv.gz": lambda text: gzip.compress(text.encode()),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_read_whatever_it_looks_like(ams_sandbox, tmp_path, name):
    text = "username,start_date,Subject,Day\nvolunteer.308,2026-01-05,007,2\n"
    (tmp_path / name).write_bytes(FILES[name](text))
    insert = AmsInsertEventDataOperator(
        task_id="t", form="Reaction Time", data=str(tmp_path / name), id_col="username"
    )
    assert insert.execute({})["inserted"] == 1
    (event,) = ams_sandbox.events("Reaction Time")
    assert (event["values"], event["start_date"]) == ({"Subject": "007", "Day": "2"}, "05/01/2026")


def test_a_workbook(ams_sandbox, tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["Who", "start_date", "start_time", "Subject", "Day"])
    book.active.append(["volunteer.308", dt.datetime(2026, 1, 5), dt.time(9, 30), "007", 2])
    book.active["B2"].number_format = "dd.mm.yyyy"
    book.create_sheet("Notes").append(["nothing of interest"])
    book.save(tmp_path / "in.xlsx")
    settings = {"task_id": "t", "form": "Reaction Time", "id_col": "username"}
    settings |= {"data": str(tmp_path / "in.xlsx"), "columns": {"Who": "username"}}
    with pytest.raises(AirflowFailException, match="2 sheets"):
        AmsInsertEventDataOperator(**settings).execute({})
    assert AmsInsertEventDataOperator(**settings, sheet="Sheet").execute({})["inserted"] == 1
    (event,) = ams_sandbox.events("Reaction Time")
    assert (event["start_date"], event["start_time"]) == ("05/01/2026", "9:30 AM")
    assert event["values"] == {"Subject": "007", "Day": "2"}


def test_a_header_alone_is_told(tmp_path, caplog, capfd):
    caplog.set_level(logging.WARNING)
    path = tmp_path / "in.csv"
    path.write_text("username,start_date,Subject\n")
    insert = AmsInsertEventDataOperator(
        task_id="t", form="Reaction Time", data=str(path), id_col="username"
    )
    assert insert.execute({})["inserted"] == 0
    logged = caplog.text + "".join(capfd.readouterr())
    assert f"{path} has column names and no row below them: nothing is sent." in logged


@pytest.mark.parametrize(
    "content", [b"", b"username,start_date\nann,1,2\n", b"PK\x03\x04", b"\xff"]
)
def test_nothing_is_asked_of_ams_for_a_file_that_can_not_be_read(ams_sandbox, tmp_path, content):
    (tmp_path / "in.csv").write_bytes(content)
    settings = {"task_id": "t", "form": "Reaction Time", "data": str(tmp_path / "in.csv")}
    for operator in (
        AmsInsertEventDataOperator(**settings),
        AmsValidateEventDataOperator(**settings),
        AmsPlanOperator(**settings),
    ):
        with pytest.raises(AirflowFailException, match=r"in\.csv"):
            operator.execute({})
    assert ams_sandbox.requests() == {}


def test_every_operator_takes_the_file_s_own_names_and_spellings(ams_sandbox, tmp_path):
    path = german(tmp_path / "in.csv", ROWS[0])
    settings = {**SETTINGS, **EUROPEAN, "data": str(path)}
    assert AmsValidateEventDataOperator(**settings, mode="insert").execute({})["ok"]
    window = {"from_date": "31/01/2026", "to_date": "31/01/2026"}
    by_key = {"key": ["start_date", "start_time"]}
    mirror = AmsMirrorEventDataOperator(**settings, **by_key, **window)
    assert mirror.execute({})["inserted"] == 1
    assert AmsUpsertEventDataOperator(**settings, **by_key).execute({})["unchanged"] == 1
    plan = AmsPlanOperator(**settings, **by_key, plan_path=str(tmp_path / "plan.json"))
    assert plan.execute({})["unchanged"] == 1
    (event,) = ams_sandbox.events(FORM)
    rows = [{"Nummer": event["id"], "Athlet": "volunteer.308", "Last": 8}]
    update = {"task_id": "t", "form": FORM, "data": rows, "id_col": "username"}
    names = {"Nummer": "event_id", "Athlet": "username", "Last": "session_rpe"}
    assert AmsUpdateEventDataOperator(**update, columns=names).execute({})["updated"] == 1
    assert ams_sandbox.events(FORM)[0]["values"]["session_rpe"] == "8"
    profile = AmsUpsertProfileDataOperator(
        task_id="t",
        form="Athlete Profile",
        data=[{"Athlet": "volunteer.308", "Gewicht": 71}],
        id_col="username",
        columns={"Athlet": "username", "Gewicht": "weight_kg"},
    )
    assert profile.execute({})["updated"] == 1


@pytest.mark.airflow
def test_rows_of_a_table_survive_xcom(run_dag, ams_sandbox):
    with DAG("laps_dag", schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC")) as dag:

        @task(show_return_value_in_logs=False)
        def sessions():
            base = {"username": ["volunteer.308", "volunteer.309"], "start_date": "05/01/2026"}
            return pd.DataFrame({**base, "start_time": "9:00 AM", "laps": [LAPS, []]})

        AmsInsertEventDataOperator(
            task_id="insert", form=FORM, data=sessions(), id_col="username", table_fields=["laps"]
        )
    assert str(run_dag(dag).state).endswith("success")
    assert [[r["exercise"] for r in e["table"]] for e in ams_sandbox.events(FORM)] == [
        ["Squat", "Bench"],
        [],
    ]


def test_what_a_file_of_json_lines_holds_stays_what_it_is(tmp_path):
    frame = pd.DataFrame(
        {
            "day": [dt.date(2026, 1, 5), None],
            "start": pd.to_datetime(["2026-01-05 09:30", None]),
            "at": [dt.time(9, 30), None],
            "laps": [LAPS, []],
            "whole": pd.array([2**60, None], dtype="Int64"),
        }
    )
    back = read_rows(write_rows(frame, tmp_path / "a.jsonl"))
    assert back.iloc[0].tolist() == ["2026-01-05", "2026-01-05T09:30:00", "09:30:00", LAPS, 2**60]
    assert back.iloc[1].tolist() == [None, None, None, [], None]


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_half_a_character_does_not_keep_a_row_from_its_file(tmp_path, ending):
    laps = [[{"exercise": "\ud800"}], [{"exercise": "Run"}]]
    frame = pd.DataFrame({"note": ["\ud800x", "y"], "laps": laps}, dtype=object)
    back = read_rows(write_rows(frame, tmp_path / f"a.{ending}"))
    assert back["note"].tolist() == ["\\ud800x", "y"]
    assert len(back["laps"]) == 2
