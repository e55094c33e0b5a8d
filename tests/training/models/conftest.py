"""Networks are small here, and compiling them takes longer than anything else: it is done without optimisation."""

import jax
import pytest


@pytest.fixture(autouse=True)
def _compiled_quickly():
    before = jax.config.read("jax_disable_most_optimizations")
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", before)
