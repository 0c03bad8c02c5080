"""A throw-away Airflow home, and DAG runs in it.

Nothing here imports Airflow before a test asks for it: the tests of the libraries are quick.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest

# Airflow reads its home when it is first imported; a developer's own must never be touched.
_HOME = tempfile.mkdtemp(prefix="airflow-test-")
os.environ.update(
    AIRFLOW_HOME=_HOME,
    AIRFLOW__CORE__LOAD_EXAMPLES="False",
    AIRFLOW__CORE__DAGS_FOLDER=os.path.join(_HOME, "dags"),
    AIRFLOW__DAG_PROCESSOR__DAG_FILE_PROCESSOR_TIMEOUT="120",
)
os.makedirs(os.path.join(_HOME, "dags"))

DAGS = Path(__file__).parents[1] / "dags"


def pytest_unconfigure(config):
    shutil.rmtree(_HOME, ignore_errors=True)


@pytest.fixture(scope="session")
def airflow_db():
    """Make the database of the throw-away home once a session."""
    from airflow.utils import db

    db.initdb()


@pytest.fixture
def run_dag(airflow_db):
    """Run a DAG built inside a test, or loaded by `load_dag`, through its whole life."""

    def run(dag, **arguments):
        import airflow

        if not airflow.__version__.startswith("2."):
            _serialize(dag)
        return dag.test(**arguments)

    return run


@pytest.fixture
def load_dag():
    """Import a sample DAG's file afresh and return the DAG of the same name."""

    def load(name):
        spec = importlib.util.spec_from_file_location(f"sample_{name}", DAGS / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        dag = getattr(module, name)()
        for operator in dag.tasks:
            operator.retries = 0  # a test must not wait for another try, but fail
        return dag

    return load


@pytest.fixture
def ams_connection(monkeypatch, ams_sandbox):
    """Point the connection ``ams_default`` at the sandbox; returns a function that changes it."""

    def connect(**changes):
        conn = {
            "conn_type": "ams",
            "host": ams_sandbox.url,
            "login": ams_sandbox.username,
            "password": ams_sandbox.password,
        }
        monkeypatch.setenv("AIRFLOW_CONN_AMS_DEFAULT", json.dumps(conn | changes))

    connect()
    return connect


def _serialize(dag):
    """Register a DAG that no file in the DAGs folder holds: Airflow 3 runs no other."""
    from airflow.models.dagbundle import DagBundleModel
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.serialization.serialized_objects import LazyDeserializedDAG
    from airflow.utils.session import create_session

    try:
        from airflow.serialization.definitions.dag import SerializedDAG
    except ImportError:
        from airflow.serialization.serialized_objects import SerializedDAG
    if hasattr(LazyDeserializedDAG, "from_dag"):
        lazy = LazyDeserializedDAG.from_dag(dag)
    else:
        lazy = SerializedDAG.from_dict(SerializedDAG.to_dict(dag))
    with create_session() as session:
        if not session.get(DagBundleModel, "testing"):
            session.add(DagBundleModel(name="testing"))
            session.flush()
        SerializedDAG.bulk_write_to_db("testing", None, [lazy], session=session)
        SerializedDagModel.write_dag(lazy, bundle_name="testing", session=session)
