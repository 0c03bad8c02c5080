"""Pure rules must stay cheap to import: nothing heavy comes with the package itself."""

from __future__ import annotations

import subprocess
import sys

import pytest

import airflow_provider_ams.transport as transport

HEAVY = {"requests", "urllib3", "tqdm", "fsspec", "upath", "orjson", "pandas", "numpy", "airflow"}


@pytest.mark.parametrize("code", ["import {0}", "from {0} import RetryPolicy, Retrier, InFlight"])
def test_nothing_heavy(code):
    probe = code.format(transport.__name__) + "; import sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert not HEAVY & {name.partition(".")[0] for name in done.stdout.split()}


def test_every_name_is_there():
    for name in transport.__all__:
        assert getattr(transport, name) is not None
    with pytest.raises(AttributeError, match="nothing_like_it"):
        _ = transport.nothing_like_it
