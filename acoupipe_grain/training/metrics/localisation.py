"""Localisation within a tolerance: precision, recall, F1 and mean distance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from acoupipe_grain.training.metrics.accumulated import Accumulated
from acoupipe_grain.training.metrics.matching import match


@dataclass(frozen=True, kw_only=True)
class LocalisationCounts:
    """What was found, what was not, and how far off; of one item, or added up over any.

    All ratios are those of the sums over items (micro averages): each prediction and each true source counts once,
    whatever item it is in. So there is a value for empty items, too:

    - no prediction and no true source: nothing to judge; adds nothing to any ratio or to the error,
    - predictions but no true source: false positives, which lower precision and F1 and leave recall as it is,
    - true sources but no prediction: false negatives, which lower recall and F1 and leave precision as it is,
    - no pair within the tolerance: adds nothing to the error, which is that of the true positives.

    A ratio of nothing at all has the sum and number 0 and the mean NaN: precision without any prediction, recall
    without any true source, F1 without both, the error without any true positive.

    Attributes
    ----------
    true_positives
        Pairs of a prediction and a true source within the tolerance.
    false_positives
        Predictions without a true source.
    false_negatives
        True sources without a prediction.
    distance
        Sum of the distances of the pairs, in the unit of the positions.
    """

    true_positives: int
    false_positives: int
    false_negatives: int
    distance: float

    def __add__(self, other: LocalisationCounts) -> LocalisationCounts:
        """Return the counts of the items of both."""
        return LocalisationCounts(
            true_positives=self.true_positives + other.true_positives,
            false_positives=self.false_positives + other.false_positives,
            false_negatives=self.false_negatives + other.false_negatives,
            distance=self.distance + other.distance,
        )

    @property
    def precision(self) -> Accumulated:
        """True positives among the predictions."""
        return Accumulated(float(self.true_positives), self.true_positives + self.false_positives)

    @property
    def recall(self) -> Accumulated:
        """True positives among the true sources."""
        return Accumulated(float(self.true_positives), self.true_positives + self.false_negatives)

    @property
    def f1(self) -> Accumulated:
        """Harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN)."""
        twice = 2 * self.true_positives
        return Accumulated(float(twice), twice + self.false_positives + self.false_negatives)

    @property
    def error(self) -> Accumulated:
        """Distance of the true positives from their sources, in the unit of the positions."""
        return Accumulated(self.distance, self.true_positives)


def localisation_counts(predicted: Any, true: Any, tolerance: float) -> LocalisationCounts:
    """Return what is found of one item's sources, pairs chosen as in `match`.

    Parameters
    ----------
    predicted
        Predicted positions, shape (P, d); P may be 0.
    true
        True positions, shape (T, d), in the same unit; T may be 0. Of padded labels: ``loc[:, source_mask].T``.
    tolerance
        Largest distance of a pair, included.

    Raises
    ------
    ArgumentError
        If positions are not finite or of different dimensions, or the tolerance is not above 0.
    """
    matches = match(predicted, true, tolerance)
    num_pairs = len(matches.predicted)
    return LocalisationCounts(
        true_positives=num_pairs,
        false_positives=len(predicted) - num_pairs,
        false_negatives=len(true) - num_pairs,
        distance=float(matches.distances.sum()),
    )
