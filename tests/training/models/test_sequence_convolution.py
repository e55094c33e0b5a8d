"""Convolutions of sequences are those of volumes, computed as convolutions of images on CPUs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from scipy import signal

from acoupipe_grain.training.networks.convolution import convolve_sequences

SIZES = [((3, 3, 3), 1), ((1, 1, 1), 1), ((5, 5, 3), (2, 2, 1)), ((5, 5, 5), 2), ((2, 3, 4), (3, 1, 2))]


def numbers(*shape):
    return jnp.asarray(np.random.default_rng(sum(shape)).standard_normal(shape), dtype=jnp.float32)


def layers_of(size, strides, padding="SAME"):
    """Return a layer of Flax, and that of the same parameters with this convolution."""
    return [
        nnx.Conv(3, 4, size, strides, padding=padding, rngs=nnx.Rngs(1), conv_general_dilated=convolution)
        for convolution in (jax.lax.conv_general_dilated, convolve_sequences)
    ]


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize(("size", "strides"), SIZES)
@pytest.mark.parametrize("shape", [(2, 16, 12, 8, 3), (1, 9, 7, 5, 3)])
def test_they_are_those_of_volumes(shape, size, strides, padding):
    volumes, sequences = layers_of(size, strides, padding)
    x = numbers(*shape)
    expected = volumes(x)
    assert expected.size > 0
    np.testing.assert_allclose(sequences(x), expected, atol=1e-5)


def test_a_frame_is_a_sum_over_its_neighbours():
    x, kernel = numbers(1, 9, 8, 6, 1), numbers(3, 3, 3, 1, 1)
    measured = convolve_sequences(x, kernel, (1, 1, 1), "SAME")
    expected = signal.correlate(np.asarray(x[0, ..., 0], float), np.asarray(kernel[..., 0, 0], float), mode="same")
    np.testing.assert_allclose(measured[0, ..., 0], expected, atol=1e-5)


@pytest.mark.parametrize(("size", "strides"), SIZES)
def test_gradients_are_those_of_volumes(size, strides):
    x = numbers(2, 16, 12, 8, 3)

    def gradients(layer):
        return nnx.grad(lambda layer, x: jnp.sum(jnp.sin(layer(x))), argnums=(0, 1))(layer, x)

    expected, measured = (jax.tree.leaves(gradients(layer)) for layer in layers_of(size, strides))
    assert len(expected) == 3
    for ours, theirs in zip(measured, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5 * np.abs(theirs).max())


@pytest.mark.parametrize("kind", ["value", "gradient"])
def test_cpus_convolve_images_only(kind):
    x, kernel = numbers(1, 8, 8, 4, 2), numbers(3, 3, 3, 2, 2)

    def value(x, kernel):
        return jnp.sum(convolve_sequences(x, kernel, (1, 1, 1), "SAME"))

    compute = value if kind == "value" else jax.grad(value, argnums=(0, 1))
    compiled = jax.jit(compute).lower(x, kernel).compile().as_text()
    windows = [line for line in compiled.splitlines() if " convolution(" in line]
    assert windows
    assert all("dim_labels=b01f" in line or "dim_labels=f01b" in line for line in windows), windows
    assert "conditional" not in compiled
