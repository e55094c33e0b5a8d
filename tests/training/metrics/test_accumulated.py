import math

import numpy as np

from acoupipe_grain.training.metrics import Accumulated


def test_sum_and_number_of_all_values():
    assert Accumulated.of(np.array([[1.0, 2.5], [3.0, 0.5]])) == (7.0, 4)
    assert Accumulated.of(np.array([True, False, True])) == (2.0, 3)
    assert Accumulated.of(np.zeros(0)) == (0.0, 0)


def test_values_of_single_precision_are_summed_in_double():
    values = np.full(1000, 0.1, np.float32)
    assert Accumulated.of(values).sum == 1000 * float(np.float32(0.1))


def test_the_mean_does_not_depend_on_batches():
    values = np.random.default_rng(1).normal(size=11)
    whole = Accumulated.of(values)
    for size in (1, 4, 5, 11):
        parts = [Accumulated.of(values[start : start + size]) for start in range(0, 11, size)]
        together = Accumulated.total(parts)
        assert together.num_values == 11
        assert math.isclose(together.mean, whole.mean, rel_tol=1e-14)
    of_batch_means = np.mean([values[:8].mean(), values[8:].mean()])
    assert not math.isclose(of_batch_means, whole.mean, rel_tol=1e-3)  # what this is for


def test_the_mean_of_nothing_is_nan():
    assert Accumulated.total([]) == (0.0, 0)
    assert math.isnan(Accumulated.total([]).mean)
