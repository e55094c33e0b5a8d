import math

import numpy as np
import pytest

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.metrics import (
    average_precision,
    average_precision_of_classes,
    average_precision_of_items,
)


def by_thresholds(scores, targets):
    """The definition, threshold by threshold."""
    total, before = 0.0, 0.0
    for threshold in sorted(set(scores.tolist()), reverse=True):
        is_taken = scores >= threshold
        found = np.sum(targets & is_taken)
        recall = found / targets.sum()
        total += (recall - before) * found / is_taken.sum()
        before = recall
    return total


def test_the_example_of_scikit_learns_documentation():
    assert average_precision(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1])) == pytest.approx(0.8333333333)


def test_best_and_worst_order():
    assert average_precision(np.array([3.0, 2.0, 1.0]), np.array([1, 1, 0])) == 1
    assert average_precision(np.array([3.0, 2.0, 1.0]), np.array([0, 0, 1])) == pytest.approx(1 / 3)


def test_equal_scores_count_together():
    assert average_precision(np.ones(4), np.array([1, 0, 0, 0])) == 0.25
    assert average_precision(np.ones(4), np.array([0, 0, 0, 1])) == 0.25


def test_random_scores_follow_the_definition():
    rng = np.random.default_rng(7)
    for _ in range(100):
        scores, targets = rng.integers(0, 6, 12).astype(float), rng.integers(0, 2, 12).astype(bool)
        if targets.any():
            assert average_precision(scores, targets) == pytest.approx(by_thresholds(scores, targets))


def test_nothing_true_has_none():
    assert math.isnan(average_precision(np.array([1.0, 2.0]), np.array([0, 0])))
    assert average_precision_of_items(np.ones((2, 3)), np.zeros((2, 3))) == (0, 0)


def test_items_rank_their_classes_and_classes_their_items():
    scores = np.array([[0.75, 0.5, 1.0], [1.0, 0.2, 0.1]])
    targets = np.array([[1, 0, 0], [0, 0, 1]])
    items = average_precision_of_items(scores, targets)  # label ranking average precision, documented as 0.416...
    assert items.mean == pytest.approx(0.4166666667)
    assert items.num_values == 2
    classes = average_precision_of_classes(scores, targets)
    assert classes == (0.5 + 0.5, 2)  # the second class is true nowhere


def test_that_of_items_does_not_depend_on_batches():
    rng = np.random.default_rng(8)
    scores, targets = rng.normal(size=(9, 4)), rng.integers(0, 2, (9, 4))
    parts = [average_precision_of_items(scores[part], targets[part]) for part in (slice(0, 4), slice(4, 9))]
    whole = average_precision_of_items(scores, targets)
    assert sum(part.sum for part in parts) == pytest.approx(whole.sum)
    assert sum(part.num_values for part in parts) == whole.num_values


def test_what_does_not_fit_is_refused():
    with pytest.raises(ArgumentError, match="nan"):
        average_precision(np.array([np.nan, 1.0]), np.array([0, 1]))
    with pytest.raises(ArgumentError, match="targets"):
        average_precision(np.array([0.0, 1.0]), np.array([0, 2]))
    with pytest.raises(ArgumentError, match="targets"):
        average_precision_of_classes(np.ones((2, 3)), np.ones((3, 2)))
