"""Double precision for steps that invert or subtract what single precision would drown, whatever JAX's mode is."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

P = ParamSpec("P")
R = TypeVar("R")


def in_double_precision(function: Callable[P, R]) -> Callable[P, R]:
    """Trace a function with JAX's 64-bit mode on; what it gives may be 64 bits wide."""

    @wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        with jax.enable_x64(True):
            return function(*args, **kwargs)

    return wrapped


def place_of_maximum(values: Float[Array, "*batch point"]) -> Int[Array, "*batch"]:
    """Return the index of the largest value along the last axis, the first one on ties.

    `jnp.argmax` does not compile where JAX's 64-bit mode is on for a part of the program only.
    """

    def larger(one: tuple[Array, Array], other: tuple[Array, Array]) -> tuple[Array, Array]:
        is_one = (one[0] > other[0]) | ((one[0] == other[0]) & (one[1] < other[1]))
        return jnp.where(is_one, one[0], other[0]), jnp.where(is_one, one[1], other[1])

    axis = values.ndim - 1
    places = jax.lax.broadcasted_iota(jnp.int32, values.shape, axis)
    lowest = np.array(-np.inf, values.dtype), np.array(np.iinfo(np.int32).max, np.int32)
    return jax.lax.reduce((values, places), lowest, larger, (axis,))[1]
