"""Every law under random dialects; `AMS_DIALECT_SEED=7` runs seed 7 alone."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ams.dialects.laws import LAWS
from tests.ams.dialects.world import World

EXAMPLES, MANY = 25, 1250  # of each law
SEED = os.environ.get("AMS_DIALECT_SEED")
SLOW_IS_FINE = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


def obey(law: str, seed: int, site: object) -> object:
    """Try a law under the dialect of a seed; a failure names both."""
    world = World(seed, site, law)
    try:
        return LAWS[law](world)
    except AssertionError as error:
        told = f"AMS_DIALECT_SEED={seed}, law {law}, {world.dialect!r}, form {world.form}"
        raise AssertionError(f"{told}, types {world.types}: {error}") from error
    finally:
        world.client.close()


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.skipif(SEED is not None, reason="one seed is asked for")
@settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=SLOW_IS_FINE
)
@given(seed=st.integers(0, 1 << 30))
def test_law(law, site, seed):
    obey(law, seed, site)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.skipif(SEED is None, reason="no seed is asked for (AMS_DIALECT_SEED)")
def test_seed(law, site):
    obey(law, int(SEED), site)


@pytest.mark.chaos
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("law", LAWS)
def test_law_under_many_dialects(law, site):
    for seed in range(MANY):
        obey(law, seed, site)
        if seed % 100 == 99:
            print(f"{law}: {seed + 1} of {MANY} seeds")
