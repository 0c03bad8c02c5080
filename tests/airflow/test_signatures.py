"""What is public says what it takes: signature, docstring, attributes and templates agree."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
import re

import pytest
from airflow.providers.common.compat.sdk import BaseOperator

import airflow_provider_ams
import airflow_provider_ams.ams as library
import airflow_provider_ams.operators.ams as ams
import airflow_provider_ams.operators.tidepool as tidepool
import airflow_provider_ams.tidepool as tidepool_library
from airflow_provider_ams.operators._hidden import reveal
from airflow_provider_ams.operators.approval import AmsApprovalOperator
from airflow_provider_ams.tidepool import IngestOption

OPERATORS = [
    getattr(module, name)
    for module in (ams, tidepool)
    for name in module.__all__
    if name.endswith("Operator")
]
FUNCTIONS = [f for f in map(library.__getattr__, library.__all__) if inspect.isfunction(f)]
OPTIONS = [
    thing
    for module in (library, tidepool_library)
    for thing in map(module.__getattr__, module.__all__)
    if inspect.isclass(thing) and thing.__name__.endswith(("Option", "Filter"))
]


def faces():
    """Yield every public class that a DAG can use, wherever it stands."""
    for kind in ("hooks", "operators", "sensors", "transfers", "triggers"):
        try:
            package = importlib.import_module(f"{airflow_provider_ams.__name__}.{kind}")
        except ModuleNotFoundError:
            continue
        for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            module = importlib.import_module(found.name)
            for name, thing in vars(module).items():
                own = inspect.isclass(thing) and thing.__module__ == module.__name__
                if own and "._" not in f"{found.name}.{name}":
                    yield thing


FACES = list(faces())


def named(callable_):
    """Return the parameters by name, without `self` and what goes to Airflow as it is."""
    kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    parameters = inspect.signature(callable_).parameters.values()
    return [p.name for p in parameters if p.name != "self" and p.kind not in kinds]


def documented(thing):
    """Return the names in a numpy docstring's section Parameters."""
    text = inspect.getdoc(thing)
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\S[^\n]*\n-{3,}$|\Z)", text, re.M | re.S)
    lines = section[1].splitlines() if section else []
    heads = [line.split(" : ")[0].split(": ")[0] for line in lines if re.match(r"\w", line)]
    return [name.strip() for head in heads for name in head.split(",")]


def of_operator(operator):
    return named(operator.__dict__["__init__"])


def test_every_operator_is_looked_at():
    assert {*OPERATORS, AmsApprovalOperator} <= set(FACES)
    assert {face.__name__ for face in FACES} >= {"AmsHook", "TidepoolHook"}


@pytest.mark.parametrize("face", FACES)
def test_each_parameter_is_named_and_documented(face):
    assert "__init__" in face.__dict__, "its parameters stand in its own signature"
    assert sorted(documented(face)) == sorted(named(face.__dict__["__init__"]))


@pytest.mark.parametrize("face", FACES)
def test_help_shows_each_parameter(face):
    shown = inspect.signature(face)
    own = inspect.signature(face.__dict__["__init__"])
    assert list(shown.parameters) == list(own.parameters)[1:]
    loose = [p.name for p in shown.parameters.values() if p.kind is p.VAR_KEYWORD]
    assert loose == (["kwargs"] if issubclass(face, BaseOperator) else [])


@pytest.mark.parametrize("face", [face for face in FACES if issubclass(face, BaseOperator)])
def test_what_is_not_named_is_airflows_or_an_error(face):
    """No parameter of ours hides in the keywords: these are Airflow's, which knows all of them."""
    needed = [
        p.name
        for p in inspect.signature(face).parameters.values()
        if p.default is p.empty and p.kind is not p.VAR_KEYWORD
    ]
    values = {name: "x" for name in needed} | (
        {"plan_task_id": "p"} if face is ams.AmsApplyPlanOperator else {}
    )
    assert face(task_id="t", retries=3, **values).retries == 3
    with pytest.raises(TypeError, match="no_such_parameter"):
        face(task_id="t", no_such_parameter=1, **values)


@pytest.mark.parametrize("option", OPTIONS)
def test_options_document_each_field_of_their_own(option):
    own = {name for name in inspect.get_annotations(option) if name in named(option)}
    inherited = {name for base in option.__mro__[1:] for name in inspect.get_annotations(base)}
    told = documented(option)
    assert set(told) <= set(named(option))
    assert own - inherited <= set(told)
    explained = {name for c in option.__mro__ if c is not object for name in documented(c)}
    assert set(named(option)) <= explained


@pytest.mark.parametrize("function", FUNCTIONS)
def test_functions_document_each_parameter(function):
    assert sorted(documented(function)) == sorted(named(function))


@pytest.mark.parametrize("operator", OPERATORS)
def test_no_parameter_hides_what_airflow_has(operator):
    taken = [name for name in of_operator(operator) if hasattr(BaseOperator, name)]
    assert set(taken) <= {"dry_run"}
    assert callable(getattr(build(operator), "dry_run", print))  # 3.0 has no such method


def build(operator):
    """Return an operator with another value for every parameter."""
    values = {name: f"value of {name}" for name in of_operator(operator)}
    if operator is ams.AmsApplyPlanOperator:
        values["plan_path"] = None
    built = operator(task_id="t", **values)
    built.given = values
    return built


@pytest.mark.parametrize("operator", OPERATORS)
def test_parameters_are_attributes_of_the_same_name(operator):
    built = build(operator)
    for name, value in built.given.items():
        attribute = "is_dry_run" if name == "dry_run" else name
        assert reveal(getattr(built, attribute)) is value, name


@pytest.mark.parametrize("operator", OPERATORS)
def test_template_fields_are_assigned_parameters(operator):
    fields = list(operator.template_fields)
    assert len(set(fields)) == len(fields)
    assert set(fields) <= set(of_operator(operator))
    assert set(fields) <= set(vars(build(operator)))


# Nobody sits at a task: it asks nothing, prints nothing and has one client of its own.
UNATTENDED = {"interactive_mode", "require_confirmation", "cache"}
SPELT = {"window": {"from_date", "to_date"}, "users": {"user_key", "user_value"}}
SENDING = {"batch_size", "max_in_flight", "tolerance", "settle_seconds"}
TAKES = [
    (ams.AmsGetEventDataOperator, library.EventFilter, set()),
    (ams.AmsGetEventDataOperator, library.EventOption, set()),
    (ams.AmsSyncEventDataOperator, library.SyncEventFilter, set()),
    (ams.AmsSyncEventDataOperator, library.SyncEventOption, set()),
    (ams.AmsGetProfileDataOperator, library.ProfileFilter, set()),
    (ams.AmsGetProfileDataOperator, library.ProfileOption, set()),
    (ams.AmsGetUserOperator, library.UserFilter, set()),
    (ams.AmsGetUserOperator, library.UserOption, set()),
    (ams.AmsInsertEventDataOperator, library.InsertEventOption, set()),
    (ams.AmsUpdateEventDataOperator, library.UpdateEventOption, set()),
    (ams.AmsUpsertEventDataOperator, library.UpsertEventOption, set()),
    (ams.AmsUpsertProfileDataOperator, library.UpsertProfileOption, set()),
    (ams.AmsMirrorEventDataOperator, library.MirrorEventOption, set()),
    (ams.AmsDeleteEventDataOperator, library.DeleteEventOption, set()),
    (ams.AmsValidateEventDataOperator, library.PlanOption, SENDING | {"validate"}),
    # Applying has a tolerance, and nothing to settle: it looks at AMS first.
    (
        ams.AmsPlanOperator,
        library.PlanOption,
        {"tolerance", "settle_seconds", "form_type", "check_event_ids"},
    ),
    # URLs are opened with the credentials of Airflow's connections.
    (tidepool.TidepoolTrackEventsOperator, IngestOption, {"storage_options"}),
    (
        tidepool.TidepoolValidateEventsOperator,
        IngestOption,
        {"storage_options", "dead_letter_path", "resend", "restart", "same_project"},
    ),
]


@pytest.mark.parametrize(("operator", "option", "left_out"), TAKES)
def test_every_option_of_the_library_is_a_parameter(operator, option, left_out):
    offered = set(of_operator(operator))
    for field in dataclasses.fields(option):
        if field.name not in UNATTENDED | left_out:
            assert SPELT.get(field.name, {field.name}) <= offered, field.name


def test_numbers_out_of_templates_are_numbers(ams_connection):
    built = ams.AmsInsertEventDataOperator(
        task_id="t", form="F", data=[], batch_size="10", tolerance="3", settle_seconds="0.5"
    )
    option = built.option()
    assert (option.batch_size, option.tolerance, option.settle_seconds) == (10, 3, 0.5)
