"""Average precision: the precisions at all thresholds, weighted with the recall that each adds."""

from __future__ import annotations

from typing import Any

import numpy as np

from acoupipe_grain.training.metrics.accumulated import Accumulated
from acoupipe_grain.training.metrics.checks import finite
from acoupipe_grain.training.metrics.classification import binary_targets


def average_precision(scores: Any, targets: Any) -> float:
    """Return Σ_n (R_n − R_{n−1}) P_n over the thresholds n, from the highest score to the lowest.

    Precision P and recall R are those of all scores of at least the threshold, so equal scores count together. NaN if
    nothing is true.

    Parameters
    ----------
    scores
        Scores, shape (n,).
    targets
        Which are true, booleans or 0 and 1, shape (n,).

    Raises
    ------
    ArgumentError
        If scores are not finite, the shapes do not fit, or targets are other than 0 and 1.
    """
    values = finite("scores", scores, ("n",))
    is_true = binary_targets(targets, values.shape)
    if not is_true.any():
        return float("nan")
    order = np.argsort(-values, kind="stable")
    is_last_of_equal = np.append(np.diff(values[order]) != 0, True)
    found = np.cumsum(is_true[order])[is_last_of_equal]
    taken = np.flatnonzero(is_last_of_equal) + 1
    return float(np.sum(np.diff(found, prepend=0) * found / taken) / is_true.sum())


def average_precision_of_items(scores: Any, targets: Any) -> Accumulated:
    """Return the average precision of each item's classes, one value for each item with a true class.

    A metric of single items, so its mean does not depend on batches. Scikit-learn calls it label ranking average
    precision, and counts items without a true class as 1; here they are not counted.

    Parameters
    ----------
    scores
        Scores of the classes, shape (items, classes).
    targets
        Which classes are true, booleans or 0 and 1, same shape.

    Raises
    ------
    ArgumentError
        If scores are not finite, the shapes do not fit, or targets are other than 0 and 1.
    """
    values = finite("scores", scores, ("items", "classes"))
    is_true = binary_targets(targets, values.shape)
    rows = [average_precision(*row) for row in zip(values, is_true, strict=True) if row[1].any()]
    return Accumulated.of(np.array(rows))


def average_precision_of_classes(scores: Any, targets: Any) -> Accumulated:
    """Return the average precision of each class over all items, one value for each class that is true somewhere.

    Its mean is the mean average precision (mAP). It ranks items among each other: give it all items of a data set at
    once; those of batches do not add up to it.

    Parameters
    ----------
    scores
        Scores of the classes, shape (items, classes).
    targets
        Which classes are true, booleans or 0 and 1, same shape.

    Raises
    ------
    ArgumentError
        If scores are not finite, the shapes do not fit, or targets are other than 0 and 1.
    """
    values = finite("scores", scores, ("items", "classes"))
    return average_precision_of_items(values.T, binary_targets(targets, values.shape).T)
