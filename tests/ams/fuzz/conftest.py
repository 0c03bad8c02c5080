from __future__ import annotations

import pytest
from fuzz_world import Proxy, World


@pytest.fixture(scope="session")
def proxy():
    proxy = Proxy(World())
    yield proxy
    proxy.close()
