from __future__ import annotations

import importlib
import json
from pathlib import Path

import jsonschema
import pytest

from airflow_provider_ams.get_provider_info import get_provider_info

INFO = get_provider_info()


def airflow_schema(name):
    import airflow

    return json.loads((Path(airflow.__file__).parent / name).read_text())


def test_info_is_what_airflow_accepts():
    jsonschema.validate(INFO, airflow_schema("provider_info.schema.json"))


def test_connection_forms_are_what_airflow_accepts():
    schema = airflow_schema("provider.yaml.schema.json")["properties"]["connection-types"]
    jsonschema.validate(INFO["connection-types"], schema)


def modules(kind):
    return [name for entry in INFO[kind] for name in entry["python-modules"]]


@pytest.mark.parametrize("name", modules("hooks") + modules("operators"))
def test_every_listed_module_imports(name):
    importlib.import_module(name)


def test_every_module_in_the_package_is_listed():
    package = Path(importlib.import_module("airflow_provider_ams").__file__).parent
    for kind in ("hooks", "operators"):
        public = {p.stem for p in (package / kind).glob("[a-z]*.py")}
        listed = {name.rsplit(".", 1)[1] for name in modules(kind)}
        assert listed == public


@pytest.mark.parametrize("declared", INFO["connection-types"], ids=lambda t: t["connection-type"])
def test_hook_class_matches_its_declaration(declared):
    module, name = declared["hook-class-name"].rsplit(".", 1)
    hook = getattr(importlib.import_module(module), name)
    assert hook.conn_type == declared["connection-type"]
    assert hook.hook_name == declared["hook-name"]
    assert hook.default_conn_name == f"{hook.conn_type}_default"


def test_airflow_finds_the_connection_types():
    from airflow.providers_manager import ProvidersManager

    hooks = ProvidersManager().hooks
    assert hooks["ams"].hook_class_name == "airflow_provider_ams.hooks.ams.AmsHook"
    assert hooks["ams"].hook_name == "Teamworks AMS"
