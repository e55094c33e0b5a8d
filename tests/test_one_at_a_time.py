"""Operations that wait for XLA's threads: found wherever they are, kept apart, without a change to any number."""

import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from acoupipe_grain.one_at_a_time import OneAtATime

MATRICES = np.random.default_rng(0).standard_normal((3, 4, 4)).astype(np.float32)
MATRICES = MATRICES @ MATRICES.swapaxes(1, 2)


@pytest.mark.slow
def test_decompositions_of_one_program_do_not_block_each_other():
    """On two cores two of them did, within ten calls with matrices of this size."""
    script = """
import jax
import acoupipe_grain as apg
from acoupipe_grain.array.features import computation
features = ("eigmode", "sourcemap_capon")
source = apg.SyntheticSource(16, mode="wishart", features=features, f=4000.0)
step = jax.jit(lambda compute, scenes: compute(scenes))
for _ in range(10):
    jax.block_until_ready(step(source.compute_batch, source.inputs.batch(range(16))))
computation.MAX_CHUNK_BYTES = computation.CACHE_BYTES = 16 * 2**15  # 16 records at once, and a rest
source = apg.SyntheticSource(31, mode="wishart", features=("eigmode",), f=4000.0)
assert source.compute_batch.func.chunk_size < 31
for _ in range(10):
    jax.block_until_ready(step(source.compute_batch, source.inputs.batch(range(31))))
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=120)


@pytest.mark.slow
def test_records_computed_in_several_threads_do_not_block_each_other():
    """Grain reads in threads by default; two decompositions of several matrices waited for each other at once."""
    script = """
import grain
import acoupipe_grain as apg
source = apg.SyntheticSource(60, mode="wishart", features=("eigmode",), f=[2000.0, 4000.0])
count = 0
for element in grain.MapDataset.source(source).to_iter_dataset():
    count += 1
assert count == 60
"""
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-c", script], check=True, timeout=120, env=environment)


def within_loops(matrix):
    def body(_, total):
        return jax.lax.cond(total.sum() > 0, lambda: total + jnp.linalg.eigvalsh(matrix), lambda: total)

    return jax.lax.map(lambda scale: jax.lax.fori_loop(0, 2, body, matrix[0] * scale), jnp.ones(2))


@pytest.mark.parametrize(
    ("function", "waits"),
    [
        (jnp.linalg.eigh, True),
        (jnp.linalg.inv, True),
        (lambda matrix: jnp.fft.rfft(matrix), True),
        (within_loops, True),
        (lambda matrix: matrix @ matrix.T, False),
    ],
)
def test_operations_that_wait_are_found_wherever_they_are(function, waits):
    def program(matrix):
        one_at_a_time = OneAtATime()
        first = one_at_a_time(function, [matrix])
        return first, one_at_a_time(function, [matrix])

    count = str(jax.make_jaxpr(program)(MATRICES[0])).count(" min ")
    assert count == waits  # the zero that the second waits for
    first, second = jax.jit(program)(MATRICES[0])
    for one, other in zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6)


def test_numbers_that_are_none_stay_where_they_are():
    def program(matrices):
        one_at_a_time = OneAtATime()
        lost = one_at_a_time(lambda matrix: jnp.linalg.eigvalsh(matrix) * jnp.nan, [matrices])
        return lost, one_at_a_time(lambda matrix, factor: jnp.linalg.eigvalsh(matrix) * factor, [matrices, 2.0])

    lost, kept = jax.jit(program)(MATRICES)
    assert np.isnan(lost).all()
    np.testing.assert_allclose(kept, 2 * np.linalg.eigvalsh(MATRICES), rtol=1e-5)


def test_what_is_no_array_is_returned_as_it_is():
    assert OneAtATime()(lambda matrix: matrix.shape[-1], [jnp.ones((2, 3))]) == 3


def test_static_arguments_are_given_as_they_are():
    seen = []
    OneAtATime()(lambda array, setup, pair: seen.append((setup, pair)), [jnp.ones(2), "setup", (np.ones(1), "pair")])
    assert seen[-1][0] == "setup"
    assert seen[-1][1][1] == "pair"
