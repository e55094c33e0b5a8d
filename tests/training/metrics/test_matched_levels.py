import numpy as np
import pytest

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.metrics import match, matched_level_error

PREDICTED = np.array([[0.0, 0.0], [1.0, 0.0], [9.0, 9.0]])
TRUE = np.array([[1.0, 0.1], [0.0, 0.1], [5.0, 5.0]])
MATCHES = match(PREDICTED, TRUE, 0.5)


def test_levels_of_the_pairs_are_compared():
    error = matched_level_error([10.0, 1.0, 5.0], [2.0, 1.0, 7.0], MATCHES)
    # 10 against 1 is 10 dB; 1 against 2 is 3.0103 dB below; the third of each is alone.
    assert error.sum == pytest.approx(10 + 3.010299957)
    assert error.num_values == 2


def test_each_frequency_is_a_value():
    error = matched_level_error([[1.0, 100.0]] * 3, [[1.0, 1.0]] * 3, MATCHES)
    assert error.sum == pytest.approx(40.0)
    assert error.num_values == 4


def test_sources_without_power_are_not_counted_and_predictions_without_have_the_lowest_error():
    assert matched_level_error([1.0, 1.0, 1.0], [1.0, 0.0, 1.0], MATCHES).num_values == 1
    assert matched_level_error([1.0, 0.0, 1.0], [1.0, 1.0, 1.0], MATCHES) == (100.0, 2)
    assert matched_level_error([-1.0, 1.0, 1.0], [1.0, 1.0, 1.0], MATCHES, floor=-30.0).sum == pytest.approx(30.0)


def test_without_pairs_there_is_no_error():
    assert matched_level_error([1.0], [1.0], match([[0.0]], [[1.0]], 0.5)) == (0, 0)
    assert matched_level_error(np.zeros(0), [1.0], match(np.zeros((0, 1)), [[1.0]], 0.5)) == (0, 0)


@pytest.mark.parametrize(
    ("predicted", "true", "words"),
    [
        ([1.0, np.nan, 1.0], [1.0] * 3, "nan"),
        ([1.0] * 3, [1.0, -1.0, 1.0], "true"),
        ([[1.0, 1.0]] * 3, [[1.0]] * 3, "frequencies"),
        (np.ones((3, 2, 2)), [1.0] * 3, "predicted"),
    ],
)
def test_what_does_not_fit_is_refused(predicted, true, words):
    with pytest.raises(ArgumentError, match=words):
        matched_level_error(predicted, true, MATCHES)
