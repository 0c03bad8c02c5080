"""No module of the package imports itself through others, not even inside a function."""

from __future__ import annotations

import graphlib

import pytest


def test_no_circle_of_imports():
    grimp = pytest.importorskip("grimp", reason="comes with import-linter")
    package = "airflow_provider_ams"
    graph = grimp.build_graph(package)
    # A package holds its modules; what it re-exports is for users.
    arrows = {m: graph.find_modules_directly_imported_by(m) - {package} for m in graph.modules}
    graphlib.TopologicalSorter(arrows).prepare()
