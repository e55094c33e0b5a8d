"""Initial values of weights, by name: those of `jax.nn.initializers`, drawn along one axis.

The same numbers as there, orthogonal matrices excepted; random bits along several axes take XLA's compiler on a CPU
several seconds for each shape, along one axis a fraction of one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
from jax import Array

Initialize: TypeAlias = Callable[..., Array]
"""(key, shape, dtype) → values; inputs are the last axis but one, outputs the last."""

_SCALES = {"glorot": (1.0, 0.5, 0.5), "he": (2.0, 1.0, 0.0), "lecun": (1.0, 1.0, 0.0)}
"""By name: the variance, times the number of inputs and outputs, weighted so."""
_DEVIATION_WITHIN_TWO = 0.87962566103423978
"""Standard deviation of a normal distribution that is cut at ±2 of its deviations."""


def initializer(name: str) -> Initialize:
    """Return the function for a name of `acoupipe_grain.training.models.checks.INITIALIZERS`."""
    if name == "orthogonal":
        return _orthogonal
    kind, _, distribution = name.partition("_")

    def initialize(key: Array, shape: tuple[int, ...], dtype: Any = jnp.float32, **_: Any) -> Array:
        scale, of_inputs, of_outputs = _SCALES[kind]
        receptive = math.prod(shape[:-2])
        variance = scale / (receptive * (of_inputs * shape[-2] + of_outputs * shape[-1]))
        count = math.prod(shape)
        if distribution == "uniform":
            values = math.sqrt(3 * variance) * jax.random.uniform(key, (count,), dtype, -1)
        else:
            values = jax.random.truncated_normal(key, -2, 2, (count,), dtype)
            values = math.sqrt(variance) / _DEVIATION_WITHIN_TWO * values
        return values.reshape(shape)

    return initialize


def _orthogonal(key: Array, shape: tuple[int, ...], dtype: Any = jnp.float32, **_: Any) -> Array:
    """Return a matrix (all other axes, outputs) with orthonormal rows or columns, whichever are fewer."""
    rows, columns = math.prod(shape[:-1]), shape[-1]
    normal = jax.random.normal(key, (rows * columns,), dtype).reshape(max(rows, columns), min(rows, columns))
    matrix, triangular = jnp.linalg.qr(normal)
    # With this sign, they are uniformly distributed.
    matrix = matrix * jnp.sign(jnp.diagonal(triangular))
    return (matrix if rows >= columns else matrix.T).reshape(shape)
