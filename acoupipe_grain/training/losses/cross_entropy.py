"""Cross-entropies of logits, one value for each item of a batch."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Num

from acoupipe_grain.training.losses.masked import item_mean


def binary_cross_entropy(
    logits: Float[Array, "batch *axes"],
    targets: Num[Array, "batch *axes"] | Bool[Array, "batch *axes"],
    mask: Bool[Array, "batch *some"] | None = None,
    *,
    positive_weight: float = 1.0,
) -> Float[Array, " batch"]:
    """Return the mean over each item of −w t ln σ(z) − (1 − t) ln(1 − σ(z)), without overflow for any logit.

    Parameters
    ----------
    logits
        Logits z, shape (batch, ...): of the points of a map, or of classes that exclude no other.
    targets
        Targets t, 0 ... 1, same shape.
    mask
        Which values count; broadcast to the shape of the logits. An item of which none counts has the loss 0. None:
        all.
    positive_weight
        Weight w of what is true; above 1 where little is, as in sparse maps.
    """
    values = jnp.asarray(targets, logits.dtype)
    losses = positive_weight * values * jax.nn.softplus(-logits) + (1 - values) * jax.nn.softplus(logits)
    return item_mean(losses, mask)


def categorical_cross_entropy(
    logits: Float[Array, "batch class"], labels: Int[Array, " batch"]
) -> Float[Array, " batch"]:
    """Return −ln of the probability that the softmax of the logits gives to each item's class.

    Parameters
    ----------
    logits
        Logits, shape (batch, classes).
    labels
        Numbers of the classes, shape (batch,). Items with a negative one have no label and the loss 0.
    """
    chosen = jnp.maximum(labels, 0)[:, None]
    of_class = jnp.take_along_axis(jax.nn.log_softmax(logits), chosen, axis=-1)[:, 0]
    return jnp.where(labels >= 0, -of_class, 0)
