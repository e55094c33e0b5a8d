import math

import numpy as np
import pytest

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.metrics import localisation_counts

NOTHING = np.zeros((0, 2))
POINT = np.zeros((1, 2))


def numbers(counts):
    return counts.true_positives, counts.false_positives, counts.false_negatives


def test_counts_of_an_example():
    predicted = [[0.0, 0.0], [1.0, 1.0], [5.0, 5.0]]
    true = [[0.0, 0.3], [1.4, 1.0], [-3.0, 0.0], [9.0, 9.0]]
    counts = localisation_counts(predicted, true, 0.5)
    assert numbers(counts) == (2, 1, 2)
    assert counts.distance == pytest.approx(0.7)
    assert counts.precision == (2, 3)
    assert counts.recall == (2, 4)
    assert counts.f1 == (4, 7)
    assert counts.error.mean == pytest.approx(0.35)
    precision, recall = 2 / 3, 1 / 2
    assert counts.f1.mean == pytest.approx(2 * precision * recall / (precision + recall))


def test_nothing_predicted_and_nothing_true_is_nothing_to_judge():
    counts = localisation_counts(NOTHING, NOTHING, 0.1)
    assert numbers(counts) == (0, 0, 0)
    for ratio in (counts.precision, counts.recall, counts.f1, counts.error):
        assert ratio == (0, 0)
        assert math.isnan(ratio.mean)


def test_predictions_without_sources_lower_precision_and_f1_only():
    counts = localisation_counts(np.zeros((2, 2)), NOTHING, 0.1)
    assert counts.precision == (0, 2)
    assert counts.recall == (0, 0)
    assert counts.f1 == (0, 2)
    assert counts.error == (0, 0)


def test_sources_without_predictions_lower_recall_and_f1_only():
    counts = localisation_counts(NOTHING, np.zeros((3, 2)), 0.1)
    assert counts.precision == (0, 0)
    assert counts.recall == (0, 3)
    assert counts.f1 == (0, 3)
    assert counts.error == (0, 0)


def test_what_lies_beyond_the_tolerance_is_both_wrong_and_missed():
    counts = localisation_counts(POINT, POINT + 1.0, 0.1)
    assert numbers(counts) == (0, 1, 1)
    assert counts.error == (0, 0)


def test_perfect_predictions_in_any_order():
    true = np.random.default_rng(1).uniform(size=(6, 3))
    counts = localisation_counts(true[::-1], true, 0.01)
    assert counts.precision.mean == counts.recall.mean == counts.f1.mean == 1
    assert counts.error.mean == 0


def test_counts_of_items_add_up():
    one = localisation_counts(POINT, POINT, 0.1)
    empty = localisation_counts(NOTHING, NOTHING, 0.1)
    wrong = localisation_counts(np.zeros((3, 2)), POINT + 0.05, 0.1)
    together = one + empty + wrong
    assert numbers(together) == (2, 2, 0)
    assert together.distance == pytest.approx(0.05 * math.sqrt(2))
    assert together.precision == (2, 4)


def test_nan_is_refused():
    with pytest.raises(ArgumentError, match="diverged"):
        localisation_counts(np.full((1, 2), np.nan), POINT, 0.1)
