"""What Airflow's pages show of the sample DAGs: documentation, owner, a form that can be sent."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

import airflow_provider_ams.operators.ams as ams
import airflow_provider_ams.operators.tidepool as tidepool
from airflow_provider_ams.operators.approval import AmsApprovalOperator

DAGS = Path(__file__).parents[2] / "dags"
SAMPLES = sorted(path.stem for path in DAGS.glob("*.py"))
OPERATORS = [
    operator
    for module in (ams, tidepool)
    for operator in vars(module).values()
    if inspect.isclass(operator) and operator.__name__ in module.__all__
]

pytestmark = pytest.mark.airflow


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_tells_what_it_does(load_dag, name):
    dag = load_dag(name)
    assert dag.description
    assert dag.owner not in ("", "airflow"), "the default tells nobody whom to ask"
    assert dag.tags
    paragraphs = dag.doc_md.strip().split("\n\n")
    assert len(paragraphs) > 1
    assert not [p for p in paragraphs if p.startswith("    ")], "Markdown takes it for code"


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_can_be_triggered_as_it_is(load_dag, name):
    """The page disables its button while a field that must have a value is empty."""
    params = load_dag(name).params
    for key in params:
        param = params.get_param(key)
        assert param.description, key
        types = param.schema.get("type", "string")
        if "null" not in ([types] if isinstance(types, str) else types):
            assert param.value not in (None, ""), key
        param.resolve()


@pytest.mark.parametrize("operator", [*OPERATORS, AmsApprovalOperator])
def test_operators_have_a_colour_of_their_own(operator):
    from airflow.providers.common.compat.sdk import BaseOperator

    assert operator.ui_color != BaseOperator.ui_color
