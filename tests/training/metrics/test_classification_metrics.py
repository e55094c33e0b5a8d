import numpy as np
import pytest

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.metrics import accuracy, micro_f1

SCORES = np.array([[0.1, 2.0, 0.3], [1.0, 0.0, 1.0], [-3.0, -2.0, -1.0]])


def test_accuracy_counts_the_highest_scores():
    assert accuracy(SCORES, np.array([1, 0, 2])) == (3, 3)
    assert accuracy(SCORES, np.array([1, 2, 0])) == (1, 3)  # of the equal scores the first is the highest


def test_items_without_a_label_are_not_counted():
    assert accuracy(SCORES, np.array([1, -1, -3], np.int32)) == (1, 1)
    assert accuracy(SCORES, np.array([-1, -2, -3])) == (0, 0)
    assert accuracy(np.zeros((0, 3)), np.zeros(0, int)) == (0, 0)


def test_micro_f1_of_an_example():
    targets = np.array([[0, 1, 1], [0, 0, 0], [0, 0, 1]])
    # Predicted above 0.25: both of the first item, two wrong ones of the second; the third's is missed.
    f1 = micro_f1(SCORES, targets, threshold=0.25)
    assert f1 == (4, 4 + 2 + 1)
    precision, recall = 2 / 4, 2 / 3
    assert f1.mean == pytest.approx(2 * precision * recall / (precision + recall))


def test_micro_f1_of_nothing():
    nothing = np.zeros((2, 3), bool)
    assert micro_f1(np.full((2, 3), -1.0), nothing) == (0, 0)
    assert micro_f1(np.full((2, 3), 1.0), nothing) == (0, 6)
    assert micro_f1(np.full((2, 3), 0.0), ~nothing) == (0, 6)  # at the threshold is not above it


@pytest.mark.parametrize(
    ("scores", "labels", "words"),
    [
        (SCORES, np.array([0, 1, 3]), "below|classes"),
        (SCORES, np.array([0.0, 1.0, 2.0]), "integers"),
        (SCORES, np.array([0, 1]), "shape"),
        (np.full((3, 3), np.nan), np.array([0, 1, 2]), "nan"),
    ],
)
def test_accuracy_refuses_what_does_not_fit(scores, labels, words):
    with pytest.raises(ArgumentError, match=words):
        accuracy(scores, labels)


@pytest.mark.parametrize("targets", [np.full((3, 3), 2), np.full((3, 3), 0.5), np.zeros((3, 2))])
def test_targets_are_0_and_1(targets):
    with pytest.raises(ArgumentError, match="targets"):
        micro_f1(SCORES, targets)
