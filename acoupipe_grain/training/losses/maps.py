"""Losses of maps: squared and logarithmic errors, one value for each item of a batch."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Num

from acoupipe_grain.training.losses.decibels import DECIBELS
from acoupipe_grain.training.losses.masked import item_mean


def mean_squared_error(
    predicted: Float[Array, "batch *axes"],
    true: Num[Array, "batch *axes"],
    mask: Bool[Array, "batch *some"] | None = None,
) -> Float[Array, " batch"]:
    """Return the mean of (predicted − true)² over each item.

    Parameters
    ----------
    predicted
        Predictions, shape (batch, ...).
    true
        Targets, same shape and unit.
    mask
        Which values count; broadcast to the shape of the predictions. An item of which none counts has the loss 0.
        None: all.
    """
    return item_mean((predicted - true) ** 2, mask)


def mean_absolute_level_error(
    predicted: Float[Array, "batch *axes"],
    true: Float[Array, "batch *axes"],
    floor: float,
    mask: Bool[Array, "batch *some"] | None = None,
) -> Float[Array, " batch"]:
    """Return the mean of |ΔL| in dB over each item, of levels with a floor as in `level`.

    Parameters
    ----------
    predicted
        Powers, shape (batch, ...), in Pa² or another unit.
    true
        True powers, same shape and unit.
    floor
        Power about which the levels end, above 0, in the same unit.
    mask
        Which values count; broadcast to the shape of the predictions. An item of which none counts has the loss 0.
        None: all.
    """
    return item_mean(jnp.abs(level(predicted, floor) - level(true, floor)), mask)


def level(power: Float[Array, "*axes"], floor: float) -> Float[Array, "*axes"]:
    """Return 10 lg(power + floor): the level of a power well above the floor, with a finite slope down to 0.

    A maximum of both would have no slope below the floor, and what is predicted too low would never learn to be higher.
    Negative powers count as 0, and have no slope: let a model end with an activation that gives none, such as softplus.
    """
    return DECIBELS * jnp.log(jax.nn.relu(power) + floor)
