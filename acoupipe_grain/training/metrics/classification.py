"""Accuracy and F1 of classes."""

from __future__ import annotations

from typing import Any

import numpy as np

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.metrics.accumulated import Accumulated
from acoupipe_grain.training.metrics.checks import finite


def accuracy(scores: Any, labels: Any) -> Accumulated:
    """Return how many items have the highest score for their own class.

    Parameters
    ----------
    scores
        Scores of the classes, such as logits, shape (items, classes). Of equal ones the first class is the highest.
    labels
        Numbers of the classes, integers, shape (items,). Items with a negative one have no label (no activity,
        garbage, unknown) and are not counted.

    Raises
    ------
    ArgumentError
        If scores are not finite, the shapes do not fit, or a label is not the number of a class.
    """
    values = finite("scores", scores, ("items", "classes"))
    classes = np.asarray(labels)
    if classes.dtype.kind not in "iu" or classes.shape != values.shape[:1]:
        raise ArgumentError(
            f"labels: are {classes.dtype} of shape {classes.shape}; expected integers of shape {values.shape[:1]}."
        )
    if classes.size and classes.max() >= values.shape[1]:
        raise ArgumentError(f"labels: have {classes.max()}; there are scores of {values.shape[1]} classes.")
    is_known = classes >= 0
    if not is_known.any():
        return Accumulated(0.0, 0)
    return Accumulated.of(values[is_known].argmax(axis=1) == classes[is_known])


def micro_f1(scores: Any, targets: Any, threshold: float = 0.0) -> Accumulated:
    """Return F1 over all items and classes together, 2 TP / (2 TP + FP + FN), of any number of classes an item.

    Where no class is true and none predicted, nothing is counted.

    Parameters
    ----------
    scores
        Scores of the classes, shape (items, classes).
    targets
        Which classes are true, booleans or 0 and 1, same shape.
    threshold
        A class is predicted if its score is above it: 0 for logits, 0.5 for probabilities.

    Raises
    ------
    ArgumentError
        If scores are not finite, the shapes do not fit, or targets are other than 0 and 1.
    """
    values = finite("scores", scores, ("items", "classes"))
    is_true = binary_targets(targets, values.shape)
    is_predicted = values > arguments.number("threshold", threshold)
    twice = 2 * int(np.sum(is_predicted & is_true))
    return Accumulated(float(twice), twice + int(np.sum(is_predicted != is_true)))


def binary_targets(targets: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Return targets as booleans, or raise `ArgumentError` if they are not 0 and 1 of a shape."""
    array = np.asarray(targets)
    if array.shape != shape or not np.isin(array, (0, 1)).all():
        raise ArgumentError(f"targets: have shape {array.shape}; expected 0 and 1, or booleans, of shape {shape}.")
    return array.astype(np.bool_)
