"""The DAG processor imports operators all day: nothing heavy may come with them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from airflow_provider_ams.get_provider_info import get_provider_info

INFO = get_provider_info()
MODULES = [
    module for kind in ("hooks", "operators") for e in INFO[kind] for module in e["python-modules"]
]
PROBE = """
import importlib, json, sys
importlib.import_module("airflow.providers.common.compat.sdk").BaseOperator
before = set(sys.modules)
importlib.import_module(sys.argv[1])
print(json.dumps(sorted(set(sys.modules) - before)))
"""
HEAVY = {"pandas", "numpy", "requests", "pyarrow", "orjson", "fsspec", "tqdm", "urllib3"}


@pytest.mark.parametrize("module", MODULES)
def test_module_loads_nothing_heavy(module):
    done = subprocess.run(
        [sys.executable, "-c", PROBE, module], capture_output=True, text=True, check=True
    )
    loaded = json.loads(done.stdout.splitlines()[-1])
    assert not HEAVY & {name.split(".")[0] for name in loaded}
    libraries = ("airflow_provider_ams.ams", "airflow_provider_ams.tidepool")
    assert not [name for name in loaded if name.startswith(libraries)]
    assert not [name for name in loaded if name.startswith("airflow_provider_ams.transport")]


def test_provider_info_loads_nothing_of_airflow():
    probe = (
        "import sys, airflow_provider_ams.get_provider_info as g; g.get_provider_info();"
        "print([m for m in sys.modules if m.split('.')[0] in ('airflow', 'pandas', 'requests')])"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
