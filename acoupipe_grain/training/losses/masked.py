"""Means over the values that count of each item."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float


def item_mean(
    values: Float[Array, "batch *axes"], mask: Bool[Array, "batch *some"] | None = None
) -> Float[Array, " batch"]:
    """Return the mean over all axes but the first; of items of which nothing counts, 0.

    Parameters
    ----------
    values
        Values, shape (batch, ...).
    mask
        Which count; broadcast to the shape of the values. The others must be finite, too: gradients of NaN are NaN.
        None: all.
    """
    axes = tuple(range(1, values.ndim))
    if mask is None:
        return jnp.mean(values, axis=axes)
    counted = jnp.broadcast_to(mask, values.shape)
    return jnp.sum(jnp.where(counted, values, 0), axis=axes) / jnp.maximum(jnp.sum(counted, axis=axes), 1)
