"""Levels of maps and of matrices below the largest power, as models take them."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from acoupipe_grain.training.losses.decibels import DECIBELS

SMALLEST_POWER = 1e-30
"""Below, powers count as this, that they have a level, Pa²."""


def level(powers: Float[Array, "*n"]) -> Float[Array, "*n"]:
    """Return the level of powers, dB re 1 of their unit."""
    return DECIBELS * jnp.log(jnp.maximum(powers, SMALLEST_POWER))


def scaled_levels(ratios: Float[Array, "*n"], dynamic_range: float) -> Float[Array, "*n"]:
    """Return levels of powers relative to the largest, 1 for that and 0 for `dynamic_range` dB less, or lower."""
    return 1 + jnp.clip(level(ratios), -dynamic_range, 0) / dynamic_range


def largest_of_map(powers: Float[Array, "batch freq x y"]) -> Float[Array, "batch 1 1 1"]:
    """Return the maximum of each item's map over all frequencies and points."""
    return jnp.maximum(jnp.max(powers, axis=(1, 2, 3), keepdims=True), SMALLEST_POWER)


def largest_of_matrices(packed: Float[Array, "batch freq mic mic"]) -> Float[Array, "batch 1 1 1"]:
    """Return the largest power of each item at any microphone and frequency: of the matrices' diagonals.

    No other entry has a larger magnitude: abs(C_ij)² ≤ C_ii C_jj.
    """
    powers = jnp.diagonal(packed, axis1=-2, axis2=-1)
    return jnp.maximum(jnp.max(powers, axis=(1, 2))[:, None, None, None], SMALLEST_POWER)
