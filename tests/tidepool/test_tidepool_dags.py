"""The hook, the operators and the sample DAGs in a real Airflow, against a sandbox over HTTP."""

from __future__ import annotations

import json

import pytest
from tidepool_samples import sample_rows

pytestmark = pytest.mark.airflow


@pytest.fixture
def tidepool_connection(monkeypatch, sandbox):
    def connect(**changes):
        conn = {
            "conn_type": "tidepool",
            "host": sandbox.tidepool_url,
            "password": sandbox.tidepool_key,
        }
        monkeypatch.setenv("AIRFLOW_CONN_TIDEPOOL_DEFAULT", json.dumps(conn | changes))

    connect()
    return connect


@pytest.fixture
def hook(tidepool_connection):
    from airflow_provider_ams.hooks.tidepool import TidepoolHook

    return TidepoolHook()


def states(run):
    return {ti.task_id: str(ti.state) for ti in run.get_task_instances()}


# -- the hook -------------------------------------------------------------------------------


def test_the_connection_is_tested_without_storing(hook, sandbox):
    assert hook.test_connection() == (
        True,
        "Tidepool accepts the API key (TidepoolClient(host='127.0.0.1')); nothing was stored.",
    )
    assert sandbox.tidepool_summary()["events"] == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"password": "wrong"}, "does not accept the API key (HTTP 401)"),
        ({"password": ""}, "has no API key"),
        ({"host": "http://127.0.0.1:9/api/v1/events"}, "no connection could be made"),
        ({"host": "http://example.org"}, "must start with https://"),
        ({"extra": '{"read_timeout": "long"}'}, "read_timeout"),
    ],
)
def test_what_is_wrong_is_said_in_words(tidepool_connection, hook, changes, words):
    tidepool_connection(**changes)
    good, message = hook.test_connection()
    assert not good
    assert words in message
    assert "sandbox-key" not in message


def test_a_slow_server_and_a_wrong_path_are_told_apart(tidepool_connection, hook, sandbox):
    tidepool_connection(extra='{"read_timeout": 0.05}')
    sandbox.configure(latency_ms=400)
    assert "no reply came in time" in hook.test_connection()[1]
    sandbox.configure(latency_ms=0)
    tidepool_connection(host=sandbox.root + "/wrong")
    assert "there is no Tidepool at the base URL" in hook.test_connection()[1]


@pytest.mark.parametrize(
    ("parts", "url"),
    [
        ({"host": "shoreline.tidepool.so"}, "https://shoreline.tidepool.so/api/v1/events"),
        ({"host": "https://t.example.org/v2/"}, "https://t.example.org/v2"),
        (
            {"host": "t.example.org", "schema": "api/v1/events"},
            "https://t.example.org/api/v1/events",
        ),
        ({"host": "127.0.0.1", "port": 8085}, "http://127.0.0.1:8085/api/v1/events"),
        ({}, "https://shoreline.tidepool.so/api/v1/events"),
    ],
)
def test_hosts_may_be_short(parts, url):
    from airflow.providers.common.compat.sdk import Connection

    from airflow_provider_ams.hooks.tidepool import read_connection
    from airflow_provider_ams.tidepool import TidepoolClient

    conn = Connection(conn_id="t", conn_type="tidepool", password="k", **parts)
    assert TidepoolClient(**read_connection(conn)).base_url == url


def test_the_form_is_the_declared_one(hook):
    behaviour = type(hook).get_ui_field_behaviour()
    assert behaviour["relabeling"]["password"] == "API key"
    assert "login" in behaviour["hidden_fields"]


# -- operators by direct call ---------------------------------------------------------------


class Store(dict):
    """What Airflow 3.3 hands to a task, without the HTTP behind it."""

    def set(self, key, value, *, retention=None):
        self[key] = json.loads(json.dumps(value))


class TI:
    def __init__(self, try_number=1, max_tries=0):
        self.try_number, self.max_tries = try_number, max_tries
        self.pushed = {}

    def xcom_push(self, key, value):
        self.pushed[key] = value


def track(source, store=None, ti=None, **options):
    from airflow_provider_ams.operators.tidepool import TidepoolTrackEventsOperator

    context = {"ti": ti or TI()} | ({} if store is None else {"task_state_store": store})
    operator = TidepoolTrackEventsOperator(task_id="t", source=source, pause=0, **options)
    return operator.execute(context)


@pytest.fixture
def lost_answer(sandbox):
    def lose():
        fault = {"endpoint": "tidepool/track", "nth": 2, "fault": "reset_after_commit"}
        sandbox.faults(script=[fault])

    return lose


def test_the_state_store_carries_a_task_over_its_tries(tidepool_connection, sandbox, lost_answer):
    from airflow_provider_ams.tidepool import TidepoolUnknownOutcomeError

    store, rows = Store(), sample_rows(300)
    lost_answer()
    with pytest.raises(TidepoolUnknownOutcomeError):
        track(rows, store, resend=0)
    result = track(rows, store, TI(2), resend=0)
    assert (result["tracked"], result["already"], result["resent"]) == (200, 100, 100)
    assert len(json.dumps(store)) < 1000
    # A clear by hand goes on too: what is in Tidepool can't be taken back.
    assert track(rows, store, TI(3, 2))["tracked"] == 0
    assert sandbox.tidepool_summary()["distinct"] == 300


def test_a_restart_is_for_the_first_try_alone(tidepool_connection, lost_answer):
    from airflow_provider_ams.tidepool import TidepoolUnknownOutcomeError

    store, rows = Store(), sample_rows(300)
    track(rows, store)
    lost_answer()
    with pytest.raises(TidepoolUnknownOutcomeError):
        track(rows, store, TI(2, 1), resend=0, restart=True)
    assert track(rows, store, TI(3, 1), resend=0, restart=True)["already"] == 100
    assert track(rows, store, TI(4, 2), resend=0, restart=True)["tracked"] == 300


def test_rows_without_a_journal_fail_rather_than_repeat(tidepool_connection, lost_answer):
    from airflow.providers.common.compat.sdk import AirflowFailException

    lost_answer()
    with pytest.raises(AirflowFailException, match="not known whether"):
        track(sample_rows(300), resend=0)


def test_a_file_is_its_own_fallback(tidepool_connection, lost_answer, write_csv, tmp_path):
    from airflow_provider_ams.tidepool import TidepoolUnknownOutcomeError

    path = str(write_csv(sample_rows(300)))
    lost_answer()
    with pytest.raises(TidepoolUnknownOutcomeError):
        track(path, resend=0)
    assert track(f"file://{path}")["already"] == 100
    assert track(path, journal=f"file://{tmp_path}/other", restart=True)["tracked"] == 300


@pytest.mark.parametrize("kind", ["rejected", "key", "option"])
def test_what_no_retry_heals_fails_at_once(tidepool_connection, kind):
    from airflow.providers.common.compat.sdk import AirflowFailException

    rows = sample_rows(3)
    if kind == "rejected":
        rows[1]["text"] = ""
    if kind == "key":
        tidepool_connection(password="wrong")
    with pytest.raises(AirflowFailException) as error:
        track(rows, Store(), **({"batch_size": 500} if kind == "option" else {}))
    assert error.value.__cause__ is not None
    if kind == "rejected":
        assert "row 2: text is empty" in str(error.value)


def test_rows_are_not_shown_in_templates(sandbox):
    import pandas as pd

    from airflow_provider_ams.operators.tidepool import TidepoolValidateEventsOperator

    for rows in (sample_rows(3), pd.DataFrame(sample_rows(3))):
        operator = TidepoolValidateEventsOperator(task_id="t", source=rows)
        assert "message" not in str(operator.source)


# -- the DAGs -------------------------------------------------------------------------------


@pytest.fixture
def run_sample(run_dag, load_dag):
    """Run a sample DAG whose retries do not wait."""

    def run(name, retries=0, **conf):
        dag = load_dag(name)
        for task in dag.tasks:
            task.retries, task.retry_delay = retries, task.retry_delay * 0
        return run_dag(dag, run_conf=conf)

    return run


@pytest.fixture
def history(write_csv):
    return write_csv(sample_rows(250))


def test_historical_ingest(tidepool_connection, run_sample, sandbox, history):
    for _ in range(2):
        run = run_sample("tidepool_historical_ingest", path=str(history), pause=0)
        assert set(states(run).values()) == {"success"}, states(run)
        assert sandbox.tidepool_summary() == {
            "events": 250,
            "distinct": 250,
            "batches": 3,
            "repeated": {},
        }


def test_historical_ingest_goes_on_after_a_lost_answer(
    tidepool_connection, run_sample, sandbox, history
):
    fault = {"endpoint": "tidepool/track", "nth": [2, 3], "fault": "reset_after_commit"}
    sandbox.faults(script=[fault])
    run = run_sample("tidepool_historical_ingest", retries=1, path=str(history), pause=0)
    assert set(states(run).values()) == {"success"}, states(run)
    summary = sandbox.tidepool_summary()
    assert (summary["distinct"], summary["events"]) == (250, 450)


def test_airflow_keeps_the_state_over_a_retry(
    tidepool_connection, run_dag, sandbox, write_csv, tmp_path
):
    import datetime

    from airflow.providers.common.compat.sdk import DAG, ObjectStoragePath

    from airflow_provider_ams.operators.tidepool import TidepoolTrackEventsOperator

    fault = {"endpoint": "tidepool/track", "nth": 2, "fault": "reset_after_commit"}
    sandbox.faults(script=[fault])
    rows = [*sample_rows(300), {"text": "", "timestamp": "", "user_id": ""}]
    with DAG("tidepool_retry", start_date=datetime.datetime(2026, 1, 1)) as dag:
        TidepoolTrackEventsOperator(
            task_id="track",
            source=str(write_csv(rows)),
            tolerance="all",
            dead_letter_path=f"file://{tmp_path}/wrong.csv",
            pause=0,
            resend=0,
            retries=1,
            retry_delay=0,
        )
    run = run_dag(dag)
    assert states(run) == {"track": "success"}
    summary = sandbox.tidepool_summary()
    assert (summary["distinct"], summary["events"], summary["batches"]) == (300, 400, 4)
    assert ObjectStoragePath(f"file://{tmp_path}/wrong.csv").read_text().count("text is empty") == 1
    assert not (tmp_path / "events.csv.tidepool-journal").exists()


@pytest.mark.airflow
def test_a_task_links_to_the_rows_that_were_left_out(
    tidepool_connection, run_dag, write_csv, tmp_path
):
    from airflow.models.xcom import XComModel
    from airflow.providers.common.compat.sdk import DAG
    from airflow.utils.session import create_session

    from airflow_provider_ams.operators.tidepool import TidepoolTrackEventsOperator

    rows = [*sample_rows(3), {"text": "", "timestamp": "", "user_id": ""}]
    path = tmp_path / "wrong.csv"
    with DAG("tidepool_links", schedule=None) as dag:
        TidepoolTrackEventsOperator(
            task_id="track", source=str(write_csv(rows)), tolerance=1, dead_letter_path=str(path)
        )
    run = run_dag(dag)
    assert states(run) == {"track": "success"}
    with create_session() as session:
        found = session.query(XComModel.key, XComModel.value).filter_by(run_id=run.run_id)
        kept = {key: value for key, value in found}
    assert str(path) in kept["dead_letter_path"]
    assert kept["dead_letters_link"].strip('"').endswith("/tasks/track/xcom")


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
def test_object_storage_is_read_and_journaled(tidepool_connection, sandbox, tmp_path, ending):
    import fsspec
    import pandas as pd
    from airflow.providers.common.compat.sdk import ObjectStoragePath

    try:
        from airflow.sdk.io import attach
    except ImportError:
        from airflow.io.path import attach
    # Airflow has no credentials to look up for a bucket in memory.
    attach(protocol="memory", fs=fsspec.filesystem("memory"))
    folder = ObjectStoragePath(f"memory://{tmp_path.name}")
    folder.mkdir(exist_ok=True)
    frame = pd.DataFrame([*sample_rows(150), {"text": None}])
    write = {
        "csv": lambda: frame.to_csv(index=False).encode(),
        "jsonl": lambda: frame.to_json(orient="records", lines=True).encode(),
        "parquet": frame.to_parquet,
    }
    (folder / f"x.{ending}").write_bytes(write[ending]())
    source = str(folder / f"x.{ending}")
    first, again = (track(source, tolerance="all") for _ in range(2))
    assert (first["tracked"], again["tracked"], again["already"]) == (150, 0, 150)
    assert again["rejected"] == 1
    names = sorted(path.name for path in folder.iterdir())
    kept = "csv" if ending == "csv" else "jsonl"
    wanted = [f"x.{ending}", f"x.{ending}.dead-letters.{kept}", f"x.{ending}.tidepool-journal"]
    assert names == wanted


def test_a_wrong_row_stops_the_dag_before_anything_is_tracked(
    tidepool_connection, run_sample, sandbox, write_csv
):
    rows = sample_rows(250)
    rows[200]["timestamp"] = "yesterday"
    run = run_sample("tidepool_historical_ingest", path=str(write_csv(rows)), pause=0)
    assert states(run) == {"validate_events": "failed", "track_events": "upstream_failed"}
    assert sandbox.requests() == {}


def test_comments_are_tracked_once(
    tidepool_connection, ams_connection, run_sample, ams_sandbox, tmp_path
):
    tidepool_connection()
    conf = {"since": "2020-01-01", "sent": f"file://{tmp_path}/sent.txt"}

    def run():
        done = run_sample("ams_comments_to_tidepool", **conf)
        assert set(states(done).values()) == {"success"}, states(done)
        return ams_sandbox.tidepool_events()

    stored = [e for e in ams_sandbox.events("Training Log") if e["values"].get("comments")]
    first = run()
    assert sorted(e["text"] for e in first) == sorted(e["values"]["comments"] for e in stored)
    assert {e["user_id"] for e in first} == {str(e["user_id"]) for e in stored}
    assert {e["event_name"] for e in first} == {"AMS_COMMENT"}
    assert run() == first
    ams_sandbox.edit_event(stored[0]["id"], {"duration": "33"})
    ams_sandbox.edit_event(stored[1]["id"], {"comments": "Felt strong, really"})
    assert [e["text"] for e in run()[len(first) :]] == ["Felt strong, really"]
