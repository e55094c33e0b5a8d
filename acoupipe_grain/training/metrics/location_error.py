"""Location error and location recall, as the DCASE challenge scores them, of all classes alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.metrics.accumulated import Accumulated
from acoupipe_grain.training.metrics.checks import positions
from acoupipe_grain.training.metrics.matching import distances_between, nearest_pairs


@dataclass(frozen=True, kw_only=True)
class LocationScores:
    """Location error and recall of one item, or added up over any.

    Predictions and references are paired one to one, min(P, T) of them, with the smallest sum of distances and no
    limit to them: LE_CD and LR_CD of Mesaros et al. (Joint measurement of localization and detection of sound events,
    WASPAA 2019) and Politis et al. (Overview and evaluation of sound event localization and detection in DCASE 2019,
    IEEE/ACM TASLP 29, 2021) for one class. An item without predictions adds nothing to the error, and its references
    to the number of the recall; one without references adds nothing to either. Where nothing was paired at all, the
    error's mean is NaN; the challenge's own program says 180° then.

    Attributes
    ----------
    error
        Distances of the pairs: degrees, or the unit of the positions.
    recall
        Pairs among the references.
    """

    error: Accumulated
    recall: Accumulated

    def __add__(self, other: LocationScores) -> LocationScores:
        """Return the scores of the items of both."""
        return LocationScores(
            error=Accumulated.total([self.error, other.error]), recall=Accumulated.total([self.recall, other.recall])
        )


def position_scores(predicted: Any, true: Any) -> LocationScores:
    """Return the location error, in the unit of the positions, and recall of predicted positions.

    Parameters
    ----------
    predicted
        Predicted positions, shape (P, d).
    true
        True positions, shape (T, d).

    Raises
    ------
    ArgumentError
        If positions are not finite or of different dimensions.
    """
    return _scores(distances_between(predicted, true))


def direction_scores(predicted: Any, true: Any, center: Any = (0.0, 0.0, 0.0)) -> LocationScores:
    """Return the location error in degrees and recall of predictions, seen from the array's centre.

    Parameters
    ----------
    predicted
        Predicted positions, m, or directions of any length, shape (P, 3).
    true
        True positions, m, or directions, shape (T, 3).
    center
        Where they are seen from, m, shape (3,): the mean of the microphones' positions. Zero for directions.

    Raises
    ------
    ArgumentError
        If positions are not finite, not of three dimensions, or the centre itself, which has no direction.
    """
    origin = positions("center", [center], 3)
    from_center = [positions(name, value, 3) - origin for name, value in (("predicted", predicted), ("true", true))]
    for name, vectors in zip(("predicted", "true"), from_center, strict=True):
        at_center = np.flatnonzero(~vectors.any(axis=1))
        if at_center.size:
            raise ArgumentError(
                f"{name}[{at_center[0]}]: lies at the centre {origin[0].tolist()} and has no direction from there."
            )
    return _scores(angles_between(*from_center))


def angles_between(
    vectors: Float64[np.ndarray, "first 3"], others: Float64[np.ndarray, "second 3"]
) -> Float64[np.ndarray, "first second"]:
    """Return the angles of all vectors from all others, degrees; small ones are as exact as large ones."""
    first, second = vectors[:, None, :], others[None, :, :]
    across = np.linalg.norm(np.cross(first, second), axis=-1)
    return np.degrees(np.arctan2(across, np.sum(first * second, axis=-1)))


def _scores(distances: Float64[np.ndarray, "predicted true"]) -> LocationScores:
    pairs = nearest_pairs(distances)
    num_pairs = len(pairs.predicted)
    return LocationScores(
        error=Accumulated.of(pairs.distances), recall=Accumulated(float(num_pairs), distances.shape[1])
    )
