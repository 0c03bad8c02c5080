"""Tries of one task: what the next one knows, after a retry and after a manual clear."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_ams.ams.errors import AMSTransientError, AMSUnknownOutcomeError
from airflow_provider_ams.operators.ams import (
    AmsInsertEventDataOperator,
    AmsUpsertProfileDataOperator,
)

STATE_KEY = "ams_import"
pytestmark = pytest.mark.usefixtures("ams_connection")

FORM = "Reaction Time"
ROWS = [
    {
        "username": f"volunteer.{subject}",
        "start_date": f"{day:02d}/01/2026",
        "start_time": "9:00 AM",
        "Day": day,
    }
    for day in range(1, 6)
    for subject in (308, 309)
]


class Store(dict):
    """Airflow 3.3's task state store, as far as it is used."""

    def set(self, key, value, *, retention=None):
        self[key] = value


@pytest.fixture(params=["store", "file"])
def context(request, tmp_path):
    """Return a function that makes the context of a try, and the operator's arguments."""
    store = Store()

    def make(max_tries=3):
        ti = SimpleNamespace(
            dag_id="d", run_id="manual__2026-01-01T00:00:00+00:00", task_id="t", map_index=-1
        )
        ti.max_tries, ti.xcom_push = max_tries, lambda **entry: None
        return {"ti": ti, **({"task_state_store": store} if request.param == "store" else {})}

    make.arguments = {} if request.param == "store" else {"state_path": f"file://{tmp_path}/s"}
    return make


def insert(context, data=ROWS, **arguments):
    operator = AmsInsertEventDataOperator(
        task_id="t",
        form=FORM,
        data=data,
        id_col="username",
        batch_size=4,
        settle_seconds=0.0,
        **arguments,
    )
    return operator.execute(context)


def lose_an_answer(sandbox):
    sandbox.faults(
        script=[
            {"endpoint": "eventsimport", "nth": 2, "fault": "reset_after_commit"},
            # A wait that no worker sits through: the try ends with the outcome open.
            {"endpoint": "synchronise", "nth": 2, "fault": "429", "retry_after": 600},
        ]
    )


def test_a_retry_goes_on_where_the_try_stopped(ams_sandbox, context):
    lose_an_answer(ams_sandbox)
    with pytest.raises(AMSUnknownOutcomeError):
        insert(context(), **context.arguments)
    calls = ams_sandbox.requests()["eventsimport"]
    assert calls == 2
    assert insert(context(), **context.arguments)["inserted"] == 10
    assert len(ams_sandbox.events(FORM)) == 10
    assert ams_sandbox.requests()["eventsimport"] == calls + 1


def test_a_clear_looks_everything_up(ams_sandbox, context):
    insert(context(), **context.arguments)
    gone = [e["id"] for e in ams_sandbox.events(FORM)][3]
    ams_sandbox.delete_event(gone)
    calls = ams_sandbox.requests()["eventsimport"]
    assert insert(context(max_tries=5), **context.arguments)["inserted"] == 10
    assert len(ams_sandbox.events(FORM)) == 10
    assert ams_sandbox.requests()["eventsimport"] == calls + 1


def test_a_clear_in_the_middle_trusts_nothing(ams_sandbox, context):
    """What an earlier try was told is confirmed may have been deleted before the clear."""
    lose_an_answer(ams_sandbox)
    with pytest.raises(AMSUnknownOutcomeError):
        insert(context(), **context.arguments)
    ams_sandbox.delete_event(ams_sandbox.events(FORM)[0]["id"])
    assert insert(context(max_tries=5), **context.arguments)["inserted"] == 10
    assert len(ams_sandbox.events(FORM)) == 10


def test_a_state_file_is_there_whole(ams_sandbox, tmp_path):
    from airflow_provider_ams.operators._state import task_checkpoint

    ti = SimpleNamespace(dag_id="d", run_id="r", task_id="t", map_index=-1, max_tries=3)
    checkpoint = task_checkpoint({"ti": ti}, f"file://{tmp_path}/s")
    checkpoint.save({"n": 1})
    (path,) = (tmp_path / "s").iterdir()
    # A worker was killed in the middle of the next note.
    path.with_name(".0123.tmp").write_text('{"n": 2, "ma')
    assert checkpoint.load() == {"n": 1}
    checkpoint.save({"n": 3})
    assert checkpoint.load() == {"n": 3}
    assert {p.name for p in path.parent.iterdir()} == {path.name, ".0123.tmp"}


def test_other_data_is_another_import(ams_sandbox, context):
    insert(context(), **context.arguments)
    other = [{**row, "Day": 99} for row in ROWS]
    insert(context(), data=other, **context.arguments)
    assert len(ams_sandbox.events(FORM)) == 20


def test_without_a_place_for_the_note_an_unknown_outcome_is_final(ams_sandbox):
    lose_an_answer(ams_sandbox)
    with pytest.raises(AirflowFailException) as caught:
        insert({})
    assert isinstance(caught.value.__context__, AMSUnknownOutcomeError)


def test_profiles_that_were_confirmed_are_not_sent_again(ams_sandbox, context):
    data = [{"username": f"volunteer.{n}", "height_cm": 170 + n % 9} for n in (308, 309, 310)]
    ams_sandbox.faults(
        script=[{"endpoint": "profileimport", "nth": 3, "fault": "429", "retry_after": 600}]
    )
    operator = AmsUpsertProfileDataOperator(
        task_id="t",
        form="Athlete Profile",
        data=data,
        id_col="username",
        **context.arguments,
    )
    with pytest.raises((AMSTransientError, AMSUnknownOutcomeError)):
        operator.execute(context())
    ams_sandbox.faults(None)
    calls = ams_sandbox.requests()["profileimport"]
    summary = operator.execute(context())
    assert (summary["updated"], summary["unchanged"]) == (1, 2)
    assert ams_sandbox.requests()["profileimport"] == calls + 1


# ---------------------------------------------------------------- without the state store


class Older(AmsInsertEventDataOperator):
    """The operator as an Airflow without a task state store runs it."""

    def execute(self, context):
        return super().execute({k: v for k, v in context.items() if k != "task_state_store"})


def imported(run_dag, retries, **arguments):
    """Run a DAG of one task; returns the run and the names of the Variables during and after."""
    from airflow.models import Variable
    from airflow.providers.common.compat.sdk import DAG
    from airflow.utils.session import create_session

    def names():
        with create_session() as session:
            return [v.key for v in session.query(Variable) if v.key.startswith("ams_import")]

    with DAG("older", schedule=None) as dag:
        Older(
            task_id="t",
            form=FORM,
            data=ROWS,
            id_col="username",
            batch_size=4,
            settle_seconds=0.0,
            retries=retries,
            retry_delay=timedelta(seconds=0),
            **arguments,
        )
    return run_dag(dag), names


@pytest.mark.airflow
def test_an_airflow_without_a_state_store_keeps_the_note_in_a_variable(ams_sandbox, run_dag):
    lose_an_answer(ams_sandbox)
    run, names = imported(run_dag, retries=1)
    assert run.state == "success"
    assert len(ams_sandbox.events(FORM)) == 10
    # Three calls for ten rows: none went out twice.
    assert ams_sandbox.requests()["eventsimport"] == 3
    assert not names()


@pytest.mark.airflow
def test_the_variable_stays_while_the_task_is_red(ams_sandbox, run_dag):
    lose_an_answer(ams_sandbox)
    run, names = imported(run_dag, retries=0)
    assert run.state == "failed"
    (name,) = names()
    assert len(name) < 60


@pytest.mark.airflow
def test_a_dead_session_is_tried_again(ams_sandbox, run_dag):
    """The session ends, and no new one is to be had for a while: not a wrong password."""
    ams_sandbox.faults(
        script=[
            {"endpoint": "eventsimport", "nth": 2, "fault": "session_expired"},
            {"endpoint": "loginUser", "nth": list(range(2, 7)), "fault": "503"},
        ]
    )
    run, _ = imported(run_dag, retries=1)
    assert run.state == "success"
    (task,) = run.get_task_instances()
    assert task.try_number == 2
    assert len(ams_sandbox.events(FORM)) == 10


def first_try_left(ti, **more):
    """Return the context of a second try of a run that began a minute ago."""
    began = datetime.now(timezone.utc) - timedelta(minutes=1)
    ti.try_number = 2
    return {"ti": ti, "dag_run": SimpleNamespace(start_date=began, run_after=began), **more}


def second_try(store):
    ti = SimpleNamespace(dag_id="d", run_id="r", task_id="t", map_index=-1, max_tries=3)
    return first_try_left(ti, task_state_store=store)


@pytest.mark.parametrize("note", [{}, {STATE_KEY: "torn"}, {STATE_KEY: {"version": 0}}])
def test_a_try_without_a_note_looks_everything_up(ams_sandbox, note):
    lose_an_answer(ams_sandbox)
    with pytest.raises(AMSUnknownOutcomeError):
        insert(second_try(Store()))
    ams_sandbox.faults(None)
    calls = ams_sandbox.requests()["eventsimport"]
    assert len(ams_sandbox.events(FORM)) == 8
    assert insert(second_try(Store(note)))["inserted"] == 10
    assert ams_sandbox.requests()["eventsimport"] == calls + 1
    assert len(ams_sandbox.events(FORM)) == 10


def test_rows_without_a_time_are_not_sent_without_a_note(ams_sandbox):
    rows = [{k: v for k, v in row.items() if k != "start_time"} for row in ROWS]
    with pytest.raises(AirflowFailException, match="can't be recognised"):
        insert(second_try(Store()), data=rows)
    assert not ams_sandbox.events(FORM)


class Down(Store):
    def set(self, key, value, *, retention=None):
        raise ConnectionError("the API server does not answer")


def test_nothing_is_sent_while_the_note_can_not_be_kept(ams_sandbox):
    ti = SimpleNamespace(dag_id="d", run_id="r", task_id="t", map_index=-1, max_tries=3)
    with pytest.raises(AMSTransientError, match="can't be kept"):
        insert({"ti": ti, "task_state_store": Down()})
    assert not ams_sandbox.events(FORM)


class Fenced(Store):
    """As the API server: it knows no try but the latest one."""

    def __init__(self, note, calls):
        super().__init__(note)
        self.calls = calls

    def _alive(self):
        self.calls -= 1
        return self.calls > 0

    def get(self, key, default=None):
        return super().get(key, default) if self._alive() else default

    def set(self, key, value, *, retention=None):
        if not self._alive():
            raise RuntimeError("404: task instance not found")
        super().set(key, value)


@pytest.mark.parametrize("calls", range(2, 8))
def test_a_try_that_airflow_no_longer_knows_sends_nothing_more(ams_sandbox, calls):
    ti = SimpleNamespace(dag_id="d", run_id="r", task_id="t", map_index=-1, max_tries=3)
    store = Fenced({}, calls)
    with pytest.raises(AMSTransientError, match=r"taken over|can't be kept"):
        insert({"ti": ti, "task_state_store": store})
    # The three calls each need a look, after the one that signs the note.
    assert len(ams_sandbox.events(FORM)) <= 4 * max(0, (calls - 3) // 2)
