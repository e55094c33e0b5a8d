"""Which prediction belongs to which true source: assignments of one to one."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64, Int64
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from acoupipe_grain import arguments
from acoupipe_grain.training.metrics.checks import positions


class Matches(NamedTuple):
    """Pairs of a prediction and a true source, in the order of the predictions.

    Attributes
    ----------
    predicted
        Numbers of the predictions, shape (n,).
    true
        Numbers of the true sources that they belong to, shape (n,).
    distances
        Distances of the pairs, shape (n,), in the unit of the positions.
    """

    predicted: Int64[np.ndarray, " pair"]
    true: Int64[np.ndarray, " pair"]
    distances: Float64[np.ndarray, " pair"]


def match(predicted: Any, true: Any, tolerance: float) -> Matches:
    """Return the pairs of predictions and true sources no further apart than the tolerance: as many as possible.

    Of all ways to pair as many, it is one with the smallest sum of distances. Both follow from one optimal assignment
    of min(P, T) pairs: a pair within the tolerance costs its distance over the tolerance, 0 ... 1, and one beyond it
    2 min(P, T) + 1. So one pair beyond the tolerance more costs more than all distances together, and the assignment
    has as few of them as possible; they are dropped.

    Parameters
    ----------
    predicted
        Predicted positions, shape (P, d).
    true
        True positions, shape (T, d), in the same unit.
    tolerance
        Largest distance of a pair, included.

    Raises
    ------
    ArgumentError
        If positions are not finite or of different dimensions, or the tolerance is not above 0.
    """
    distances = distances_between(predicted, true)
    tolerance = arguments.number("tolerance", tolerance, above=0)
    is_within = distances <= tolerance
    beyond = 2.0 * min(distances.shape) + 1.0
    rows, columns = linear_sum_assignment(np.where(is_within, distances / tolerance, beyond))
    is_match = is_within[rows, columns]
    rows, columns = rows[is_match].astype(np.int64), columns[is_match].astype(np.int64)
    return Matches(rows, columns, distances[rows, columns])


def nearest_pairs(distances: Float64[np.ndarray, "predicted true"]) -> Matches:
    """Return the min(P, T) pairs with the smallest sum of distances, however far apart (the Hungarian assignment)."""
    rows, columns = linear_sum_assignment(distances)
    return Matches(rows.astype(np.int64), columns.astype(np.int64), distances[rows, columns])


def distances_between(predicted: Any, true: Any) -> Float64[np.ndarray, "predicted true"]:
    """Return the distances of all predictions (P, d) from all true positions (T, d), shape (P, T)."""
    of_true = positions("true", true)
    return cdist(positions("predicted", predicted, of_true.shape[1]), of_true)
