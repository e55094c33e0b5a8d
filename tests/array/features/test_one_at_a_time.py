"""Operations that wait for XLA's threads: found wherever they are, kept apart, without a change to any number."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from acoupipe_grain.array.features.one_at_a_time import OneAtATime

MATRICES = np.random.default_rng(0).standard_normal((3, 4, 4)).astype(np.float32)
MATRICES = MATRICES @ MATRICES.swapaxes(1, 2)


def test_decompositions_of_one_program_do_not_block_each_other():
    """On two cores two of them did, within ten calls with matrices of this size."""
    script = """
import jax
import acoupipe_grain as apg
features = ("eigmode", "sourcemap_capon")
source = apg.SyntheticSource(16, mode="wishart", features=features, f=4000.0)
step = jax.jit(lambda compute, scenes: compute(scenes))
for _ in range(10):
    jax.block_until_ready(step(source.compute_batch, source.inputs.batch(range(16))))
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=120)


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


def test_static_arguments_are_given_as_they_are():
    seen = []
    OneAtATime()(lambda array, setup, pair: seen.append((setup, pair)), [jnp.ones(2), "setup", (np.ones(1), "pair")])
    assert seen[-1][0] == "setup"
    assert seen[-1][1][1] == "pair"
