"""Rows that did not land: told in the log, kept in a file or in XCom, mended and sent again."""

from __future__ import annotations

import json
import logging
import re
import stat
from types import SimpleNamespace

import pandas as pd
import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

import airflow_provider_ams.ams as ams
from airflow_provider_ams.ams.errors import (
    AMSError,
    AMSImportError,
    AMSTransientError,
    AMSUnknownOutcomeError,
)
from airflow_provider_ams.operators._report import raise_for_airflow
from airflow_provider_ams.operators.ams import (
    AmsApplyPlanOperator,
    AmsInsertEventDataOperator,
    AmsPlanOperator,
    AmsUpsertEventDataOperator,
)

pytestmark = pytest.mark.usefixtures("ams_connection")

FORM = "Reaction Time"
GOOD = {"username": "volunteer.308", "start_date": "05/01/2026", "Subject": "308", "Day": "0"}
ROWS = [
    GOOD,
    {**GOOD, "start_date": "the-fifth"},
    {**GOOD, "username": "nobody.knows"},
    {**GOOD, "start_date": "06/01/2026", "Day": "secret-value"},
    {**GOOD, "start_date": "the-sixth"},
]
SECRETS = ("the-fifth", "nobody.knows", "secret-value", "volunteer", "308")


class TI(SimpleNamespace):
    """A task instance that keeps what is pushed."""

    def __init__(self, **more):
        known = {"dag_id": "d", "task_id": "t", "run_id": "r", "map_index": -1, "try_number": 1}
        super().__init__(**{"values": {}, "max_tries": 0, **known, **more})

    def xcom_push(self, key, value):
        self.values[key] = value

    def xcom_pull(self, task_ids, key="return_value"):
        return self.values.get(key)


class Store(dict):
    """Airflow 3.3's task state store, as far as it is used."""

    def set(self, key, value, *, retention=None):
        self[key] = value


@pytest.fixture
def logged(caplog, capsys):
    """Return what was logged; where it goes depends on whether Airflow's logging is set up."""
    caplog.set_level(logging.INFO)
    return lambda: caplog.text + capsys.readouterr().out


def insert(data, ti=None, store=None, **arguments):
    operator = AmsInsertEventDataOperator(
        **{"task_id": "t", "form": FORM, "data": data, "id_col": "username", **arguments}
    )
    task = {"ti": ti, "task_state_store": Store() if store is None else store}
    return operator.execute(task if ti is not None else {})


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("AIRFLOW__AMS__DEAD_LETTER_PATH", f"file://{tmp_path}/letters")
    return tmp_path / "letters"


# ---------------------------------------------------------------- told


@pytest.mark.airflow
def test_a_red_task_says_why_and_shows_no_frame_of_the_library(ams_sandbox, run_dag, logged):
    from airflow.models.xcom import XComModel
    from airflow.providers.common.compat.sdk import DAG
    from airflow.utils.session import create_session

    with DAG("letters", schedule=None) as dag:
        AmsInsertEventDataOperator(task_id="t", form=FORM, data=ROWS, id_col="username")
    run = run_dag(dag)
    log = logged()
    assert str(run.state) == "failed"
    (last,) = re.findall(r"^.*AirflowFailException: (.*)$", log, re.MULTILINE)
    assert last.startswith("DataFrame is invalid: a value in 'start_date' is not a date as dd/MM/")
    assert "(rows 1, 4)" in last
    assert "4 of 5 rows were not sent; the others have landed." in last
    assert ".result" not in log
    assert "The above exception" not in log
    assert "/airflow_provider_ams/ams/" not in log
    table = log[log.index(f"{FORM}: 4 rows rejected") :]
    lines = [re.split(r"\s{2,}", line.strip()) for line in table.splitlines()[1:5]]
    assert lines[0][:5] == ["rows", "status", "field", "reason", "first rows (from 0)"]
    assert lines[1][0] == "2"
    assert lines[1][2:4] == [
        "start_date",
        "not sent: a value in 'start_date' is not a date as dd/MM/yyyy",
    ]
    user = next(u["id"] for u in ams_sandbox.users() if u["username"] == "volunteer.308")
    assert lines[1][4].startswith(f"1 (user {user}), 4 (user {user})")
    with create_session() as session:
        found = session.query(XComModel.key, XComModel.value).filter_by(run_id=run.run_id)
        kept = {key: value for key, value in found}
    assert kept["dead_letters_link"].strip('"').endswith("/xcom")
    assert [(r["code"], r["rows"]) for r in kept["rejected"]] == [
        ("dates", [1, 4]),
        ("user", [2]),
        ("format", [3]),
    ]
    assert not [s for s in SECRETS[:4] if s in log + json.dumps(kept)]


def test_words_of_ams_come_without_the_values_that_it_repeats(ams_sandbox, logged):
    ams_sandbox.add_form("Strict", [{"name": "Sleep", "required": True}, "Note"])
    text = "Value bad-night of volunteer.308 is not allowed"
    ams_sandbox.configure(partial_errors=True, partial_error_text=text)
    rows = [{**GOOD, "Sleep": "8"}, {**GOOD, "start_date": "06/01/2026", "Note": "bad-night"}]
    rows = [{k: v for k, v in row.items() if k not in ("Subject", "Day")} for row in rows]
    with pytest.raises(AirflowFailException) as caught:
        # The form is not looked at, so that AMS is the one to refuse.
        insert(rows, form="Strict", contract="off")
    told = str(caught.value) + logged()
    assert "AMS refused the event: Value … of … is not allowed (rows 1)" in str(caught.value)
    assert "AMS refused 1 of 2 rows; the others have landed." in str(caught.value)
    assert "bad-night" not in told
    assert "volunteer" not in told


def test_the_others_have_landed_only_if_some_have(ams_sandbox):
    with pytest.raises(AirflowFailException, match="nothing has landed"):
        insert(ROWS[1:])
    keyed = {"task_id": "k", "form": FORM, "id_col": "username", "key": ["start_date"]}
    AmsUpsertEventDataOperator(data=[GOOD], **keyed).execute({})
    with pytest.raises(AirflowFailException, match="AMS holds the others already"):
        AmsUpsertEventDataOperator(data=ROWS, **keyed).execute({})


def test_a_dry_run_is_as_red_as_the_import(ams_sandbox, logged):
    with pytest.raises(AirflowFailException, match=r"\(rows 1, 4\).*4 of 5 rows.*Nothing was sent"):
        insert(ROWS, dry_run=True)
    assert f"{FORM}: 4 rows rejected" in logged()
    assert insert(ROWS, dry_run=True, tolerance=4)["reject"] == 4
    assert ams_sandbox.events(FORM) == []


# ---------------------------------------------------------------- kept


def test_without_a_place_the_reasons_are_in_xcom():
    ti = TI()
    assert insert(ROWS, ti, tolerance="all")["inserted"] == 1
    (reason, *_) = ti.values["rejected"]
    assert reason == {
        "status": "rejected",
        "code": "dates",
        "field": "start_date",
        "reason": "not sent: a value in 'start_date' is not a date as dd/MM/yyyy",
        "hint": "Write dd/MM/yyyy or yyyy-MM-dd in the whole column, or say how its dates are "
        "written, such as date_format='%d.%m.%Y'.",
        "rows": [1, 4],
    }
    assert not [s for s in SECRETS if s in json.dumps(ti.values)]


def test_a_folder_for_all_has_a_file_for_each_try(ams_sandbox, folder):
    run = "scheduled__2026-01-05T00:00:00+00:00"
    stores = {-1: Store(), 3: Store()}
    for number, index in ((1, -1), (2, -1), (1, 3)):
        ti = TI(run_id=run, try_number=number, map_index=index)
        with pytest.raises(AirflowFailException):
            insert(ROWS, ti, stores[index], settle_seconds=0)
        path = ti.values["dead_letter_path"]
        assert "rejected" not in ti.values
        assert pd.read_csv(path.removeprefix("file://"), dtype=str).shape[0] == 4
    found = sorted(folder.rglob("*.csv"))
    assert [p.parent for p in found] == [folder / "d" / "t"] * 3
    names = [re.sub("-[0-9a-f]{8}", "", p.name) for p in found]
    assert names == [
        f"scheduled__2026-01-05T00_00_00_00_00{end}.csv" for end in ("-3-try1", "-try1", "-try2")
    ]
    assert {stat.S_IMODE(p.stat().st_mode) for p in found} == {0o600}


def test_the_folder_is_a_template(folder, monkeypatch, tmp_path):
    monkeypatch.setenv("AIRFLOW__AMS__DEAD_LETTER_PATH", f"{tmp_path}/{{{{ ti.run_id }}}}/x/")
    insert(ROWS, ti := TI(dag_id="../up", task_id="group.t"), tolerance="all")
    assert ti.values["dead_letter_path"].startswith(f"{tmp_path}/r/x/_up-")
    assert len(list((tmp_path / "r" / "x").rglob("group.t/r-try1.csv"))) == 1


def test_a_run_in_which_all_land_leaves_no_file(ams_sandbox, folder):
    insert([GOOD], ti := TI())
    assert ti.values == {}
    assert not folder.exists()


def test_a_run_without_rows_leaves_the_letters_of_the_last_one(tmp_path):
    path = tmp_path / "rejected.csv"
    insert(ROWS, tolerance="all", dead_letter_path=str(path))
    before = path.read_text()
    insert(pd.DataFrame(columns=list(GOOD)), dead_letter_path=str(path))
    with pytest.raises(AirflowFailException, match=r"Did you mean 'Day'"):
        insert([{**GOOD, "Dya": 1}], dead_letter_path=str(path))
    insert(ROWS, tolerance="all", dead_letter_path=str(path), dry_run=True)
    assert path.read_text() == before


# ---------------------------------------------------------------- sent again


def test_a_mended_file_is_sent_again_with_the_same_arguments(ams_sandbox, folder, tmp_path):
    lines = [";".join(GOOD), "volunteer.308;05/01/2026;é;1,5", "volunteer.308;06.01.2026;ü;2,5"]
    source = tmp_path / "source.csv"
    source.write_bytes("\n".join(lines).encode("cp1252"))
    how = {"sep": ";", "encoding": "cp1252", "decimal": ",", "tolerance": 1}
    insert(str(source), ti := TI(), **how)
    path = ti.values["dead_letter_path"]
    file = folder / "d" / "t" / "r-try1.csv"
    text = file.read_bytes().decode("cp1252")
    file.write_bytes(text.replace("06.01.2026", "06/01/2026").encode("cp1252"))
    assert insert(path, **how)["inserted"] == 1
    stored = [e["values"] for e in ams_sandbox.events(FORM)]
    assert stored == [{"Subject": "é", "Day": "1.5"}, {"Subject": "ü", "Day": "2.5"}]


def test_rows_with_nested_tables_come_back_as_they_were(ams_sandbox, folder):
    table = [{"activity": "Run", "distance_km": 5}, {"activity": "Row", "distance_km": 2.5}]
    row = {"user_id": 1001, "start_date": "x", "duration": 60, "session_details": table}
    how = {"form": "Training Log", "id_col": "user_id", "table_fields": ["session_details"]}
    how["validate"] = False
    insert([row], ti := TI(), tolerance=1, **how)
    path = ti.values["dead_letter_path"]
    assert path.endswith(".jsonl")
    file = folder / "d" / "t" / "r-try1.jsonl"
    file.write_text(file.read_text().replace('"x"', '"05/01/2031"'))
    assert insert(path, **how)["inserted"] == 1
    event = ams_sandbox.events("Training Log")[-1]
    assert [r["activity"] for r in event["table"]] == ["Run", "Row"]


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("zone", [None, "UTC", "a date"])
def test_starts_of_every_kind_come_back_as_they_were(
    ams_sandbox, ams_connection, tmp_path, ending, zone
):
    ams_connection(extra={"timezone": "Australia/Perth"})
    start = pd.to_datetime(["2026-01-05 09:00", "2026-01-06 10:30"])
    start = start.date if zone == "a date" else start.tz_localize(zone)
    names = ["volunteer.308", "nobody.knows"]
    frame = pd.DataFrame({"username": names, "start_date": start, "Subject": ["a", "007"]})
    path = tmp_path / f"rejected.{ending}"
    insert(frame, tolerance=1, dead_letter_path=str(path))
    if ending == "parquet":
        pd.read_parquet(path).assign(username="volunteer.309").to_parquet(path)
    else:
        path.write_text(path.read_text().replace("nobody.knows", "volunteer.309"))
    assert insert(str(path), tolerance=1, dead_letter_path=str(path))["inserted"] == 1
    event = ams_sandbox.events(FORM)[-1]
    assert (event["start_date"], event["values"]) == ("06/01/2026", {"Subject": "007"})
    if zone != "a date":  # which says nothing of the time: it is now
        assert event["start_time"] == ("10:30 AM" if zone is None else "6:30 PM")


# ---------------------------------------------------------------- when keeping them fails


@pytest.fixture
def nowhere(tmp_path):
    (tmp_path / "file").write_text("in the way")
    return str(tmp_path / "file" / "rejected.csv")


def test_a_red_import_stays_what_it_is_if_letters_cannot_be_kept(nowhere, logged):
    ti = TI()
    with pytest.raises(AirflowFailException, match="start_date"):
        insert(ROWS, ti, dead_letter_path=nowhere)
    assert "Nothing was written to" in logged()
    assert [r["code"] for r in ti.values["rejected"]] == ["dates", "user", "format"]


def test_a_green_import_turns_red_if_letters_cannot_be_kept(nowhere):
    with pytest.raises(OSError):
        insert(ROWS, TI(), tolerance="all", dead_letter_path=nowhere)


def test_a_try_that_was_overtaken_keeps_nothing(ams_sandbox, folder):
    """Its rows are its successor's, which has told what became of them."""
    ti = TI()

    class Taken(Store):
        def set(self, key, value, *, retention=None):
            # Another try signs the note as soon as this one has.
            self[key] = {**value, "owner": "another"}

    operator = AmsInsertEventDataOperator(
        task_id="t", form=FORM, data=[GOOD, ROWS[1]], id_col="username", settle_seconds=0.01
    )
    with pytest.raises(AMSTransientError, match="taken over"):
        operator.execute({"ti": ti, "task_state_store": Taken()})
    assert ti.values == {}
    assert not folder.exists()


def test_a_plan_that_is_applied_leaves_its_reasons():
    ti = TI()
    plan = AmsPlanOperator(task_id="plan", form=FORM, data=ROWS, id_col="username", mode="insert")
    ti.xcom_push("return_value", plan.execute({"ti": ti}))
    apply = AmsApplyPlanOperator(task_id="apply", plan_task_id="plan")
    with pytest.raises(AirflowFailException, match=r"\(rows 1, 4\)"):
        apply.execute({"ti": ti})
    assert [r["rows"] for r in ti.values["rejected"]] == [[1, 4], [2], [3]]


# ---------------------------------------------------------------- in the library


def test_a_person_at_the_keyboard_sees_the_table(ams_sandbox, capsys):
    client = ams.AMSClient(ams_sandbox.url, ams_sandbox.username, ams_sandbox.password)
    option = ams.InsertEventOption(id_col="username", tolerance="all", validate=True)
    result = ams.insert_event_data(pd.DataFrame(ROWS), FORM, option=option, client=client)
    client.close()
    shown = capsys.readouterr().out
    assert f"✖ {FORM}: 4 rows rejected" in shown
    assert result.explain() in shown
    assert not [s for s in SECRETS if s in shown]


# ---------------------------------------------------------------- what Airflow is told


def caught_by_airflow(error, cause, repeatable):
    try:
        try:
            raise error from cause
        except AMSError as found:
            raise_for_airflow(found, repeatable)
    except Exception as final:  # noqa: BLE001 - Airflow takes them all
        return final


@pytest.mark.parametrize("repeatable", [True, False])
def test_only_what_nobody_can_foresee_comes_with_its_frames(repeatable):
    result = ams.ImportResult("f", pd.DataFrame())
    crash, timeout = ValueError("a bug"), AMSTransientError("no answer")
    for cause, shown in ((crash, crash), (timeout, None), (None, None)):
        unknown = AMSUnknownOutcomeError("who knows", result=result)
        final = caught_by_airflow(unknown, cause, repeatable)
        assert (final is unknown) is repeatable
        assert final.__cause__ is shown
        assert final.__suppress_context__
    refused = AMSImportError("refused", result=result)
    final = caught_by_airflow(refused, timeout, repeatable)
    assert isinstance(final, AirflowFailException)
    assert (final.__cause__, final.__context__) == (None, refused)
    assert caught_by_airflow(timeout, OSError(), repeatable) is timeout
