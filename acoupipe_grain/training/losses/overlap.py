"""Losses of the overlap of predicted and true regions, for sparse maps; one value for each item of a batch."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Num


def tversky_loss(
    probabilities: Float[Array, "batch *axes"],
    targets: Num[Array, "batch *axes"] | Bool[Array, "batch *axes"],
    mask: Bool[Array, "batch *some"] | None = None,
    *,
    false_positive_weight: float = 0.5,
    false_negative_weight: float = 0.5,
    smoothing: float = 1.0,
) -> Float[Array, " batch"]:
    """Return 1 − (TP + s) / (TP + α FP + β FN + s) of each item, of soft counts.

    TP = Σ p t, FP = Σ p (1 − t), FN = Σ (1 − p) t. Salehi et al. (Tversky loss function for image segmentation, MLMI
    2017). With both weights ½ it is the loss of Sørensen and Dice. It is 0 for equal regions, empty ones too.

    Parameters
    ----------
    probabilities
        Predictions p, 0 ... 1, shape (batch, ...): after a sigmoid, no logits.
    targets
        Targets t, 0 or 1, same shape.
    mask
        Which values count; broadcast to the shape of the predictions. None: all.
    false_positive_weight
        Weight α of what is predicted and not true.
    false_negative_weight
        Weight β of what is true and not predicted; larger than α, more is found.
    smoothing
        Points s, above 0, that count as found; they give items without targets a loss that depends on the predictions
        smoothly.
    """
    truth = jnp.asarray(targets, probabilities.dtype)
    counted = jnp.ones(truth.shape, bool) if mask is None else jnp.broadcast_to(mask, truth.shape)
    axes = tuple(range(1, truth.ndim))

    def total(values: Float[Array, "batch *axes"]) -> Float[Array, " batch"]:
        return jnp.sum(jnp.where(counted, values, 0), axis=axes)

    found = total(probabilities * truth)
    wrong = false_positive_weight * total(probabilities * (1 - truth))
    missed = false_negative_weight * total((1 - probabilities) * truth)
    return (wrong + missed) / (found + wrong + missed + smoothing)


def dice_loss(
    probabilities: Float[Array, "batch *axes"],
    targets: Num[Array, "batch *axes"] | Bool[Array, "batch *axes"],
    mask: Bool[Array, "batch *some"] | None = None,
    *,
    smoothing: float = 1.0,
) -> Float[Array, " batch"]:
    """Return 1 − (2 Σ p t + 2 s) / (Σ p + Σ t + 2 s) of each item: `tversky_loss` with equal weights.

    Parameters
    ----------
    probabilities
        Predictions p, 0 ... 1, shape (batch, ...): after a sigmoid, no logits.
    targets
        Targets t, 0 or 1, same shape.
    mask
        Which values count; broadcast to the shape of the predictions. None: all.
    smoothing
        Points s, above 0, as in `tversky_loss`.
    """
    return tversky_loss(probabilities, targets, mask, smoothing=smoothing)
