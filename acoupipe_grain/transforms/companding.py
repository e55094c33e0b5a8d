"""µ-law companding: signals as a few levels that lie closer together where they are quiet, and back.

Source: ITU-T Recommendation G.711 (1988), the continuous µ-law that its segments approximate, with
µ = `num_levels` − 1 and uniform quantisation of the compressed signal.
"""

from __future__ import annotations

import math

import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float, Int, Integer, Num

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError

MAX_LEVELS = 2**16
"""Beyond it, float32 does not tell levels apart."""


def mu_law_encode(signal: Num[Array | np.ndarray, "*axes"], num_levels: int = 256) -> Int[Array, "*axes"]:
    """Return the levels of a signal.

    With y = sign(x) ln(1 + µ|x|) / ln(1 + µ), the level is floor((y + 1) µ / 2 + 1/2). Pure and jittable, with
    `num_levels` static.

    Parameters
    ----------
    signal
        Finite floating-point numbers of any shape, full scale 1; beyond it they are clipped to −1 ... 1.
    num_levels
        2 ... 65 536.

    Returns
    -------
    Levels 0 ... `num_levels` − 1, int32, of the same shape

    Raises
    ------
    ArgumentError
        If `num_levels` is no such integer, or the signal is complex or of integers.
    """
    mu = _mu(num_levels)
    given = jnp.asarray(signal)
    if not jnp.issubdtype(given.dtype, jnp.floating):
        raise ArgumentError(f"signal: has dtype {given.dtype}; expected floating-point numbers, full scale 1.")
    x = given.astype(jnp.promote_types(given.dtype, jnp.float32))
    compressed = jnp.sign(x) * jnp.log1p(mu * jnp.minimum(jnp.abs(x), 1)) / math.log1p(mu)
    # (y + 1) µ/2 + 1/2 = y µ/2 + num_levels / 2; what is whole of it is added after rounding, so that signals that
    # are almost 0 keep their side of the step that is there.
    lowest, is_odd = divmod(num_levels, 2)
    levels = jnp.floor(compressed * (mu / 2) + is_odd / 2).astype(jnp.int32) + lowest
    return jnp.clip(levels, 0, mu)


def mu_law_decode(levels: Integer[Array | np.ndarray, "*axes"], num_levels: int = 256) -> Float[Array, "*axes"]:
    """Return the signal that levels stand for, within half a step of the compressed one that was encoded.

    With y = 2 level / µ − 1, the signal is sign(y) ((1 + µ)^|y| − 1) / µ. Pure and jittable, with `num_levels` static.

    Parameters
    ----------
    levels
        Integers of any shape; beyond 0 ... `num_levels` − 1 they are clipped.
    num_levels
        As it was for `mu_law_encode`.

    Returns
    -------
    Numbers from −1 to 1, float32, of the same shape

    Raises
    ------
    ArgumentError
        If `num_levels` is no integer of 2 ... 65 536, or levels are no integers.
    """
    mu = _mu(num_levels)
    given = jnp.asarray(levels)
    if not jnp.issubdtype(given.dtype, jnp.integer):
        raise ArgumentError(f"levels: have dtype {given.dtype}; expected integers from 0 to {mu}.")
    steps = 2 * jnp.clip(given, 0, min(mu, jnp.iinfo(given.dtype).max)).astype(jnp.int32) - mu
    compressed = steps.astype(jnp.float32) / mu
    return jnp.sign(compressed) * jnp.expm1(jnp.abs(compressed) * math.log1p(mu)) / mu


def _mu(num_levels: int) -> int:
    return arguments.integer("num_levels", num_levels, minimum=2, maximum=MAX_LEVELS) - 1
